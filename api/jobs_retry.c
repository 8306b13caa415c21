/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs/{job}/retry: the job once more, with changes. The new one says in its metadata of
 * which it is (`retry_of`). */
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/create.h"
#include "api/pointer.h"
#include "api/problem.h"
#include "api/schema.h"

#define OF "retry_of"

static void change(struct api_errors *e, json_t *config, const char *pointer, json_t *value)
{
    const char *wrong = api_pointer_wrong(pointer);
    char at[API_POINTER_SIZE], why[200];

    api_at(at, "/changes", pointer);
    if (wrong)
        api_errors_add(e, at, "invalid", "\"%.60s\" is no pointer to a field: %s", pointer, wrong);
    else if (!api_pointer_set(config, pointer, value, why, sizeof why))
        api_errors_add(e, at, "invalid", "%.60s cannot be set: %s", pointer, why);
}

/* The body's `changes`, which may be left out, as the body may. */
static void read(struct api_errors *e, json_t *body, json_t *config)
{
    const char *key, *pointer;
    json_t *value, *to;

    json_object_foreach(body, key, value)
    {
        char at[API_POINTER_SIZE];

        api_at(at, "", key);
        if (strcmp(key, "changes") != 0)
            api_errors_add(e, at, "unknown_field",
                           "there is no field \"%.40s\" in a retry, want changes", key);
        else if (!json_is_object(value))
            api_wrong_type(e, at, value, "an object of JSON pointers and values");
        else
            json_object_foreach(value, pointer, to) change(e, config, pointer, to);
    }
}

/* False where it cannot be said. */
static bool say_of(json_t *config, const char *id)
{
    json_t *metadata = json_object_get(config, "metadata");

    if (!metadata && json_object_set_new(config, "metadata", json_object()) == 0)
        metadata = json_object_get(config, "metadata");
    return json_object_set_new(metadata, OF, json_string(id)) == 0;
}

static void make(struct api_call *c, const struct srv_job *job, json_t *body)
{
    json_t *config = job->config ? api_json_parse(job->config, strlen(job->config), NULL) : NULL;
    struct api_errors errors = {0};
    char *text;

    if (!json_is_object(config)) {
        api_problem(c, 500, "internal", "job %s has no config to start from", job->id);
        json_decref(config);
        return;
    }
    read(&errors, body, config);
    if (api_errors_count(&errors) > 0 || !say_of(config, job->id)) {
        json_decref(config);
        if (api_errors_count(&errors) > 0)
            api_invalid(c, 422, &errors);
        else
            api_problem(c, 500, "out_of_memory", "no memory for the config of %s", job->id);
        return;
    }
    text = json_dumps(config, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (text)
        api_create_job(c, config, text);
    else
        api_problem(c, 500, "out_of_memory", "no memory for the config of %s", job->id);
    free(text);
    json_decref(config);
}

void api_jobs_retry(struct api_call *c)
{
    json_t *body = NULL;
    struct srv_job job;

    if (api_create_again(c) || !api_create_may(c))
        return;
    if (c->req->body_size > 0 && !(body = api_body(c)))
        return;
    if (api_find_job(c, &job)) {
        make(c, &job, body);
        srv_job_clear(&job);
    }
    json_decref(body);
}
