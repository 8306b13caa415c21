/* SPDX-License-Identifier: MIT */
/*
 * Locks: `passing` is held while what a user wants of a job is read and passed on to its worker, so
 * that of two wishes the later one stands; `claiming` is held while a worker asks the store for a
 * job, so that no two count on the same free memory; `lock` guards everything else, for moments,
 * and no call goes out with it held. Only in this order.
 */
#include "server/pool_internal.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "server/log.h"

/* HTTP answers at once while all processors train. */
#define NICENESS 10
/* So many jobs may pass the oldest one because it needs more memory than is free; then the workers
 * wait until there is enough for it. */
#define MAX_OVERTAKES 16
#define RETRY_SECONDS 1

/* ------------------------------------------------------------------------------- claiming -- */

/* Memory that jobs may still take. When nothing runs there is no limit: a job that can never fit is
 * taken to be told so. */
static int64_t free_memory(struct srv_pool *pool)
{
    size_t limit = pool->options.config->memory_limit;
    int64_t left = limit && limit < INT64_MAX ? (int64_t)limit : INT64_MAX;
    bool idle = true;

    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->n; i++) {
        if (!pool->workers[i].job[0])
            continue;
        idle = false;
        left -= pool->workers[i].memory < left ? pool->workers[i].memory : left;
    }
    pthread_mutex_unlock(&pool->lock);
    return idle ? INT64_MAX : left;
}

/* Whether the oldest queued job needs more memory than is free. Counts anew for another job. */
static bool oldest_is_blocked(struct srv_pool *pool, int64_t memory)
{
    struct srv_job_filter filter = {.status = SRV_JOB_queued, .ascending = true, .limit = 1};
    struct srv_job *jobs = NULL;
    size_t n = 0;
    bool more, blocked;

    if (memory == INT64_MAX)
        return false;
    if (srv_store_job_list(pool->options.store, &filter, &jobs, &n, &more, NULL) != SNN_OK)
        return false;
    blocked = n > 0 && jobs[0].memory_bytes > memory;
    if (!blocked || strcmp(pool->blocked, jobs[0].id) != 0)
        pool->overtakes = 0;
    snprintf(pool->blocked, sizeof pool->blocked, "%s", blocked ? jobs[0].id : "");
    srv_job_list_free(jobs, n);
    return blocked;
}

static enum snn_code claim(struct worker *w, struct srv_job *job, bool *found,
                           struct snn_error *err)
{
    struct srv_pool *pool = w->pool;
    enum snn_code rc = SNN_OK;
    int64_t memory;
    bool blocked;

    *found = false;
    pthread_mutex_lock(&pool->claiming);
    memory = free_memory(pool);
    blocked = oldest_is_blocked(pool, memory);
    if (!blocked || pool->overtakes < MAX_OVERTAKES)
        rc = srv_store_job_claim(pool->options.store, pool->options.boot_id, memory, job, found,
                                 err);
    if (rc == SNN_OK && *found) {
        pool->overtakes += blocked;
        pthread_mutex_lock(&pool->lock);
        snprintf(w->job, sizeof w->job, "%s", job->id);
        w->memory = job->memory_bytes;
        atomic_store(&w->stop.cancel, false);
        atomic_store(&w->stop.pause, false);
        atomic_store(&w->stop.hold, pool->held);
        atomic_store(&w->stop.beats, 0);
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->claiming);
    return rc;
}

/* ------------------------------------------------------------------------------- a worker -- */

/* Waits until there may be a job: news since *seen, or after a failure a second. False: no more. */
static bool wait_for_news(struct srv_pool *pool, uint64_t *seen, bool failed)
{
    struct timespec until;
    bool go;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_SECONDS;
    pthread_mutex_lock(&pool->lock);
    while (!pool->draining && (pool->held || pool->news == *seen)) {
        if (!failed || pool->held)
            pthread_cond_wait(&pool->changed, &pool->lock);
        else if (pthread_cond_timedwait(&pool->changed, &pool->lock, &until) != 0)
            break;
    }
    *seen = pool->news;
    go = !pool->draining;
    if (go)
        pool->busy++;
    pthread_mutex_unlock(&pool->lock);
    return go;
}

/* The worker is idle; memory has become free if it had a job. */
static void let_go(struct worker *w)
{
    struct srv_pool *pool = w->pool;

    pthread_mutex_lock(&pool->lock);
    if (w->job[0])
        pool->news++;
    w->job[0] = '\0';
    w->memory = 0;
    pool->busy--;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

/* Sets the flags of the worker that has the job as its status wants them. False where no worker is
 * to have it. */
static bool pass_on(struct srv_pool *pool, const char *job)
{
    struct srv_job now = {.status = SRV_JOB_failed};
    bool held;

    pthread_mutex_lock(&pool->passing);
    if (srv_store_job_get(pool->options.store, job, &now, NULL) == SNN_OK)
        srv_job_clear(&now);
    held = now.status == SRV_JOB_running || now.status == SRV_JOB_pausing ||
           now.status == SRV_JOB_cancelling;
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; held && i < pool->n; i++) {
        struct srv_stop *stop = &pool->workers[i].stop;

        if (strcmp(pool->workers[i].job, job) != 0)
            continue;
        atomic_store(&stop->cancel, now.status == SRV_JOB_cancelling);
        atomic_store(&stop->pause, now.status == SRV_JOB_pausing);
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&pool->passing);
    return held;
}

