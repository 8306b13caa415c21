/* SPDX-License-Identifier: MIT */
/* Uploads: part by part to a set that fits together, and nothing left of what did not. */
#include "server/datasets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/server/data_support.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

static int set_up(void **state)
{
    place_setup(state);
    place_open(*state);
    return 0;
}

static struct srv_dataset create(struct place *p, const char *name)
{
    struct srv_dataset set = {0};
    struct snn_error err = {0};

    if (srv_datasets_create(p->datasets, name, "idx", &set, &err) != SNN_OK)
        fail_msg("%s: %s", name, err.message);
    return set;
}

/* Sends the bytes in pieces of 7, and frees them. */
static enum snn_code put(struct place *p, const char *id, const char *part, struct bytes b,
                         struct srv_dataset *out, struct snn_error *err)
{
    struct srv_upload *u = NULL;
    enum snn_code rc = srv_upload_open(&u, p->datasets, id, part, err);

    for (size_t at = 0; rc == SNN_OK && at < b.n; at += 7)
        if (!srv_upload_write(u, b.at + at, b.n - at < 7 ? b.n - at : 7))
            break;
    free(b.at);
    if (rc == SNN_OK)
        rc = srv_upload_finish(u, out, err);
    srv_upload_free(u);
    return rc;
}

static struct srv_dataset put_well(struct place *p, const char *id, const char *part,
                                   struct bytes b)
{
    struct srv_dataset set = {0};
    struct snn_error err = {0};

    if (put(p, id, part, b, &set, &err) != SNN_OK)
        fail_msg("%s: %s", part, err.message);
    return set;
}

static struct srv_dataset put_all(struct place *p, const char *id)
{
    assert_false(put_well(p, id, "test-labels", idx_labels(4, 3)).ready);
    assert_false(put_well(p, id, "train-images", idx_images(6, 0)).ready);
    assert_false(put_well(p, id, "test-images", idx_images(4, 0)).ready);
    return put_well(p, id, "train-labels", idx_labels(6, 3));
}

/* What is on the disk of that upload. */
static size_t count_files(struct place *p, const char *id)
{
    char path[700];

    snprintf(path, sizeof path, "%s/datasets/%s", p->data, id);
    return count_below(path);
}

/* A queued job that uses the data set. */
static void use_in_job(struct place *p, const char *id)
{
    char config[] = "{}";
    struct srv_job job = {.config = config};
    struct snn_error err = {0};

    snprintf(job.dataset, sizeof job.dataset, "%s", id);
    if (srv_store_job_create(p->store, &job, 10, &err) != SNN_OK)
        fail_msg("%s", err.message);
}

/* ------------------------------------------------------------------------------- creating -- */

static void create__name_that_does_not_fit__says_what_does(void **state)
{
    static const char *const names[] = {
        "",      ".",        "..",
        "a/b",   "a b",      "../x",
        "ds_01", "\xc3\xa9", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct place *p = *state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct srv_dataset set;
        struct snn_error err = {0};

        assert_int_equal(srv_datasets_create(p->datasets, names[i], "idx", &set, &err),
                         SNN_INVALID);
        assert_string_equal(err.pointer, "/name");
        assert_contains(err.message, "want 1 to 64");
    }
}

static void create__name_of_another_set__is_refused(void **state)
{
    static const char *const names[] = {"digits", "tiny", "mine"};
    struct place *p = *state;

    free(put_folder(p, "tiny", 6, 0));
    create(p, "mine");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct srv_dataset set;
        struct snn_error err = {0};

        assert_int_equal(srv_datasets_create(p->datasets, names[i], "idx", &set, &err),
                         SNN_INVALID);
        assert_contains(err.message, names[i]);
    }
}

static void create__format_that_cannot_be_uploaded__is_refused(void **state)
{
    struct place *p = *state;
    struct srv_dataset set;
    struct snn_error unknown = {0}, built_in = {0};

    assert_int_not_equal(srv_datasets_create(p->datasets, "a", "png", &set, &unknown), SNN_OK);
    assert_contains(unknown.message, "idx");
    assert_int_equal(srv_datasets_create(p->datasets, "a", "digits", &set, &built_in), SNN_INVALID);
    assert_contains(built_in.message, "built in");
}

