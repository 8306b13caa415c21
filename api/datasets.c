/* SPDX-License-Identifier: MIT */
/* /v1/datasets: the data sets a job may name, and uploads, whose files go to disk as they come. */
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/schema.h"

#define MAX_PAGE 100

/* ------------------------------------------------------------------------------------ views -- */

static json_t *shape_json(const struct snn_data_info *info)
{
    json_t *shape = json_array();

    for (size_t i = 0; i < info->rank; i++)
        json_array_append_new(shape, json_integer((json_int_t)info->shape[i]));
    return shape;
}

static json_t *files_json(const struct srv_dataset *d)
{
    json_t *files = json_array();

    for (size_t i = 0; i < d->n_files; i++)
        json_array_append_new(files, json_pack("{s:s, s:I, s:s}", "part", d->files[i].part, "bytes",
                                               (json_int_t)d->files[i].bytes, "sha256",
                                               d->files[i].sha256));
    return files;
}

static bool has_part(const struct srv_dataset *d, const char *part)
{
    for (size_t i = 0; i < d->n_files; i++)
        if (strcmp(d->files[i].part, part) == 0)
            return true;
    return false;
}

/* What an upload still lacks. */
static json_t *missing_json(const struct srv_dataset *d)
{
    const struct snn_kind *format = snn_registry_find(&snn_formats, d->format);
    const char *const *parts = format ? snn_format_parts(format) : NULL;
    json_t *missing = json_array();

    if (d->ready || strcmp(d->origin, "upload") != 0)
        return missing;
    for (; parts && *parts; parts++)
        if (!has_part(d, *parts))
            json_array_append_new(missing, json_string(*parts));
    return missing;
}

/* Why it is not ready; null where it is. */
static json_t *reason_json(const struct srv_dataset *d, json_t *missing)
{
    char text[256] = "missing parts: ";
    const json_t *part;
    size_t i;

    if (d->ready)
        return json_null();
    if (d->reason[0])
        return api_text(d->reason);
    json_array_foreach(missing, i, part)
    {
        size_t used = strlen(text);

        snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", json_string_value(part));
    }
    return json_string(i ? text : "its files do not fit together");
}

/* What is known of the data only once it is ready. */
static json_t *if_ready(const struct srv_dataset *d, size_t n)
{
    return d->ready ? json_integer((json_int_t)n) : json_null();
}

static json_t *samples_json(const struct srv_dataset *d)
{
    return d->ready ? json_pack("{s:I, s:I}", "train", (json_int_t)d->info.train, "test",
                                (json_int_t)d->info.test)
                    : json_null();
}

/* NULL where memory ends. */
static json_t *dataset_json(const struct srv_dataset *d)
{
    const struct snn_data_info *info = &d->info;
    json_t *missing = missing_json(d);

    return json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "id", api_text(d->id), "object", "dataset", "name", api_text(d->name), "format",
        api_text(d->format), "origin", api_text(d->origin), "status",
        d->ready ? "ready" : "incomplete", "created_at", api_time(d->created_at), "samples",
        samples_json(d), "features", if_ready(d, info->features), "shape",
        d->ready ? shape_json(info) : json_null(), "classes", if_ready(d, info->classes), "bytes",
        if_ready(d, info->bytes), "sha256", d->ready ? json_string(info->sha256) : json_null(),
        "files", files_json(d), "reason", reason_json(d, missing), "missing_parts", missing,
        "events", d->ready ? json_boolean(info->events) : json_null());
}

/* ----------------------------------------------------------------------------------- create -- */

struct request {
    char name[sizeof((struct srv_dataset *)0)->name];
    char format[sizeof((struct srv_dataset *)0)->format];
};

static const struct api_field fields[] = {
    {.name = "name",
     .read = api_read_text,
     .offset = offsetof(struct request, name),
     .size = sizeof((struct request *)0)->name,
     .required = true},
    {.name = "format",
     .read = api_read_text,
     .offset = offsetof(struct request, format),
     .size = sizeof((struct request *)0)->format,
     .required = true},
};
static const struct api_shape shape = {
    .noun = "data set", .fields = fields, .n_fields = sizeof fields / sizeof fields[0]};

/* Formats that have parts are those that can be uploaded. */
static void check_format(const char *name, struct api_errors *errors)
{
    const struct snn_kind *kind = snn_registry_find(&snn_formats, name);
    char valid[128] = "";

    if (kind && snn_format_parts(kind)[0])
        return;
    for (size_t i = 0; i < snn_formats.count; i++) {
        size_t used = strlen(valid);
        kind = snn_registry_at(&snn_formats, i);
        if (snn_format_parts(kind)[0])
            snprintf(valid + used, sizeof valid - used, "%s%s", used ? ", " : "", kind->name);
    }
    api_errors_add(errors, "/format", "unknown_name", "format is \"%s\", want one of: %s", name,
                   valid);
}

