/* SPDX-License-Identifier: MIT */
/* Sweeps: made whole or not at all, read as of one moment, ended all at once. */
#include "tests/server/sweep_support.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/oom.h"

static void create__sweep__has_all_its_jobs_in_order(void **state)
{
    const struct sweep_form form = {.combinations = 3, .seeds = 2};
    struct srv_sweep_whole w;
    char id[SRV_ID_SIZE];

    sweep_create(*state, &form, id);
    assert_memory_equal(id, "swp_", 4);
    w = sweep_get(*state, id);
    assert_int_equal(w.n_jobs, 6);
    assert_int_equal(w.n_combinations, 3);
    assert_int_equal(w.sweep.counts[SRV_JOB_queued], 6);
    assert_int_equal(w.sweep.finished_at, 0);
    assert_string_equal(w.combinations[2], "{\"/x\":2}");
    for (size_t i = 0; i < 6; i++) {
        struct srv_job job = fixture_get(*state, w.jobs[i].id);

        assert_int_equal(w.jobs[i].combination, i / 2);
        assert_int_equal(w.jobs[i].seed, i % 2);
        assert_string_equal(job.sweep, id);
        srv_job_clear(&job);
    }
    srv_sweep_whole_clear(&w);
}

static void create__more_than_may_wait__makes_nothing(void **state)
{
    const struct sweep_form form = {.combinations = 3, .seeds = 2};
    struct snn_error err = {0};
    struct srv_sweep sweep;
    bool again;

    assert_int_equal(sweep_make(*state, &form, 5, &sweep, &again, &err), SNN_LIMIT);
    assert_int_equal(fixture_number(*state, "SELECT COUNT(*) FROM jobs"), 0);
    assert_int_equal(fixture_number(*state, "SELECT COUNT(*) FROM sweeps"), 0);
    assert_int_equal(fixture_number(*state, "SELECT COUNT(*) FROM sweep_combinations"), 0);
    err = (struct snn_error){0};
    assert_ok(sweep_make(*state, &form, 6, &sweep, &again, &err), err);
}

static void create__same_key_again__is_the_same_sweep(void **state)
{
    const struct sweep_form form = {.combinations = 2, .seeds = 1, .key = "k"};
    struct srv_sweep first, second;
    struct snn_error err = {0};
    bool again;

    assert_ok(sweep_make(*state, &form, 100, &first, &again, &err), err);
    assert_false(again);
    assert_ok(sweep_make(*state, &form, 100, &second, &again, &err), err);
    assert_true(again);
    assert_string_equal(second.id, first.id);
    assert_int_equal(fixture_number(*state, "SELECT COUNT(*) FROM jobs"), 2);
    fixture_now += 10;
    assert_ok(srv_store_keys_forget(((struct fixture *)*state)->store, 5, &err), err);
    assert_int_equal(fixture_number(*state, "SELECT COUNT(*) FROM sweep_keys"), 0);
}

static void list__pages__have_each_once_and_unknown_cursor_is_refused(void **state)
{
    const struct sweep_form form = {.combinations = 1, .seeds = 1};
    struct fixture *f = *state;
    char ids[5][SRV_ID_SIZE], after[SRV_ID_SIZE] = "";
    struct srv_sweep *page = NULL;
    struct snn_error err = {0};
    bool more = true;
    size_t n = 0, seen = 0;

    for (size_t i = 0; i < 5; i++)
        sweep_create(f, &form, ids[i]);
    while (more) {
        assert_ok(srv_store_sweep_list(f->store, after[0] ? after : NULL, false, 2, &page, &n,
                                       &more, &err),
                  err);
        for (size_t i = 0; i < n; i++, seen++)
            assert_string_equal(page[i].id, ids[4 - seen]);
        memcpy(after, page[n - 1].id, sizeof after);
        srv_sweep_list_free(page, n);
    }
    assert_int_equal(seen, 5);
    assert_int_equal(srv_store_sweep_list(f->store, "swp_none", true, 2, &page, &n, &more, &err),
                     SNN_NOT_FOUND);
}

static void ignore(void *user, const char *id)
{
    (void)user;
    (void)id;
}

static void retire__job_of_a_sweep_that_goes_on__is_kept(void **state)
{
    const struct sweep_form form = {.combinations = 2, .seeds = 1};
    const struct srv_retention one_second = {.seconds = 1};
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_job job;
    char id[SRV_ID_SIZE];
    size_t n = 0;

    sweep_create(f, &form, id);
    job = fixture_claim(f, "b");
    sweep_arrive(f, &job, 0.5);
    fixture_now += 100;
    assert_ok(srv_store_retire(f->store, &one_second, ignore, NULL, &n, &err), err);
    assert_int_equal(n, 0);
    job = fixture_claim(f, "b");
    sweep_arrive(f, &job, 0.5);
    fixture_now += 100;
    assert_ok(srv_store_retire(f->store, &one_second, ignore, NULL, &n, &err), err);
    assert_int_equal(n, 2);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM sweeps"), 0);
}

static void list_jobs__of_a_sweep__are_its_own(void **state)
{
    const struct sweep_form form = {.combinations = 2, .seeds = 1};
    struct srv_job_filter filter = {.status = -1, .limit = 10};
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_job *jobs = NULL;
    char id[SRV_ID_SIZE], other[SRV_ID_SIZE];
    bool more;
    size_t n = 0;

    sweep_create(f, &form, id);
    fixture_create(f, 0, 1, other);
    filter.sweep = id;
    assert_ok(srv_store_job_list(f->store, &filter, &jobs, &n, &more, &err), err);
    assert_int_equal(n, 2);
    assert_string_equal(jobs[0].sweep, id);
    srv_job_list_free(jobs, n);
}

static void get__allocation_refused__fails_and_leaves_nothing(void **state)
{
    const struct sweep_form form = {.combinations = 3, .seeds = 2};
    struct fixture *f = *state;
    bool refused = true;
    char id[SRV_ID_SIZE];

    sweep_create(f, &form, id);
    for (unsigned long i = 0; refused; i++) {
        struct srv_sweep_whole w = {.n_jobs = 0};
        struct snn_error err = {0};
        enum snn_code rc;

        oom_fail_at(i);
        rc = srv_store_sweep_get(f->store, id, &w, &err);
        refused = oom_off();
        assert_int_equal(rc, refused ? SNN_NOMEM : SNN_OK);
        if (rc == SNN_OK)
            srv_sweep_whole_clear(&w);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(create__sweep__has_all_its_jobs_in_order),
        TEST(create__more_than_may_wait__makes_nothing),
        TEST(create__same_key_again__is_the_same_sweep),
        TEST(list__pages__have_each_once_and_unknown_cursor_is_refused),
        TEST(retire__job_of_a_sweep_that_goes_on__is_kept),
        TEST(list_jobs__of_a_sweep__are_its_own),
        TEST(get__allocation_refused__fails_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
