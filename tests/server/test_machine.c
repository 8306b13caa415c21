/* SPDX-License-Identifier: MIT */
#include "server/machine.h"

#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes root/name, with the folders before it. */
static void put(const char *root, const char *name, const char *text)
{
    char path[512];

    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof path, "%s/%.*s", root, (int)(slash - name), name);
        mkdir(path, 0700);
    }
    free(tmpdir_write(root, name, text, strlen(text)));
}

static size_t physical(void)
{
    return (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
}

static void machine_memory__no_group__is_the_machines(void **state)
{
    char *root = tmpdir_create();

    (void)state;
    assert_int_equal(srv_machine_memory(root), physical());
    put(root, "proc/self/cgroup", "1:name=systemd:/user\n");
    assert_int_equal(srv_machine_memory(root), physical());
    tmpdir_remove(root);
}

static void machine_memory__group__is_the_least_of_it_and_those_above(void **state)
{
    char *root = tmpdir_create();

    (void)state;
    put(root, "proc/self/cgroup", "4:memory:/other\n0::/a/b\n");
    put(root, "sys/fs/cgroup/a/b/memory.max", "max\n");
    assert_int_equal(srv_machine_memory(root), physical());
    put(root, "sys/fs/cgroup/a/memory.max", "1048576\n");
    assert_int_equal(srv_machine_memory(root), 1048576);
    put(root, "sys/fs/cgroup/a/b/memory.max", "4194304\n");
    assert_int_equal(srv_machine_memory(root), 1048576);
    put(root, "sys/fs/cgroup/a/b/memory.max", "524288\n");
    assert_int_equal(srv_machine_memory(root), 524288);
    tmpdir_remove(root);
}

static void machine_memory__container__is_its_root_groups(void **state)
{
    char *root = tmpdir_create();

    (void)state;
    put(root, "proc/self/cgroup", "0::/\n");
    put(root, "sys/fs/cgroup/memory.max", "2097152\n");
    assert_int_equal(srv_machine_memory(root), 2097152);
    put(root, "sys/fs/cgroup/memory.max", "18446744073709551615\n");
    assert_int_equal(srv_machine_memory(root), physical());
    put(root, "sys/fs/cgroup/memory.max", "");
    assert_int_equal(srv_machine_memory(root), physical());
    tmpdir_remove(root);
}

static void machine_processors__group__is_what_its_quota_rounds_up_to(void **state)
{
    char *root = tmpdir_create();
    const size_t all = srv_machine_processors(root);

    (void)state;
    assert_int_equal(all, sysconf(_SC_NPROCESSORS_ONLN));
    put(root, "proc/self/cgroup", "0::/a/b\n");
    put(root, "sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    assert_int_equal(srv_machine_processors(root), all);
    put(root, "sys/fs/cgroup/a/cpu.max", "20000 100000\n");
    assert_int_equal(srv_machine_processors(root), 1);
    put(root, "sys/fs/cgroup/a/cpu.max", "99999999 1\n");
    assert_int_equal(srv_machine_processors(root), all);
    put(root, "sys/fs/cgroup/a/cpu.max", "100001 100000\n");
    assert_int_equal(srv_machine_processors(root), all < 2 ? all : 2);
    tmpdir_remove(root);
}

static void machine_processors__bound_to_one__is_one(void **state)
{
    cpu_set_t before, one;
    size_t first = 0;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    while (!CPU_ISSET(first, &before))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(srv_machine_processors("/nowhere"), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static void machine_resident__own__grows_with_what_is_touched(void **state)
{
    enum { SIZE = 32 << 20 };
    char *root = tmpdir_create(), *block;
    const size_t before = srv_machine_resident("");

    (void)state;
    block = malloc(SIZE);
    assert_non_null(block);
    memset(block, 1, SIZE);
    assert_true(srv_machine_resident("") >= before + SIZE / 2);
    free(block);
    assert_int_equal(srv_machine_resident(root), 0);
    put(root, "proc/self/statm", "100 7 1 1 0 1 0\n");
    assert_int_equal(srv_machine_resident(root), 7 * sysconf(_SC_PAGESIZE));
    tmpdir_remove(root);
}

static void machine_files__less_than_may_be__is_raised(void **state)
{
    struct rlimit before, limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = limit.rlim_max / 2;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(srv_machine_files(), before.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(limit.rlim_cur, before.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* Under AddressSanitizer blocks are its own, and what is freed is held back on purpose. */
#ifdef __SANITIZE_ADDRESS__
#define OWN_ALLOCATOR 1
#else
#define OWN_ALLOCATOR 0
#endif

/* The first free would else put the second's neighbours into a heap, whose top a small block holds.
 */
static void machine_large_blocks__freed__are_given_back(void **state)
{
    enum { SIZE = 8 << 20, BLOCKS = 6 };
    char *large[BLOCKS], *small[BLOCKS];
    size_t before;

    (void)state;
    if (OWN_ALLOCATOR)
        skip();
    srv_machine_large_blocks();
    free(malloc(2 * SIZE));
    before = srv_machine_resident("");
    for (size_t i = 0; i < BLOCKS; i++) {
        large[i] = malloc(SIZE);
        small[i] = malloc(1000);
        assert_non_null(large[i]);
        assert_non_null(small[i]);
        memset(large[i], 1, SIZE);
        memset(small[i], 1, 1000);
    }
    assert_true(srv_machine_resident("") >= before + BLOCKS * (size_t)SIZE);
    for (size_t i = 0; i < BLOCKS; i++)
        free(large[i]);
    assert_true(srv_machine_resident("") <= before + SIZE);
    for (size_t i = 0; i < BLOCKS; i++)
        free(small[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_memory__no_group__is_the_machines),
        cmocka_unit_test(machine_memory__group__is_the_least_of_it_and_those_above),
        cmocka_unit_test(machine_memory__container__is_its_root_groups),
        cmocka_unit_test(machine_processors__group__is_what_its_quota_rounds_up_to),
        cmocka_unit_test(machine_processors__bound_to_one__is_one),
        cmocka_unit_test(machine_resident__own__grows_with_what_is_touched),
        cmocka_unit_test(machine_files__less_than_may_be__is_raised),
        cmocka_unit_test(machine_large_blocks__freed__are_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
