/* SPDX-License-Identifier: MIT */
/* A job's JSON into a struct snn_spec: which fields there are and where they go. What may be
 * chosen, and in which ranges, is the core's tables' to say. */
#include "api/spec.h"

#include <stdio.h>
#include <string.h>

#include "api/body.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELDS(array) .fields = (array), .n_fields = COUNT(array)
#define SLOTS(array) .slots = (array), .n_slots = COUNT(array)
#define AT(member) offsetof(struct snn_spec, member)

/* A field `name` held to the limit of that name. */
#define LIMIT(field, member)                                                                       \
    {                                                                                              \
        .name = (field), .read = api_read_limit, .offset = AT(member)                              \
    }

static const struct api_slot encoding_slots[] = {
    {.key = "kind", .prefix = "", .registry = &snn_encoders, .offset = AT(encoding)}};
static const struct api_field encoding_fields[] = {LIMIT("time_steps", time_steps)};
static const struct api_shape encoding_shape = {"an encoding", FIELDS(encoding_fields),
                                                SLOTS(encoding_slots)};

static const struct api_slot readout_slots[] = {
    {.key = "kind", .prefix = "", .registry = &snn_readouts, .offset = AT(readout)}};
static const struct api_shape readout_shape = {.noun = "a readout", SLOTS(readout_slots)};

static const struct api_slot loss_slots[] = {
    {.key = "kind", .prefix = "", .registry = &snn_losses, .offset = AT(loss)}};
static const struct api_shape loss_shape = {.noun = "a loss", SLOTS(loss_slots)};

static const struct api_slot optimizer_slots[] = {
    {.key = "kind", .prefix = "", .registry = &snn_optimizers, .offset = AT(optimizer)}};
static const struct api_shape optimizer_shape = {.noun = "an optimizer", SLOTS(optimizer_slots)};

static const struct api_slot schedule_slots[] = {
    {.key = "kind", .prefix = "", .registry = &snn_schedules, .offset = AT(schedule)}};
static const struct api_shape schedule_shape = {.noun = "a schedule", SLOTS(schedule_slots)};

static const struct api_slot training_slots[] = {
    {.key = "sampling", .prefix = "sampling_", .registry = &snn_samplings, .offset = AT(sampling)}};
static const struct api_field training_fields[] = {
    LIMIT("epochs", epochs),
    LIMIT("batch_size", batch_size),
    {.name = "loss", .read = api_read_shape, .shape = &loss_shape},
    {.name = "optimizer", .read = api_read_shape, .shape = &optimizer_shape},
    {.name = "schedule", .read = api_read_shape, .shape = &schedule_shape},
    LIMIT("clip_norm", clip_norm),
    LIMIT("clip_value", clip_value),
    LIMIT("patience", patience),
    LIMIT("rate_penalty", rate_penalty),
    LIMIT("rate_below", rate_below),
    LIMIT("rate_above", rate_above),
    LIMIT("shards", shards),
    LIMIT("validation_fraction", validation_fraction),
};
static const struct api_shape training_shape = {
    .noun = "training", FIELDS(training_fields), SLOTS(training_slots)};

static const struct api_field diagnostics_fields[] = {LIMIT("every_steps", diagnostics_every)};
static const struct api_shape diagnostics_shape = {.noun = "diagnostics",
                                                   FIELDS(diagnostics_fields)};

/* ------------------------------------------------------------------- metadata and data set -- */

static void read_pair(struct api_errors *e, const char *at, const char *key, json_t *value,
                      struct srv_meta *out)
{
    struct api_field text = {.name = key, .size = sizeof out->value};
    size_t n = strlen(key);

    if (n == 0 || n >= sizeof out->key)
        api_errors_add(e, at, "out_of_range", "a key has %zu bytes, want 1 to %zu", n,
                       sizeof out->key - 1);
    else
        memcpy(out->key, key, n + 1);
    api_read_text(e, &text, at, value, out->value);
}

static void read_metadata(struct api_errors *e, const struct api_field *f, const char *at,
                          json_t *value, void *member)
{
    struct api_form *form = member;
    const char *key;
    json_t *text;

    if (!json_is_object(value)) {
        api_wrong_type(e, at, value, "an object");
        return;
    }
    if (json_object_size(value) > (size_t)f->max) {
        api_errors_add(e, at, "out_of_range", "%s has %zu pairs, want at most %d", f->name,
                       json_object_size(value), SRV_MAX_METADATA);
        return;
    }
    json_object_foreach(value, key, text)
    {
        char place[API_POINTER_SIZE];

        read_pair(e, api_at(place, at, key), key, text, &form->metadata[form->n_metadata++]);
    }
}

