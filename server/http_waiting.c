/* SPDX-License-Identifier: MIT */
#include "server/http_waiting.h"

#include <string.h>
#include <time.h>

#include "server/clock.h"

/* News come with every commit; a stream needs no more of them than an eye. */
#define SPACING_MS 40
#define FAR_MS 3600000

static int64_t now_ms(void)
{
    return srv_system_clock.monotonic_ms();
}

static void unlink_waiter(struct srv_waiting *w, struct srv_waiter *x)
{
    if (x->before)
        x->before->next = x->next;
    else
        w->first = x->next;
    if (x->next)
        x->next->before = x->before;
    x->next = x->before = NULL;
    x->waits = false;
    w->n--;
}

/* Under the lock. A connection may be running again, and its waiter gone, as soon as it is
 * resumed. */
static void wake(struct srv_waiting *w, int64_t now, bool all)
{
    for (struct srv_waiter *x = w->first, *next; x; x = next) {
        void *connection = x->connection;

        next = x->next;
        if (!all && x->due_ms > now)
            continue;
        unlink_waiter(w, x);
        w->resume(connection);
    }
}

/* When the next thing is to be done. Under the lock. */
static int64_t next_ms(const struct srv_waiting *w, int64_t now)
{
    int64_t at = now + FAR_MS;

    if (w->n && w->news != w->told)
        at = w->told_ms + SPACING_MS;
    for (const struct srv_waiter *x = w->first; x; x = x->next)
        at = x->due_ms < at ? x->due_ms : at;
    return at;
}

static void *run(void *waiting)
{
    struct srv_waiting *w = waiting;

    pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        int64_t now = now_ms(), at = next_ms(w, now);

        if (at > now) {
            struct timespec t = {.tv_sec = (time_t)(at / 1000),
                                 .tv_nsec = (long)(at % 1000) * 1000000};

            pthread_cond_timedwait(&w->changed, &w->lock, &t);
            continue;
        }
        if (w->news != w->told && now - w->told_ms >= SPACING_MS) {
            w->told = w->news;
            w->told_ms = now;
            wake(w, now, true);
        } else {
            wake(w, now, false);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum snn_code srv_waiting_start(struct srv_waiting *w, void (*resume)(void *connection),
                                struct snn_error *err)
{
    pthread_condattr_t monotonic;
    int code;

    *w = (struct srv_waiting){.resume = resume};
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    code = pthread_create(&w->thread, NULL, run, w);
    w->started = code == 0;
    if (w->started)
        return SNN_OK;
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    return snn_fail(err, SNN_IO, "cannot start the thread of waiting connections: %s",
                    strerror(code));
}

void srv_waiting_drain(struct srv_waiting *w)
{
    if (!w->started)
        return;
    pthread_mutex_lock(&w->lock);
    w->draining = true;
    wake(w, 0, true);
    pthread_mutex_unlock(&w->lock);
}

void srv_waiting_stop(struct srv_waiting *w)
{
    if (!w->started)
        return;
    srv_waiting_drain(w);
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    w->started = false;
}

void srv_waiting_news(struct srv_waiting *w)
{
    pthread_mutex_lock(&w->lock);
    w->news++;
    if (w->n)
        pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

uint64_t srv_waiting_seen(struct srv_waiting *w)
{
    uint64_t seen;

    pthread_mutex_lock(&w->lock);
    seen = w->news;
    pthread_mutex_unlock(&w->lock);
    return seen;
}

bool srv_waiting_open(struct srv_waiting *w)
{
    bool open;

    pthread_mutex_lock(&w->lock);
    open = !w->draining;
    pthread_mutex_unlock(&w->lock);
    return open;
}

bool srv_waiting_suspend(struct srv_waiting *w, struct srv_waiter *waiter, uint64_t seen,
                         int64_t due_ms, void (*suspend)(void *connection), void *connection)
{
    bool waits;

    pthread_mutex_lock(&w->lock);
    waits = !w->draining && w->news == seen;
    if (waits) {
        /* Inside the lock: it cannot be resumed before it is suspended. */
        suspend(connection);
        *waiter = (struct srv_waiter){
            .next = w->first, .waits = true, .due_ms = due_ms, .connection = connection};
        if (w->first)
            w->first->before = waiter;
        w->first = waiter;
        w->n++;
        w->told = w->n == 1 ? w->news : w->told;
        pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return waits;
}
