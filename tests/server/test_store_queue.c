/* SPDX-License-Identifier: MIT */
/* Claiming, cancelling, letting go, recovering. */
#include "tests/server/store_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Claims with that much memory; the id is "" where nothing fits. */
static struct srv_job claim(struct fixture *f, int64_t memory_bytes)
{
    struct srv_job job = {0};
    struct snn_error err = {0};
    bool found = false;

    assert_ok(srv_store_job_claim(f->store, "boot", memory_bytes, &job, &found, &err), err);
    assert_int_equal(found, job.id[0] != '\0');
    srv_job_clear(&job);
    return job;
}

static enum snn_code release(struct fixture *f, const struct srv_job *claimed,
                             enum srv_job_status status, bool *deleted)
{
    struct srv_job job = *claimed;
    struct snn_error err = {0};

    job.status = status;
    return srv_store_job_release(f->store, &job, deleted, &err);
}

static void cancel(struct fixture *f, const char *id, bool then_delete, enum srv_job_status after)
{
    struct srv_job job = {0};
    struct snn_error err = {0};

    assert_ok(srv_store_job_cancel(f->store, id, then_delete, &job, &err), err);
    assert_string_equal(job.id, id);
    assert_int_equal(job.status, after);
    srv_job_clear(&job);
}

static size_t recover(struct fixture *f, const char *boot_id, int64_t max_attempts)
{
    struct snn_error err = {0};
    size_t n = 0;

    assert_ok(srv_store_recover(f->store, boot_id, max_attempts, &n, &err), err);
    return n;
}

static void check_events(struct fixture *f, const char *id, const char *expected)
{
    char events[512];

    fixture_events(f, id, events, sizeof events);
    assert_string_equal(events, expected);
}

static void claim__several__by_priority_then_age(void **state)
{
    struct fixture *f = *state;
    char ids[4][SRV_ID_SIZE];
    static const int64_t priority[] = {0, 5, 5, -1};
    static const size_t order[] = {1, 2, 0, 3};

    for (size_t i = 0; i < 4; i++)
        fixture_create(f, priority[i], 1, ids[i]);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(claim(f, 10).id, ids[order[i]]);
    assert_string_equal(claim(f, 10).id, "");
}

/* A minute of waiting makes up for a point of priority, and more of it for more. */
static void claim__waited_long_enough__passes_what_is_more_important(void **state)
{
    struct fixture *f = *state;
    char old[SRV_ID_SIZE], urgent[SRV_ID_SIZE], late[SRV_ID_SIZE];

    fixture_create(f, 0, 1, old);
    fixture_now += 119;
    fixture_create(f, 2, 1, urgent);
    fixture_now += 2;
    fixture_create(f, 2, 1, late);
    assert_string_equal(claim(f, 10).id, urgent);
    assert_string_equal(claim(f, 10).id, old);
    assert_string_equal(claim(f, 10).id, late);
}

static void claim__first_does_not_fit__next_that_does(void **state)
{
    struct fixture *f = *state;
    char big[SRV_ID_SIZE], small[SRV_ID_SIZE];

    fixture_create(f, 9, 1000, big);
    fixture_create(f, 0, 10, small);
    assert_string_equal(claim(f, 9).id, "");
    assert_string_equal(claim(f, 999).id, small);
    assert_string_equal(claim(f, 1000).id, big);
}

static void claim__row__says_who_and_when(void **state)
{
    struct fixture *f = *state;
    char id[SRV_ID_SIZE];
    struct srv_job job;

    fixture_create(f, 0, 1, id);
    fixture_now += 5;
    job = claim(f, 1);
    assert_int_equal(job.status, SRV_JOB_running);
    assert_int_equal(job.attempt, 1);
    assert_int_equal(job.version, 2);
    assert_int_equal(job.started_at, fixture_now);
    assert_int_equal(job.updated_at, fixture_now);
    assert_int_equal(job.created_at, fixture_now - 5);
    check_events(f, id, "created started");
}

static void progress__own_attempt__is_written(void **state)
{
    struct fixture *f = *state;
    struct srv_job job, got;
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    job = claim(f, 1);
    job.step = 42;
    job.samples_per_second = 1e4;
    job.metrics.train_loss = (double)INFINITY;
    job.metrics.train_accuracy = 0.5;
    fixture_now++;
    assert_int_equal(srv_store_job_progress_post(f->store, &job), SNN_OK);
    job.step = 43;
    job.attempt = 2; /* not ours: dropped without a sound */
    assert_int_equal(srv_store_job_progress_post(f->store, &job), SNN_OK);
    fixture_reopen(f);
    got = fixture_get(f, id);
    assert_int_equal(got.step, 42);
    assert_int_equal(got.version, 3);
    assert_int_equal(got.updated_at, fixture_now);
    assert_near(got.samples_per_second, 1e4, 0);
    assert_near(got.metrics.train_accuracy, 0.5, 0);
    assert_true(isnan(got.metrics.train_loss));
    srv_job_clear(&got);
}