/* ------------------------------------------------------------------------------ uploading -- */

static void upload__all_parts__makes_the_set_ready(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine"), ready;
    const struct snn_data *data = NULL;
    char path[800], found[SNN_SHA256_HEX];

    assert_false(set.ready);
    ready = put_all(p, set.id);
    assert_true(ready.ready);
    assert_int_equal(ready.n_files, 4);
    assert_int_equal(ready.info.train, 6);
    assert_int_equal(ready.info.test, 4);
    for (size_t i = 0; i < ready.n_files; i++) {
        snprintf(path, sizeof path, "%s/%s", p->data, ready.files[i].path);
        assert_int_equal(snn_digest_file(path, found, NULL), SNN_OK);
        assert_string_equal(found, ready.files[i].sha256);
    }
    place_close(p);
    place_open(p); /* a restart sweeps nothing that is named */
    assert_int_equal(count_files(p, set.id), 8);
    assert_int_equal(srv_datasets_acquire(p->datasets, "mine", &data, NULL), SNN_OK);
    assert_string_equal(snn_data_describe(data)->sha256, ready.info.sha256);
    srv_datasets_release(p->datasets, data);
}

static void acquire__upload_that_is_not_ready__is_refused(void **state)
{
    struct place *p = *state;
    const struct snn_data *data = NULL;
    struct snn_error err = {0};

    create(p, "mine");
    assert_int_equal(srv_datasets_acquire(p->datasets, "mine", &data, &err), SNN_INVALID);
    assert_contains(err.message, "not ready");
}

static void upload__malformed_part__leaves_nothing(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine"), out;
    struct bytes cut = idx_images(6, 0);
    struct snn_error err = {0};

    cut.n -= 5;
    assert_int_equal(put(p, set.id, "train-images", cut, &out, &err), SNN_FORMAT);
    assert_contains(err.message, "train-images");
    assert_int_equal(count_files(p, set.id), 0);
    assert_int_equal(srv_datasets_find(p->datasets, "mine", &out, NULL), SNN_OK);
    assert_int_equal(out.n_files, 0);
}

static void upload__part_that_does_not_fit_the_rest__leaves_the_set_as_it_was(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine"), out;
    struct snn_error err = {0};
    size_t before;

    put_well(p, set.id, "train-images", idx_images(6, 0));
    put_well(p, set.id, "test-images", idx_images(4, 0));
    put_well(p, set.id, "test-labels", idx_labels(4, 3));
    before = count_files(p, set.id);
    assert_int_equal(put(p, set.id, "train-labels", idx_labels(5, 3), &out, &err), SNN_FORMAT);
    assert_contains(err.message, "5");
    assert_contains(err.message, "6");
    assert_int_equal(count_files(p, set.id), before);
    assert_int_equal(srv_datasets_find(p->datasets, "mine", &out, NULL), SNN_OK);
    assert_int_equal(out.n_files, 3);
    assert_false(out.ready);
    assert_true(put_well(p, set.id, "train-labels", idx_labels(6, 3)).ready);
}

static void upload__too_many_bytes__is_refused(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine"), out;
    struct snn_error err = {0};

    p->config.max_upload_bytes = 51;
    assert_int_equal(put(p, set.id, "train-images", idx_images(6, 0), &out, &err), SNN_LIMIT);
    assert_contains(err.message, "51");
    assert_int_equal(count_files(p, set.id), 0);
    p->config.max_upload_bytes = 52; /* exactly what it has */
    put_well(p, set.id, "train-images", idx_images(6, 0));
}

static void upload__broken_off__leaves_nothing(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine");
    struct srv_upload *u = NULL;

    assert_int_equal(srv_upload_open(&u, p->datasets, set.id, "train-images", NULL), SNN_OK);
    assert_true(srv_upload_write(u, "abc", 3));
    assert_int_equal(count_files(p, set.id), 2);
    srv_upload_free(u);
    assert_int_equal(count_files(p, set.id), 0);
}

