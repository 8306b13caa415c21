/* SPDX-License-Identifier: MIT */
/* Group commit: a bounded queue of commands, and the thread that empties it a transaction at a
 * time. */
#include "server/writer.h"

#include "server/log.h"
#include "server/meter.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define QUEUE_MAX 1024
/* A transaction takes at most so many commands, and no further one after so long. */
#define GROUP_MAX 256
#define GROUP_MS 20
/* The log is moved into the database when it is longer than this, and emptied after so long without
 * work. */
#define LOG_MAX_BYTES (4LL << 20)
#define IDLE_MS 1000
/* So often, at most, the log is told that posted commands failed. */
#define TELL_MS 1000

struct command {
    struct command *next;
    SRV_COMMAND((*run));
    void *arg;
    bool posted; /* nobody waits; the command and arg are the writer's to free */
    bool done;
    enum snn_code code;
    struct snn_error err;
};

struct srv_writer {
    struct srv_conn *conn;  /* of the thread alone, once it runs */
    bool checkpoint_failed; /* the same: the last one did */
    int64_t told_ms;        /* the same: when a failure of what was posted was logged last */
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t work, room, done;
    struct command *first, **last;
    size_t n_queued, n_waiters; /* in the queue; of them not posted */
    bool stopping;
    int64_t written_ms;
    struct srv_writer_stats stats;
    pthread_mutex_t telling; /* guards the two below, and is held in a call */
    void (*news)(void *user);
    void *news_user;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until `cond` is signalled or the time has come; false in the latter case. */
static bool wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t at_ms)
{
    struct timespec t = {.tv_sec = (time_t)(at_ms / 1000),
                         .tv_nsec = (long)(at_ms % 1000) * 1000000};

    return pthread_cond_timedwait(cond, lock, &t) == 0;
}

/* ---------------------------------------------------------------------------------- thread -- */

static struct command *pop(struct srv_writer *w)
{
    struct command *c;

    pthread_mutex_lock(&w->lock);
    c = w->first;
    if (c) {
        w->first = c->next;
        if (!w->first)
            w->last = &w->first;
        w->n_queued--;
        w->n_waiters -= !c->posted;
        pthread_cond_signal(&w->room);
    }
    pthread_mutex_unlock(&w->lock);
    return c;
}

/* Fails with the whole group: where the transaction is undone with all that the group has done (by
 * a full disk or the like, which undoes more than the statement), or has to be: half a command must
 * not be committed. */
static enum snn_code run_one(struct srv_writer *w, struct command *c, struct snn_error *err)
{
    enum snn_code rc;

    c->code = srv_conn_exec(w->conn, "SAVEPOINT command", &c->err);
    if (c->code == SNN_OK)
        c->code = c->run(w->conn, c->arg, &c->err);
    if (!srv_conn_in_transaction(w->conn)) {
        if (c->code == SNN_OK)
            return snn_fail(err, SNN_IO, "database: the transaction was undone");
        *err = c->err;
        return c->code;
    }
    rc = c->code == SNN_OK ? SNN_OK : srv_conn_exec(w->conn, "ROLLBACK TO command", err);
    return rc == SNN_OK ? srv_conn_exec(w->conn, "RELEASE command", err) : rc;
}

static enum snn_code begin(struct srv_writer *w, struct snn_error *err)
{
    /* Where even the undoing of the group before failed, for want of memory. */
    if (srv_conn_in_transaction(w->conn))
        (void)srv_conn_exec(w->conn, "ROLLBACK", NULL);
    return srv_conn_exec(w->conn, "BEGIN IMMEDIATE", err);
}