static void release__failed__keeps_why(void **state)
{
    struct fixture *f = *state;
    struct srv_job job, got;
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    bool deleted = true;

    fixture_create(f, 0, 1, id);
    job = claim(f, 1);
    job.status = SRV_JOB_failed;
    job.step = 7;
    snprintf(job.error_code, sizeof job.error_code, "diverged");
    snprintf(job.error_message, sizeof job.error_message, "the loss is not finite at step 7");
    fixture_now += 60;
    assert_ok(srv_store_job_release(f->store, &job, &deleted, &err), err);
    assert_false(deleted);
    got = fixture_get(f, id);
    assert_int_equal(got.status, SRV_JOB_failed);
    assert_int_equal(got.finished_at, fixture_now);
    assert_int_equal(got.step, 7);
    assert_string_equal(got.error_code, "diverged");
    assert_string_equal(got.error_message, job.error_message);
    check_events(f, id, "created started failed");
    srv_job_clear(&got);
}

static void release__another_attempt__is_refused(void **state)
{
    struct fixture *f = *state;
    struct srv_job stale, current;
    char id[SRV_ID_SIZE];
    bool deleted;

    fixture_create(f, 0, 1, id);
    stale = claim(f, 1);
    assert_int_equal(recover(f, "boot2", 3), 1);
    assert_int_equal(release(f, &stale, SRV_JOB_succeeded, &deleted), SNN_INVALID);
    current = claim(f, 1);
    assert_int_equal(current.attempt, 2);
    assert_int_equal(release(f, &stale, SRV_JOB_succeeded, &deleted), SNN_INVALID);
    assert_int_equal(fixture_status(f, id), SRV_JOB_running);
    assert_int_equal(release(f, &current, SRV_JOB_succeeded, &deleted), SNN_OK);
    assert_int_equal(release(f, &current, SRV_JOB_failed, &deleted), SNN_INVALID);
    assert_int_equal(release(f, &current, SRV_JOB_running, &deleted), SNN_INVALID);
    assert_int_equal(fixture_status(f, id), SRV_JOB_succeeded);
}

static void release__drained__waits_again_and_is_no_crash(void **state)
{
    struct fixture *f = *state;
    char id[SRV_ID_SIZE];
    bool deleted;

    fixture_create(f, 0, 1, id);
    for (int i = 0; i < 5; i++) {
        struct srv_job job = claim(f, 1);

        assert_int_equal(job.attempt, i + 1);
        assert_int_equal(release(f, &job, SRV_JOB_queued, &deleted), SNN_OK);
        assert_int_equal(recover(f, "next", 3), 0);
    }
    assert_int_equal(fixture_status(f, id), SRV_JOB_queued);
}

static void cancel__by_status__goes_where_it_should(void **state)
{
    struct fixture *f = *state;
    struct srv_job job;
    char waiting[SRV_ID_SIZE], running[SRV_ID_SIZE];
    bool deleted;

    fixture_create(f, 1, 1, running);
    fixture_create(f, 0, 1, waiting);
    job = claim(f, 1);
    cancel(f, waiting, false, SRV_JOB_cancelled);
    cancel(f, waiting, false, SRV_JOB_cancelled);
    cancel(f, running, false, SRV_JOB_cancelling);
    cancel(f, running, false, SRV_JOB_cancelling);
    check_events(f, waiting, "created cancelled");
    check_events(f, running, "created started cancelling");
    assert_int_equal(release(f, &job, SRV_JOB_cancelled, &deleted), SNN_OK);
    check_events(f, running, "created started cancelling cancelled");
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM jobs WHERE finished_at IS NULL"), 0);
}

static void cancel__over_or_unknown__is_refused(void **state)
{
    struct fixture *f = *state;
    struct srv_job job, out = {.seq = 77};
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    bool deleted;

    fixture_create(f, 0, 1, id);
    job = claim(f, 1);
    assert_int_equal(release(f, &job, SRV_JOB_succeeded, &deleted), SNN_OK);
    assert_int_equal(srv_store_job_cancel(f->store, id, true, &out, &err), SNN_INVALID);
    assert_contains(err.message, "succeeded");
    err = (struct snn_error){0};
    assert_int_equal(srv_store_job_cancel(f->store, "job_", true, &out, &err), SNN_NOT_FOUND);
    assert_int_equal(out.seq, 77);
}

static void cancel__drained_before_it_was_heard__is_cancelled(void **state)
{
    struct fixture *f = *state;
    struct srv_job job;
    char id[SRV_ID_SIZE];
    bool deleted;

    fixture_create(f, 0, 1, id);
    job = claim(f, 1);
    cancel(f, id, false, SRV_JOB_cancelling);
    assert_int_equal(release(f, &job, SRV_JOB_queued, &deleted), SNN_OK);
    assert_int_equal(fixture_status(f, id), SRV_JOB_cancelled);
}

