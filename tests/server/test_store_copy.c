/* SPDX-License-Identifier: MIT */
/* The look at all of the database; copies: tests/server/test_backup.c, test_upgrade.c. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/server/sweep_support.h"
#include "tests/support/test.h"

static bool never(void *user)
{
    (void)user;
    return false;
}

static bool at_once(void *user)
{
    ++*(int *)user;
    return true;
}

/* Enough rows that a look at them takes a while. */
static void fill(struct fixture *f)
{
    const struct sweep_form form = {.combinations = 2000, .seeds = 2};
    char id[SRV_ID_SIZE];

    sweep_create(f, &form, id);
}

static void check__database_that_is_whole__says_when(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};

    assert_int_equal(srv_store_health(f->store).checked_at, 0);
    assert_ok(srv_store_quick_check(f->store, never, NULL, &err), err);
    assert_int_equal(srv_store_health(f->store).checked_at, fixture_now);
    assert_false(srv_store_health(f->store).damaged);
}

static void check__stopped__is_no_check(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    int asked = 0;

    fill(f);
    assert_int_equal(srv_store_quick_check(f->store, at_once, &asked, &err), SNN_STOPPED);
    assert_true(asked > 0);
    assert_int_equal(srv_store_health(f->store).checked_at, 0);
    err = (struct snn_error){0};
    assert_ok(srv_store_quick_check(f->store, never, NULL, &err), err);
}

/* What rots on the disk, without the daemon's doing. */
static void check__bytes_that_rot__are_found(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    char path[600], junk[4096];
    struct stat st;
    int fd;

    fill(f);
    fixture_reopen(f); /* the log is emptied into the file */
    snprintf(path, sizeof path, "%s/spiked.db", f->dir);
    memset(junk, 0xa5, sizeof junk);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t page = 0; page < 100; page++)
        assert_int_equal(pwrite(fd, junk, sizeof junk, st.st_size / 2 + page * 4096), sizeof junk);
    close(fd);
    assert_int_equal(srv_store_quick_check(f->store, never, NULL, &err), SNN_FORMAT);
    assert_contains(err.message, "damaged");
    assert_true(srv_store_health(f->store).damaged);
    assert_int_equal(srv_store_health(f->store).checked_at, fixture_now);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(check__database_that_is_whole__says_when),
        TEST(check__stopped__is_no_check),
        TEST(check__bytes_that_rot__are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
