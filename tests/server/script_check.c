/* SPDX-License-Identifier: MIT */
/* Whether two stores hold the same, and whether one holds together. */
#include <sqlite3.h>
#include <string.h>

#include "tests/server/script.h"

static void mix(uint64_t *h, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < n; i++)
        *h = (*h ^ at[i]) * 1099511628211u;
}

#define MIX_START 14695981039346656037u

/* The sum over the rows: in whichever order they come. */
static enum snn_code add_rows(struct srv_conn *c, const char *table, uint64_t *sum,
                              struct snn_error *err)
{
    char sql[128];
    struct srv_query q;

    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", table);
    srv_query_once(&q, c, sql, err);
    while (srv_next(&q)) {
        uint64_t h = MIX_START;

        mix(&h, table, strlen(table));
        for (int i = 0; i < sqlite3_column_count(q.stmt); i++) {
            int type = sqlite3_column_type(q.stmt, i);
            const void *bytes = sqlite3_column_blob(q.stmt, i);

            mix(&h, &type, sizeof type);
            mix(&h, bytes, (size_t)sqlite3_column_bytes(q.stmt, i));
        }
        *sum += h;
    }
    return srv_done(&q);
}

uint64_t script_digest(struct srv_store *store, struct snn_error *err)
{
    struct srv_conn *c = NULL;
    struct srv_query q;
    uint64_t sum = MIX_START;
    enum snn_code rc = srv_store_read(store, &c, err), first;

    if (rc != SNN_OK)
        return 0;
    srv_query_once(&q, c, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", err);
    while (rc == SNN_OK && srv_next(&q)) {
        char table[64];

        srv_get_text(&q, table, sizeof table);
        rc = add_rows(c, table, &sum, err);
    }
    first = srv_done(&q);
    srv_store_unread(store, c);
    return rc == SNN_OK && first == SNN_OK ? sum : 0;
}

static void tell(void *user, const char *text)
{
    (void)user;
    fail_msg("the database: %s", text);
}

static enum snn_code pass(void *user, const char *path, int64_t bytes, const char *sha256,
                          struct snn_error *err)
{
    (void)user;
    (void)path;
    (void)bytes;
    (void)sha256;
    (void)err;
    return SNN_OK;
}

void script_check(struct srv_store *store)
{
    struct srv_store_files files = {.file = pass};
    struct srv_job job = fixture_job("after");
    struct snn_error err = {0};
    int64_t counts[SRV_JOB_STATUS_COUNT];
    size_t n;

    assert_ok(srv_store_check(store, &files, tell, NULL, &err), err);
    assert_ok(srv_store_recover(store, "boot_after", 100, &n, &err), err);
    assert_ok(srv_store_job_counts(store, counts, &err), err);
    assert_int_equal(counts[SRV_JOB_running] + counts[SRV_JOB_pausing] + counts[SRV_JOB_cancelling],
                     0);
    assert_ok(srv_store_job_create(store, &job, 1000, &err), err);
    srv_job_clear(&job);
}
