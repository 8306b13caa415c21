/* SPDX-License-Identifier: MIT */
/* A database of every earlier schema, with rows in all of its tables, opened by this program: it
 * has the schema of a new one, and every value that was there before. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/migrate.h"
#include "server/store.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define JOB "job_01HZX3Q5V7K9M2N4P6R8S0T1W"
#define SHA "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"

/* What a database has from a version on. A new table wants its rows here: the test says so. */
static const struct {
    int since;
    const char *sql;
} rows[] = {
    /* clang-format off */
    {1, "INSERT INTO jobs (id, status, name, priority, seed, created_at, started_at, finished_at, updated_at, attempt, crashes, version, "
        "boot_id, dataset, memory_bytes, threads, epoch, epochs, step, steps, instruction_set, blas, train_loss, error_code, "
        "error_message, error_param, model_sha256, config) "
        "SELECT '" JOB "' || s.n, s.status, 'name ' || s.n, 5 - s.n, -s.n, 1000 + s.n, 2000, 3000, 4000, 2, 1, 7, 'boot_1', "
        "'builtin:digits', 4096, 1, 1, 2, 10, 20, 'x86-64-v3', 'Haswell', 0.125, '', '', '', '', '{\"n\":' || s.n || '}' "
        "FROM (SELECT 1 AS n, 'queued' AS status UNION ALL SELECT 2, 'running' UNION ALL SELECT 3, 'pausing' UNION ALL "
        "SELECT 4, 'paused' UNION ALL SELECT 5, 'cancelling' UNION ALL SELECT 6, 'succeeded' UNION ALL SELECT 7, 'failed' "
        "UNION ALL SELECT 8, 'cancelled') AS s"},
    {1, "INSERT INTO job_metadata (job_seq, key, value) SELECT seq, 'paper', 'fig' || seq FROM jobs"},
    {2, "INSERT INTO points (job_seq, step, epoch, data) SELECT seq, 10, 1, x'0001ff' FROM jobs"},
    {2, "INSERT INTO histograms (job_seq, step, position, name, epoch, data) SELECT seq, 10, 0, 'gradients/layer1.weight', 1, x'02' FROM jobs"},
    {3, "INSERT INTO checkpoints (job_seq, id, step, epoch, created_at, bytes, path, sha256) "
        "SELECT seq, 'ckpt_' || seq, 10, 1, 2500, 3, 'jobs/' || id || '/step-10.ckpt', " SHA " FROM jobs"},
    {4, "INSERT INTO datasets (id, name, format, created_at, ready, train, test, features, rank, shape_0, shape_1, shape_2, shape_3, "
        "classes, bytes, sha256) VALUES ('ds_1', 'mine', 'csv', 900, 1, 3, 3, 2, 1, 2, 0, 0, 0, 2, 100, " SHA ")"},
    {4, "INSERT INTO dataset_files (dataset_seq, part, path, bytes, sha256) VALUES (1, 'train', 'datasets/ds_1/a/train', 9, " SHA ")"},
    {5, "INSERT INTO confusions (job_seq, data) SELECT seq, x'00' FROM jobs"},
    {6, "UPDATE jobs SET init_job = '" JOB "6', init_checkpoint = 'best' WHERE seq = 1"},
    {7, "UPDATE datasets SET events = 1"},
    {8, "INSERT INTO idempotency_keys (key, job_seq, body, created_at) VALUES ('k', 1, " SHA ", 1001)"},
    {9, "INSERT INTO sweeps (id, name, created_at, combinations, metric, maximize, rung_epochs, rung_factor, config) "
        "VALUES ('swp_1', 's', 800, 2, 'test_accuracy', 1, 0, 0, '{}')"},
    {9, "INSERT INTO sweep_combinations (sweep_seq, combination, parameters) VALUES (1, 0, '{}'), (1, 1, '{}')"},
    {9, "INSERT INTO sweep_decisions (sweep_seq, epoch, rank, combination, value, kept, at) VALUES (1, 1, 1, 0, 0.5, 1, 850)"},
    {9, "INSERT INTO sweep_keys (key, sweep_seq, body, created_at) VALUES ('k', 1, " SHA ", 801)"},
    {11, "INSERT INTO webhook_deliveries (id, job, url, type, body, created_at, state, at) "
         "VALUES ('evt_1', '" JOB "6', 'https://example.org/', 'training.job.succeeded', '{}', 3000, 'pending', 3000)"},
    {12, "UPDATE jobs SET plan = 'layer1' WHERE seq = 6"},
    {13, "UPDATE datasets SET duration = 100"},
    {14, "UPDATE jobs SET verdict = '20' || char(10) WHERE seq = 6"},
    {15, "UPDATE jobs SET traceparent = '00-0123-01-01'"},
    {15, "UPDATE webhook_deliveries SET traceparent = '00-0123-01-01'"},
    /* clang-format on */
};

