/* SPDX-License-Identifier: MIT */
/* GET /v1/jobs/{job}/checkpoints and GET /v1/jobs/{job}/weights. */
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/file.h"
#include "api/model.h"
#include "api/page.h"
#include "api/problem.h"

static const struct api_model_format formats[] = {
    {"json", "application/json", "json", NULL, api_model_json},
    {"safetensors", "application/octet-stream", "safetensors", NULL, api_model_safetensors},
    {"nir", "application/x-hdf5", "nir", api_model_nir_refused, api_model_nir},
};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

/* ------------------------------------------------------------------------------ checkpoints -- */

static json_t *checkpoint_json(const struct srv_checkpoint *p)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "object", "checkpoint", "id", p->id,
                     "step", (json_int_t)p->step, "epoch", (json_int_t)p->epoch, "created_at",
                     (json_int_t)p->created_at, "bytes", (json_int_t)p->bytes, "sha256", p->sha256);
}

static json_t *list_json(const struct srv_checkpoint *list, size_t n)
{
    json_t *data = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(data, checkpoint_json(&list[i])) != 0) {
            json_decref(data);
            return NULL;
        }
    }
    return api_page_list(data, false);
}

void api_jobs_checkpoints(struct api_call *c)
{
    struct snn_error err = {.code = SNN_OK};
    struct srv_checkpoint *list = NULL;
    struct srv_job job;
    size_t n = 0;

    if (!api_find_job(c, &job))
        return;
    if (srv_store_checkpoint_list(c->api->options.store, job.id, &list, &n, &err) != SNN_OK)
        api_error(c, &err);
    else
        api_reply(c, 200, list_json(list, n));
    free(list);
    srv_job_clear(&job);
}

/* ------------------------------------------------------------------------------------ query -- */

static const struct api_model_format *find_format(struct api_call *c)
{
    const char *name = srv_request_query(c->req, "format");
    char valid[128] = "";

    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        size_t used = strlen(valid);
        if (strcmp(name ? name : formats[0].name, formats[i].name) == 0)
            return &formats[i];
        snprintf(valid + used, sizeof valid - used, "%s%s", i ? ", " : "", formats[i].name);
    }
    api_refuse_query(c, "format", "unknown_name", "format is \"%.40s\", want one of: %s", name,
                     valid);
    return NULL;
}

bool api_model_choose(struct api_call *c, struct api_model_choice *out)
{
    const char *text = srv_request_query(c->req, "checkpoint");

    *out = (struct api_model_choice){.which = SNN_BEST};
    if (!text || strcmp(text, "best") == 0)
        return true;
    out->which = SNN_LAST;
    if (strcmp(text, "last") == 0)
        return true;
    out->id = text;
    if (strncmp(text, "ckpt_", strlen("ckpt_")) == 0)
        return true;
    api_refuse_query(c, "checkpoint", "unknown_name",
                     "checkpoint is \"%.40s\", want best, last or a checkpoint's id", text);
    return false;
}

/* ------------------------------------------------------------------------------------ model -- */

/* The path of the file asked for, or false with a 404 (or 500) reply made. */
static bool find_file(struct api_call *c, const struct srv_job *job,
                      const struct api_model_choice *choice, char *path, size_t size)
{
    struct snn_error err = {.code = SNN_OK};
    struct srv_checkpoint *list = NULL;
    size_t n = 0, at = 0;

    if (srv_store_checkpoint_list(c->api->options.store, job->id, &list, &n, &err) != SNN_OK) {
        api_error(c, &err);
        return false;
    }
    while (choice->id && at < n && strcmp(list[at].id, choice->id) != 0)
        at++;
    if (at < n)
        snprintf(path, size, "%s/%s", c->api->options.config->data_dir, list[at].path);
    else if (n == 0)
        api_problem(c, 404, "no_checkpoint", "job %s is %s and %s: there are no weights to send",
                    job->id, srv_job_status_name(job->status),
                    srv_job_status_terminal(job->status) ? "ended before a checkpoint was saved"
                                                         : "has no checkpoint yet");
    else
        api_problem(c, 404, "not_found", "job %s has no checkpoint %s (its newest is %s)", job->id,
                    choice->id, list[0].id);
    free(list);
    return at < n;
}