/* `name` or `id` of a data set, whichever the field is called. */
static void read_dataset_key(struct api_errors *e, const struct api_field *f, const char *at,
                             json_t *value, void *member)
{
    struct api_form *form = member;

    form->dataset_at = strcmp(f->name, "id") == 0 ? "/dataset/id" : "/dataset/name";
    if (json_is_string(value) && json_string_length(value) == 0)
        api_errors_add(e, at, "out_of_range", "%s is empty, want one of a data set", f->name);
    else
        api_read_text(e, f, at, value, form->dataset);
}

static const struct api_field dataset_fields[] = {
    {.name = "name", .read = read_dataset_key, .size = sizeof((struct api_form *)0)->dataset},
    {.name = "id", .read = read_dataset_key, .size = sizeof((struct api_form *)0)->dataset},
};
static const struct api_shape dataset_shape = {.noun = "a dataset", FIELDS(dataset_fields)};

static void read_dataset(struct api_errors *e, const struct api_field *f, const char *at,
                         json_t *value, void *member)
{
    bool name = json_object_get(value, "name"), id = json_object_get(value, "id");

    (void)f;
    api_read(e, &dataset_shape, at, value, member);
    if (json_is_object(value) && name && id)
        api_errors_add(e, at, "invalid", "both name and id are given, want exactly one");
    else if (json_is_object(value) && !name && !id)
        api_errors_add(e, at, "missing_field", "neither name nor id is given, want exactly one");
}

/* ------------------------------------------------------------------------------ warm start -- */

static void read_init_checkpoint(struct api_errors *e, const struct api_field *f, const char *at,
                                 json_t *value, void *member)
{
    const char *text = json_string_value(value);

    if (!text)
        api_wrong_type(e, at, value, "best or last");
    else if (strcmp(text, "best") != 0 && strcmp(text, "last") != 0)
        api_errors_add(e, at, "unknown_name", "%s is \"%.40s\", want best or last", f->name, text);
    else
        snprintf(member, f->size, "%s", text);
}

static void read_init_job(struct api_errors *e, const struct api_field *f, const char *at,
                          json_t *value, void *member)
{
    if (json_is_string(value) && json_string_length(value) == 0)
        api_errors_add(e, at, "out_of_range", "%s is empty, want the id of a job", f->name);
    else
        api_read_text(e, f, at, value, member);
}

static const struct api_field init_fields[] = {
    {.name = "job",
     .read = read_init_job,
     .offset = offsetof(struct api_form, init_job),
     .size = sizeof((struct api_form *)0)->init_job,
     .required = true},
    {.name = "checkpoint",
     .read = read_init_checkpoint,
     .offset = offsetof(struct api_form, init_checkpoint),
     .size = sizeof((struct api_form *)0)->init_checkpoint,
     .schema = "{\"enum\":[\"best\",\"last\"]}"},
};
static const struct api_shape init_shape = {.noun = "an init", FIELDS(init_fields)};

/* --------------------------------------------------------------------------------- webhook -- */

/* An array of names, into one text. */
static void read_webhook_events(struct api_errors *e, const struct api_field *f, const char *at,
                                json_t *value, void *member)
{
    static const char *const names[] = {"succeeded", "failed", "cancelled"};
    char *out = member;
    size_t used = 1, i;
    json_t *one;

    if (!json_is_array(value) || json_array_size(value) == 0) {
        api_wrong_type(e, at, value, "an array of succeeded, failed or cancelled");
        return;
    }
    memcpy(out, " ", 2);
    json_array_foreach(value, i, one)
    {
        const char *text = json_string_value(one);
        char place[API_POINTER_SIZE];
        size_t k = 0;

        while (k < COUNT(names) && (!text || strcmp(text, names[k]) != 0))
            k++;
        if (k == COUNT(names))
            api_errors_add(e, api_at_index(place, at, i), "unknown_name",
                           "is \"%.40s\", want one of: succeeded, failed, cancelled",
                           text ? text : "no text");
        else if (!strstr(out, names[k]))
            used += (size_t)snprintf(out + used, f->size - used, "%s ", names[k]);
    }
}

static const struct api_field webhook_fields[] = {
    {.name = "url",
     .read = api_read_text,
     .offset = offsetof(struct api_form, webhook_url),
     .size = sizeof((struct api_form *)0)->webhook_url,
     .required = true},
    {.name = "events",
     .read = read_webhook_events,
     .offset = offsetof(struct api_form, webhook_events),
     .size = sizeof((struct api_form *)0)->webhook_events,
     .schema = "{\"type\":\"array\",\"minItems\":1,\"items\":"
               "{\"enum\":[\"succeeded\",\"failed\",\"cancelled\"]}}"},
};
static const struct api_shape webhook_shape = {.noun = "a webhook", FIELDS(webhook_fields)};

/* ------------------------------------------------------------------------------------- job -- */

#define FORM(member) offsetof(struct api_form, member)
#define PART(field, of)                                                                            \
    {                                                                                              \
        .name = (field), .read = api_read_shape, .offset = FORM(spec), .shape = (of)               \
    }

