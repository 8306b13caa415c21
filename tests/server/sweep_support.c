/* SPDX-License-Identifier: MIT */
#include "tests/server/sweep_support.h"

#include <stdlib.h>
#include <string.h>

#define BODY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum snn_code sweep_make(struct fixture *f, const struct sweep_form *form, size_t max_queued,
                         struct srv_sweep *out, bool *again, struct snn_error *err)
{
    size_t n_jobs = (size_t)(form->combinations * form->seeds);
    struct srv_job *jobs = calloc(n_jobs, sizeof *jobs);
    char **texts = calloc((size_t)form->combinations, sizeof *texts);
    enum snn_code rc;

    assert_true(jobs && texts);
    *out = (struct srv_sweep){.combinations = form->combinations,
                              .metric = "validation_accuracy",
                              .name = "sweep",
                              .maximize = 1,
                              .rung_epochs = form->rung_epochs,
                              .rung_factor = form->rung_factor,
                              .config = strdup("{}")};
    for (int64_t i = 0; i < form->combinations; i++)
        assert_true(asprintf(&texts[i], "{\"/x\":%lld}", (long long)i) > 0);
    for (size_t i = 0; i < n_jobs; i++) {
        jobs[i] = fixture_job("of a sweep");
        jobs[i].epochs = form->epochs ? form->epochs : 10;
        jobs[i].combination = (int64_t)i / form->seeds;
        jobs[i].seed = (int64_t)i % form->seeds;
        jobs[i].rung_epoch = form->rung_epochs;
    }
    rc = srv_store_sweep_create(f->store, out, (const char *const *)texts, jobs, n_jobs, max_queued,
                                form->key, BODY, again, err);
    srv_sweep_clear(out);
    srv_job_list_free(jobs, n_jobs);
    for (int64_t i = 0; i < form->combinations; i++)
        free(texts[i]);
    free(texts);
    return rc;
}

void sweep_create(struct fixture *f, const struct sweep_form *form, char id[SRV_ID_SIZE])
{
    struct snn_error err = {0};
    struct srv_sweep sweep;
    bool again = true;

    assert_ok(sweep_make(f, form, 100000, &sweep, &again, &err), err);
    assert_false(again);
    memcpy(id, sweep.id, SRV_ID_SIZE);
}

void sweep_release(struct fixture *f, struct srv_job *job, enum srv_job_status status)
{
    struct snn_error err = {0};
    bool deleted;

    job->status = status;
    assert_ok(srv_store_job_release(f->store, job, &deleted, &err), err);
}

void sweep_arrive(struct fixture *f, struct srv_job *job, double accuracy)
{
    job->epoch = job->rung_epoch ? job->rung_epoch : job->epochs;
    job->metrics.validation_accuracy = accuracy;
    sweep_release(f, job, job->rung_epoch ? SRV_JOB_paused : SRV_JOB_succeeded);
}

struct srv_sweep_whole sweep_get(struct fixture *f, const char *id)
{
    struct srv_sweep_whole w = {.n_jobs = 0};
    struct snn_error err = {0};

    assert_ok(srv_store_sweep_get(f->store, id, &w, &err), err);
    return w;
}
