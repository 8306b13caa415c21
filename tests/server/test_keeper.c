/* SPDX-License-Identifier: MIT */
/* A full disk, a job that stands still, jobs that are kept no longer. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/keeper.h"
#include "server/log.h"
#include "tests/server/pool_support.h"
#include "tests/support/test.h"

static int set_up(void **state)
{
    static struct place p;

    srv_log_start((enum srv_log_level)SRV_LOG_LEVEL_COUNT,
                  stderr); /* what is expected is not shown */
    gate_open();
    place_make(&p);
    place_open(&p);
    *state = &p;
    return 0;
}

static int tear_down(void **state)
{
    gate_open();
    place_remove(*state);
    return 0;
}

static void wait_event(struct place *p, const char *id, const char *type)
{
    while (!count_events(p, id, type)) /* the runner's time limit ends what has no end */
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void hold__running_job__waits_in_the_queue_and_goes_on_by_itself(void **state)
{
    char want[SNN_SHA256_HEX];
    struct place *p = *state;
    struct srv_pool *pool = pool_of(p);
    struct id plain = queue(p, "digits", "epochs=12", 1), id, late;
    struct srv_job job;

    srv_pool_wake(pool);
    job = wait_over(p, plain.text);
    memcpy(want, job.model_sha256, sizeof want);
    srv_job_clear(&job);
    gate_set(30);
    id = queue(p, "digits", "epochs=12", 1);
    srv_pool_wake(pool);
    gate_wait_reached();
    srv_pool_hold(pool, true);
    gate_open();
    wait_event(p, id.text, "waiting");
    wait_status(p, id.text, SRV_JOB_queued);
    late = queue(p, "digits", "epochs=1", 1);
    srv_pool_wake(pool);
    srv_pool_hold(pool, false);
    job = wait_over(p, id.text);
    assert_int_equal(job.status, SRV_JOB_succeeded);
    assert_string_equal(job.model_sha256, want);
    assert_int_equal(job.attempt, 2);
    srv_job_clear(&job);
    job = wait_over(p, late.text);
    srv_job_clear(&job);
    srv_pool_free(pool);
}

static void hold__idle_pool__takes_no_job_and_can_be_drained(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool = pool_of(p);
    struct id id;

    srv_pool_hold(pool, true);
    id = queue(p, "digits", "epochs=1", 1);
    srv_pool_wake(pool);
    srv_pool_free(pool);
    assert_int_equal(status_of(p, id.text), SRV_JOB_queued);
}

static void watch__job_stands_still__fails_and_its_worker_changes_nothing(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool;
    struct id id = queue(p, "digits", "epochs=100000", 1);
    struct srv_job job;

    gate_set(30);
    pool = pool_of(p);
    gate_wait_reached(); /* the worker stands there as if it hung */
    srv_pool_watch(pool, 1000, 5000);
    srv_pool_watch(pool, 5900, 5000);
    assert_int_equal(status_of(p, id.text), SRV_JOB_running);
    srv_pool_watch(pool, 6000, 5000);
    job = wait_over(p, id.text);
    assert_int_equal(job.status, SRV_JOB_failed);
    assert_string_equal(job.error_code, "stalled");
    assert_contains(job.error_message, "5 seconds");
    srv_job_clear(&job);
    assert_int_equal(srv_pool_look(pool).busy, 1);
    gate_open(); /* it comes back */
    id = queue(p, "digits", "epochs=1", 1);
    srv_pool_wake(pool);
    job = wait_over(p, id.text);
    assert_int_equal(job.status, SRV_JOB_succeeded);
    srv_job_clear(&job);
    srv_pool_free(pool);
}

static void watch__job_that_gets_on__is_left_alone(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool;
    struct id id = queue(p, "digits", "epochs=30", 1);
    struct srv_job job;

    gate_set(30);
    pool = pool_of(p);
    for (int64_t look = 1; look <= 5; look++) {
        gate_wait_reached(); /* it stands there, but has made steps since the look before */
        srv_pool_watch(pool, 5000 * look, 5000);
        gate_set(30);
    }
    gate_open();
    job = wait_over(p, id.text);
    assert_int_equal(job.status, SRV_JOB_succeeded);
    srv_job_clear(&job);
    srv_pool_free(pool);
}

static void retire__beyond_the_limit__takes_rows_and_files(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool = pool_of(p);
    struct id ids[2];
    struct srv_keeper_options o = {.config = &p->config, .store = p->store, .clock = &gated_clock};
    struct srv_job job = {0};
    char path[700];

    for (int i = 0; i < 2; i++) {
        ids[i] = queue(p, "digits", "epochs=1", 1);
        srv_pool_wake(pool);
        job = wait_over(p, ids[i].text);
        srv_job_clear(&job);
    }
    assert_int_equal(srv_keeper_retire(&o), 0);
    p->config.retain_jobs = 1;
    assert_int_equal(srv_keeper_retire(&o), 1);
    p->config.retain_jobs = 0;
    snprintf(path, sizeof path, "%s/jobs/%s", p->data, ids[0].text);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(srv_store_job_get(p->store, ids[0].text, &job, NULL), SNN_NOT_FOUND);
    snprintf(path, sizeof path, "%s/jobs/%s", p->data, ids[1].text);
    assert_int_equal(access(path, F_OK), 0);
    srv_pool_free(pool);
}

/* The thread itself. */
static void keeper__disk_short__holds_jobs(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool = pool_of(p);
    struct srv_keeper *keeper = NULL;
    struct srv_keeper_options o = {
        .config = &p->config, .store = p->store, .pool = pool, .clock = &srv_system_clock};
    struct id id = queue(p, "digits", "epochs=100000", 1);

    srv_pool_wake(pool);
    wait_status(p, id.text, SRV_JOB_running);
    p->config.disk_reserve = SIZE_MAX;
    assert_true(srv_disk_short(&p->config, 0));
    assert_int_equal(srv_keeper_start(&keeper, &o, NULL), SNN_OK);
    wait_event(p, id.text, "waiting");
    srv_keeper_stop(keeper);
    p->config.disk_reserve = 0;
    assert_false(srv_disk_short(&p->config, UINT64_MAX / 2));
    srv_pool_free(pool);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hold__running_job__waits_in_the_queue_and_goes_on_by_itself),
        TEST(hold__idle_pool__takes_no_job_and_can_be_drained),
        TEST(watch__job_stands_still__fails_and_its_worker_changes_nothing),
        TEST(watch__job_that_gets_on__is_left_alone),
        TEST(retire__beyond_the_limit__takes_rows_and_files),
        TEST(keeper__disk_short__holds_jobs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
