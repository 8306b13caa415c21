/* SPDX-License-Identifier: MIT */
/* The helpers themselves: one that never refuses or never removes would make its users pass. */
#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void oom__armed_at_one__refuses_the_second_allocation_alone(void **state)
{
    char *volatile kept[3]; /* volatile: a compiler may leave out an allocation nobody looks at */

    (void)state;
    oom_fail_at(1);
    kept[0] = malloc(8);
    kept[1] = calloc(2, 8);
    kept[2] = strdup("third");
    assert_true(oom_off());
    assert_non_null(kept[0]);
    assert_null(kept[1]);
    assert_non_null(kept[2]);
    assert_string_equal(kept[2], "third");
    free(kept[0]);
    free(kept[2]);
}

static void oom__every_wrapped_call__can_be_refused(void **state)
{
    void *volatile refused, *volatile kept;
    void *unset = NULL;

    (void)state;
    oom_fail_at(0);
    refused = strndup("abc", 2);
    assert_true(oom_off());
    assert_null(refused);
    oom_fail_at(0);
    refused = aligned_alloc(64, 64);
    assert_true(oom_off());
    assert_null(refused);
    oom_fail_at(0);
    assert_int_equal(posix_memalign(&unset, 64, 64), ENOMEM);
    assert_true(oom_off());
    kept = malloc(8);
    assert_non_null(kept);
    oom_fail_at(0);
    refused = realloc(kept, 16);
    assert_true(oom_off());
    assert_null(refused);
    free(kept); /* a refused realloc leaves the old block alone */
}

static void oom__turned_off__refuses_nothing(void **state)
{
    void *volatile p;

    (void)state;
    oom_fail_at(5);
    p = malloc(8);
    assert_false(oom_off());
    assert_non_null(p);
    free(p);
}

static void tmpdir__with_files_in_it__is_gone_after_removal(void **state)
{
    char text[4] = "";
    char *dir = tmpdir_create();
    char *path = tmpdir_write(dir, "file", "abc", 3);
    char *name = strdup(dir);
    FILE *f = fopen(path, "rb");

    (void)state;
    assert_non_null(name);
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof text, f), 3);
    fclose(f);
    assert_memory_equal(text, "abc", 3);
    tmpdir_remove(dir);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(name, F_OK), -1);
    free(path);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oom__armed_at_one__refuses_the_second_allocation_alone),
        cmocka_unit_test(oom__every_wrapped_call__can_be_refused),
        cmocka_unit_test(oom__turned_off__refuses_nothing),
        cmocka_unit_test(tmpdir__with_files_in_it__is_gone_after_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
