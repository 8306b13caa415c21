/* SPDX-License-Identifier: MIT */
/* The threads of a run: each part of a work is done once, and seen when the work is over. */
#include "core/train/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/oom.h"
#include "tests/support/test.h"

#define MOST 1000
#define THREADS 4

struct work {
    unsigned times[MOST]; /* that a part was done; plain: no two threads may do the same one */
    atomic_bool busy[THREADS];
    atomic_uint clashes; /* parts that found their thread's number in use, or out of range */
};

static void count(void *user, size_t i, size_t thread)
{
    struct work *w = user;

    if (thread >= THREADS || atomic_exchange(&w->busy[thread], true))
        atomic_fetch_add(&w->clashes, 1);
    w->times[i]++;
    if (thread < THREADS)
        atomic_store(&w->busy[thread], false);
}

static struct snn_team *team_of(size_t threads)
{
    struct snn_team *team = NULL;

    assert_int_equal(snn_team_start(&team, threads, NULL), SNN_OK);
    return team;
}

static void do__any_number_of_parts__does_each_once(void **state)
{
    static const size_t parts[] = {0, 1, 2, 3, 4, 5, 63, MOST};
    static struct work w;

    (void)state;
    for (size_t threads = 1; threads <= THREADS; threads++) {
        struct snn_team *team = team_of(threads);

        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
            memset(w.times, 0, sizeof w.times);
            snn_team_do(team, parts[k], count, &w);
            for (size_t i = 0; i < MOST; i++)
                assert_int_equal(w.times[i], i < parts[k]);
        }
        snn_team_stop(team);
    }
    assert_int_equal(atomic_load(&w.clashes), 0);
}

static void do__thousands_of_works__none_is_mixed_up_with_the_one_before(void **state)
{
    static struct work w[2];
    struct snn_team *team = team_of(THREADS);

    (void)state;
    for (unsigned round = 1; round <= 5000; round++) {
        struct work *now = &w[round % 2];
        const size_t n = 1 + round % 7;

        memset(now->times, 0, sizeof now->times);
        snn_team_do(team, n, count, now);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(now->times[i], 1);
        assert_int_equal(now->times[n], 0);
    }
    snn_team_stop(team);
    assert_int_equal(atomic_load(&w[0].clashes) + atomic_load(&w[1].clashes), 0);
}

struct meeting {
    atomic_size_t present;
    atomic_uint threads[THREADS];
};

/* Comes back when all are here: no thread can do two of the parts. */
static void meet(void *user, size_t i, size_t thread)
{
    struct meeting *m = user;

    (void)i;
    atomic_fetch_add(&m->threads[thread], 1);
    atomic_fetch_add(&m->present, 1);
    while (atomic_load(&m->present) < THREADS)
        sched_yield();
}

static void do__parts_that_wait_for_each_other__run_at_the_same_time(void **state)
{
    struct snn_team *team = team_of(THREADS);

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        struct meeting m = {0};

        usleep(round * 10000); /* long enough for the others to have gone to sleep */
        snn_team_do(team, THREADS, meet, &m);
        for (size_t i = 0; i < THREADS; i++)
            assert_int_equal(atomic_load(&m.threads[i]), 1);
    }
    snn_team_stop(team);
}

struct manners {
    struct meeting meeting;
    int nice[THREADS], policy[THREADS];
};

static void look(void *user, size_t i, size_t thread)
{
    struct manners *m = user;

    m->nice[thread] = getpriority(PRIO_PROCESS, (id_t)gettid());
    m->policy[thread] = sched_getscheduler(0);
    meet(&m->meeting, i, thread);
}

/* A thread of the test's, as its own priority cannot be had back. */
static void *look_from_below(void *arg)
{
    static const struct sched_param none;
    struct snn_team *team;

    sched_setscheduler(0, SCHED_BATCH, &none);
    setpriority(PRIO_PROCESS, (id_t)gettid(), 15);
    team = team_of(THREADS);
    snn_team_do(team, THREADS, look, arg);
    snn_team_stop(team);
    return NULL;
}

static void start__caller_of_low_priority__is_followed(void **state)
{
    static struct manners m;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, look_from_below, &m), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(m.nice[i], 15);
        assert_int_equal(m.policy[i], SCHED_BATCH);
    }
}

static void start__no_memory__says_so(void **state)
{
    struct snn_error err = {0};
    struct snn_team *team = NULL;

    (void)state;
    oom_fail_at(0);
    assert_int_equal(snn_team_start(&team, 2, &err), SNN_NOMEM);
    assert_true(oom_off());
    assert_contains(err.message, "2 threads");
    assert_null(team);
    snn_team_stop(team);
}

/* Threads that nobody asks for anything go away when they are told to. */
static void stop__never_used__comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++)
        snn_team_stop(team_of(THREADS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(do__any_number_of_parts__does_each_once),
        cmocka_unit_test(do__thousands_of_works__none_is_mixed_up_with_the_one_before),
        cmocka_unit_test(do__parts_that_wait_for_each_other__run_at_the_same_time),
        cmocka_unit_test(start__caller_of_low_priority__is_followed),
        cmocka_unit_test(start__no_memory__says_so),
        cmocka_unit_test(stop__never_used__comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
