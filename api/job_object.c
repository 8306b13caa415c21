/* SPDX-License-Identifier: MIT */
/* A row of the store as the job object. */
#include "api/job_object.h"

#include <math.h>
#include <string.h>

#include "api/body.h"
#include "api/plan.h"
#include "api/problem.h"
#include "api/verdict.h"

static json_t *not_negative(double v)
{
    return v >= 0 ? api_number(v) : json_null();
}

static json_t *progress(const struct srv_job *j)
{
    double fraction = j->steps > 0 ? (double)j->step / (double)j->steps : 0;

    /* All that it had to do, also where patience ended it before the last of the steps. */
    if (j->status == SRV_JOB_succeeded)
        fraction = 1;
    return json_pack("{s:I, s:I, s:I, s:I, s:f, s:o, s:o}", "epoch", (json_int_t)j->epoch, "epochs",
                     (json_int_t)j->epochs, "step", (json_int_t)j->step, "steps",
                     (json_int_t)j->steps, "fraction", fmin(fraction, 1), "samples_per_second",
                     not_negative(j->samples_per_second), "eta_seconds",
                     not_negative(j->eta_seconds));
}

json_t *api_metrics_object(const struct snn_metrics *m)
{
#define FORMAT(name) "s:o,"
#define PAIR(name) , #name, api_number(m->name)
    return json_pack("{" SNN_METRICS(FORMAT) "}" SNN_METRICS(PAIR));
#undef FORMAT
#undef PAIR
}

static json_t *error(const struct srv_job *j)
{
    if (j->error_code[0] == '\0')
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "code", api_text(j->error_code), "message",
                     api_text(j->error_message), "param", api_text_or_null(j->error_param));
}

static json_t *metadata(const struct srv_job *j)
{
    json_t *pairs = json_object();

    for (size_t i = 0; i < j->n_metadata; i++) {
        if (json_object_set_new(pairs, j->metadata[i].key, api_text(j->metadata[i].value)) != 0) {
            json_decref(pairs);
            return NULL;
        }
    }
    return pairs;
}

/* What fixes the bits of the weights. */
static json_t *reproducibility(const struct srv_job *j)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "config_sha256",
        api_text_or_null(j->config_sha256), "dataset_sha256", api_text_or_null(j->dataset_sha256),
        "init_sha256", api_text_or_null(j->init_sha256), "instruction_set",
        api_text_or_null(j->instruction_set), "blas", api_text_or_null(j->blas), "version",
        api_text_or_null(j->build_version), "revision", api_text_or_null(j->build_revision), "seed",
        (json_int_t)j->seed, "model_sha256", api_text_or_null(j->model_sha256));
}

static json_t *model(const struct srv_job *j)
{
    if (j->model_sha256[0] == '\0')
        return json_null();
    return json_pack("{s:o, s:o}", "sha256", api_text(j->model_sha256), "url",
                     json_sprintf("/v1/jobs/%s/weights", j->id));
}

/* Text that was accepted parses again; null is for a row that somebody else wrote. */
static json_t *config(const struct srv_job *j)
{
    json_t *value = j->config ? api_json_parse(j->config, strlen(j->config), NULL) : NULL;

    return value ? value : json_null();
}

/* Counted from the row's last change, so that the same row gives the same answer. */
static json_t *estimated_finish(const struct srv_job *j)
{
    bool known = j->status == SRV_JOB_running && isfinite(j->eta_seconds) && j->eta_seconds >= 0 &&
                 j->eta_seconds < 1e15;

    return known ? json_integer(j->updated_at + (int64_t)ceil(j->eta_seconds)) : json_null();
}

json_t *api_job_object(const struct srv_job *j)
{
    json_t *sent = config(j);

    return json_pack(
        "{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:I, s:o, "
        "s:o, s:o, s:o, "
        "s:{s:I, s:I, s:o, s:o}, s:o, s:o, s:o, s:o, s:o, s:I}",
        "id", api_text(j->id), "object", "job", "status", srv_job_status_name(j->status),
        "created_at", api_time(j->created_at), "started_at", api_time(j->started_at), "finished_at",
        api_time(j->finished_at), "updated_at", api_time(j->updated_at), "estimated_finish",
        estimated_finish(j), "attempt", (json_int_t)j->attempt, "priority", (json_int_t)j->priority,
        "name", api_text_or_null(j->name), "dataset", api_text(j->dataset), "config", sent, "seed",
        (json_int_t)j->seed, "progress", progress(j), "metrics", api_metrics_object(&j->metrics),
        "error", error(j), "metadata", metadata(j), "resources", "threads", (json_int_t)j->threads,
        "memory_bytes", (json_int_t)j->memory_bytes, "instruction_set",
        api_text_or_null(j->instruction_set), "blas", api_text_or_null(j->blas), "plan",
        api_plan(j->plan), "verdict", api_verdict(j->verdict, sent), "model", model(j),
        "reproducibility", reproducibility(j), "sweep", api_text_or_null(j->sweep), "version",
        (json_int_t)j->version);
}
