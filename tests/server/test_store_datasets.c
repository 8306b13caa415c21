/* SPDX-License-Identifier: MIT */
#include "tests/server/store_fixture.h"

#include <stdlib.h>
#include <string.h>

static struct srv_dataset_row make(struct fixture *f, const char *name)
{
    struct srv_dataset_row row = {.format = "idx"};
    struct snn_error err = {0};

    snprintf(row.name, sizeof row.name, "%s", name);
    assert_ok(srv_store_dataset_create(f->store, &row, &err), err);
    assert_memory_equal(row.id, "ds_", 3);
    assert_int_equal(row.created_at, fixture_now);
    return row;
}

static void add_file(struct srv_dataset_row *row, const char *part, int64_t bytes)
{
    const struct srv_dataset_row copy = *row;
    struct srv_dataset_file *file = &row->files[row->n_files++];

    snprintf(file->part, sizeof file->part, "%s", part);
    snprintf(file->path, sizeof file->path, "datasets/%s/%s", copy.id, part);
    file->bytes = bytes;
    memset(file->sha256, 'b', sizeof file->sha256 - 1);
}

static void dataset__created_and_filled__is_read_back(void **state)
{
    struct fixture *f = *state;
    struct srv_dataset_row row = make(f, "mine"), got = {0}, by_id = {0};
    struct snn_error err = {0};

    add_file(&row, "train-images", 10);
    assert_ok(srv_store_dataset_put(f->store, &row, &err), err);
    assert_ok(srv_store_dataset_get(f->store, "mine", &got, &err), err);
    assert_false(got.ready);
    assert_int_equal(got.n_files, 1);

    row.n_files = 0; /* the same part again, and another: what is not given stays */
    add_file(&row, "train-images", 11);
    add_file(&row, "train-labels", 12);
    row.ready = true;
    row.info = (struct snn_data_info){.train = 100,
                                      .test = 20,
                                      .features = 64,
                                      .shape = {1, 8, 8},
                                      .rank = 3,
                                      .classes = 10,
                                      .bytes = 1 << 20,
                                      .events = true,
                                      .duration = (uint64_t)UINT32_MAX + 1,
                                      .sha256 = "abc"};
    assert_ok(srv_store_dataset_put(f->store, &row, &err), err);
    row.n_files = 0;
    add_file(&row, "test-images", 13);
    assert_ok(srv_store_dataset_put(f->store, &row, &err), err);
    fixture_reopen(f);

    assert_ok(srv_store_dataset_get(f->store, "mine", &got, &err), err);
    assert_ok(srv_store_dataset_get(f->store, row.id, &by_id, &err), err);
    assert_memory_equal(&got, &by_id, sizeof got);
    assert_true(got.ready);
    assert_string_equal(got.format, "idx");
    assert_int_equal(got.info.train, 100);
    assert_int_equal(got.info.test, 20);
    assert_int_equal(got.info.features, 64);
    assert_int_equal(got.info.rank, 3);
    assert_int_equal(got.info.shape[2], 8);
    assert_int_equal(got.info.classes, 10);
    assert_int_equal(got.info.bytes, 1 << 20);
    assert_true(got.info.events);
    assert_true(got.info.duration == (uint64_t)UINT32_MAX + 1);
    assert_string_equal(got.info.sha256, "abc");
    assert_int_equal(got.n_files, 3);
    assert_string_equal(got.files[1].part, "train-images");
    assert_int_equal(got.files[1].bytes, 11);
    assert_contains(got.files[1].path, row.id);
    assert_int_equal(strlen(got.files[1].sha256), 64);
}

static void dataset_create__name_taken__is_refused(void **state)
{
    struct fixture *f = *state;
    struct srv_dataset_row again = {.name = "mine", .format = "csv"};
    struct snn_error err = {0};

    make(f, "mine");
    assert_int_equal(srv_store_dataset_create(f->store, &again, &err), SNN_INVALID);
    assert_contains(err.message, "\"mine\"");
    assert_string_equal(again.id, "");
}

static void dataset_list__several__oldest_first(void **state)
{
    static const char *const names[] = {"z", "a", "m"};
    struct fixture *f = *state;
    struct srv_dataset_row *rows = NULL;
    struct snn_error err = {0};
    size_t n = 9;

    assert_ok(srv_store_dataset_list(f->store, &rows, &n, &err), err);
    assert_int_equal(n, 0);
    for (size_t i = 0; i < 3; i++)
        make(f, names[i]);
    assert_ok(srv_store_dataset_list(f->store, &rows, &n, &err), err);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(rows[i].name, names[i]);
    free(rows);
}

static void dataset_delete__queued_job_uses_it__is_refused(void **state)
{
    struct fixture *f = *state;
    struct srv_dataset_row row = make(f, "used");
    struct srv_job job = fixture_job("user"), cancelled = {0};
    struct snn_error err = {0};

    snprintf(job.dataset, sizeof job.dataset, "%s", row.id);
    assert_ok(srv_store_job_create(f->store, &job, SIZE_MAX, &err), err);
    assert_int_equal(srv_store_dataset_delete(f->store, row.id, NULL), SNN_INVALID);
    assert_ok(srv_store_dataset_get(f->store, row.id, &row, &err), err);
    assert_ok(srv_store_job_cancel(f->store, job.id, false, &cancelled, &err), err);
    assert_ok(srv_store_dataset_delete(f->store, row.id, &err), err);
    srv_job_clear(&cancelled);
    srv_job_clear(&job);
}

static void dataset_delete__with_files__takes_them_along(void **state)
{
    struct fixture *f = *state;
    struct srv_dataset_row row = make(f, "mine");
    struct snn_error err = {0};

    add_file(&row, "train", 1);
    assert_ok(srv_store_dataset_put(f->store, &row, &err), err);
    assert_ok(srv_store_dataset_delete(f->store, row.id, &err), err);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM dataset_files"), 0);
    assert_int_equal(srv_store_dataset_delete(f->store, row.id, &err), SNN_NOT_FOUND);
    assert_int_equal(srv_store_dataset_put(f->store, &row, &err), SNN_NOT_FOUND);
    assert_int_equal(srv_store_dataset_get(f->store, "mine", &row, &err), SNN_NOT_FOUND);
    make(f, "mine"); /* the name is free again */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(dataset__created_and_filled__is_read_back),
        TEST(dataset_create__name_taken__is_refused),
        TEST(dataset_list__several__oldest_first),
        TEST(dataset_delete__queued_job_uses_it__is_refused),
        TEST(dataset_delete__with_files__takes_them_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