/* A running job's worker may remove a file between its listing and its opening: then it has a newer
 * one. */
struct snn_model *api_model_open(struct api_call *c, const struct srv_job *job,
                                 const struct api_model_choice *choice)
{
    char path[sizeof c->api->options.config->data_dir + sizeof((struct srv_checkpoint *)0)->path];
    struct snn_model *model = NULL;
    struct snn_error err;

    for (int tries = 0; tries < 3; tries++) {
        err = (struct snn_error){.code = SNN_OK};
        if (!find_file(c, job, choice, path, sizeof path))
            return NULL;
        if (snn_model_open(&model, path, choice->which, &err) == SNN_OK)
            return model;
        if (err.code != SNN_IO && err.code != SNN_NOT_FOUND)
            break;
    }
    /* The file is the daemon's own: whatever is wrong with it is no fault of the request. */
    api_problem(c, 500, snn_code_name(err.code), "%s", err.message);
    return NULL;
}

/* What the tensors tell of the data, for a job whose data set is gone. */
static struct snn_data_info guess_info(const struct snn_model *model)
{
    const struct snn_tensor *first = snn_model_tensor(model, 0);
    struct snn_data_info info = {.train = 1000000, .test = 1, .rank = 1, .classes = 2};

    info.features = info.shape[0] = first->count / first->shape[0];
    for (size_t i = 0; i < snn_model_count(model); i++)
        if (strcmp(snn_model_tensor(model, i)->role, "weight") == 0)
            info.classes = snn_model_tensor(model, i)->shape[0];
    return info;
}

/* False where the config cannot be compiled: the tensors are served without it. */
bool api_model_spec(struct api_call *c, const struct srv_job *job, const struct snn_model *model,
                    struct snn_spec *spec, struct snn_data_info *info)
{
    struct srv_dataset *set = malloc(sizeof *set);
    bool known = set &&
                 srv_datasets_find(c->api->options.datasets, job->dataset, set, NULL) == SNN_OK &&
                 set->ready;

    if (!known && snn_model_count(model) == 0) {
        free(set);
        return false;
    }
    *info = known ? set->info : guess_info(model);
    free(set);
    if (!job->config || api_compile(job->config, info, spec, NULL) == SNN_OK)
        return job->config != NULL;
    info->events = true; /* as it may have been, where it had to be guessed */
    return !known && api_compile(job->config, info, spec, NULL) == SNN_OK;
}

static void render(struct api_call *c, const struct api_model_format *format,
                   const struct api_model *m)
{
    char name[80];
    FILE *f = api_file_open(c);

    if (!f)
        return;
    if (format->refused && format->refused(c, m)) {
        fclose(f);
        return;
    }
    if (!format->write(f, m)) {
        fclose(f);
        api_problem(c, 500, "out_of_memory", "no memory to write the model");
        return;
    }
    snprintf(name, sizeof name, "%s.%s", m->job->id, format->extension);
    api_file_reply(
        c, f,
        &(struct api_file_form){.content_type = format->content_type, .name = name, .etag = true});
}

void api_jobs_weights(struct api_call *c)
{
    static const char *const known[] = {"format", "checkpoint", "allow", NULL};
    const struct api_model_format *format;
    struct snn_model *model;
    struct api_model_choice choice;
    struct snn_data_info info;
    struct snn_spec spec;
    struct srv_job job;

    if (!api_query_known(c, known) || !(format = find_format(c)) || !api_model_choose(c, &choice) ||
        !api_find_job(c, &job))
        return;
    model = api_model_open(c, &job, &choice);
    if (model) {
        struct api_model m = {.job = &job,
                              .model = model,
                              .info = &info,
                              .which = choice.which == SNN_BEST ? "best" : "last"};
        m.spec = api_model_spec(c, &job, model, &spec, &info) ? &spec : NULL;
        snn_model_sha256(model, m.sha256);
        render(c, format, &m);
    }
    snn_model_free(model);
    srv_job_clear(&job);
}