/* Runs and commits what waits, up to the limits. Returns how many. */
static size_t run_group(struct srv_writer *w, struct command **group, bool *committed)
{
    int64_t start = now_ms(), committing;
    struct snn_error err = {0};
    enum snn_code rc = begin(w, &err);
    struct command *c;
    size_t n = 0;

    while (n < GROUP_MAX && (n == 0 || now_ms() - start < GROUP_MS) && (c = pop(w))) {
        group[n++] = c;
        if (rc == SNN_OK)
            rc = run_one(w, c, &err);
    }
    committing = srv_microseconds();
    if (rc == SNN_OK)
        rc = srv_conn_exec(w->conn, "COMMIT", &err);
    if (rc == SNN_OK)
        srv_time(SRV_TIMER_commit, srv_microseconds() - committing);
    srv_count(rc == SNN_OK ? SRV_COUNTER_commits : SRV_COUNTER_commit_errors, 1);
    srv_count(SRV_COUNTER_commands, n);
    if (rc != SNN_OK && srv_conn_in_transaction(w->conn))
        (void)srv_conn_exec(w->conn, "ROLLBACK", NULL);
    for (size_t i = 0; rc != SNN_OK && i < n; i++) {
        if (group[i]->code != SNN_OK)
            continue;
        group[i]->code = rc;
        group[i]->err = err;
    }
    *committed = rc == SNN_OK;
    return n;
}

/* Tells the waiters; frees and counts what was posted. */
static void complete(struct srv_writer *w, struct command **group, size_t n, bool committed,
                     bool written)
{
    struct snn_error first = {0};
    size_t failed = 0;

    for (size_t i = 0; i < n; i++) {
        if (!group[i]->posted || group[i]->code == SNN_OK)
            continue;
        if (!failed++)
            first = group[i]->err;
    }
    /* A full disk lets every group fail, forty a second. */
    if (failed && now_ms() - w->told_ms >= TELL_MS) {
        char text[512];
        w->told_ms = now_ms();
        srv_log(SRV_LOG_error, "store_post_failed", "commands=%zu reason=%s", failed,
                srv_log_quote(text, sizeof text, first.message));
    }
    pthread_mutex_lock(&w->telling);
    if (written && w->news)
        w->news(w->news_user);
    pthread_mutex_unlock(&w->telling);
    pthread_mutex_lock(&w->lock);
    w->stats.commands += n;
    w->stats.groups += committed;
    w->stats.posts_failed += failed;
    w->stats.last_failed = !committed;
    if (written)
        w->written_ms = now_ms();
    for (size_t i = 0; i < n; i++) {
        if (group[i]->posted)
            continue;
        group[i]->done = true; /* it is gone as soon as the lock is */
        group[i] = NULL;
    }
    pthread_cond_broadcast(&w->done);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < n; i++) {
        if (!group[i])
            continue;
        free(group[i]->arg);
        free(group[i]);
    }
}

static void checkpoint(struct srv_writer *w, bool truncate)
{
    struct snn_error err = {0};
    char text[512];
    bool failed = srv_conn_checkpoint(w->conn, truncate, &err) != SNN_OK;

    if (failed && !w->checkpoint_failed) /* it is tried again and again: say so once */
        srv_log(SRV_LOG_warning, "checkpoint_failed", "reason=%s",
                srv_log_quote(text, sizeof text, err.message));
    w->checkpoint_failed = failed;
}

/* Waits for work; false when there will be none. Where nobody waits for an answer, lets more come
 * first. */
static bool await_work(struct srv_writer *w)
{
    int64_t until = 0;
    bool more;

    pthread_mutex_lock(&w->lock);
    while (!w->first && !w->stopping) {
        if (srv_conn_log_bytes(w->conn) == 0) {
            pthread_cond_wait(&w->work, &w->lock);
        } else if (!wait_until(&w->work, &w->lock, now_ms() + IDLE_MS)) {
            pthread_mutex_unlock(&w->lock);
            checkpoint(w, true);
            pthread_mutex_lock(&w->lock);
        }
    }
    until = now_ms() + GROUP_MS;
    while (w->first && !w->n_waiters && w->n_queued < GROUP_MAX && !w->stopping)
        if (!wait_until(&w->work, &w->lock, until))
            break;
    more = w->first != NULL;
    pthread_mutex_unlock(&w->lock);
    return more;
}

