/* SPDX-License-Identifier: MIT */
/* Creating, reading, listing and deleting jobs. */
#include "tests/server/store_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void job_create__every_field__is_read_back(void **state)
{
    struct fixture *f = *state;
    struct srv_job job = fixture_job("a name"), got;
    struct snn_error err = {0};
    struct srv_meta metadata[] = {{"paper", "fig1"}, {"who", "me"}};
    char *config = job.config;

    job.priority = -3;
    job.seed = INT64_MIN; /* as a uint64: 2^63 */
    job.metadata = metadata;
    job.n_metadata = 2;
    job.metrics.train_loss = 0.25;
    job.metrics.test_loss = (double)INFINITY;
    assert_ok(srv_store_job_create(f->store, &job, 10, &err), err);
    assert_memory_equal(job.id, "job_", 4);
    assert_int_equal(job.status, SRV_JOB_queued);
    assert_int_equal(job.version, 1);
    assert_int_equal(job.created_at, fixture_now);
    assert_ptr_equal(job.config, config);
    fixture_reopen(f);

    got = fixture_get(f, job.id);
    assert_int_equal(got.seq, job.seq);
    assert_string_equal(got.name, "a name");
    assert_string_equal(got.dataset, "builtin:digits");
    assert_int_equal(got.priority, -3);
    assert_int_equal(got.seed, INT64_MIN);
    assert_int_equal(got.memory_bytes, 1000);
    assert_int_equal(got.epochs, 10);
    assert_int_equal(got.created_at, fixture_now);
    assert_int_equal(got.started_at, 0);
    assert_int_equal(got.finished_at, 0);
    assert_int_equal(got.n_metadata, 2);
    assert_string_equal(got.metadata[1].key, "who");
    assert_string_equal(got.metadata[1].value, "me");
    assert_string_equal(got.config, config);
    assert_near(got.metrics.train_loss, 0.25, 0);
    assert_true(isnan(got.metrics.test_loss)); /* not finite: NULL in the row */
    assert_true(isnan(got.metrics.validation_loss));
    assert_near(got.samples_per_second, -1, 0);
    assert_string_equal(got.error_code, "");
    srv_job_clear(&got);
    free(config);
}

static void job_create__queue_full__is_refused(void **state)
{
    struct fixture *f = *state;
    struct srv_job job = fixture_job("third");
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    fixture_create(f, 0, 1, id);
    assert_int_equal(srv_store_job_create(f->store, &job, 2, &err), SNN_LIMIT);
    assert_contains(err.message, "2 jobs are waiting");
    assert_string_equal(job.id, "");
    fixture_claim(f, "boot");
    err = (struct snn_error){0};
    assert_ok(srv_store_job_create(f->store, &job, 2, &err), err);
    srv_job_clear(&job);
}

static void job_get__unknown__is_not_found(void **state)
{
    struct fixture *f = *state;
    struct srv_job job = {.seq = 5};
    struct snn_error err = {0};

    assert_int_equal(srv_store_job_get(f->store, "job_NONE", &job, &err), SNN_NOT_FOUND);
    assert_contains(err.message, "job_NONE");
    assert_int_equal(job.seq, 5);
}

/* Pages through with `filter`, and compares with the names expected. */
static void check_pages(struct fixture *f, struct srv_job_filter filter, const char *expected)
{
    char names[256] = "", after[SRV_ID_SIZE];
    size_t used = 0;
    bool more = true;

    while (more) {
        struct srv_job *jobs = NULL;
        struct snn_error err = {0};
        size_t n = 0;

        assert_ok(srv_store_job_list(f->store, &filter, &jobs, &n, &more, &err), err);
        assert_true(n <= filter.limit);
        assert_true(!more || n == filter.limit);
        for (size_t i = 0; i < n; i++)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s", jobs[i].name);
        if (n > 0)
            memcpy(after, jobs[n - 1].id, sizeof after);
        filter.after = after;
        srv_job_list_free(jobs, n);
        used += (size_t)snprintf(names + used, sizeof names - used, "|");
    }
    assert_string_equal(names, expected);
}

