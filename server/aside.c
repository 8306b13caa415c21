/* SPDX-License-Identifier: MIT */
#include "server/aside.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/clock.h"

#define MOST_WAITING 8
#define NICENESS 10 /* as workers have */
#define EVERY_MS 1000

/* Two have it until it is done and dropped: the queue and the asker. */
struct srv_errand {
    struct srv_errand_work work;
    struct srv_errand *next;
    struct srv_aside *aside;
    atomic_bool wanted, done;
    atomic_int holders;
};

struct srv_aside {
    _Atomic int64_t told_ms; /* when those who wait were last woken */
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below; a leaf but for `news` */
    pthread_cond_t changed;
    struct srv_errand *first, *running; /* those that wait, in the order of their asking */
    size_t waiting;
    void (*news)(void *user);
    void *user;
    bool stopping;
};

/* Wakes those who wait: to take what is done, or to be seen to have gone. */
static void tell(struct srv_aside *a)
{
    pthread_mutex_lock(&a->lock);
    if (a->news)
        a->news(a->user);
    pthread_mutex_unlock(&a->lock);
}

static void let_go(struct srv_errand *e)
{
    if (atomic_fetch_sub(&e->holders, 1) > 1)
        return;
    e->work.free(e->work.user);
    free(e);
}

/* The next one, NULL when it is to end. */
static struct srv_errand *take(struct srv_aside *a)
{
    struct srv_errand *e;

    pthread_mutex_lock(&a->lock);
    while (!a->first && !a->stopping)
        pthread_cond_wait(&a->changed, &a->lock);
    e = a->stopping ? NULL : a->first;
    if (e) {
        a->first = e->next;
        a->waiting--;
    }
    a->running = e;
    pthread_mutex_unlock(&a->lock);
    return e;
}

static void *run(void *aside)
{
    struct srv_aside *a = aside;
    struct srv_errand *e;

    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
    while ((e = take(a))) {
        if (atomic_load(&e->wanted))
            e->work.run(e->work.user, e);
        atomic_store(&e->done, true);
        pthread_mutex_lock(&a->lock);
        a->running = NULL;
        pthread_mutex_unlock(&a->lock);
        tell(a);
        let_go(e);
    }
    return NULL;
}

enum snn_code srv_aside_start(struct srv_aside **out, struct snn_error *err)
{
    struct srv_aside *a = calloc(1, sizeof *a);
    int code;

    if (!a)
        return snn_fail(err, SNN_NOMEM, "no memory for calculations aside");
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    code = pthread_create(&a->thread, NULL, run, a);
    if (code == 0) {
        *out = a;
        return SNN_OK;
    }
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->changed);
    free(a);
    return snn_fail(err, SNN_IO, "cannot start the thread of calculations aside: %s",
                    strerror(code));
}

void srv_aside_listen(struct srv_aside *a, void (*news)(void *user), void *user)
{
    pthread_mutex_lock(&a->lock);
    a->news = news;
    a->user = user;
    pthread_mutex_unlock(&a->lock);
}

void srv_aside_stop(struct srv_aside *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->stopping = true;
    if (a->running)
        atomic_store(&a->running->wanted, false);
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    for (struct srv_errand *e = a->first, *next; e; e = next) {
        next = e->next;
        let_go(e);
    }
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->changed);
    free(a);
}

enum snn_code srv_aside_ask(struct srv_aside *a, struct srv_errand **out,
                            const struct srv_errand_work *work, struct snn_error *err)
{
    struct srv_errand *e = calloc(1, sizeof *e), **last = &a->first;

    if (!e)
        return snn_fail(err, SNN_NOMEM, "no memory for a calculation");
    e->work = *work;
    e->aside = a;
    atomic_init(&e->wanted, true);
    atomic_init(&e->done, false);
    atomic_init(&e->holders, 2);
    pthread_mutex_lock(&a->lock);
    if (a->waiting == MOST_WAITING) {
        pthread_mutex_unlock(&a->lock);
        free(e);
        return snn_fail(err, SNN_LIMIT, "%d calculations wait already, want less", MOST_WAITING);
    }
    while (*last)
        last = &(*last)->next;
    *last = e;
    a->waiting++;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
    *out = e;
    return SNN_OK;
}

bool srv_errand_done(const struct srv_errand *e)
{
    return atomic_load(&e->done);
}

void *srv_errand_user(const struct srv_errand *e)
{
    return e->work.user;
}

bool srv_errand_wanted(const struct srv_errand *e)
{
    const int64_t now = srv_system_clock.monotonic_ms();
    int64_t told = atomic_load(&e->aside->told_ms);

    if (now - told >= EVERY_MS && atomic_compare_exchange_strong(&e->aside->told_ms, &told, now))
        tell(e->aside);
    return atomic_load(&e->wanted);
}

void srv_errand_drop(struct srv_errand *e)
{
    if (!e)
        return;
    atomic_store(&e->wanted, false);
    let_go(e);
}
