/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs and POST /v1/jobs/validate. */
#include <stdlib.h>
#include <string.h>

#include "api/admission.h"
#include "api/create.h"
#include "api/job_object.h"
#include "api/network_json.h"
#include "api/prefer.h"
#include "api/problem.h"

/* Judges the job. False with the reply made; then there is nothing to clear. */
static bool judge(struct api_call *c, struct api_admission *a, json_t *job)
{
    struct snn_error err = {0};
    enum snn_code rc = api_admission_judge(a, &c->api->options, job, &err);

    if (rc == SNN_OK)
        return true;
    api_admission_clear(a);
    api_error(c, &err);
    return false;
}

/* ---------------------------------------------------------------------------------- create -- */

static void refuse_memory(struct api_call *c, const struct api_admission *a)
{
    size_t limit = c->api->options.config->memory_limit;
    char detail[200];
    json_t *problem;

    snprintf(detail, sizeof detail,
             "the job needs %zu bytes of memory, want at most %zu (memory-limit)",
             a->estimate.bytes, limit);
    problem = api_problem_new(c, 422, "memory_limit", detail);
    if (problem) {
        json_object_set_new(problem, "estimated_bytes",
                            json_integer((json_int_t)a->estimate.bytes));
        json_object_set_new(problem, "limit_bytes", json_integer((json_int_t)limit));
    }
    api_problem_send(c, 422, problem);
}

/* 201 for a job that is on disk, 200 for one that a request with the same key has made. */
static void reply_made(struct api_call *c, const struct srv_job *row)
{
    if (c->again)
        srv_response_header(c->res, "Idempotency-Replayed", "true");
    srv_response_header(c->res, "Location", "/v1/jobs/%s", row->id);
    api_reply(c, c->again ? 200 : 201, api_job_object(row));
}

/* Answers, or waits for the job's end as the client prefers. */
static void answer_made(struct api_call *c, const struct srv_job *row)
{
    memcpy(c->made, row->id, sizeof c->made);
    if (srv_job_status_terminal(row->status) || !api_wait(c))
        reply_made(c, row);
}

/* A job that was made is looked at again. */
static void look_again(struct api_call *c)
{
    struct snn_error err = {0};
    struct srv_job row;

    if (srv_store_job_get(c->api->options.store, c->made, &row, &err) != SNN_OK) {
        api_error(c, &err);
        return;
    }
    answer_made(c, &row);
    srv_job_clear(&row);
}

static enum snn_code store(struct api_call *c, struct srv_job *row, struct snn_error *err)
{
    const struct api_options *o = &c->api->options;
    struct api_key key;

    if (!api_create_key(c, &key))
        return srv_store_job_create(o->store, row, o->config->max_queued, err);
    return srv_store_job_create_once(o->store, row, o->config->max_queued, key.key, key.body,
                                     &c->again, err);
}

static void create(struct api_call *c, const struct api_admission *a, const char *text)
{
    const struct api_options *o = &c->api->options;
    struct snn_error err = {0};
    struct srv_job row;
    enum snn_code rc = api_admission_row(&row, a, o->config, text, &err);

    memcpy(row.traceparent, c->req->trace, sizeof row.traceparent);
    if (rc == SNN_OK)
        rc = store(c, &row, &err);
    if (rc == SNN_OK) {
        if (o->pool && !c->again)
            srv_pool_wake(o->pool);
        answer_made(c, &row);
    } else {
        api_create_refuse(c, &err);
    }
    srv_job_clear(&row);
}

void api_create_job(struct api_call *c, json_t *job, const char *text)
{
    struct api_admission a;

    if (!judge(c, &a, job))
        return;
    if (api_errors_count(&a.errors))
        api_invalid(c, 422, &a.errors);
    else if (a.too_big)
        refuse_memory(c, &a);
    else
        create(c, &a, text);
    api_admission_clear(&a);
}

bool api_create_again(struct api_call *c)
{
    if (!c->made[0])
        return false;
    look_again(c);
    return true;
}

void api_jobs_create(struct api_call *c)
{
    json_t *job;

    if (api_create_again(c) || !api_create_may(c))
        return;
    job = api_body(c);
    if (job)
        api_create_job(c, job, c->req->body);
    json_decref(job);
}

/* -------------------------------------------------------------------------------- validate -- */

/* A count of a job that was measured, else null. */
static json_t *count(const struct api_admission *a, size_t v)
{
    return a->has_estimate ? json_integer((json_int_t)v) : json_null();
}

static json_t *list_of(const struct api_errors *e)
{
    return json_is_array(e->list) ? json_incref(e->list) : json_array();
}

/* Each layer with every value of it and of its neuron, as the job's and the layer's own make it. */
static json_t *layers(const struct api_admission *a)
{
    json_t *list = a->has_estimate ? json_array() : json_null();

    for (size_t i = 0; a->has_estimate && i < a->form.spec.n_layers; i++) {
        if (json_array_append_new(list, api_layer_json(&a->form.spec.layers[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *validation(const struct api_admission *a)
{
    const struct snn_estimate *e = &a->estimate;

    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}",
                     "object", "validation", "valid", api_errors_count(&a->errors) == 0, "errors",
                     list_of(&a->errors), "warnings", list_of(&a->warnings), "parameters",
                     count(a, e->parameters), "memory_bytes", count(a, e->bytes), "segment_steps",
                     count(a, e->segment_steps), "steps", count(a, e->steps), "steps_per_epoch",
                     count(a, e->steps_per_epoch), "multiply_adds_per_sample",
                     a->has_estimate ? api_number(e->multiply_adds) : json_null(), "layers",
                     layers(a), "samples", "train", count(a, e->train), "validation",
                     count(a, e->validation), "test", count(a, a->dataset.info.test));
}

void api_jobs_validate(struct api_call *c)
{
    size_t limit = c->api->options.config->memory_limit;
    struct api_admission a;
    json_t *job = api_body(c);
    bool judged = job && judge(c, &a, job);

    json_decref(job);
    if (!judged)
        return;
    if (a.too_big)
        api_errors_add(&a.errors, "", "memory_limit",
                       "the job needs %zu bytes of memory, want at most %zu", a.estimate.bytes,
                       limit);
    api_reply(c, 200, validation(&a));
    api_admission_clear(&a);
}
