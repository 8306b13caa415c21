/* SPDX-License-Identifier: MIT */
/* Jobs that are paused in the midst of their training, and resumed. */
#include <stdlib.h>
#include <string.h>

#include "server/log.h"
#include "tests/server/pool_support.h"
#include "tests/support/test.h"

#define JOB "epochs=12 every=4"

static int set_up(void **state)
{
    static struct place p;

    srv_log_start(SRV_LOG_error, stderr);
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

static void pause_job(struct place *p, struct srv_pool *pool, const char *id)
{
    struct srv_job after = {0};

    assert_int_equal(srv_store_job_pause(p->store, id, &after, NULL), SNN_OK);
    srv_job_clear(&after);
    srv_pool_notify(pool, id);
}

static void resume_job(struct place *p, struct srv_pool *pool, const char *id)
{
    struct srv_job after = {0};

    assert_int_equal(srv_store_job_unpause(p->store, id, &after, NULL), SNN_OK);
    srv_job_clear(&after);
    if (pool)
        srv_pool_notify(pool, id);
}

/* The model's digest at the job's end. */
static void digest(struct place *p, const char *id, char sha256[SNN_SHA256_HEX])
{
    struct srv_job job = wait_over(p, id);

    assert_int_equal(job.status, SRV_JOB_succeeded);
    memcpy(sha256, job.model_sha256, SNN_SHA256_HEX);
    srv_job_clear(&job);
}

static int64_t newest_step(struct place *p, const char *id)
{
    struct srv_checkpoint *list = NULL;
    int64_t step;
    size_t n = 0;

    assert_int_equal(srv_store_checkpoint_list(p->store, id, &list, &n, NULL), SNN_OK);
    assert_true(n > 0);
    step = list[0].step;
    free(list);
    return step;
}

static void pause__running_job__saves_and_goes_on_to_the_same_model(void **state)
{
    char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];
    struct place *p = *state;
    struct srv_pool *pool = pool_of(p);
    struct id plain = queue(p, "digits", JOB, 1), id;
    struct srv_job job = {0};

    srv_pool_wake(pool);
    digest(p, plain.text, want);
    gate_set(30);
    id = queue(p, "digits", JOB, 1);
    srv_pool_wake(pool);
    gate_wait_reached();
    pause_job(p, pool, id.text);
    assert_int_equal(status_of(p, id.text), SRV_JOB_pausing);
    gate_open();
    wait_status(p, id.text, SRV_JOB_paused);
    assert_int_equal(srv_store_job_get(p->store, id.text, &job, NULL), SNN_OK);
    assert_true(job.step > 0 && job.step < job.steps);
    assert_int_equal(newest_step(p, id.text), job.step);
    srv_job_clear(&job);
    resume_job(p, pool, id.text);
    digest(p, id.text, got);
    assert_string_equal(got, want);
    assert_int_equal(count_events(p, id.text, "paused"), 1);
    assert_int_equal(count_events(p, id.text, "unpaused"), 1);
    srv_pool_free(pool);
}

/* Others pass it; a daemon that starts anew leaves it alone. */
static void pause__over_a_restart__stays_paused(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool;
    struct id id = queue(p, "digits", "epochs=100000", 1), other;
    struct srv_job job = {0};
    size_t n = 0;

    gate_set(30);
    pool = pool_of(p);
    gate_wait_reached();
    pause_job(p, pool, id.text);
    drain_at_gate(pool); /* the daemon stops before its worker has heard of it, or after */
    assert_int_equal(status_of(p, id.text), SRV_JOB_paused);
    place_close(p);
    place_open(p);
    assert_int_equal(srv_store_recover(p->store, "boot_new", 5, &n, NULL), SNN_OK);
    assert_int_equal(n, 0);
    other = queue(p, "digits", "epochs=1", 1);
    pool = pool_of(p);
    job = wait_over(p, other.text);
    assert_int_equal(job.status, SRV_JOB_succeeded);
    srv_job_clear(&job);
    assert_int_equal(status_of(p, id.text), SRV_JOB_paused);
    srv_pool_free(pool);
}

/* Of two wishes the later one stands, however little time its worker had to hear of the first. */
static void resume__job_still_pausing__goes_on(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool;
    struct id id = queue(p, "digits", JOB, 1);
    struct srv_job job;

    gate_set(30);
    pool = pool_of(p);
    gate_wait_reached();
    for (int i = 0; i < 20; i++) {
        pause_job(p, pool, id.text);
        resume_job(p, pool, id.text);
    }
    gate_open();
    job = wait_over(p, id.text);
    assert_int_equal(job.status, SRV_JOB_succeeded);
    srv_job_clear(&job);
    srv_pool_free(pool);
}

static void cancel__paused_job__is_cancelled_at_once(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool;
    struct id id = queue(p, "digits", "epochs=100000", 1);
    struct srv_job after = {0};

    gate_set(30);
    pool = pool_of(p);
    gate_wait_reached();
    pause_job(p, pool, id.text);
    gate_open();
    wait_status(p, id.text, SRV_JOB_paused);
    assert_int_equal(srv_store_job_cancel(p->store, id.text, false, &after, NULL), SNN_OK);
    assert_int_equal(after.status, SRV_JOB_cancelled);
    srv_job_clear(&after);
    srv_pool_free(pool);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pause__running_job__saves_and_goes_on_to_the_same_model),
        TEST(pause__over_a_restart__stays_paused),
        TEST(resume__job_still_pausing__goes_on),
        TEST(cancel__paused_job__is_cancelled_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
