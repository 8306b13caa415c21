/* SPDX-License-Identifier: MIT */
#include "tests/server/store_fixture.h"

#include <stdlib.h>
#include <string.h>

/* Adds the checkpoint of that step; the paths dropped, joined, into `dropped`. */
static void add(struct fixture *f, const char *job, int64_t step, size_t keep, char dropped[256])
{
    struct srv_checkpoint c = {.step = step, .epoch = step / 10, .bytes = 100 + step};
    struct snn_error err = {0};
    char **paths = NULL;
    size_t n = 0, used = 0;

    snprintf(c.path, sizeof c.path, "jobs/%s/%lld.ckpt", job, (long long)step);
    memset(c.sha256, 'a', sizeof c.sha256 - 1);
    assert_ok(srv_store_checkpoint_add(f->store, job, &c, keep, &paths, &n, &err), err);
    assert_memory_equal(c.id, "ckpt_", 5);
    assert_int_equal(c.created_at, fixture_now);
    dropped[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(dropped + used, 256 - used, "%s ", strrchr(paths[i], '/') + 1);
        free(paths[i]);
    }
    free(paths);
}

static void check_list(struct fixture *f, const char *job, const char *expected)
{
    struct srv_checkpoint *list = NULL;
    struct snn_error err = {0};
    char steps[256] = "";
    size_t n = 0, used = 0;

    assert_ok(srv_store_checkpoint_list(f->store, job, &list, &n, &err), err);
    for (size_t i = 0; i < n; i++) {
        used +=
            (size_t)snprintf(steps + used, sizeof steps - used, "%lld ", (long long)list[i].step);
        assert_int_equal(list[i].bytes, 100 + list[i].step);
        assert_int_equal(strlen(list[i].sha256), 64);
        assert_contains(list[i].path, job);
    }
    free(list);
    assert_string_equal(steps, expected);
}

static void checkpoint_add__more_than_kept__drops_the_oldest(void **state)
{
    struct fixture *f = *state;
    char job[SRV_ID_SIZE], other[SRV_ID_SIZE], dropped[256];

    fixture_create(f, 0, 1, job);
    fixture_create(f, 0, 1, other);
    add(f, other, 5, 2, dropped);
    check_list(f, job, "");
    add(f, job, 10, 2, dropped);
    add(f, job, 20, 2, dropped);
    assert_string_equal(dropped, "");
    add(f, job, 30, 2, dropped);
    assert_string_equal(dropped, "10.ckpt ");
    add(f, job, 40, 1, dropped);
    assert_string_equal(dropped, "30.ckpt 20.ckpt ");
    fixture_reopen(f);
    check_list(f, job, "40 ");
    check_list(f, other, "5 ");
}

/* A run that went back to an older checkpoint writes the same file again: it must not be dropped as
 * old. */
static void checkpoint_add__same_file_again__is_the_newest(void **state)
{
    struct fixture *f = *state;
    char job[SRV_ID_SIZE], dropped[256];

    fixture_create(f, 0, 1, job);
    add(f, job, 10, 2, dropped);
    add(f, job, 20, 2, dropped);
    add(f, job, 10, 2, dropped);
    assert_string_equal(dropped, "");
    check_list(f, job, "10 20 ");
    add(f, job, 30, 2, dropped);
    assert_string_equal(dropped, "20.ckpt ");
}

static void checkpoint_add__wrong__is_refused(void **state)
{
    struct fixture *f = *state;
    struct srv_checkpoint c = {.path = "x"}, *list = NULL;
    struct snn_error err = {0};
    char job[SRV_ID_SIZE], **paths = NULL;
    size_t n = 0;

    fixture_create(f, 0, 1, job);
    assert_int_equal(srv_store_checkpoint_add(f->store, job, &c, 0, &paths, &n, &err), SNN_INVALID);
    err = (struct snn_error){0};
    assert_int_equal(srv_store_checkpoint_add(f->store, "job_X", &c, 2, &paths, &n, &err),
                     SNN_NOT_FOUND);
    err = (struct snn_error){0};
    assert_int_equal(srv_store_checkpoint_list(f->store, "job_X", &list, &n, &err), SNN_NOT_FOUND);
    assert_string_equal(c.id, "");
    assert_null(paths);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(checkpoint_add__more_than_kept__drops_the_oldest),
        TEST(checkpoint_add__same_file_again__is_the_newest),
        TEST(checkpoint_add__wrong__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
