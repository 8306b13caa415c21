/* SPDX-License-Identifier: MIT */
#include "server/keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "server/log.h"

#define TURN_MS 1000
/* Retention walks over all jobs that are over. */
#define RETIRE_MS 60000
#define KEY_SECONDS (24 * 3600)
/* Opened data is let go when no job has used it for so long. */
#define IDLE_MS (10 * 60000)
/* Reading all of the database finds what rots while nobody looks. */
#define CHECK_MS (24 * 3600 * 1000)

struct srv_keeper {
    struct srv_keeper_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* guards stopping */
    pthread_cond_t stop;
    bool stopping;
    bool held;                      /* of the thread alone, as what follows */
    int64_t retired_ms, checked_ms; /* 0 = not yet */
};

/* ---------------------------------------------------------------------------------- the disk -- */

uint64_t srv_disk_free(const char *dir)
{
    struct statvfs at;

    if (statvfs(dir, &at) != 0)
        return UINT64_MAX;
    return (uint64_t)at.f_bavail * at.f_frsize;
}

bool srv_disk_short(const struct srv_config *config, uint64_t extra)
{
    uint64_t left = config->disk_reserve ? srv_disk_free(config->data_dir) : UINT64_MAX;

    return left < config->disk_reserve || left - config->disk_reserve < extra;
}

/* An eighth more than the reserve has to be free again, so that jobs do not stop and go with every
 * file. */
static void look_at_disk(struct srv_keeper *k)
{
    const struct srv_config *config = k->options.config;
    bool held = srv_disk_short(config, k->held ? config->disk_reserve / 8 : 0);

    if (held == k->held)
        return;
    k->held = held;
    srv_log(held ? SRV_LOG_error : SRV_LOG_warning, held ? "disk_short" : "disk_has_room",
            "free=%llu reserve=%zu", (unsigned long long)srv_disk_free(config->data_dir),
            config->disk_reserve);
    if (k->options.pool)
        srv_pool_hold(k->options.pool, held);
}

/* --------------------------------------------------------------------------------- retention -- */

static void remove_files(void *options, const char *id)
{
    const struct srv_keeper_options *o = options;

    srv_job_files_remove(o->config, id);
    srv_log(SRV_LOG_info, "job_retired", "job=%s", id);
}

size_t srv_keeper_retire(const struct srv_keeper_options *o)
{
    struct srv_keeper_options own = *o;
    struct srv_retention r = {.seconds = (int64_t)o->config->retain_days * 24 * 3600,
                              .jobs = (int64_t)o->config->retain_jobs,
                              .bytes = (int64_t)o->config->retain_bytes};
    size_t all = 0, n = 0;

    do {
        struct snn_error err = {0};
        char quoted[512];

        if (srv_store_retire(o->store, &r, remove_files, &own, &n, &err) != SNN_OK) {
            srv_log(SRV_LOG_error, "retention_failed", "reason=%s",
                    srv_log_quote(quoted, sizeof quoted, err.message));
            break;
        }
        all += n;
    } while (n > 0);
    return all;
}

static void retire_when_due(struct srv_keeper *k, int64_t now)
{
    struct snn_error err = {0};
    char quoted[512];

    if (k->retired_ms && now - k->retired_ms < RETIRE_MS)
        return;
    k->retired_ms = now;
    srv_keeper_retire(&k->options);
    if (srv_store_keys_forget(k->options.store, KEY_SECONDS, &err) != SNN_OK)
        srv_log(SRV_LOG_error, "retention_failed", "reason=%s",
                srv_log_quote(quoted, sizeof quoted, err.message));
}

/* ------------------------------------------------------------------------------- the database --
 */

static bool is_stopping(void *keeper)
{
    struct srv_keeper *k = keeper;
    bool stopping;

    pthread_mutex_lock(&k->lock);
    stopping = k->stopping;
    pthread_mutex_unlock(&k->lock);
    return stopping;
}

static void check_when_due(struct srv_keeper *k, int64_t now)
{
    struct snn_error err = {0};
    char quoted[512];
    enum snn_code rc;

    if (k->checked_ms && now - k->checked_ms < CHECK_MS)
        return;
    k->checked_ms = now;
    rc = srv_store_quick_check(k->options.store, is_stopping, k, &err);
    if (rc == SNN_OK)
        srv_log(SRV_LOG_info, "database_checked", "ms=%lld",
                (long long)(k->options.clock->monotonic_ms() - now));
    else if (rc != SNN_STOPPED)
        srv_log(SRV_LOG_error, rc == SNN_FORMAT ? "database_damaged" : "database_not_checked",
                "reason=%s", srv_log_quote(quoted, sizeof quoted, err.message));
}

/* --------------------------------------------------------------------------------- the thread --
 */

static void turn(struct srv_keeper *k)
{
    int64_t now = k->options.clock->monotonic_ms();
    size_t stall = k->options.config->stall_seconds;

    look_at_disk(k);
    if (stall && k->options.pool)
        srv_pool_watch(k->options.pool, now, (int64_t)stall * 1000);
    if (k->options.datasets)
        srv_datasets_forget(k->options.datasets, IDLE_MS);
    retire_when_due(k, now);
    check_when_due(k, now);
}

/* False when it is to end. */
static bool rest(struct srv_keeper *k)
{
    struct timespec until;
    bool go;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TURN_MS / 1000;
    pthread_mutex_lock(&k->lock);
    while (!k->stopping && pthread_cond_timedwait(&k->stop, &k->lock, &until) == 0)
        ;
    go = !k->stopping;
    pthread_mutex_unlock(&k->lock);
    return go;
}

static void *keep(void *keeper)
{
    do
        turn(keeper);
    while (rest(keeper));
    return NULL;
}

enum snn_code srv_keeper_start(struct srv_keeper **out, const struct srv_keeper_options *options,
                               struct snn_error *err)
{
    struct srv_keeper *k = calloc(1, sizeof *k);
    pthread_condattr_t monotonic;
    int code;

    if (!k)
        return snn_fail(err, SNN_NOMEM, "no memory for the keeper");
    k->options = *options;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&k->stop, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&k->lock, NULL);
    code = pthread_create(&k->thread, NULL, keep, k);
    if (code == 0) {
        *out = k;
        return SNN_OK;
    }
    pthread_mutex_destroy(&k->lock);
    pthread_cond_destroy(&k->stop);
    free(k);
    return snn_fail(err, SNN_IO, "cannot start the keeper: %s", strerror(code));
}

void srv_keeper_stop(struct srv_keeper *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    pthread_cond_signal(&k->stop);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    pthread_mutex_destroy(&k->lock);
    pthread_cond_destroy(&k->stop);
    free(k);
}
