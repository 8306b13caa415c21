/* SPDX-License-Identifier: MIT */
/* Jobs taken from a real queue and trained by a real core, to each of their ends. */
#include "server/pool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/log.h"
#include "tests/server/pool_support.h"
#include "tests/support/test.h"

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
    place_remove(*state);
    return 0;
}

static void expect(const struct srv_job *job, enum srv_job_status status, const char *code)
{
    if (job->status != status)
        print_error("%s: %s\n", job->error_code, job->error_message);
    assert_string_equal(srv_job_status_name(job->status), srv_job_status_name(status));
    assert_string_equal(job->error_code, code);
}

/* ----------------------------------------------------------------------------- succeeding -- */

static void check_checkpoints(struct place *p, const struct srv_job *job)
{
    struct srv_checkpoint *list = NULL;
    char path[900], found[SNN_SHA256_HEX];
    size_t n = 0;

    assert_int_equal(srv_store_checkpoint_list(p->store, job->id, &list, &n, NULL), SNN_OK);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].step, job->steps);
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", p->data, list[i].path);
        assert_int_equal(snn_digest_file(path, found, NULL), SNN_OK);
        assert_string_equal(found, list[i].sha256);
    }
    free(list);
    snprintf(path, sizeof path, "%s/jobs/%s", p->data, job->id);
    assert_int_equal(count_below(path), 2);
}

static void run__small_job__succeeds_with_model_and_metrics(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool = pool_of(p);
    struct id id = queue(p, "digits", "epochs=4", 1000);
    struct srv_job job;

    srv_pool_wake(pool);
    job = wait_over(p, id.text);
    srv_pool_free(pool);
    expect(&job, SRV_JOB_succeeded, "");
    assert_int_equal(strlen(job.model_sha256), SNN_SHA256_HEX - 1);
    assert_int_equal(job.epoch, 4);
    assert_int_equal(job.step, job.steps);
    assert_true(job.steps > 0);
    assert_true(job.metrics.test_accuracy > 0.1 && job.metrics.test_accuracy <= 1);
    assert_true(isfinite(job.metrics.train_loss) && isfinite(job.metrics.validation_loss));
    assert_true(job.samples_per_second > 0);
    assert_int_equal(job.attempt, 1);
    assert_non_null(strstr(job.plan, "layer1\tonce\t"));
    assert_int_equal(count_events(p, id.text, "started"), 1);
    assert_int_equal(count_events(p, id.text, "epoch"), 4);
    assert_int_equal(count_events(p, id.text, "succeeded"), 1);
    assert_int_equal(count_events(p, id.text, "resumed"), 0);
    check_checkpoints(p, &job);
    srv_job_clear(&job);
}

static bool count_step(void *user, int64_t step, int64_t epoch, const struct snn_point *points,
                       size_t n)
{
    (void)step;
    (void)epoch;
    (void)points;
    *(size_t *)user += n > 0;
    return true;
}

static void run__with_diagnostics__stores_points(void **state)
{
    struct place *p = *state;
    struct id id = queue(p, "digits", "epochs=1 every=1", 1000);
    struct srv_pool *pool = pool_of(p); /* what was queued before the start is seen too */
    struct srv_job job = wait_over(p, id.text);
    size_t steps = 0;

    srv_pool_free(pool);
    assert_int_equal(srv_store_points_each(p->store, id.text, 0, count_step, &steps, NULL), SNN_OK);
    assert_int_equal(steps, job.steps);
    srv_job_clear(&job);
}

static void run__one_thread_or_two__gives_the_same_model(void **state)
{
    struct place *p = *state;
    char sha256[2][SNN_SHA256_HEX];

    for (size_t threads = 1; threads <= 2; threads++) {
        struct srv_pool *pool;
        struct srv_job job;
        struct id id;

        p->config.threads_per_job = threads;
        pool = pool_of(p);
        id = queue(p, "digits", "epochs=2", 1000);
        srv_pool_wake(pool);
        job = wait_over(p, id.text);
        srv_pool_free(pool);
        expect(&job, SRV_JOB_succeeded, "");
        memcpy(sha256[threads - 1], job.model_sha256, SNN_SHA256_HEX);
        srv_job_clear(&job);
    }
    assert_string_equal(sha256[0], sha256[1]);
}

