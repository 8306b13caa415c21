/* SPDX-License-Identifier: MIT */
/* The life of a job in a worker: data, spec, run, resume, train, result. */
#include "server/worker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/log.h"
#include "server/version.h"
#include "server/worker_internal.h"

/* ------------------------------------------------------------------------------ preparing -- */

static enum snn_code open_data(struct srv_work *w, struct snn_error *err)
{
    struct snn_error why = {0};
    enum snn_code rc = srv_datasets_acquire(w->options->datasets, w->job->dataset, &w->data, &why);

    return rc == SNN_OK ? rc : snn_fail_at(err, "/dataset", rc, "%s", why.message);
}

static enum snn_code new_run(struct srv_work *w, struct snn_error *err)
{
    snn_run_free(w->run);
    w->run = NULL;
    return snn_run_new(&w->run, &w->spec, w->data, w->options->config->threads_per_job, err);
}

/* The newest checkpoint that is whole, else the one before. *found: the run stands where it was. */
static enum snn_code try_checkpoints(struct srv_work *w, const struct srv_checkpoint *list,
                                     size_t n, bool *found, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    *found = false;
    for (size_t i = 0; i < n && rc == SNN_OK; i++) {
        struct snn_error why = {0};

        rc = srv_checkpoint_load(w->run, w->options->config, &list[i], &why);
        if (rc == SNN_OK) {
            w->saved = list[i];
            *found = w->is_saved = true;
            return SNN_OK;
        }
        srv_work_event(w, "warning", "the checkpoint of step %lld cannot be used: %s",
                       (long long)list[i].step, why.message);
        rc = new_run(w, err); /* what a failed load leaves behind is not trusted */
    }
    return rc;
}

/* The same job gives the same bits on the same data, instruction set and BLAS kernel, and perhaps
 * not on others. */
static void note_machine(struct srv_work *w, bool resumed)
{
    struct srv_job *job = w->job;

    if (resumed &&
        (strcmp(job->instruction_set, snn_isa()) != 0 || strcmp(job->blas, snn_blas()) != 0))
        srv_work_event(
            w, "warning",
            "resumed on %s with BLAS kernel %s, began on %s with %s: the weights may differ in "
            "the last bits from those of an uninterrupted run",
            snn_isa(), snn_blas(), job->instruction_set, job->blas);
    snprintf(job->instruction_set, sizeof job->instruction_set, "%s", snn_isa());
    snprintf(job->blas, sizeof job->blas, "%s", snn_blas());
    snprintf(job->build_version, sizeof job->build_version, "%s", srv_version());
    snprintf(job->build_revision, sizeof job->build_revision, "%s", srv_revision());
    memcpy(job->dataset_sha256, snn_data_describe(w->data)->sha256, sizeof job->dataset_sha256);
}

/* Puts the run where an earlier attempt left it, and forgets what that attempt wrote beyond. */
static enum snn_code resume(struct srv_work *w, struct snn_error *err)
{
    struct srv_checkpoint *list = NULL;
    struct snn_progress p;
    size_t n = 0;
    bool found;
    enum snn_code rc = srv_store_checkpoint_list(w->options->store, w->job->id, &list, &n, err);

    if (rc != SNN_OK)
        return rc;
    rc = try_checkpoints(w, list, n, &found, err);
    free(list);
    if (rc == SNN_OK && !found)
        rc = srv_work_init(w, err);
    if (rc != SNN_OK)
        return rc;
    p = snn_run_progress(w->run);
    srv_work_progress(w, &p);
    note_machine(w, found);
    if (w->job->attempt <= 1 && !found)
        return SNN_OK;
    if (found)
        srv_work_event(w, "resumed", "attempt %lld goes on from step %zu of %zu",
                       (long long)w->job->attempt, p.step, p.steps);
    else
        srv_work_event(w, "resumed", "attempt %lld starts from the beginning: %s",
                       (long long)w->job->attempt,
                       n ? "no checkpoint can be used" : "there is no checkpoint");
    rc = srv_store_rewind(w->options->store, w->job->id, found ? (int64_t)p.step : -1, err);
    return rc == SNN_OK ? srv_work_evidence(w, true, err) : rc;
}