static void cancel__then_delete__removes_when_let_go(void **state)
{
    struct fixture *f = *state;
    struct srv_job job, out = {0};
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    bool deleted = false;

    fixture_create(f, 0, 1, id);
    job = claim(f, 1);
    cancel(f, id, true, SRV_JOB_cancelling);
    assert_int_equal(fixture_status(f, id), SRV_JOB_cancelling);
    assert_int_equal(release(f, &job, SRV_JOB_cancelled, &deleted), SNN_OK);
    assert_true(deleted);
    assert_int_equal(srv_store_job_get(f->store, id, &out, &err), SNN_NOT_FOUND);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM events"), 0);
}

static void recover__by_status__goes_where_it_should(void **state)
{
    struct fixture *f = *state;
    char run[SRV_ID_SIZE], stop[SRV_ID_SIZE], gone[SRV_ID_SIZE], wait[SRV_ID_SIZE];
    struct srv_job out = {0};
    struct snn_error err = {0};

    fixture_create(f, 9, 1, run);
    fixture_create(f, 8, 1, stop);
    fixture_create(f, 7, 1, gone);
    fixture_create(f, 6, 1, wait);
    for (int i = 0; i < 3; i++)
        claim(f, 1);
    cancel(f, stop, false, SRV_JOB_cancelling);
    cancel(f, gone, true, SRV_JOB_cancelling);
    assert_int_equal(recover(f, "boot", 3), 0); /* this run's own */
    fixture_reopen(f);
    assert_int_equal(recover(f, "boot2", 3), 3);
    assert_int_equal(fixture_status(f, run), SRV_JOB_queued);
    assert_int_equal(fixture_status(f, stop), SRV_JOB_cancelled);
    assert_int_equal(fixture_status(f, wait), SRV_JOB_queued);
    assert_int_equal(srv_store_job_get(f->store, gone, &out, &err), SNN_NOT_FOUND);
    check_events(f, run, "created started recovered");
    check_events(f, stop, "created started cancelling cancelled");
    assert_int_equal(recover(f, "boot2", 3), 0);
}

static void recover__again_and_again__gives_up(void **state)
{
    static const char *const boots[] = {"b1", "b2", "b3", "b4"};
    struct fixture *f = *state;
    struct srv_job job;
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_status(f, id), SRV_JOB_queued);
        fixture_claim(f, boots[i]);
        assert_int_equal(recover(f, boots[i + 1], 3), 1);
    }
    job = fixture_get(f, id);
    assert_int_equal(job.status, SRV_JOB_failed);
    assert_string_equal(job.error_code, "crash_loop");
    assert_contains(job.error_message, "3 times");
    assert_int_equal(job.finished_at, fixture_now);
    check_events(f, id, "created started recovered started recovered started failed");
    srv_job_clear(&job);
}

static void recover__with_new_checkpoints__goes_on(void **state)
{
    struct fixture *f = *state;
    char id[SRV_ID_SIZE], boot[16] = "b";

    fixture_create(f, 0, 1, id);
    for (int i = 0; i < 8; i++) {
        struct srv_checkpoint k = {.step = 10 * (i + 1)};
        struct snn_error err = {0};
        char **dropped = NULL;
        size_t n = 0;

        fixture_claim(f, boot);
        snprintf(k.path, sizeof k.path, "jobs/%d.ckpt", i);
        assert_ok(srv_store_checkpoint_add(f->store, id, &k, 100, &dropped, &n, &err), err);
        snprintf(boot, sizeof boot, "b%d", i);
        assert_int_equal(recover(f, boot, 2), 1);
    }
    assert_int_equal(fixture_status(f, id), SRV_JOB_queued);
}

static void recover__marked_and_over__is_removed(void **state)
{
    struct fixture *f = *state;
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    cancel(f, id, true, SRV_JOB_cancelled);
    assert_int_equal(fixture_status(f, id), SRV_JOB_cancelled);
    recover(f, "boot", 3);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM jobs"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(claim__several__by_priority_then_age),
        TEST(claim__waited_long_enough__passes_what_is_more_important),
        TEST(claim__first_does_not_fit__next_that_does),
        TEST(claim__row__says_who_and_when),
        TEST(progress__own_attempt__is_written),
        TEST(release__failed__keeps_why),
        TEST(release__another_attempt__is_refused),
        TEST(release__drained__waits_again_and_is_no_crash),
        TEST(cancel__by_status__goes_where_it_should),
        TEST(cancel__over_or_unknown__is_refused),
        TEST(cancel__drained_before_it_was_heard__is_cancelled),
        TEST(cancel__then_delete__removes_when_let_go),
        TEST(recover__by_status__goes_where_it_should),
        TEST(recover__again_and_again__gives_up),
        TEST(recover__with_new_checkpoints__goes_on),
        TEST(recover__marked_and_over__is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