static void create(struct api_call *c, const char *name, const char *format)
{
    struct srv_datasets *sets = c->api->options.datasets;
    struct snn_error err = {.code = SNN_OK};
    struct srv_dataset *d = malloc(sizeof *d);

    if (!d) {
        api_problem(c, 500, "out_of_memory", "no memory for a data set");
    } else if (srv_datasets_find(sets, name, d, NULL) == SNN_OK) {
        api_problem(c, 409, "name_taken", "there is a data set '%s' already: %s", name, d->id);
    } else if (srv_datasets_create(sets, name, format, d, &err) != SNN_OK) {
        api_error(c, &err);
    } else {
        srv_response_header(c->res, "Location", "/v1/datasets/%s", d->id);
        api_reply(c, 201, dataset_json(d));
    }
    free(d);
}

void api_datasets_create(struct api_call *c)
{
    struct api_errors errors = {.list = NULL};
    struct request r = {.name = ""};
    json_t *body = api_body(c);

    if (!body)
        return;
    api_read(&errors, &shape, "", body, &r);
    json_decref(body);
    if (r.format[0])
        check_format(r.format, &errors);
    if (api_errors_count(&errors))
        api_invalid(c, 422, &errors);
    else
        create(c, r.name, r.format);
}

/* ------------------------------------------------------------------------------------- read -- */

static json_t *page_json(const struct srv_dataset *list, size_t n, bool has_more)
{
    json_t *data = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(data, dataset_json(&list[i])) != 0) {
            json_decref(data);
            return NULL;
        }
    }
    return api_page_list(data, has_more);
}

static void reply_page(struct api_call *c, const struct srv_dataset *list, size_t n, size_t limit)
{
    const char *after = srv_request_query(c->req, "after");
    size_t first = 0;

    while (after && first < n && strcmp(list[first].id, after) != 0)
        first++;
    if (after && first == n) {
        api_refuse_query(c, "after", "unknown_name", "after is \"%.60s\", want a data set's id",
                         after);
        return;
    }
    first += after != NULL;
    api_reply(c, 200,
              page_json(list + first, n - first < limit ? n - first : limit, n - first > limit));
}

void api_datasets_list(struct api_call *c)
{
    static const char *const known[] = {"limit", "after", NULL};
    struct snn_error err = {.code = SNN_OK};
    struct srv_dataset *list = NULL;
    int64_t limit;
    size_t n = 0;

    if (!api_query_known(c, known) || !api_query_integer(c, "limit", 1, MAX_PAGE, MAX_PAGE, &limit))
        return;
    if (srv_datasets_list(c->api->options.datasets, &list, &n, &err) != SNN_OK)
        api_error(c, &err);
    else
        reply_page(c, list, n, (size_t)limit);
    free(list);
}

void api_datasets_get(struct api_call *c)
{
    struct snn_error err = {.code = SNN_OK};
    struct srv_dataset *d = malloc(sizeof *d);

    if (!d)
        api_problem(c, 500, "out_of_memory", "no memory for a data set");
    else if (srv_datasets_look(c->api->options.datasets, c->param[0], d, &err) != SNN_OK)
        api_error(c, &err);
    else
        api_reply(c, 200, dataset_json(d));
    free(d);
}

/* What cannot be done to a data set as it stands (not an upload, in use) is a conflict. */
static void refuse_change(struct api_call *c, const struct snn_error *err)
{
    if (err->code == SNN_INVALID)
        api_problem(c, 409, "conflict", "%s", err->message);
    else
        api_error(c, err);
}

void api_datasets_delete(struct api_call *c)
{
    struct snn_error err = {.code = SNN_OK};

    if (srv_datasets_delete(c->api->options.datasets, c->param[0], &err) != SNN_OK)
        refuse_change(c, &err);
    else
        c->res->status = 204;
}

/* ----------------------------------------------------------------------------------- upload -- */

bool api_datasets_put_open(struct api_call *c, struct srv_sink *sink)
{
    struct snn_error err = {.code = SNN_OK};
    struct srv_upload *upload = NULL;
    uint64_t size = c->req->content_length;

    if (api_no_room(c, size == UINT64_MAX ? 0 : size))
        return false;
    if (srv_upload_open(&upload, c->api->options.datasets, c->param[0], c->param[1], &err) !=
        SNN_OK) {
        refuse_change(c, &err);
        return false;
    }
    c->stream = upload;
    *sink = (struct srv_sink){.user = upload, .write = srv_upload_write};
    return true;
}

void api_datasets_put(struct api_call *c)
{
    struct snn_error err = {.code = SNN_OK};
    struct srv_dataset *d = malloc(sizeof *d);

    if (!d)
        api_problem(c, 500, "out_of_memory", "no memory for a data set");
    else if (srv_upload_finish(c->stream, d, &err) != SNN_OK)
        api_error(c, &err);
    else
        api_reply(c, 200, dataset_json(d));
    free(d);
}

void api_datasets_put_close(struct api_call *c)
{
    srv_upload_free(c->stream);
    c->stream = NULL;
}