static enum snn_code prepare(struct srv_work *w, struct snn_error *err)
{
    const struct srv_pool_options *o = w->options;
    size_t limit = o->config->memory_limit;
    enum snn_code rc;

    if (limit && w->job->memory_bytes > 0 && (uint64_t)w->job->memory_bytes > limit)
        return snn_fail(err, SNN_LIMIT, "the job needs %lld bytes, memory-limit is %zu",
                        (long long)w->job->memory_bytes, limit);
    rc = open_data(w, err);
    if (rc == SNN_OK)
        rc = o->compile(w->job->config, snn_data_describe(w->data), &w->spec, err);
    if (rc == SNN_OK) {
        memcpy(w->spec.init_sha256, w->job->init_sha256, sizeof w->spec.init_sha256);
        rc = new_run(w, err);
    }
    if (rc == SNN_OK)
        rc = srv_work_evidence(w, false, err);
    if (rc == SNN_OK)
        rc = resume(w, err);
    if (rc == SNN_OK && w->job->attempt <= 1)
        snn_spec_warn(&w->spec, snn_data_describe(w->data), srv_work_warn, w);
    return rc;
}

static enum snn_code train(struct srv_work *w, struct snn_error *err)
{
    struct snn_hooks hooks = srv_work_hooks(w);
    struct snn_progress p = snn_run_progress(w->run);
    enum snn_code rc;

    w->first_sample = w->counted_samples = p.samples;
    w->counted_steps = p.step;
    w->posted_ms = w->saved_ms = w->options->clock->monotonic_ms();
    srv_rate_mark(&w->rate, w->posted_ms, (double)p.samples);
    if (srv_work_stopped(w) || srv_work_at_rung(w))
        return SNN_STOPPED;
    rc = snn_run_train(w->run, &hooks, err);
    p = snn_run_progress(w->run);
    srv_work_progress(w, &p);
    if (rc == SNN_OK)
        srv_work_confusion(w);
    return rc;
}

/* --------------------------------------------------------------------------------- ending -- */

/* Between two tries of what a job cannot end without. */
static const struct timespec retry_pause = {.tv_sec = 1};

static void tell_waiting(struct srv_work *w, const struct snn_error *why)
{
    char quoted[512];

    srv_work_event(w, "warning", "trained, and waiting for room on the disk: %s", why->message);
    srv_log(SRV_LOG_error, "waiting_for_room", "job=%s reason=%s", w->job->id,
            srv_log_quote(quoted, sizeof quoted, why->message));
}

static void set_failed(struct srv_job *job, const char *code, const struct snn_error *err)
{
    job->status = SRV_JOB_failed;
    snprintf(job->error_code, sizeof job->error_code, "%s", code);
    snprintf(job->error_message, sizeof job->error_message, "%s", err->message);
    snprintf(job->error_param, sizeof job->error_param, "%s", err->pointer);
}

/* Saves what the job has come to. All of it is trained by now: where the disk is full that waits
 * for room, or for somebody who wants the job or the daemon to stop. */
static enum snn_code save_last(struct srv_work *w, struct snn_error *err)
{
    bool told = false;

    for (;; nanosleep(&retry_pause, NULL)) {
        struct snn_error why = {0};
        enum snn_code rc = srv_work_save(w, &why);

        if (rc != SNN_FULL)
            return rc == SNN_OK ? rc : snn_fail(err, rc, "%s", why.message);
        if (srv_stop_asked(w->stop))
            return SNN_STOPPED;
        atomic_fetch_add(&w->stop->beats, 1);
        if (!told)
            tell_waiting(w, &why);
        told = true;
    }
}

/* The last state is durable before the job is said to be done. What the file is read into to be
 * hashed takes the run's place in memory. */
static enum snn_code succeed(struct srv_work *w, struct snn_error *err)
{
    enum snn_code rc = save_last(w, err);

    if (rc != SNN_OK)
        return rc;
    snn_run_free(w->run);
    w->run = NULL;
    rc = srv_checkpoint_model(w->job->model_sha256, w->options->config, &w->saved, err);
    if (rc == SNN_OK)
        w->job->status = SRV_JOB_succeeded;
    return rc;
}

/* A job that is stopped keeps what it has come to, also when it was cancelled: its weights can be
 * had. */