static void *write_all(void *user)
{
    struct srv_writer *w = user;
    struct command *group[GROUP_MAX];

    while (await_work(w)) {
        bool committed = false;
        uint64_t commits = srv_conn_commits(w->conn);
        size_t n = run_group(w, group, &committed);

        complete(w, group, n, committed, srv_conn_commits(w->conn) != commits);
        if (srv_conn_log_bytes(w->conn) > LOG_MAX_BYTES)
            checkpoint(w, false);
    }
    checkpoint(w, true);
    return NULL;
}

/* ------------------------------------------------------------------------------------ calls -- */

/* With the lock held. Waits for room. */
static void push(struct srv_writer *w, struct command *c)
{
    while (w->n_queued >= QUEUE_MAX)
        pthread_cond_wait(&w->room, &w->lock);
    c->next = NULL;
    *w->last = c;
    w->last = &c->next;
    w->n_queued++;
    w->n_waiters += !c->posted;
    pthread_cond_signal(&w->work);
}

enum snn_code srv_writer_call(struct srv_writer *w, SRV_COMMAND((*run)), void *arg,
                              struct snn_error *err)
{
    struct command c = {.run = run, .arg = arg};

    pthread_mutex_lock(&w->lock);
    push(w, &c);
    while (!c.done)
        pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
    if (c.code != SNN_OK)
        (void)snn_fail_at(err, c.err.pointer, c.code, "%s", c.err.message);
    return c.code;
}

enum snn_code srv_writer_post(struct srv_writer *w, SRV_COMMAND((*run)), void *arg)
{
    struct command *c = calloc(1, sizeof *c);

    pthread_mutex_lock(&w->lock);
    if (c) {
        *c = (struct command){.run = run, .arg = arg, .posted = true};
        push(w, c);
    } else {
        w->stats.posts_failed++;
    }
    pthread_mutex_unlock(&w->lock);
    if (c)
        return SNN_OK;
    free(arg);
    return SNN_NOMEM;
}

struct srv_writer_stats srv_writer_stats(struct srv_writer *w)
{
    struct srv_writer_stats s;

    pthread_mutex_lock(&w->lock);
    s = w->stats;
    s.idle_ms = now_ms() - w->written_ms;
    pthread_mutex_unlock(&w->lock);
    return s;
}

static void destroy(struct srv_writer *w)
{
    pthread_cond_destroy(&w->work);
    pthread_cond_destroy(&w->room);
    pthread_cond_destroy(&w->done);
    pthread_mutex_destroy(&w->lock);
    pthread_mutex_destroy(&w->telling);
    srv_conn_close(w->conn);
    free(w);
}

enum snn_code srv_writer_start(struct srv_writer **out, struct srv_conn *conn,
                               struct snn_error *err)
{
    struct srv_writer *w = calloc(1, sizeof *w);
    pthread_condattr_t monotonic;

    if (!w) {
        srv_conn_close(conn);
        return snn_fail(err, SNN_NOMEM, "no memory for the database's writer");
    }
    w->conn = conn;
    w->last = &w->first;
    w->written_ms = now_ms();
    w->told_ms = w->written_ms - TELL_MS;
    pthread_mutex_init(&w->lock, NULL);
    pthread_mutex_init(&w->telling, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&w->room, NULL);
    pthread_cond_init(&w->done, NULL);
    if (pthread_create(&w->thread, NULL, write_all, w) != 0) {
        destroy(w);
        return snn_fail(err, SNN_NOMEM, "cannot start the database's writer thread");
    }
    *out = w;
    return SNN_OK;
}

void srv_writer_stop(struct srv_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    destroy(w);
}

void srv_writer_listen(struct srv_writer *w, void (*news)(void *user), void *user)
{
    pthread_mutex_lock(&w->telling);
    w->news = news;
    w->news_user = user;
    pthread_mutex_unlock(&w->telling);
}