/* Two of each job, as they were written at that version. */
static const char *events_sql(int version)
{
    if (version < 8)
        return "INSERT INTO events (job_seq, seq, at, type, message, step, epoch) "
               "SELECT seq, 1, 1000 + seq, 'created', '', -1, -1 FROM jobs UNION ALL "
               "SELECT seq, 2, 2000, 'started', 'again', 0, 0 FROM jobs";
    return "INSERT INTO events (job_seq, seq, at, type, message, step, epoch, number) "
           "SELECT seq, 1, 1000 + seq, 'created', '', -1, -1, 2 * seq - 1 FROM jobs UNION ALL "
           "SELECT seq, 2, 2000, 'started', 'again', 0, 0, 2 * seq FROM jobs; "
           "UPDATE event_counter SET last = 16";
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(db), sql);
}

static sqlite3 *open_at(const char *path)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

/* The first column of all rows, joined by `between`; the caller's. */
static char *join(sqlite3 *db, const char *sql, const char *between)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    sqlite3_stmt *stmt = NULL;
    bool first = true;

    assert_non_null(f);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(db), sql);
    for (; sqlite3_step(stmt) == SQLITE_ROW; first = false)
        fprintf(f, "%s%s", first ? "" : between, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    fclose(f);
    return text;
}

#define TABLES "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"

/* A query for each table that gives its rows as text, by the columns it has now. */
static char *make_queries(sqlite3 *db)
{
    return join(db,
                "SELECT 'SELECT ' || quote(t.name) || ' || "
                "'' '' || ' || "
                "(SELECT group_concat('quote(\"' || c.name || '\")', ' || '' '' || ') "
                "FROM pragma_table_info(t.name) AS c) || ' FROM \"' || t.name || '\"' "
                "FROM (" TABLES " ORDER BY name) AS t",
                " UNION ALL ");
}

static char *dump(sqlite3 *db, const char *queries)
{
    char sql[16384];

    assert_in_range(snprintf(sql, sizeof sql, "SELECT * FROM (%s) ORDER BY 1", queries), 1,
                    sizeof sql - 1);
    return join(db, sql, "\n");
}

/* A file of that version, with all its rows; *queries read them. */
static void make_old(const char *path, int version, char **queries, char **values)
{
    sqlite3 *db = open_at(path);
    struct snn_error err = {0};
    char *empty, sql[256];

    if (srv_migrate(db, srv_migrations, (size_t)version, &err) != SNN_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].since <= version)
            run(db, rows[i].sql);
    run(db, events_sql(version));
    snprintf(sql, sizeof sql, "%s", TABLES);
    char *tables = join(db, sql, "\n");
    for (char *name = strtok_r(tables, "\n", &empty); name; name = strtok_r(NULL, "\n", &empty)) {
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM \"%s\"", name);
        char *count = join(db, sql, "");
        if (strcmp(count, "0") == 0)
            fail_msg("version %d: table %s has no row: want some in this test", version, name);
        free(count);
    }
    free(tables);
    *queries = make_queries(db);
    *values = dump(db, *queries);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static char *schema_of(const char *path)
{
    sqlite3 *db = open_at(path);
    char *text = join(db,
                      "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_schema "
                      "ORDER BY type, name",
                      "\n");

    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return text;
}

