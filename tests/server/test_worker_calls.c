/* SPDX-License-Identifier: MIT */
/* What a worker does between two steps of a job: nothing, where nothing is due. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/log.h"
#include "tests/server/pool_support.h"
#include "tests/support/calls.h"
#include "tests/support/test.h"

/* A worker looks at the clock once or more a step: what its thread called since the last time. The
 * clock stands, so that neither progress nor a checkpoint comes to be due. */
static _Thread_local struct calls last;
static _Thread_local unsigned long quiet;
static atomic_ulong longest; /* looks in a row without a call between them */

static int64_t standing_ms(void)
{
    const struct calls now = calls_since(&last);

    quiet = calls_none(&now) ? quiet + 1 : 0;
    if (quiet > atomic_load(&longest)) /* there is one worker */
        atomic_store(&longest, quiet);
    last = calls_so_far();
    return 1000;
}

static int64_t wall_seconds(void)
{
    return 1000000;
}

static void worker__steps_with_nothing_due__calls_nothing(void **state)
{
    static const struct srv_clock standing = {wall_seconds, standing_ms};
    struct place *p = *state;
    struct srv_pool *pool = NULL;
    struct srv_job job;
    struct id id;

    if (!calls_are_counted())
        skip();
    place_open(p);
    struct srv_pool_options options = {.config = &p->config,
                                       .store = p->store,
                                       .datasets = p->datasets,
                                       .clock = &standing,
                                       .boot_id = "boot_calls",
                                       .compile = scan_spec};
    /* Before the pool begins: nobody tells it of what comes later. */
    id = queue(p, "digits", "epochs=1 every=0", 1000);
    assert_int_equal(srv_pool_start(&pool, &options, NULL), SNN_OK);
    job = wait_over(p, id.text);
    assert_int_equal(job.status, SRV_JOB_succeeded);
    assert_true(job.steps >= 20);
    /* All but the first and the last step, of which there is something to tell. */
    assert_true(atomic_load(&longest) >= (unsigned long)job.steps - 2);
    srv_job_clear(&job);
    srv_pool_drain(pool);
    srv_pool_free(pool);
}

static int set_up(void **state)
{
    static struct place p;

    srv_log_start(SRV_LOG_error, stderr);
    place_make(&p);
    p.config.workers = 1;
    *state = &p;
    return 0;
}

static int tear_down(void **state)
{
    place_remove(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(worker__steps_with_nothing_due__calls_nothing, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
