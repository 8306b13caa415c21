/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs and POST /v1/jobs/validate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/admission.h"
#include "api/job_object.h"
#include "api/prefer.h"
#include "api/problem.h"

#define QUEUE_RETRY_SECONDS 10
#define DRAIN_RETRY_SECONDS 5
#define MAX_KEY 255

/* Judges the body. False with the reply made; then there is nothing to clear. */
static bool judge(struct api_call *c, struct api_admission *a)
{
    struct snn_error err = {0};
    json_t *job = api_body(c);
    enum snn_code rc;

    if (!job)
        return false;
    rc = api_admission_judge(a, &c->api->options, job, &err);
    json_decref(job);
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

/* The row to store, with the text exactly as it came. */
static enum snn_code make_row(struct srv_job *row, const struct api_call *c,
                              const struct api_admission *a, struct snn_error *err)
{
    const struct api_form *form = &a->form;

    memset(row, 0, sizeof *row);
    memcpy(row->name, form->name, sizeof row->name);
    memcpy(row->dataset, a->dataset.id, sizeof row->dataset);
    if (form->init_job[0]) {
        memcpy(row->init_job, form->init_job, sizeof row->init_job);
        memcpy(row->init_checkpoint, form->init_checkpoint, sizeof row->init_checkpoint);
    }
    row->priority = form->priority;
    row->seed = form->seed;
    row->memory_bytes = (int64_t)a->estimate.bytes;
    row->threads = (int64_t)c->api->options.config->threads_per_job;
    row->epochs = (int64_t)form->spec.epochs;
    row->steps = (int64_t)a->estimate.steps;
    row->samples_per_second = row->eta_seconds = -1;
#define UNKNOWN(name) row->metrics.name = NAN;
    SNN_METRICS(UNKNOWN)
#undef UNKNOWN
    row->config = strdup(c->req->body);
    if (form->n_metadata)
        row->metadata = calloc(form->n_metadata, sizeof *row->metadata);
    if (!row->config || (form->n_metadata && !row->metadata))
        return snn_fail(err, SNN_NOMEM, "no memory for the job");
    row->n_metadata = form->n_metadata;
    if (row->n_metadata)
        memcpy(row->metadata, form->metadata, row->n_metadata * sizeof *row->metadata);
    return SNN_OK;
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

static enum snn_code store(struct api_call *c, struct srv_job *row, const char *key,
                           struct snn_error *err)
{
    const struct api_options *o = &c->api->options;
    char body[SNN_SHA256_HEX], own[MAX_KEY + SRV_TOKEN_NAME + 1];
    struct snn_digest d;

    if (!key)
        return srv_store_job_create(o->store, row, o->config->max_queued, err);
    snn_digest_init(&d);
    snn_digest_add(&d, c->req->body, c->req->body_size);
    snn_digest_hex(&d, body);
    /* What one client calls a request says nothing about another's. */
    snprintf(own, sizeof own, "%s%s%s", c->token, c->token[0] ? ":" : "", key);
    return srv_store_job_create_once(o->store, row, o->config->max_queued, own, body, &c->again,
                                     err);
}

static void create(struct api_call *c, const struct api_admission *a)
{
    const struct api_options *o = &c->api->options;
    const char *key = srv_request_header(c->req, "Idempotency-Key");
    struct snn_error err = {0};
    struct srv_job row;
    enum snn_code rc = make_row(&row, c, a, &err);

    if (rc == SNN_OK)
        rc = store(c, &row, key, &err);
    if (rc == SNN_OK) {
        if (o->pool && !c->again)
            srv_pool_wake(o->pool);
        answer_made(c, &row);
    } else if (rc == SNN_LIMIT) {
        srv_response_header(c->res, "Retry-After", "%d", QUEUE_RETRY_SECONDS);
        api_problem(c, 429, "queue_full", "%s", err.message);
    } else if (rc == SNN_FORMAT && key) {
        api_problem(c, 422, "idempotency_key_reused", "%s", err.message);
    } else {
        api_error(c, &err);
    }
    srv_job_clear(&row);
}

/* True with the reply made. */
static bool bad_key(struct api_call *c)
{
    const char *key = srv_request_header(c->req, "Idempotency-Key");
    size_t n = key ? strlen(key) : 1;

    for (size_t i = 0; key && i < n; i++)
        n = key[i] > 0x20 && key[i] < 0x7f ? n : 0;
    if (n >= 1 && n <= MAX_KEY)
        return false;
    api_problem(c, 400, "bad_request",
                "Idempotency-Key is no key, want 1 to %d printable characters", MAX_KEY);
    return true;
}

void api_jobs_create(struct api_call *c)
{
    struct api_admission a;

    if (c->made[0]) {
        look_again(c);
        return;
    }
    if (atomic_load(&c->api->draining)) {
        srv_response_header(c->res, "Retry-After", "%d", DRAIN_RETRY_SECONDS);
        api_problem(c, 503, "draining", "the daemon is stopping and takes no jobs");
        return;
    }
    if (bad_key(c) || api_no_room(c, 0) || !judge(c, &a))
        return;
    if (api_errors_count(&a.errors))
        api_invalid(c, 422, &a.errors);
    else if (a.too_big)
        refuse_memory(c, &a);
    else
        create(c, &a);
    api_admission_clear(&a);
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

/* Each layer with every value of its neuron, as the job's and the layer's own make it. */
static json_t *layers(const struct api_admission *a)
{
    json_t *list = a->has_estimate ? json_array() : json_null();

    for (size_t i = 0; a->has_estimate && i < a->form.spec.n_layers; i++) {
        const struct snn_layer_spec *l = &a->form.spec.layers[i];
        json_t *neuron = snn_layer_has_neuron(l) ? api_neuron_json(&l->neuron) : json_null();
        json_t *layer = json_pack("{s:s, s:s, s:o}", "name", l->name, "kind", l->kind.kind->name,
                                  "neuron", neuron);

        if (json_array_append_new(list, layer) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *validation(const struct api_admission *a)
{
    const struct snn_estimate *e = &a->estimate;

    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}",
                     "object", "validation", "valid", api_errors_count(&a->errors) == 0, "errors",
                     list_of(&a->errors), "warnings", list_of(&a->warnings), "parameters",
                     count(a, e->parameters), "memory_bytes", count(a, e->bytes), "steps",
                     count(a, e->steps), "steps_per_epoch", count(a, e->steps_per_epoch),
                     "multiply_adds_per_sample",
                     a->has_estimate ? api_number(e->multiply_adds) : json_null(), "layers",
                     layers(a), "samples", "train", count(a, e->train), "validation",
                     count(a, e->validation), "test", count(a, a->dataset.info.test));
}

void api_jobs_validate(struct api_call *c)
{
    size_t limit = c->api->options.config->memory_limit;
    struct api_admission a;

    if (!judge(c, &a))
        return;
    if (a.too_big)
        api_errors_add(&a.errors, "", "memory_limit",
                       "the job needs %zu bytes of memory, want at most %zu", a.estimate.bytes,
                       limit);
    api_reply(c, 200, validation(&a));
    api_admission_clear(&a);
}