/* Through the store: what a user sees of the old rows. */
static void look_through_store(struct srv_store *store)
{
    struct srv_event *events = NULL;
    struct srv_job job = {0};
    size_t n, recovered;
    bool more;

    for (int i = 1; i <= 8; i++) {
        char id[SRV_ID_SIZE];

        snprintf(id, sizeof id, JOB "%d", i);
        assert_int_equal(srv_store_job_get(store, id, &job, NULL), SNN_OK);
        assert_int_equal(job.seq, i);
        assert_int_equal(job.n_metadata, 1);
        assert_near(job.metrics.train_loss, 0.125, 0);
        srv_job_clear(&job);
        assert_int_equal(srv_store_event_list(store, id, 0, 10, &events, &n, &more, NULL), SNN_OK);
        assert_int_equal(n, 2);
        assert_string_equal(events[1].message, "again");
        free(events);
    }
    assert_int_equal(srv_store_recover(store, "boot_2", 5, &recovered, NULL), SNN_OK);
    assert_int_equal(recovered, 3);
    assert_int_equal(srv_store_job_get(store, JOB "2", &job, NULL), SNN_OK);
    assert_int_equal(job.status, SRV_JOB_queued);
    srv_job_clear(&job);
}

/* Leaves a copy of before an earlier upgrade beside the database. */
static void leave_older(const char *path)
{
    char older[600];
    FILE *f;

    snprintf(older, sizeof older, "%s.before-0000", path);
    f = fopen(older, "w");
    assert_non_null(f);
    fclose(f);
}

/* The copy of before: there if something was to change, the only one, and as the database was. */
static void check_copy(const char *path, int version, const char *queries, const char *before)
{
    bool changed = version < (int)srv_migration_count;
    char older[600], copy[600], *values, *number;
    sqlite3 *db;

    snprintf(older, sizeof older, "%s.before-0000", path);
    snprintf(copy, sizeof copy, "%s.before-%04d", path, version + 1);
    assert_int_equal(access(older, F_OK), changed ? -1 : 0);
    assert_int_equal(access(copy, F_OK), changed ? 0 : -1);
    if (!changed)
        return;
    db = open_at(copy);
    values = dump(db, queries);
    number = join(db, "SELECT user_version FROM pragma_user_version", "");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_string_equal(values, before);
    assert_int_equal(strtol(number, NULL, 10), version);
    free(values);
    free(number);
}

static void upgrade_from(const char *dir, int version, const char *schema)
{
    char path[512], data[400], *queries, *before, *after, *now;
    struct srv_store *store = NULL;
    struct snn_error err = {0};
    sqlite3 *db;

    snprintf(data, sizeof data, "%s/v%d", dir, version);
    snprintf(path, sizeof path, "%s/spiked.db", data);
    assert_int_equal(srv_store_open(&store, data, &srv_system_clock, NULL), SNN_OK);
    srv_store_close(store); /* the folder; its database is another now */
    assert_int_equal(remove(path), 0);
    make_old(path, version, &queries, &before);
    leave_older(path);
    if (srv_store_open(&store, data, &srv_system_clock, &err) != SNN_OK)
        fail_msg("from version %d: %s", version, err.message);
    srv_store_close(store);
    db = open_at(path);
    after = dump(db, queries);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_string_equal(after, before);
    check_copy(path, version, queries, before);
    now = schema_of(path);
    assert_string_equal(now, schema);
    assert_int_equal(srv_store_open(&store, data, &srv_system_clock, &err), SNN_OK);
    look_through_store(store);
    srv_store_close(store);
    free(queries);
    free(before);
    free(after);
    free(now);
}

static void upgrade__from_every_earlier_schema__keeps_every_value(void **state)
{
    char *dir = tmpdir_create(), path[512], *schema;
    struct srv_store *store = NULL;

    (void)state;
    assert_true(srv_migration_count > 8);
    snprintf(path, sizeof path, "%s/new", dir);
    assert_int_equal(srv_store_open(&store, path, &srv_system_clock, NULL), SNN_OK);
    srv_store_close(store);
    snprintf(path, sizeof path, "%s/new/spiked.db", dir);
    schema = schema_of(path);
    for (size_t version = 1; version <= srv_migration_count; version++)
        upgrade_from(dir, (int)version, schema);
    free(schema);
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upgrade__from_every_earlier_schema__keeps_every_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