/* Takes a job and trains it. False where the store failed. */
static bool serve(struct worker *w)
{
    struct srv_job job = {0};
    struct snn_error err = {0};
    char quoted[512];
    bool found;

    if (claim(w, &job, &found, &err) != SNN_OK) {
        srv_log(SRV_LOG_error, "claim_failed", "reason=%s",
                srv_log_quote(quoted, sizeof quoted, err.message));
        return false;
    }
    if (found) {
        /* It may have been cancelled or paused after the claim and before notify could find its
         * worker. */
        pass_on(w->pool, job.id);
        srv_worker_run(&w->pool->options, &job, &w->stop);
    }
    srv_job_clear(&job);
    return true;
}

/* Linux keeps priorities by thread; those that the core starts inherit them. Not being allowed to
 * is no failure: it only makes answers slower. */
static void lower_priority(void)
{
    static const struct sched_param none;

    sched_setscheduler(0, SCHED_BATCH, &none);
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS) != 0)
        srv_log(SRV_LOG_debug, "priority_kept", "thread=%d", (int)gettid());
}

static void *work(void *arg)
{
    struct worker *w = arg;
    uint64_t seen = 0; /* news begins at 1: the first look is for what was queued before */
    bool failed = false;

    lower_priority();
    while (wait_for_news(w->pool, &seen, failed)) {
        failed = !serve(w);
        let_go(w);
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------- pool -- */

static enum snn_code start_workers(struct srv_pool *pool, struct snn_error *err)
{
    for (size_t i = 0; i < pool->n; i++) {
        struct worker *w = &pool->workers[i];
        int code;

        w->pool = pool;
        atomic_init(&w->stop.cancel, false);
        atomic_init(&w->stop.pause, false);
        atomic_init(&w->stop.hold, false);
        atomic_init(&w->stop.beats, 0);
        atomic_init(&w->stop.drain, false);
        code = pthread_create(&w->thread, NULL, work, w);
        if (code != 0)
            return snn_fail(err, SNN_IO, "cannot start worker %zu of %zu: %s", i + 1, pool->n,
                            strerror(code));
        w->started = true;
    }
    return SNN_OK;
}

enum snn_code srv_pool_start(struct srv_pool **out, const struct srv_pool_options *options,
                             struct snn_error *err)
{
    struct srv_pool *pool = calloc(1, sizeof *pool);
    struct worker *workers = calloc(options->config->workers, sizeof *workers);
    pthread_condattr_t monotonic;
    enum snn_code rc;

    if (!pool || !workers) {
        free(pool);
        free(workers);
        return snn_fail(err, SNN_NOMEM, "no memory for %zu workers", options->config->workers);
    }
    pool->options = *options;
    pool->workers = workers;
    pool->n = options->config->workers;
    pool->news = 1;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->claiming, NULL);
    pthread_mutex_init(&pool->passing, NULL);
    rc = start_workers(pool, err);
    if (rc != SNN_OK) {
        srv_pool_free(pool);
        return rc;
    }
    *out = pool;
    return SNN_OK;
}

void srv_pool_wake(struct srv_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->news++;
    /* All: which of them finds memory enough is not known here. */
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

void srv_pool_notify(struct srv_pool *pool, const char *job)
{
    /* A job that left the queue without a worker may be the one that others waited behind. */
    if (!pass_on(pool, job))
        srv_pool_wake(pool);
}

void srv_pool_hold(struct srv_pool *pool, bool held)
{
    pthread_mutex_lock(&pool->lock);
    pool->held = held;
    for (size_t i = 0; i < pool->n; i++)
        atomic_store(&pool->workers[i].stop.hold, held);
    pool->news += !held;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

struct srv_pool_use srv_pool_look(struct srv_pool *pool)
{
    struct srv_pool_use use = {.workers = pool->n};

    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->n; i++) {
        use.busy += pool->workers[i].job[0] != '\0';
        use.memory_bytes += pool->workers[i].memory;
    }
    pthread_mutex_unlock(&pool->lock);
    return use;
}

void srv_pool_drain(struct srv_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->draining = true;
    for (size_t i = 0; i < pool->n; i++)
        atomic_store(&pool->workers[i].stop.drain, true);
    pthread_cond_broadcast(&pool->changed);
    while (pool->busy > 0)
        pthread_cond_wait(&pool->changed, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void srv_pool_free(struct srv_pool *pool)
{
    if (!pool)
        return;
    srv_pool_drain(pool);
    for (size_t i = 0; i < pool->n; i++)
        if (pool->workers[i].started)
            pthread_join(pool->workers[i].thread, NULL);
    pthread_mutex_destroy(&pool->passing);
    pthread_mutex_destroy(&pool->claiming);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->changed);
    free(pool->workers);
    free(pool);
}