/* -------------------------------------------------------------------------------- failing -- */

static void run__job_that_cannot_be__fails_with_the_reason(void **state)
{
    static const struct {
        const char *dataset, *config;
        int64_t memory;
        const char *code, *param, *message;
    } rows[] = {
        {"absent", "epochs=1", 1, "not_found", "/dataset", "\"absent\""},
        {"digits", "nonsense", 1, "invalid", "/layers", "no sense"},
        {"digits", "starve", 1, "out_of_memory", "", "no memory"},
        {"digits", "epochs=50 lr=1e38", 1, "diverged", "", ""},
        {"digits", "epochs=1", 2000001, "limit_exceeded", "", "2000001"},
    };
    struct place *p = *state;
    struct srv_pool *pool;
    struct srv_job job;
    struct id id;

    p->config.memory_limit = 2000000;
    pool = pool_of(p);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        id = queue(p, rows[i].dataset, rows[i].config, rows[i].memory);
        srv_pool_wake(pool);
        job = wait_over(p, id.text);
        expect(&job, SRV_JOB_failed, rows[i].code);
        assert_string_equal(job.error_param, rows[i].param);
        assert_contains(job.error_message, rows[i].message);
        assert_true(job.error_message[0] != '\0');
        assert_int_equal(count_events(p, id.text, "failed"), 1);
        srv_job_clear(&job);
    }
    id = queue(p, "digits", "epochs=1", 1); /* the worker is none the worse */
    srv_pool_wake(pool);
    job = wait_over(p, id.text);
    expect(&job, SRV_JOB_succeeded, "");
    srv_job_clear(&job);
    srv_pool_free(pool);
}

static void run__longer_than_allowed__fails_and_keeps_what_it_has(void **state)
{
    struct place *p = *state;
    struct srv_checkpoint *list = NULL;
    struct srv_pool *pool;
    struct srv_job job;
    struct id id;
    size_t n = 0;

    p->config.max_job_seconds = 100; /* the clock goes on by a second a reading */
    pool = pool_of(p);
    id = queue(p, "digits", "epochs=1000", 1);
    srv_pool_wake(pool);
    job = wait_over(p, id.text);
    srv_pool_free(pool);
    expect(&job, SRV_JOB_failed, "time_limit");
    assert_contains(job.error_message, "100");
    assert_int_equal(srv_store_checkpoint_list(p->store, id.text, &list, &n, NULL), SNN_OK);
    assert_true(n >= 1);
    assert_int_equal(list[0].step, job.step);
    free(list);
    srv_job_clear(&job);
}

/* ----------------------------------------------------------------------------- cancelling -- */

/* A job in the midst of its training, its worker standing at the gate. */
static struct id hold_job(struct place *p, struct srv_pool **pool)
{
    struct id id = queue(p, "digits", "epochs=100000", 1);

    gate_set(30);
    *pool = pool_of(p);
    gate_wait_reached();
    assert_string_equal(srv_job_status_name(status_of(p, id.text)), "running");
    return id;
}

static void cancel__running_job__ends_cancelled(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool;
    struct id id = hold_job(p, &pool);
    struct srv_job after = {0}, job;

    assert_int_equal(srv_store_job_cancel(p->store, id.text, false, &after, NULL), SNN_OK);
    srv_job_clear(&after);
    srv_pool_notify(pool, id.text);
    gate_open();
    job = wait_over(p, id.text);
    expect(&job, SRV_JOB_cancelled, "");
    assert_true(job.step < job.steps);
    srv_job_clear(&job);
    id = queue(p, "digits", "epochs=1", 1); /* the same worker's next is another matter */
    srv_pool_wake(pool);
    job = wait_over(p, id.text);
    expect(&job, SRV_JOB_succeeded, "");
    srv_job_clear(&job);
    srv_pool_free(pool);
}

