/* SPDX-License-Identifier: MIT */
/* Opening: the lock, the version, damage; what is there afterwards; the sign of life. */
#include "tests/server/store_fixture.h"
#include "tests/support/oom.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void open__held_by_another__is_refused_with_its_pid(void **state)
{
    struct fixture *f = *state;
    struct srv_store *second = NULL;
    struct snn_error err = {0};
    char pid[32];

    assert_int_equal(srv_store_open(&second, f->dir, &fixture_clock, &err), SNN_IO);
    assert_null(second);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_contains(err.message, pid);
    assert_contains(err.message, f->dir);
    fixture_reopen(f); /* and closing gives it back */
}

static SRV_COMMAND(run_sql)
{
    return srv_conn_exec(c, arg, err);
}

static void execute(struct fixture *f, const char *sql)
{
    struct snn_error err = {0};
    char *copy = strdup(sql);

    assert_ok(srv_writer_call(f->store->writer, run_sql, copy, &err), err);
    free(copy);
}

static void create__database_moved_away__is_no_promise(void **state)
{
    struct fixture *f = *state;
    struct srv_job job = fixture_job("lost");
    struct snn_error err = {0};
    char moved[1024], id[SRV_ID_SIZE];

    snprintf(moved, sizeof moved, "%s.moved", f->store->path);
    assert_int_equal(rename(f->store->path, moved), 0);
    assert_int_equal(srv_store_job_create(f->store, &job, SIZE_MAX, &err), SNN_IO);
    assert_contains(err.message, "removed or replaced");
    srv_job_clear(&job);
    assert_int_equal(srv_store_ping(f->store, NULL), SNN_IO);
    free(tmpdir_write(f->dir, "spiked.db", "", 0)); /* another one in its place */
    assert_int_equal(srv_store_ping(f->store, NULL), SNN_IO);
    assert_int_equal(rename(moved, f->store->path), 0);
    err = (struct snn_error){0};
    assert_ok(srv_store_ping(f->store, &err), err);
    fixture_create(f, 0, 1, id);
}

static void open__newer_schema__is_refused(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    execute(f, "PRAGMA user_version = 99");
    srv_store_close(f->store);
    f->store = NULL;
    assert_int_equal(srv_store_open(&f->store, f->dir, &fixture_clock, &err), SNN_FORMAT);
    assert_contains(err.message, "version 99");
    assert_null(f->store);
}

static void open__not_a_database__is_refused(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    char text[4096];

    srv_store_close(f->store);
    f->store = NULL;
    memset(text, 'x', sizeof text);
    free(tmpdir_write(f->dir, "spiked.db", text, sizeof text));
    assert_int_equal(srv_store_open(&f->store, f->dir, &fixture_clock, &err), SNN_FORMAT);
    assert_contains(err.message, "not a database");
}

static void open__damaged_pages__is_refused(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    char id[SRV_ID_SIZE], path[256];
    long pages;
    FILE *file;

    for (int i = 0; i < 50; i++)
        fixture_create(f, 0, 1, id);
    pages = (long)fixture_number(f, "PRAGMA page_count");
    srv_store_close(f->store);
    f->store = NULL;
    snprintf(path, sizeof path, "%s/spiked.db", f->dir);
    file = fopen(path, "r+b");
    assert_non_null(file);
    for (long page = 1; page < pages; page++) { /* the first holds the schema */
        fseek(file, page * 4096, SEEK_SET);
        fputs("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", file);
    }
    fclose(file);
    assert_int_equal(srv_store_open(&f->store, f->dir, &fixture_clock, &err), SNN_FORMAT);
    assert_null(f->store);
}

static void open__no_such_parent__says_so(void **state)
{
    struct srv_store *store = NULL;
    struct snn_error err = {0};

    (void)state;
    assert_int_equal(srv_store_open(&store, "/nonexistent/data", &fixture_clock, &err), SNN_IO);
    assert_contains(err.message, "/nonexistent/data: ");
    assert_null(store);
}

static void open__files__are_private_and_the_log_is_gone_after_close(void **state)
{
    struct fixture *f = *state;
    char id[SRV_ID_SIZE], path[256];
    struct stat st;

    fixture_create(f, 0, 1, id);
    snprintf(path, sizeof path, "%s/spiked.db-wal", f->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
    srv_store_close(f->store);
    f->store = NULL;
    assert_int_equal(stat(path, &st), -1);
    snprintf(path, sizeof path, "%s/spiked.db", f->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
}

static void open__no_memory__fails_cleanly(void **state)
{
    struct fixture *f = *state;

    srv_store_close(f->store);
    f->store = NULL;
    for (unsigned long n = 0;; n++) {
        struct snn_error err = {0};
        enum snn_code rc;

        oom_fail_at(n);
        rc = srv_store_open(&f->store, f->dir, &fixture_clock, &err);
        if (!oom_off())
            break;
        assert_int_equal(rc, SNN_NOMEM);
        assert_null(f->store);
    }
    assert_non_null(f->store);
}

static void ping__open_store__answers(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};

    for (int i = 0; i < 5; i++)
        assert_ok(srv_store_ping(f->store, &err), err);
}

/* Much more than the log's limit, and then rest: the log must be moved into the database, and be
 * emptied. */
static void writer__long_log__is_moved_and_emptied(void **state)
{
    struct fixture *f = *state;
    struct stat st = {.st_size = 1};
    char path[256], id[SRV_ID_SIZE];
    double *values = calloc(100000, sizeof *values);
    struct snn_point point = {.name = "x", .values = values, .n = 100000};
    struct snn_error err = {0};

    assert_non_null(values);
    fixture_create(f, 0, 1, id);
    for (size_t step = 0; step < 30; step++) {
        assert_int_equal(srv_store_points_post(f->store, id, step, 0, &point, 1), SNN_OK);
        assert_ok(srv_store_ping(f->store, &err), err);
    }
    free(values);
    snprintf(path, sizeof path, "%s/spiked.db-wal", f->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 12 << 20); /* 24 MB were written */
    for (int i = 0; st.st_size > 0 && i < 300; i++) {
        usleep(50000);
        assert_int_equal(stat(path, &st), 0);
    }
    assert_int_equal(st.st_size, 0);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM points"), 30);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(open__held_by_another__is_refused_with_its_pid),
        TEST(create__database_moved_away__is_no_promise),
        TEST(open__newer_schema__is_refused),
        TEST(open__not_a_database__is_refused),
        TEST(open__damaged_pages__is_refused),
        TEST(open__no_such_parent__says_so),
        TEST(open__files__are_private_and_the_log_is_gone_after_close),
        TEST(open__no_memory__fails_cleanly),
        TEST(ping__open_store__answers),
        TEST(writer__long_log__is_moved_and_emptied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
