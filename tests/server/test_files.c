/* SPDX-License-Identifier: MIT */
/* Folders and paths. */
#include "server/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

static int set_up(void **state)
{
    *state = tmpdir_create();
    return 0;
}

static int tear_down(void **state)
{
    tmpdir_remove(*state);
    return 0;
}

static void path__too_long__is_refused(void **state)
{
    static char text[SRV_PATH_SIZE + 1];
    char path[SRV_PATH_SIZE];
    struct snn_error err = {0};

    (void)state;
    memset(text, 'a', SRV_PATH_SIZE);
    assert_int_equal(srv_path(path, &err, "%s", text), SNN_LIMIT);
    assert_contains(err.message, "2048");
    assert_int_equal(srv_path(path, NULL, "%s", text + 1), SNN_OK);
    assert_int_equal(strlen(path), SRV_PATH_SIZE - 1);
}

static void dir_make__twice__is_there(void **state)
{
    char path[SRV_PATH_SIZE];

    snprintf(path, sizeof path, "%s/a", (char *)*state);
    assert_int_equal(srv_dir_make(path, NULL), SNN_OK);
    assert_int_equal(srv_dir_make(path, NULL), SNN_OK);
    assert_int_equal(access(path, R_OK | X_OK), 0);
}

static void fail_io__disk_full__is_a_code_of_its_own(void **state)
{
    struct snn_error err = {0};

    (void)state;
    errno = ENOSPC;
    assert_int_equal(srv_fail_io(&err, "write", "a/b"), SNN_FULL);
    assert_contains(err.message, "cannot write b");
    errno = EDQUOT;
    assert_int_equal(srv_fail_io(NULL, "write", "a/b"), SNN_FULL);
    errno = EIO;
    assert_int_equal(srv_fail_io(NULL, "write", "a/b"), SNN_IO);
}

static void dir_make__no_parent__names_it(void **state)
{
    char path[SRV_PATH_SIZE];
    struct snn_error err = {0};

    snprintf(path, sizeof path, "%s/a/b", (char *)*state);
    assert_int_equal(srv_dir_make(path, &err), SNN_IO);
    assert_contains(err.message, "the folder b");
}

static void dir_sync__no_folder__fails(void **state)
{
    char path[SRV_PATH_SIZE];

    snprintf(path, sizeof path, "%s/a", (char *)*state);
    assert_int_equal(srv_dir_sync(path, NULL), SNN_IO);
    assert_int_equal(srv_dir_sync(*state, NULL), SNN_OK);
}

static void dir_remove__full_folder__is_gone(void **state)
{
    char path[SRV_PATH_SIZE];

    snprintf(path, sizeof path, "%s/a", (char *)*state);
    assert_int_equal(srv_dir_make(path, NULL), SNN_OK);
    free(tmpdir_write(path, "file", "x", 1));
    srv_dir_remove(path);
    assert_int_not_equal(access(path, F_OK), 0);
    srv_dir_remove(path);
}

static void dir_list__names__are_sorted_and_whole(void **state)
{
    char **names = NULL, path[SRV_PATH_SIZE];
    size_t n = 0;

    for (char c = 'e'; c >= 'a'; c--)
        free(tmpdir_write(*state, (char[]){c, '\0'}, "", 0));
    for (unsigned long fail = 0;; fail++) {
        enum snn_code rc;

        oom_fail_at(fail);
        rc = srv_dir_list(*state, &names, &n, NULL);
        if (!oom_off())
            break;
        assert_int_equal(rc, SNN_NOMEM);
    }
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(names[i], ((char[]){(char)('a' + (int)i), '\0'}));
    srv_names_free(names, n);
    snprintf(path, sizeof path, "%s/absent", (char *)*state);
    assert_int_equal(srv_dir_list(path, &names, &n, NULL), SNN_OK);
    assert_int_equal(n, 0);
    srv_names_free(names, n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(path__too_long__is_refused),
        TEST(dir_make__twice__is_there),
        TEST(fail_io__disk_full__is_a_code_of_its_own),
        TEST(dir_make__no_parent__names_it),
        TEST(dir_sync__no_folder__fails),
        TEST(dir_remove__full_folder__is_gone),
        TEST(dir_list__names__are_sorted_and_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
