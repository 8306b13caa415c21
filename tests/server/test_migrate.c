/* SPDX-License-Identifier: MIT */
#include "server/migrate.h"
#include "tests/support/test.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static const struct srv_migration first = {1, "0001_a",
                                           "CREATE TABLE a (x INTEGER PRIMARY KEY) STRICT;"};
static const struct srv_migration second = {
    2, "0002_b", "INSERT INTO a VALUES (7); CREATE TABLE b (x REFERENCES a (x));"};

static int open_memory(void **state)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    *state = db;
    return 0;
}

static int close_memory(void **state)
{
    return sqlite3_close(*state);
}

static int ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int number;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    number = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return number;
}

static void migrate__empty_database__applies_all_once(void **state)
{
    const struct srv_migration steps[] = {first, second};
    struct snn_error err = {0};

    for (int i = 0; i < 2; i++) {
        assert_int_equal(srv_migrate(*state, steps, 2, &err), SNN_OK);
        assert_int_equal(ask(*state, "PRAGMA user_version"), 2);
        assert_int_equal(ask(*state, "SELECT COUNT(*) FROM a"), 1);
        assert_int_equal(ask(*state, "PRAGMA foreign_keys"), 1);
    }
}

static void migrate__older_database__applies_what_it_lacks(void **state)
{
    const struct srv_migration steps[] = {first, second};
    struct snn_error err = {0};

    assert_int_equal(srv_migrate(*state, steps, 1, &err), SNN_OK);
    assert_int_equal(ask(*state, "PRAGMA user_version"), 1);
    assert_int_equal(ask(*state, "SELECT COUNT(*) FROM a"), 0);
    assert_int_equal(srv_migrate(*state, steps, 2, &err), SNN_OK);
    assert_int_equal(ask(*state, "SELECT COUNT(*) FROM a"), 1);
}