static void upload__wrong_part_or_set__says_what_there_is(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine");
    struct srv_upload *u = NULL;
    struct snn_error part = {0}, origin = {0};

    assert_int_equal(srv_upload_open(&u, p->datasets, set.id, "../x", &part), SNN_NOT_FOUND);
    assert_contains(part.message, "train-images, train-labels, test-images, test-labels");
    assert_int_equal(srv_upload_open(&u, p->datasets, "digits", "train", &origin), SNN_INVALID);
    assert_contains(origin.message, "builtin");
    assert_int_equal(srv_upload_open(&u, p->datasets, "ds_no", "train", NULL), SNN_NOT_FOUND);
    assert_null(u);
}

static void upload__of_a_part_again__replaces_it(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine"), first, second;

    first = put_all(p, set.id);
    second = put_well(p, set.id, "train-images", idx_images(6, 9));
    assert_true(second.ready);
    assert_int_equal(second.n_files, 4);
    assert_string_not_equal(second.info.sha256, first.info.sha256);
    assert_int_equal(count_files(p, set.id), 8);
}

static void upload__to_a_set_in_use__is_refused(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine"), out;
    struct snn_error err = {0};

    put_all(p, set.id);
    use_in_job(p, set.id);
    assert_int_equal(put(p, set.id, "train-images", idx_images(6, 9), &out, &err), SNN_INVALID);
    assert_contains(err.message, "used by a job");
}

/* ------------------------------------------------------------------------------- removing -- */

static void delete__an_upload__removes_row_and_files(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine"), out;
    char path[700];

    put_all(p, set.id);
    assert_int_equal(srv_datasets_delete(p->datasets, set.id, NULL), SNN_OK);
    assert_int_equal(srv_datasets_find(p->datasets, "mine", &out, NULL), SNN_NOT_FOUND);
    snprintf(path, sizeof path, "%s/datasets/%s", p->data, set.id);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void delete__what_is_not_to_be_removed__is_refused(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine");
    struct snn_error origin = {0}, used = {0};

    put_all(p, set.id);
    use_in_job(p, set.id);
    assert_int_equal(srv_datasets_delete(p->datasets, "digits", &origin), SNN_INVALID);
    assert_contains(origin.message, "only uploads");
    assert_int_equal(srv_datasets_delete(p->datasets, set.id, &used), SNN_INVALID);
    assert_int_equal(srv_datasets_delete(p->datasets, "ds_no", NULL), SNN_NOT_FOUND);
    assert_int_equal(count_files(p, set.id), 8);
}

static void new__after_a_crash__sweeps_what_no_row_names(void **state)
{
    struct place *p = *state;
    struct srv_dataset set = create(p, "mine");
    char half[700], gone[700], foreign[700];

    put_well(p, set.id, "train-images", idx_images(6, 0));
    snprintf(half, sizeof half, "%s/datasets/%s/up_half", p->data, set.id);
    snprintf(gone, sizeof gone, "%s/datasets/ds_gone", p->data);
    snprintf(foreign, sizeof foreign, "%s/datasets/of-somebody", p->data);
    assert_int_equal(mkdir(half, 0700) | mkdir(gone, 0700) | mkdir(foreign, 0700), 0);
    put_bytes(half, "train-labels", idx_labels(6, 3));
    place_close(p);
    place_open(p);
    assert_int_equal(count_files(p, set.id), 2);
    assert_int_not_equal(access(gone, F_OK), 0);
    assert_int_equal(access(foreign, F_OK), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(create__name_that_does_not_fit__says_what_does),
        TEST(create__name_of_another_set__is_refused),
        TEST(create__format_that_cannot_be_uploaded__is_refused),
        TEST(upload__all_parts__makes_the_set_ready),
        TEST(acquire__upload_that_is_not_ready__is_refused),
        TEST(upload__malformed_part__leaves_nothing),
        TEST(upload__part_that_does_not_fit_the_rest__leaves_the_set_as_it_was),
        TEST(upload__too_many_bytes__is_refused),
        TEST(upload__broken_off__leaves_nothing),
        TEST(upload__wrong_part_or_set__says_what_there_is),
        TEST(upload__of_a_part_again__replaces_it),
        TEST(upload__to_a_set_in_use__is_refused),
        TEST(delete__an_upload__removes_row_and_files),
        TEST(delete__what_is_not_to_be_removed__is_refused),
        TEST(new__after_a_crash__sweeps_what_no_row_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
