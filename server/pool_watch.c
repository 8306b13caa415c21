/* SPDX-License-Identifier: MIT */
/* The watch over jobs that stand still. */
#include <string.h>

#include "server/log.h"
#include "server/pool_internal.h"

/* Fails the job in the store: fenced by its attempt, so that nothing its worker may write later
 * changes it. */
static void fail(struct srv_pool *pool, const char *id, int64_t limit_ms)
{
    struct srv_job job = {0};
    struct snn_error err = {0};
    char quoted[512];
    bool deleted = false;
    enum snn_code rc = srv_store_job_get(pool->options.store, id, &job, &err);

    if (rc == SNN_OK) {
        job.status = SRV_JOB_failed;
        snprintf(job.error_code, sizeof job.error_code, "stalled");
        snprintf(job.error_message, sizeof job.error_message,
                 "stood still for %lld seconds at step %lld of %lld (stall-seconds)",
                 (long long)(limit_ms / 1000), (long long)job.step, (long long)job.steps);
        rc = srv_store_job_release(pool->options.store, &job, &deleted, &err);
        srv_job_clear(&job);
        srv_pool_wake(pool); /* others of its sweep may go on */
    }
    if (deleted)
        srv_job_files_remove(pool->options.config, id);
    srv_log(SRV_LOG_error, "job_stalled", "job=%s reason=%s", id,
            srv_log_quote(quoted, sizeof quoted, rc == SNN_OK ? "stood still" : err.message));
}

/* Whether the worker's job stands still since long; its id. Under the lock. */
static bool stalled(struct worker *w, int64_t now_ms, int64_t limit_ms, char id[SRV_ID_SIZE])
{
    unsigned long long beats = atomic_load(&w->stop.beats);

    if (!w->job[0] || beats == 0 || beats != w->seen_beats) {
        w->seen_beats = beats;
        w->seen_ms = now_ms;
        w->failed = false;
        return false;
    }
    if (w->failed || now_ms - w->seen_ms < limit_ms)
        return false;
    w->failed = true;
    atomic_store(&w->stop.cancel, true);
    memcpy(id, w->job, SRV_ID_SIZE);
    return true;
}

void srv_pool_watch(struct srv_pool *pool, int64_t now_ms, int64_t limit_ms)
{
    for (size_t i = 0; i < pool->n; i++) {
        char id[SRV_ID_SIZE];
        bool found;

        pthread_mutex_lock(&pool->lock);
        found = stalled(&pool->workers[i], now_ms, limit_ms, id);
        pthread_mutex_unlock(&pool->lock);
        if (found)
            fail(pool, id, limit_ms);
    }
}