static void migrate__newer_database__is_refused_untouched(void **state)
{
    const struct srv_migration steps[] = {first, second};
    struct snn_error err = {0};

    assert_int_equal(sqlite3_exec(*state, "PRAGMA user_version = 3", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(srv_migrate(*state, steps, 2, &err), SNN_FORMAT);
    assert_contains(err.message, "version 3");
    assert_contains(err.message, "up to 2");
    assert_int_equal(ask(*state, "SELECT COUNT(*) FROM sqlite_schema"), 0);
    assert_int_equal(ask(*state, "PRAGMA user_version"), 3);
}

static void migrate__step_fails__leaves_the_step_before(void **state)
{
    const struct srv_migration steps[] = {
        first,
        {2, "0002_broken", "INSERT INTO a VALUES (1); CREATE TABLE a (x);"},
        {3, "0003_c", ""}};
    struct snn_error err = {0};

    assert_int_equal(srv_migrate(*state, steps, 3, &err), SNN_IO);
    assert_contains(err.message, "0002_broken");
    assert_contains(err.message, "already exists");
    assert_int_equal(ask(*state, "PRAGMA user_version"), 1);
    assert_int_equal(ask(*state, "SELECT COUNT(*) FROM a"), 0);
    assert_int_equal(sqlite3_get_autocommit(*state), 1);
}

static void migrate__step_breaks_a_reference__is_undone(void **state)
{
    const struct srv_migration steps[] = {
        first, second, {3, "0003_orphan", "INSERT INTO b VALUES (8);"}};
    struct snn_error err = {0};

    assert_int_equal(srv_migrate(*state, steps, 3, &err), SNN_FORMAT);
    assert_contains(err.message, "0003_orphan");
    assert_int_equal(ask(*state, "PRAGMA user_version"), 2);
    assert_int_equal(ask(*state, "SELECT COUNT(*) FROM b"), 0);
}

static void migrate__list_with_a_gap__is_refused(void **state)
{
    const struct srv_migration steps[] = {first, {3, "0003_late", ""}};
    struct snn_error err = {0};

    assert_int_equal(srv_migrate(*state, steps, 2, &err), SNN_INVALID);
    assert_contains(err.message, "0003_late has version 3, want 2");
    assert_int_equal(ask(*state, "PRAGMA user_version"), 0);
}

static void migrations__of_the_program__give_strict_tables(void **state)
{
    struct snn_error err = {0};

    assert_int_equal(srv_migrate(*state, srv_migrations, srv_migration_count, &err), SNN_OK);
    assert_string_equal(err.message, "");
    assert_int_equal(ask(*state, "PRAGMA user_version"), srv_migration_count);
    assert_int_equal(
        ask(*state, "SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND strict = 0 "
                    "AND name NOT LIKE 'sqlite_%'"),
        0);
    assert_true(ask(*state, "SELECT COUNT(*) FROM pragma_table_list WHERE strict = 1") >= 8);
}

/* The claim and the per-name histograms are read often: they must not become scans. */
static void migrations__frequent_queries__use_their_index(void **state)
{
    static const struct {
        const char *sql, *uses;
    } rows[] = {
        {"SELECT seq FROM jobs WHERE status = 'queued' AND memory_bytes <= 1 "
         "ORDER BY rank, seq LIMIT 1",
         "SEARCH jobs USING INDEX jobs_queue (status=?)"},
        {"SELECT data FROM histograms INDEXED BY histograms_by_name WHERE job_seq = 1 AND step >= "
         "2 AND name = 'x' "
         "ORDER BY step",
         "(job_seq=? AND name=? AND step>?)"},
        {"SELECT data FROM histograms WHERE job_seq = 1 AND step >= 2 ORDER BY step, position",
         "USING PRIMARY KEY (job_seq=? AND step>?)"},
        {"SELECT data FROM points WHERE job_seq = 1 AND step >= 2 ORDER BY step",
         "(job_seq=? AND step>?)"},
        {"SELECT type FROM events WHERE number > 7 ORDER BY number LIMIT 9",
         "INDEX events_by_number (number>?)"},
        {"SELECT status, COUNT(*) FROM jobs GROUP BY status", "COVERING INDEX jobs_by_status"},
    };
    struct snn_error err = {0};

    assert_int_equal(srv_migrate(*state, srv_migrations, srv_migration_count, &err), SNN_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sqlite3_stmt *stmt = NULL;
        char explain[512];

        snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", rows[i].sql);
        assert_int_equal(sqlite3_prepare_v2(*state, explain, -1, &stmt, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        assert_contains((const char *)sqlite3_column_text(stmt, 3), rows[i].uses);
        sqlite3_finalize(stmt);
    }
}

/* Events of before there were numbers over all jobs get them, in the order in which they came. */
static void migration_8__older_events__are_numbered_by_age(void **state)
{
    static const char fill[] =
        "INSERT INTO jobs (id, status, name, priority, seed, created_at, updated_at, dataset,"
        " memory_bytes, threads, epoch, epochs, step, steps, instruction_set, blas, error_code,"
        " error_message, error_param, model_sha256, config)"
        " SELECT 'job_' || value, 'queued', '', 2 * value, 0, 1000, 1000, 'd', 1, 1, 0, 1, 0, 1, "
        "'',"
        " '', '', '', '', '', '{}' FROM (SELECT 1 AS value UNION SELECT 2);"
        "INSERT INTO events VALUES (1, 1, 10, 'a', '', -1, -1), (1, 2, 30, 'c', '', -1, -1),"
        " (2, 1, 20, 'b', '', -1, -1);";
    struct snn_error err = {0};

    assert_int_equal(srv_migrate(*state, srv_migrations, 7, &err), SNN_OK);
    assert_int_equal(sqlite3_exec(*state, fill, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(srv_migrate(*state, srv_migrations, srv_migration_count, &err), SNN_OK);
    assert_int_equal(ask(*state, "SELECT last FROM event_counter"), 3);
    assert_int_equal(ask(*state, "SELECT number FROM events WHERE type = 'a'"), 1);
    assert_int_equal(ask(*state, "SELECT number FROM events WHERE type = 'b'"), 2);
    assert_int_equal(ask(*state, "SELECT number FROM events WHERE type = 'c'"), 3);
    assert_int_equal(ask(*state, "SELECT rank FROM jobs WHERE seq = 2"), 1000 - 60 * 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
    const struct CMUnitTest tests[] = {
        TEST(migrate__empty_database__applies_all_once),
        TEST(migrate__older_database__applies_what_it_lacks),
        TEST(migrate__newer_database__is_refused_untouched),
        TEST(migrate__step_fails__leaves_the_step_before),
        TEST(migrate__step_breaks_a_reference__is_undone),
        TEST(migrate__list_with_a_gap__is_refused),
        TEST(migrations__of_the_program__give_strict_tables),
        TEST(migrations__frequent_queries__use_their_index),
        TEST(migration_8__older_events__are_numbered_by_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