/* `neuron` and `initialisation` stand before `layers`, which start from them. */
static const struct api_field job_fields[] = {
    {.name = "name",
     .read = api_read_text,
     .offset = FORM(name),
     .size = sizeof((struct api_form *)0)->name},
    {.name = "seed",
     .read = api_read_integer,
     .offset = FORM(seed),
     .max = INT64_MAX,
     .doc = "fixes every random draw of the job"},
    {.name = "priority",
     .read = api_read_integer,
     .offset = FORM(priority),
     .min = -100,
     .max = 100,
     .doc = "jobs of higher priority start first"},
    {.name = "metadata",
     .read = read_metadata,
     .max = SRV_MAX_METADATA,
     .doc = "pairs of text that lists can be filtered by",
     .type = "object",
     .schema = "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}"},
    {.name = "dataset", .read = read_dataset, .shape = &dataset_shape, .required = true},
    PART("encoding", &encoding_shape),
    {.name = "neuron", .read = api_read_shape, .offset = FORM(neuron), .shape = &api_neuron_shape},
    {.name = "initialisation",
     .read = api_read_shape,
     .offset = FORM(initialiser),
     .shape = &api_initialisation_shape},
    {.name = "layers",
     .read = api_read_layers,
     .min = 1,
     .max = SNN_MAX_LAYERS,
     .required = true,
     .items = &api_layer_shape,
     .doc = "layers of a network",
     .type = "array"},
    {.name = "init", .read = api_read_shape, .shape = &init_shape},
    {.name = "webhook", .read = api_read_shape, .shape = &webhook_shape},
    PART("readout", &readout_shape),
    PART("training", &training_shape),
    PART("diagnostics", &diagnostics_shape),
};
const struct api_shape api_job_shape = {.noun = "a job", FIELDS(job_fields)};

void api_form_read(struct api_form *form, json_t *job, struct api_errors *e)
{
    memset(form, 0, sizeof *form);
    form->spec = snn_spec_default();
    form->neuron = snn_neuron_spec_default();
    form->initialiser = form->spec.layers[0].initialiser;
    form->seed = (int64_t)form->spec.seed;
    form->dataset_at = "/dataset";
    snprintf(form->init_checkpoint, sizeof form->init_checkpoint, "best");
    snprintf(form->webhook_events, sizeof form->webhook_events, " succeeded failed cancelled ");
    api_read(e, &api_job_shape, "", job, form);
    form->spec.seed = (uint64_t)form->seed;
}

/* ---------------------------------------------------------------------------------- checks -- */

/* Whether an error stands at that place or within it: what follows from it is not worth telling. */
static bool is_known(const struct api_errors *e, const char *pointer)
{
    size_t n = strlen(pointer);
    json_t *entry;
    size_t i;

    json_array_foreach(e->list, i, entry)
    {
        const char *at = json_string_value(json_object_get(entry, "pointer"));

        if (at && strncmp(at, pointer, n) == 0 && (at[n] == '\0' || at[n] == '/'))
            return true;
    }
    return false;
}

static void add_semantic(void *user, const struct snn_error *what)
{
    struct api_errors *e = user;
    char pointer[sizeof what->pointer];
    size_t n = strlen(what->pointer);

    memcpy(pointer, what->pointer, n + 1);
    if (n && pointer[n - 1] == '/') /* the whole of an object, not its member "" */
        pointer[n - 1] = '\0';
    if (!is_known(e, pointer))
        api_errors_add(e, pointer, "invalid", "%s", what->message);
}

void api_form_check(const struct api_form *form, const struct snn_data_info *data,
                    struct api_errors *e)
{
    const struct snn_spec *spec = &form->spec;

    for (size_t i = 0; i < spec->n_layers; i++)
        if (!spec->layers[i].kind.kind) /* no kind: an error already, and nothing to check */
            return;
    snn_spec_check(spec, data, add_semantic, e);
}

/* The first of the errors as the core says it. */
static enum snn_code first_error(const struct api_errors *e, struct snn_error *err)
{
    json_t *first = json_array_get(e->list, 0);
    const char *at = json_string_value(json_object_get(first, "pointer"));
    const char *detail = json_string_value(json_object_get(first, "detail"));

    if (!at || !detail)
        return snn_fail(err, SNN_NOMEM, "no memory for the errors of the job");
    return snn_fail_at(err, at, SNN_INVALID, "%s", detail);
}

enum snn_code api_compile(const char *config, const struct snn_data_info *data,
                          struct snn_spec *out, struct snn_error *err)
{
    json_t *job = api_json_parse(config, strlen(config), err);
    struct api_errors e = {0};
    enum snn_code rc = SNN_OK;
    struct api_form form;

    if (!job)
        return err && err->code != SNN_OK ? err->code : SNN_FORMAT;
    api_form_read(&form, job, &e);
    api_form_check(&form, data, &e);
    if (api_errors_count(&e))
        rc = first_error(&e, err);
    else
        *out = form.spec;
    api_errors_clear(&e);
    json_decref(job);
    return rc;
}
