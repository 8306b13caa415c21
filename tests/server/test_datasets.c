/* SPDX-License-Identifier: MIT */
/* Data sets that are built in or found in folders. */
#include "server/datasets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/server/data_support.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

static void find__digits__is_built_in_and_known(void **state)
{
    struct place *p = *state;
    struct srv_dataset by_name, by_id;

    place_open(p);
    by_name = place_find(p, "digits");
    assert_string_equal(by_name.id, "builtin:digits");
    assert_string_equal(by_name.origin, "builtin");
    assert_string_equal(by_name.format, "digits");
    assert_true(by_name.ready);
    assert_int_equal(by_name.info.train, 1438);
    assert_int_equal(by_name.info.test, 359);
    assert_int_equal(by_name.info.features, 64);
    assert_int_equal(by_name.info.classes, 10);
    by_id = place_find(p, "builtin:digits");
    assert_string_equal(by_id.name, "digits");
    assert_string_equal(by_id.info.sha256, by_name.info.sha256);
}

static void find__computed_sets__are_built_in(void **state)
{
    static const struct {
        const char *name, *id;
        size_t features, classes;
    } rows[] = {{"yinyang", "builtin:yinyang", 4, 3}, {"randman", "builtin:randman", 100, 10}};
    struct place *p = *state;

    place_open(p);
    for (size_t i = 0; i < 2; i++) {
        struct srv_dataset set = place_find(p, rows[i].name);

        assert_string_equal(set.id, rows[i].id);
        assert_string_equal(set.origin, "builtin");
        assert_true(set.ready);
        assert_int_equal(set.info.train, 5000);
        assert_int_equal(set.info.test, 1000);
        assert_int_equal(set.info.features, rows[i].features);
        assert_int_equal(set.info.classes, rows[i].classes);
    }
}

/* As an upload may be of the days before there was such a set. */
static void new__upload_called_as_a_computed_set__goes_on_meaning_what_it_meant(void **state)
{
    struct place *p = *state;
    struct srv_dataset_row row = {.name = "yinyang", .format = "csv"};

    place_open(p);
    assert_int_equal(srv_store_dataset_create(p->store, &row, NULL), SNN_OK);
    place_close(p);
    place_open(p);
    assert_string_equal(place_find(p, "yinyang").origin, "upload");
    assert_string_equal(place_find(p, "digits").origin, "builtin");
}

static void find__unknown_name__lists_what_there_is(void **state)
{
    struct place *p = *state;
    struct snn_error err = {0};
    struct srv_dataset set;

    free(put_folder(p, "tiny", 6, 0));
    place_open(p);
    assert_int_equal(srv_datasets_find(p->datasets, "nope", &set, &err), SNN_NOT_FOUND);
    assert_contains(err.message, "\"nope\"");
    assert_contains(err.message, "digits");
    assert_contains(err.message, "tiny");
}

static void folder__idx_files_plain_and_gzip__is_a_set(void **state)
{
    struct place *p = *state;
    struct srv_dataset set;

    free(put_folder(p, "tiny", 6, 0));
    place_open(p);
    set = place_find(p, "tiny");
    assert_string_equal(set.id, "folder:tiny");
    assert_string_equal(set.origin, "folder");
    assert_string_equal(set.format, "idx");
    assert_int_equal(set.info.train, 6);
    assert_int_equal(set.info.test, 4);
    assert_int_equal(set.info.features, 6);
    assert_int_equal(set.info.classes, 3);
}

static void folder__two_csv_files__is_a_set(void **state)
{
    static const char train[] = "1,2,0\n3,4,1\n", test[] = "5,6,1\n";
    struct place *p = *state;
    char path[600];
    struct srv_dataset set;

    snprintf(path, sizeof path, "%s/table", p->sets);
    assert_int_equal(mkdir(path, 0700), 0);
    free(tmpdir_write(path, "train.csv", train, sizeof train - 1));
    free(tmpdir_write(path, "test.csv", test, sizeof test - 1));
    place_open(p);
    set = place_find(p, "table");
    assert_string_equal(set.format, "csv");
    assert_int_equal(set.info.train, 2);
    assert_int_equal(set.info.features, 2);
}

static void folder__two_files_of_events__is_a_set(void **state)
{
    static const char train[] = "0,0\n0,5,2\n1,1\n", test[] = "0,1\n0,9,3\n";
    struct place *p = *state;
    char path[600];
    struct srv_dataset set;

    snprintf(path, sizeof path, "%s/spikes", p->sets);
    assert_int_equal(mkdir(path, 0700), 0);
    free(tmpdir_write(path, "train-events.csv", train, sizeof train - 1));
    free(tmpdir_write(path, "test-events.csv", test, sizeof test - 1));
    place_open(p);
    set = place_find(p, "spikes");
    assert_string_equal(set.format, "events");
    assert_true(set.info.events);
    assert_int_equal(set.info.train, 2);
    assert_int_equal(set.info.features, 4);
}