/* Jobs "0".."6"; even ones have parity=even, multiples of three also three=yes. */
static void create_seven(struct fixture *f)
{
    for (int i = 0; i < 7; i++) {
        struct srv_meta metadata[2] = {{"parity", ""}, {"three", "yes"}};
        char name[16];
        struct srv_job job;
        struct snn_error err = {0};

        snprintf(name, sizeof name, "%d", i);
        snprintf(metadata[0].value, sizeof metadata[0].value, "%s", i % 2 ? "odd" : "even");
        job = fixture_job(name);
        job.metadata = metadata;
        job.n_metadata = i % 3 ? 1 : 2;
        assert_ok(srv_store_job_create(f->store, &job, 100, &err), err);
        job.metadata = NULL;
        srv_job_clear(&job);
    }
}

static void job_list__pages__cover_all_both_ways(void **state)
{
    struct fixture *f = *state;

    create_seven(f);
    check_pages(f, (struct srv_job_filter){.status = -1, .limit = 3}, "654|321|0|");
    check_pages(f, (struct srv_job_filter){.status = -1, .limit = 3, .ascending = true},
                "012|345|6|");
    check_pages(f, (struct srv_job_filter){.status = -1, .limit = 7}, "6543210|");
    check_pages(f, (struct srv_job_filter){.status = SRV_JOB_failed, .limit = 7}, "|");
}

static void job_list__metadata__all_must_match(void **state)
{
    static const struct srv_meta even[] = {{"parity", "even"}, {"three", "yes"}};
    static const struct srv_meta none[] = {{"parity", "Even"}};
    struct fixture *f = *state;

    create_seven(f);
    check_pages(
        f, (struct srv_job_filter){.status = -1, .limit = 2, .metadata = even, .n_metadata = 1},
        "64|20|");
    check_pages(f,
                (struct srv_job_filter){.status = SRV_JOB_queued,
                                        .limit = 2,
                                        .ascending = true,
                                        .metadata = even,
                                        .n_metadata = 1},
                "02|46|");
    check_pages(
        f, (struct srv_job_filter){.status = -1, .limit = 1, .metadata = even, .n_metadata = 2},
        "6|0|");
    check_pages(
        f, (struct srv_job_filter){.status = -1, .limit = 9, .metadata = none, .n_metadata = 1},
        "|");
}

static void job_list__status__of_that_status_only(void **state)
{
    struct fixture *f = *state;

    create_seven(f);
    fixture_claim(f, "boot");
    fixture_claim(f, "boot");
    check_pages(f, (struct srv_job_filter){.status = SRV_JOB_running, .limit = 1}, "1|0|");
    check_pages(f, (struct srv_job_filter){.status = SRV_JOB_queued, .limit = 4}, "6543|2|");
}

/* Jobs "0".."6" of which 1 to 5 have test accuracies, 2 and 4 the same one. */
static void grade_seven(struct fixture *f)
{
    static const double accuracy[] = {NAN, 0.5, 0.75, 0.25, 0.75, 1};

    create_seven(f);
    for (int i = 0; i < 6; i++) {
        struct srv_job job = fixture_claim(f, "boot");
        struct snn_error err = {0};
        bool deleted;

        job.status = SRV_JOB_succeeded;
        job.metrics.test_accuracy = accuracy[i];
        job.step = i;
        job.steps = 10;
        assert_ok(srv_store_job_release(f->store, &job, &deleted, &err), err);
        srv_job_clear(&job);
    }
}

static void job_list__sorted__pages_cover_all_and_what_has_no_value_is_last(void **state)
{
    static const struct srv_meta even[] = {{"parity", "even"}};
    struct fixture *f = *state;

    grade_seven(f);
    check_pages(f, (struct srv_job_filter){.status = -1, .limit = 2, .order = SRV_ORDER_accuracy},
                "54|21|36|0|");
    check_pages(f,
                (struct srv_job_filter){
                    .status = -1, .limit = 3, .order = SRV_ORDER_accuracy, .ascending = true},
                "312|450|6|");
    check_pages(f,
                (struct srv_job_filter){.status = -1,
                                        .limit = 1,
                                        .order = SRV_ORDER_accuracy,
                                        .metadata = even,
                                        .n_metadata = 1},
                "4|2|6|0|");
    check_pages(f, (struct srv_job_filter){.status = -1, .limit = 4, .order = SRV_ORDER_status},
                "6543|210|");
    check_pages(f,
                (struct srv_job_filter){
                    .status = -1, .limit = 9, .order = SRV_ORDER_name, .ascending = true},
                "0123456|");
    check_pages(f,
                (struct srv_job_filter){.status = SRV_JOB_succeeded,
                                        .limit = 4,
                                        .order = SRV_ORDER_accuracy,
                                        .text = "PARITY=Even"},
                "420|");
}

