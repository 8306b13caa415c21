/* SPDX-License-Identifier: MIT */
/* What is wanted of a whole sweep: cancel, delete, pause, resume. */
#include <stdlib.h>
#include <string.h>

#include "tests/server/sweep_support.h"
#include "tests/support/test.h"

static void cancel__sweep__ends_what_nobody_holds_and_asks_the_rest(void **state)
{
    const struct sweep_form form = {.combinations = 3, .seeds = 1};
    struct srv_sweep_change *changed = NULL;
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_sweep_whole w;
    struct srv_job done, held;
    char id[SRV_ID_SIZE];
    size_t n = 0;

    sweep_create(f, &form, id);
    done = fixture_claim(f, "b");
    sweep_arrive(f, &done, 0.5);
    held = fixture_claim(f, "b");
    assert_ok(srv_store_sweep_cancel(f->store, id, false, &changed, &n, &err), err);
    free(changed);
    assert_int_equal(n, 2);
    assert_int_equal(fixture_status(f, done.id), SRV_JOB_succeeded);
    assert_int_equal(fixture_status(f, held.id), SRV_JOB_cancelling);
    w = sweep_get(f, id);
    assert_int_equal(w.sweep.counts[SRV_JOB_cancelled], 1);
    assert_int_equal(w.sweep.cancelled_at, fixture_now);
    srv_sweep_whole_clear(&w);
    sweep_release(f, &held, SRV_JOB_cancelled);
    w = sweep_get(f, id);
    assert_int_equal(w.sweep.finished_at, fixture_now);
    srv_sweep_whole_clear(&w);
    /* again: nothing is left to change */
    assert_ok(srv_store_sweep_cancel(f->store, id, false, &changed, &n, &err), err);
    free(changed);
    assert_int_equal(n, 0);
}

static void delete__sweep__is_gone_with_its_last_job(void **state)
{
    const struct sweep_form form = {.combinations = 3, .seeds = 1};
    struct srv_sweep_change *changed = NULL;
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_sweep_whole w;
    struct srv_job held;
    char id[SRV_ID_SIZE];
    size_t n = 0, gone = 0;

    sweep_create(f, &form, id);
    held = fixture_claim(f, "b");
    assert_ok(srv_store_sweep_cancel(f->store, id, true, &changed, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        gone += changed[i].gone;
    free(changed);
    assert_int_equal(gone, 2);
    w = sweep_get(f, id);
    assert_int_equal(w.n_jobs, 1);
    srv_sweep_whole_clear(&w);
    sweep_release(f, &held, SRV_JOB_cancelled);
    assert_int_equal(srv_store_sweep_get(f->store, id, &w, &err), SNN_NOT_FOUND);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM jobs"), 0);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM sweep_combinations"), 0);
}

static size_t pause_all(struct fixture *f, const char *id)
{
    struct srv_sweep_change *changed = NULL;
    struct snn_error err = {0};
    size_t n = 0;

    assert_ok(srv_store_sweep_pause(f->store, id, &changed, &n, &err), err);
    free(changed);
    return n;
}

static size_t resume_all(struct fixture *f, const char *id)
{
    struct srv_sweep_change *changed = NULL;
    struct snn_error err = {0};
    size_t n = 0;

    assert_ok(srv_store_sweep_unpause(f->store, id, &changed, &n, &err), err);
    free(changed);
    return n;
}

static void pause__sweep__stops_what_is_not_over_and_resume_brings_it_back(void **state)
{
    const struct sweep_form form = {.combinations = 4, .seeds = 1};
    struct fixture *f = *state;
    struct srv_sweep_whole w;
    struct srv_job done, held;
    char id[SRV_ID_SIZE];

    sweep_create(f, &form, id);
    done = fixture_claim(f, "b");
    sweep_arrive(f, &done, 0.5);
    held = fixture_claim(f, "b");
    assert_int_equal(pause_all(f, id), 3);
    assert_int_equal(fixture_status(f, done.id), SRV_JOB_succeeded);
    assert_int_equal(fixture_status(f, held.id), SRV_JOB_pausing);
    assert_int_equal(pause_all(f, id), 0);
    sweep_release(f, &held, SRV_JOB_queued);
    w = sweep_get(f, id);
    assert_int_equal(w.sweep.counts[SRV_JOB_paused], 3);
    assert_int_equal(w.sweep.finished_at, 0);
    srv_sweep_whole_clear(&w);
    assert_int_equal(resume_all(f, id), 3);
    w = sweep_get(f, id);
    assert_int_equal(w.sweep.counts[SRV_JOB_queued], 3);
    srv_sweep_whole_clear(&w);
    assert_int_equal(resume_all(f, id), 0);
}

/* Who waits to be compared goes on when the others have come, not when the sweep is resumed; and
 * while it is paused nothing is compared without those that were stopped on the way. */
static void pause__sweep_that_compares__compares_all_of_them_later(void **state)
{
    const struct sweep_form form = {
        .combinations = 2, .seeds = 1, .rung_epochs = 2, .rung_factor = 2, .epochs = 8};
    struct fixture *f = *state;
    struct srv_job first, second;
    char id[SRV_ID_SIZE];

    sweep_create(f, &form, id);
    first = fixture_claim(f, "b");
    second = fixture_claim(f, "b");
    sweep_arrive(f, &first, 0.25);
    assert_int_equal(pause_all(f, id), 1);
    sweep_arrive(f, &second, 0.75); /* it was asked to pause, and does */
    assert_int_equal(fixture_status(f, first.id), SRV_JOB_paused);
    assert_int_equal(fixture_status(f, second.id), SRV_JOB_paused);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM sweep_decisions"), 0);
    assert_int_equal(resume_all(f, id), 1);
    assert_int_equal(fixture_status(f, first.id), SRV_JOB_paused);
    second = fixture_claim(f, "b");
    sweep_arrive(f, &second, 0.75);
    assert_int_equal(fixture_status(f, first.id), SRV_JOB_cancelled);
    assert_int_equal(fixture_status(f, second.id), SRV_JOB_queued);
}

static void pause__sweep_that_is_cancelled__is_refused(void **state)
{
    const struct sweep_form form = {.combinations = 2, .seeds = 1};
    struct srv_sweep_change *changed = NULL;
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_job held;
    char id[SRV_ID_SIZE];
    size_t n;

    sweep_create(f, &form, id);
    held = fixture_claim(f, "b");
    assert_ok(srv_store_sweep_cancel(f->store, id, false, &changed, &n, &err), err);
    free(changed);
    assert_int_equal(srv_store_sweep_pause(f->store, id, &changed, &n, &err), SNN_INVALID);
    assert_contains(err.message, "is cancelling and cannot be paused");
    sweep_release(f, &held, SRV_JOB_cancelled);
    err = (struct snn_error){0};
    assert_int_equal(srv_store_sweep_unpause(f->store, id, &changed, &n, &err), SNN_INVALID);
    assert_contains(err.message, "is cancelled and cannot be resumed");
    err = (struct snn_error){0};
    assert_int_equal(srv_store_sweep_pause(f->store, "swp_no", &changed, &n, &err), SNN_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cancel__sweep__ends_what_nobody_holds_and_asks_the_rest),
        TEST(delete__sweep__is_gone_with_its_last_job),
        TEST(pause__sweep__stops_what_is_not_over_and_resume_brings_it_back),
        TEST(pause__sweep_that_compares__compares_all_of_them_later),
        TEST(pause__sweep_that_is_cancelled__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
