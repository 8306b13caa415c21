/* SPDX-License-Identifier: MIT */
/* The helpers themselves: one that never refuses or never removes would make its users pass. */
#include "tests/support/iofail.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <errno.h>
#include <fcntl.h>
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

/* Every wrapped call in turn: with none refused all goes well, with one it does not. */
static bool work_on_files(const char *dir)
{
    char *path = NULL, *other = NULL;
    char got[4] = "";
    bool done = asprintf(&path, "%s/one", dir) > 0 && asprintf(&other, "%s/two", dir) > 0;
    FILE *f = done ? fopen(path, "w") : NULL;

    done = f && fwrite("abc", 1, 3, f) == 3 && fflush(f) == 0 && fsync(fileno(f)) == 0;
    done = (!f || fclose(f) == 0) && done && rename(path, other) == 0;
    int fd = done ? open(other, O_RDONLY | O_CLOEXEC) : -1;
    done = fd >= 0 && read(fd, got, 3) == 3 && memcmp(got, "abc", 3) == 0;
    if (fd >= 0)
        close(fd);
    if (path && other) {
        unlink(path);
        unlink(other);
    }
    free(path);
    free(other);
    return done;
}

static void io__each_call_refused__is_seen_by_its_user(void **state)
{
    char *dir = tmpdir_create();
    unsigned long n = 0;

    (void)state;
    for (bool met = true; met; n++) {
        io_fail_at(n, EIO);
        bool done = work_on_files(dir);
        met = io_off();
        assert_true(done != met);
    }
    assert_int_equal(n - 1, 8); /* fopen fwrite fflush fsync fclose rename open read */
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oom__armed_at_one__refuses_the_second_allocation_alone),
        cmocka_unit_test(oom__every_wrapped_call__can_be_refused),
        cmocka_unit_test(oom__turned_off__refuses_nothing),
        cmocka_unit_test(tmpdir__with_files_in_it__is_gone_after_removal),
        cmocka_unit_test(io__each_call_refused__is_seen_by_its_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