static void folder__made_after_the_start__is_found(void **state)
{
    struct place *p = *state;

    place_open(p);
    free(put_folder(p, "late", 6, 0));
    assert_string_equal(place_find(p, "late").id, "folder:late");
}

static void folder__without_all_files__is_no_set(void **state)
{
    struct place *p = *state;
    char *folder = put_folder(p, "part", 6, 0), path[700];
    struct snn_error err = {0};
    struct srv_dataset set;

    snprintf(path, sizeof path, "%s/t10k-images.idx3-ubyte", folder);
    assert_int_equal(unlink(path), 0);
    free(folder);
    place_open(p);
    assert_int_equal(srv_datasets_find(p->datasets, "part", &set, &err), SNN_NOT_FOUND);
}

static void folder__that_cannot_be_read__is_listed_as_not_ready(void **state)
{
    struct place *p = *state;
    char *folder = put_folder(p, "cut", 6, 0);
    const struct snn_data *data;
    struct srv_dataset *sets = NULL, *cut = NULL;
    struct snn_error err = {0};
    size_t n = 0;

    put_bytes(folder, "train-labels-idx1-ubyte", idx_labels(5, 3));
    free(folder);
    place_open(p);
    assert_int_equal(srv_datasets_list(p->datasets, &sets, &n, &err), SNN_OK);
    assert_string_equal(sets[0].name, "digits");
    assert_true(sets[0].ready);
    for (size_t i = 0; i < n; i++)
        if (strcmp(sets[i].name, "cut") == 0)
            cut = &sets[i];
    assert_non_null(cut);
    assert_false(cut->ready);
    assert_contains(cut->reason, "5"); /* labels for 6 images */
    assert_int_equal(srv_datasets_look(p->datasets, "cut", cut, &err), SNN_OK);
    assert_false(cut->ready);
    assert_contains(cut->reason, "5");
    free(sets);
    assert_int_equal(srv_datasets_acquire(p->datasets, "cut", &data, &err), SNN_FORMAT);
    assert_contains(err.message, "5");
}

static void new__missing_datasets_dir__names_it(void **state)
{
    struct place *p = *state;
    struct srv_datasets *d = NULL;
    struct snn_error err = {0};

    place_open(p);
    snprintf(p->config.datasets_dirs[0], sizeof p->config.datasets_dirs[0], "%s/absent", p->dir);
    assert_int_equal(srv_datasets_new(&d, &p->config, p->store, &err), SNN_NOT_FOUND);
    assert_contains(err.message, "absent");
    assert_null(d);
}

static void new__folder_called_as_an_upload__is_left_alone(void **state)
{
    struct place *p = *state;
    struct srv_dataset set;

    place_open(p);
    assert_int_equal(srv_datasets_create(p->datasets, "mine", "idx", &set, NULL), SNN_OK);
    place_close(p);
    free(put_folder(p, "mine", 6, 0));
    place_open(p);
    assert_string_equal(place_find(p, "mine").origin, "upload");
}

static void new__allocation_refused__fails_and_leaks_nothing(void **state)
{
    struct place *p = *state;

    free(put_folder(p, "tiny", 6, 0));
    place_open(p);
    for (unsigned long n = 0;; n++) {
        struct srv_datasets *d = NULL;
        enum snn_code rc;

        oom_fail_at(n);
        rc = srv_datasets_new(&d, &p->config, p->store, NULL);
        if (!oom_off()) {
            assert_int_equal(rc, SNN_OK);
            srv_datasets_free(d);
            break;
        }
        assert_int_equal(rc, SNN_NOMEM);
        assert_null(d);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(find__digits__is_built_in_and_known),
        TEST(find__computed_sets__are_built_in),
        TEST(new__upload_called_as_a_computed_set__goes_on_meaning_what_it_meant),
        TEST(find__unknown_name__lists_what_there_is),
        TEST(folder__idx_files_plain_and_gzip__is_a_set),
        TEST(folder__two_csv_files__is_a_set),
        TEST(folder__two_files_of_events__is_a_set),
        TEST(folder__made_after_the_start__is_found),
        TEST(folder__without_all_files__is_no_set),
        TEST(folder__that_cannot_be_read__is_listed_as_not_ready),
        TEST(new__missing_datasets_dir__names_it),
        TEST(new__folder_called_as_an_upload__is_left_alone),
        TEST(new__allocation_refused__fails_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