static void cancel__marked_for_deletion__leaves_neither_row_nor_files(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool;
    struct id id = hold_job(p, &pool);
    struct srv_job after = {0};
    char path[700];

    gate_set(200); /* beyond the first checkpoint */
    gate_wait_reached();
    snprintf(path, sizeof path, "%s/jobs/%s", p->data, id.text);
    assert_true(count_below(path) > 0);
    assert_int_equal(srv_store_job_cancel(p->store, id.text, true, &after, NULL), SNN_OK);
    srv_job_clear(&after);
    srv_pool_notify(pool, id.text);
    gate_open();
    srv_pool_free(pool);
    assert_int_equal(srv_store_job_get(p->store, id.text, &after, NULL), SNN_NOT_FOUND);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* --------------------------------------------------------------------------------- memory -- */

static void claim__job_that_does_not_fit_now__waits_and_smaller_ones_pass(void **state)
{
    struct place *p = *state;
    struct srv_pool *pool;
    struct id first = queue(p, "digits", "epochs=1", 600);
    struct id second = queue(p, "digits", "epochs=1", 600);
    struct id small = queue(p, "digits", "epochs=1", 100);
    const char *ids[] = {first.text, second.text, small.text};

    p->config.workers = 2;
    p->config.memory_limit = 1000;
    gate_set(0);
    pool = pool_of(p);
    wait_status(p, first.text, SRV_JOB_running);
    wait_status(p, small.text, SRV_JOB_running);
    assert_string_equal(srv_job_status_name(status_of(p, second.text)), "queued");
    gate_open();
    for (size_t i = 0; i < 3; i++) {
        struct srv_job job = wait_over(p, ids[i]);

        expect(&job, SRV_JOB_succeeded, "");
        srv_job_clear(&job);
    }
    srv_pool_free(pool);
}

/* Small jobs without end must not keep a big one waiting without end: after 16 of them the workers
 * wait for memory, and it is the next. */
static void claim__job_passed_too_often__gets_its_turn(void **state)
{
    struct place *p = *state;
    struct id held = queue(p, "digits", "epochs=100000", 300), small[30];
    struct id big = queue(p, "digits", "epochs=1 mark", 900);
    struct srv_pool *pool;
    struct srv_job job = {0};

    p->config.workers = 2;
    p->config.memory_limit = 1000;
    for (size_t i = 0; i < 30; i++)
        small[i] = queue(p, "digits", "epochs=1", 300);
    pool = pool_of(p);
    wait_status(p, small[15].text, SRV_JOB_succeeded);
    assert_int_equal(srv_store_job_cancel(p->store, held.text, false, &job, NULL), SNN_OK);
    srv_job_clear(&job);
    srv_pool_notify(pool, held.text);
    job = wait_over(p, big.text);
    expect(&job, SRV_JOB_succeeded, "");
    srv_job_clear(&job);
    srv_pool_free(pool);
    assert_int_equal(marked_at(), 1 + 16 + 1);
}

/* When the big one that they wait behind is cancelled, the small ones go on: nothing else would
 * wake the idle worker. */
static void claim__job_that_all_wait_for_is_cancelled__others_go_on(void **state)
{
    struct place *p = *state;
    struct id held = queue(p, "digits", "epochs=100000", 300), small[17];
    struct id big = queue(p, "digits", "epochs=1", 900);
    struct srv_pool *pool;
    struct srv_job job = {0};

    p->config.workers = 2;
    p->config.memory_limit = 1000;
    for (size_t i = 0; i < 17; i++)
        small[i] = queue(p, "digits", "epochs=1", 300);
    pool = pool_of(p);
    wait_status(p, small[15].text, SRV_JOB_succeeded);
    assert_int_equal(srv_store_job_cancel(p->store, big.text, false, &job, NULL), SNN_OK);
    srv_job_clear(&job);
    srv_pool_notify(pool, big.text);
    job = wait_over(p, small[16].text);
    expect(&job, SRV_JOB_succeeded, "");
    srv_job_clear(&job);
    assert_int_equal(status_of(p, held.text), SRV_JOB_running);
    srv_pool_free(pool);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(run__small_job__succeeds_with_model_and_metrics),
        TEST(run__with_diagnostics__stores_points),
        TEST(run__one_thread_or_two__gives_the_same_model),
        TEST(run__job_that_cannot_be__fails_with_the_reason),
        TEST(run__longer_than_allowed__fails_and_keeps_what_it_has),
        TEST(cancel__running_job__ends_cancelled),
        TEST(cancel__marked_for_deletion__leaves_neither_row_nor_files),
        TEST(claim__job_that_does_not_fit_now__waits_and_smaller_ones_pass),
        TEST(claim__job_passed_too_often__gets_its_turn),
        TEST(claim__job_that_all_wait_for_is_cancelled__others_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