static void save_stopped(struct srv_work *w)
{
    struct snn_error err = {0};

    if (w->run && w->job->step > 0 && srv_work_save(w, &err) != SNN_OK)
        srv_work_event(w, "warning", "no checkpoint could be saved: %s", err.message);
}

static void stopped(struct srv_work *w)
{
    struct snn_error late = {0};

    save_stopped(w);
    if (atomic_load(&w->stop->cancel)) {
        w->job->status = SRV_JOB_cancelled;
        return;
    }
    /* What was paused as well comes here again when it is resumed, and then waits. */
    if (srv_work_at_rung(w) && !atomic_load(&w->stop->pause)) {
        w->job->status = SRV_JOB_paused;
        return;
    }
    if (!w->out_of_time) {
        if (atomic_load(&w->stop->hold) && !atomic_load(&w->stop->pause))
            srv_work_event(w, "waiting",
                           "the disk has less than disk-reserve (%zu bytes) left: the job goes on "
                           "when there is room",
                           w->options->config->disk_reserve);
        w->job->status = SRV_JOB_queued;
        return;
    }
    snn_fail(&late, SNN_LIMIT, "stopped at step %lld of %lld: max-job-seconds is %zu",
             (long long)w->job->step, (long long)w->job->steps,
             w->options->config->max_job_seconds);
    set_failed(w->job, "time_limit", &late);
}

/* The columns that say how it ended. */
static void conclude(struct srv_work *w, enum snn_code rc, struct snn_error *err)
{
    int64_t took = w->options->clock->monotonic_ms() - w->began_ms;

    srv_work_judge_end(w, rc);
    w->job->eta_seconds = -1;
    w->job->samples_per_second = -1;
    if (w->run && took > 0) /* from now on, the mean of the attempt */
        w->job->samples_per_second =
            (double)(snn_run_progress(w->run).samples - w->first_sample) * 1000 / (double)took;
    if (rc == SNN_OK)
        rc = succeed(w, err);
    if (rc == SNN_STOPPED)
        stopped(w);
    else if (rc != SNN_OK)
        set_failed(w->job, snn_code_name(rc), err);
}

/* Tells the store, again and again if need be: a row that says "running" with nobody who runs it
 * would be stuck until the next start. */
static void release(struct srv_work *w)
{
    bool deleted = false;

    for (;;) {
        struct snn_error err = {0};
        char quoted[512];
        enum snn_code rc = srv_store_job_release(w->options->store, w->job, &deleted, &err);

        if (rc == SNN_OK)
            break;
        srv_log(SRV_LOG_error, "release_failed", "job=%s reason=%s", w->job->id,
                srv_log_quote(quoted, sizeof quoted, err.message));
        if (rc == SNN_INVALID || rc == SNN_NOT_FOUND || atomic_load(&w->stop->drain))
            break; /* another attempt's by now; or the next start will find it */
        nanosleep(&retry_pause, NULL);
    }
    if (deleted)
        srv_job_files_remove(w->options->config, w->job->id);
}

static void log_end(const struct srv_work *w)
{
    char quoted[512];

    srv_log(SRV_LOG_info, "job_released",
            "job=%s status=%s step=%lld steps=%lld samples_per_second=%.0f error=%s message=%s",
            w->job->id, srv_job_status_name(w->job->status), (long long)w->job->step,
            (long long)w->job->steps, w->job->samples_per_second,
            w->job->error_code[0] ? w->job->error_code : "none",
            srv_log_quote(quoted, sizeof quoted, w->job->error_message));
}

void srv_worker_run(const struct srv_pool_options *options, struct srv_job *job,
                    struct srv_stop *stop)
{
    struct snn_error err = {0};
    struct srv_work w = {
        .options = options, .job = job, .stop = stop, .began_ms = options->clock->monotonic_ms()};
    enum snn_code rc;

    srv_log(SRV_LOG_info, "job_started", "job=%s attempt=%lld", job->id, (long long)job->attempt);
    rc = srv_work_stopped(&w) ? SNN_STOPPED : prepare(&w, &err);
    if (rc == SNN_OK)
        rc = train(&w, &err);
    conclude(&w, rc, &err);
    snn_evidence_free(w.evidence);
    snn_run_free(w.run);
    srv_datasets_release(options->datasets, w.data);
    release(&w);
    log_end(&w);
}