static void job_list__unknown_cursor_or_limit__is_refused(void **state)
{
    struct fixture *f = *state;
    struct srv_job *jobs = NULL;
    struct srv_job_filter filter = {.status = -1, .limit = 5, .after = "job_X"};
    struct snn_error err = {0};
    size_t n = 0;
    bool more;

    assert_int_equal(srv_store_job_list(f->store, &filter, &jobs, &n, &more, &err), SNN_NOT_FOUND);
    filter = (struct srv_job_filter){.status = -1, .limit = 101};
    err = (struct snn_error){0};
    assert_int_equal(srv_store_job_list(f->store, &filter, &jobs, &n, &more, &err), SNN_INVALID);
    assert_contains(err.message, "101");
    assert_null(jobs);
}

static void job_delete__over__takes_all_its_rows(void **state)
{
    struct fixture *f = *state;
    struct snn_point point = {.name = "loss", .values = (const double[]){1}, .n = 1};
    struct snn_histogram h = {.name = "gradients/x"};
    struct srv_meta metadata[] = {{"k", "v"}};
    struct srv_job job = fixture_job("x"), out = {0};
    struct snn_error err = {0};

    job.metadata = metadata;
    job.n_metadata = 1;
    assert_ok(srv_store_job_create(f->store, &job, 10, &err), err);
    job.metadata = NULL;
    srv_store_points_post(f->store, job.id, 1, 0, &point, 1);
    srv_store_histograms_post(f->store, job.id, 1, 0, &h, 1);
    assert_int_equal(srv_store_job_delete(f->store, job.id, &err), SNN_INVALID);
    assert_contains(err.message, "queued");
    err = (struct snn_error){0};
    assert_ok(srv_store_job_cancel(f->store, job.id, false, &out, &err), err);
    srv_job_clear(&out);
    assert_ok(srv_store_job_delete(f->store, job.id, &err), err);
    assert_int_equal(srv_store_job_get(f->store, job.id, &out, &err), SNN_NOT_FOUND);
    err = (struct snn_error){0};
    assert_int_equal(srv_store_job_delete(f->store, job.id, &err), SNN_NOT_FOUND);
    assert_int_equal(fixture_number(f, "SELECT (SELECT COUNT(*) FROM jobs) + "
                                       "(SELECT COUNT(*) FROM job_metadata) + "
                                       "(SELECT COUNT(*) FROM events) + "
                                       "(SELECT COUNT(*) FROM points) + "
                                       "(SELECT COUNT(*) FROM histograms)"),
                     0);
    srv_job_clear(&job);
}

static void counts__jobs_of_several_statuses__are_counted(void **state)
{
    struct fixture *f = *state;
    int64_t counts[SRV_JOB_STATUS_COUNT];
    struct snn_error err = {0};

    create_seven(f);
    fixture_claim(f, "boot");
    assert_ok(srv_store_job_counts(f->store, counts, &err), err);
    for (int i = 0; i < SRV_JOB_STATUS_COUNT; i++)
        assert_int_equal(counts[i], i == SRV_JOB_queued ? 6 : i == SRV_JOB_running ? 1 : 0);
}

static void dataset_in_use__until_the_job_is_over(void **state)
{
    struct fixture *f = *state;
    struct srv_job out = {0};
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    bool used = true;

    fixture_create(f, 0, 1, id);
    assert_ok(srv_store_dataset_in_use(f->store, "builtin:other", &used, &err), err);
    assert_false(used);
    assert_ok(srv_store_dataset_in_use(f->store, "builtin:digits", &used, &err), err);
    assert_true(used);
    assert_ok(srv_store_job_cancel(f->store, id, false, &out, &err), err);
    srv_job_clear(&out);
    assert_ok(srv_store_dataset_in_use(f->store, "builtin:digits", &used, &err), err);
    assert_false(used);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(job_create__every_field__is_read_back),
        TEST(job_create__queue_full__is_refused),
        TEST(job_get__unknown__is_not_found),
        TEST(job_list__pages__cover_all_both_ways),
        TEST(job_list__metadata__all_must_match),
        TEST(job_list__status__of_that_status_only),
        TEST(job_list__sorted__pages_cover_all_and_what_has_no_value_is_last),
        TEST(job_list__unknown_cursor_or_limit__is_refused),
        TEST(job_delete__over__takes_all_its_rows),
        TEST(counts__jobs_of_several_statuses__are_counted),
        TEST(dataset_in_use__until_the_job_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
