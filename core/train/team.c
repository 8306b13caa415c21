/* SPDX-License-Identifier: MIT */
#include "core/train/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Looks before a thread sleeps: 50 to 200 microseconds of them. */
#define LOOKS 4000

struct member {
    struct snn_team *team;
    pthread_t thread;
    size_t number;
};

struct snn_team {
    /* The works so far, and below them the parts of the last one that nobody has taken. A part is
     * taken by counting down, which fails where the work is no longer the one that was looked at:
     * what stands in `part`, `user` and `n` is of the work of whoever has taken a part. */
    _Alignas(64) atomic_uint_fast64_t ticket;
    _Alignas(64) atomic_size_t left; /* parts that are not done */
    void (*part)(void *user, size_t i, size_t thread);
    void *user;
    size_t n;

    _Alignas(64) atomic_size_t sleepers; /* members that wait for a work */
    atomic_bool caller_sleeps, ends;
    pthread_mutex_t lock;
    pthread_cond_t begun, done;

    size_t size; /* members that were started */
    struct member member[];
};

#define WORK ((uint64_t)1 << 32)
#define PARTS (WORK - 1)

static void relax(void)
{
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* Does parts of the work as long as there are any to take. */
static void take_parts(struct snn_team *t, size_t thread)
{
    uint64_t ticket = atomic_load(&t->ticket);

    while (ticket & PARTS) {
        if (!atomic_compare_exchange_weak(&t->ticket, &ticket, ticket - 1))
            continue;
        t->part(t->user, t->n - (size_t)(ticket & PARTS), thread);
        if (atomic_fetch_sub(&t->left, 1) == 1 && atomic_load(&t->caller_sleeps)) {
            pthread_mutex_lock(&t->lock);
            pthread_cond_signal(&t->done);
            pthread_mutex_unlock(&t->lock);
        }
        ticket = atomic_load(&t->ticket);
    }
}

static bool nothing_to_do(struct snn_team *t)
{
    return (atomic_load(&t->ticket) & PARTS) == 0 && !atomic_load(&t->ends);
}

/* Whoever sets a condition looks for sleepers after it, whoever is about to sleep looks for the
 * condition after it has become one: one of them sees the other. */
static void wait_for_work(struct snn_team *t)
{
    for (size_t i = 0; i < LOOKS && nothing_to_do(t); i++)
        relax();
    if (!nothing_to_do(t))
        return;
    pthread_mutex_lock(&t->lock);
    atomic_fetch_add(&t->sleepers, 1);
    while (nothing_to_do(t))
        pthread_cond_wait(&t->begun, &t->lock);
    atomic_fetch_sub(&t->sleepers, 1);
    pthread_mutex_unlock(&t->lock);
}

static void wait_for_others(struct snn_team *t)
{
    for (size_t i = 0; i < LOOKS && atomic_load(&t->left); i++)
        relax();
    if (!atomic_load(&t->left))
        return;
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->caller_sleeps, true);
    while (atomic_load(&t->left))
        pthread_cond_wait(&t->done, &t->lock);
    atomic_store(&t->caller_sleeps, false);
    pthread_mutex_unlock(&t->lock);
}

static void wake(struct snn_team *t)
{
    if (atomic_load(&t->sleepers) == 0)
        return;
    pthread_mutex_lock(&t->lock);
    pthread_cond_broadcast(&t->begun);
    pthread_mutex_unlock(&t->lock);
}

static void *work(void *arg)
{
    struct member *m = arg;

    while (!atomic_load(&m->team->ends)) {
        take_parts(m->team, m->number);
        wait_for_work(m->team);
    }
    return NULL;
}

void snn_team_do(struct snn_team *t, size_t n, void (*part)(void *user, size_t i, size_t thread),
                 void *user)
{
    if (n == 0)
        return;
    t->part = part;
    t->user = user;
    t->n = n;
    atomic_store(&t->left, n);
    atomic_store(&t->ticket, (atomic_load(&t->ticket) & ~PARTS) + WORK + n);
    if (n > 1)
        wake(t);
    take_parts(t, 0);
    wait_for_others(t);
}

size_t snn_team_bytes(size_t threads)
{
    return (sizeof(struct snn_team) + (threads - 1) * sizeof(struct member) + 63) / 64 * 64;
}

enum snn_code snn_team_start(struct snn_team **out, size_t threads, struct snn_error *err)
{
    const size_t others = threads - 1, bytes = snn_team_bytes(threads);
    struct snn_team *t = aligned_alloc(64, bytes);

    if (!t)
        return snn_fail(err, SNN_NOMEM, "no memory for a team of %zu threads", threads);
    memset(t, 0, bytes);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->begun, NULL);
    pthread_cond_init(&t->done, NULL);
    for (; t->size < others; t->size++) {
        struct member *m = &t->member[t->size];

        *m = (struct member){.team = t, .number = t->size + 1};
        const int code = pthread_create(&m->thread, NULL, work, m);
        if (code != 0) {
            snn_team_stop(t);
            return snn_fail(err, SNN_LIMIT, "cannot start thread %zu of %zu: %s", m->number + 1,
                            threads, strerror(code));
        }
    }
    *out = t;
    return SNN_OK;
}

void snn_team_stop(struct snn_team *t)
{
    if (!t)
        return;
    atomic_store(&t->ends, true);
    wake(t);
    for (size_t i = 0; i < t->size; i++)
        pthread_join(t->member[i].thread, NULL);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->begun);
    pthread_mutex_destroy(&t->lock);
    free(t);
}
