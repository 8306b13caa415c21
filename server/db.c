/* SPDX-License-Identifier: MIT */
/* Connections, kept statements, and what the database library's codes mean here. */
#include "server/db.h"

#include "server/migrate.h"
#include "server/store_before.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_STATEMENTS 96
#define PAGE_BYTES 4096
#define BUSY_MS 5000
/* Checked whole at start up to this size; beyond it that would take seconds. */
#define CHECK_MAX_BYTES (64LL << 20)

struct kept {
    const char *sql; /* its address is the key */
    sqlite3_stmt *stmt;
};

struct srv_conn {
    sqlite3 *db;
    int log_pages;
    uint64_t commits;
    size_t n_kept;
    struct kept kept[KEPT_STATEMENTS];
};

/* ---------------------------------------------------------------------------------- errors -- */

static const struct {
    int sqlite; /* primary code */
    enum snn_code code;
    const char *what;
} meanings[] = {
    {SQLITE_FULL, SNN_FULL, "the disk is full"},
    {SQLITE_IOERR, SNN_IO, "the disk refused to read or write"},
    {SQLITE_READONLY, SNN_IO, "the file may not be written"},
    {SQLITE_CANTOPEN, SNN_IO, "the file cannot be opened"},
    {SQLITE_BUSY, SNN_IO, "another process holds the database"},
    {SQLITE_NOMEM, SNN_NOMEM, "no memory"},
    {SQLITE_CORRUPT, SNN_FORMAT, "the file is damaged"},
    {SQLITE_NOTADB, SNN_FORMAT, "the file is not a database"},
    {SQLITE_CONSTRAINT, SNN_INVALID, "the values break a rule of the schema"},
    {SQLITE_TOOBIG, SNN_LIMIT, "a value is too big"},
};

static enum snn_code fail(const struct srv_conn *c, int sqlite, const char *doing,
                          struct snn_error *err)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].sqlite == (sqlite & 0xff))
            return snn_fail(err, meanings[i].code, "database: %s (%s, code %d) at: %.160s",
                            meanings[i].what, sqlite3_errmsg(c->db), sqlite, doing);
    return snn_fail(err, SNN_IO, "database: %s (code %d) at: %.160s", sqlite3_errmsg(c->db), sqlite,
                    doing);
}

/* ------------------------------------------------------------------------------ connection -- */

enum snn_code srv_conn_exec(struct srv_conn *c, const char *sql, struct snn_error *err)
{
    int code = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? SNN_OK : fail(c, code, sql, err);
}

/* Fails unless sql's first row is `want`. */
static enum snn_code expect(struct srv_conn *c, const char *sql, const char *want,
                            struct snn_error *err)
{
    char found[512] = "", *unread;
    struct srv_query q;
    enum snn_code rc;

    srv_query_once(&q, c, sql, err);
    if (srv_next(&q))
        srv_get_text(&q, found, sizeof found);
    rc = srv_done(&q);
    /* A check that could not read, for want of memory perhaps, has found no damage. */
    if (rc == SNN_OK && (unread = strstr(found, "error code=")) != NULL)
        return fail(c, (int)strtol(strchr(unread, '=') + 1, NULL, 10), sql, err);
    if (rc == SNN_OK && strcmp(found, want) != 0)
        rc = snn_fail(err, SNN_FORMAT, "database: %s gave \"%.250s\", want \"%s\"", sql, found,
                      want);
    return rc;
}

static int remember_log(void *user, sqlite3 *db, const char *schema, int pages)
{
    struct srv_conn *c = user;

    (void)db;
    (void)schema;
    c->log_pages = pages;
    c->commits++;
    return SQLITE_OK;
}

static enum snn_code check_file(struct srv_conn *c, struct snn_error *err)
{
    struct srv_query q;
    int64_t pages = 0;
    enum snn_code rc;

    srv_query_once(&q, c, "PRAGMA page_count", err);
    if (srv_next(&q))
        pages = srv_get_int(&q);
    rc = srv_done(&q);
    if (rc == SNN_OK && pages <= CHECK_MAX_BYTES / PAGE_BYTES)
        rc = expect(c, "PRAGMA quick_check(1)", "ok", err);
    return rc;
}

static enum snn_code set_up(struct srv_conn *c, const char *path, enum srv_conn_mode mode,
                            struct snn_error *err)
{
    enum snn_code rc;

    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, BUSY_MS);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    rc = srv_conn_exec(c,
                       "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                       "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON",
                       err);
    if (rc != SNN_OK || mode == SRV_CONN_READER)
        return rc;
    /* WAL is refused where there is no shared memory between processes: a network or overlay
     * folder. */
    rc = expect(c, "PRAGMA journal_mode = WAL", "wal", err);
    if (rc == SNN_OK)
        rc = srv_conn_exec(c, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0", err);
    if (rc == SNN_OK)
        rc = check_file(c, err);
    if (rc == SNN_OK)
        rc = srv_store_before(c->db, path, err);
    if (rc == SNN_OK)
        rc = srv_migrate(c->db, srv_migrations, srv_migration_count, err);
    if (rc == SNN_OK)
        sqlite3_wal_hook(c->db, remember_log, c);
    return rc;
}

enum snn_code srv_conn_open(struct srv_conn **out, const char *path, enum srv_conn_mode mode,
                            struct snn_error *err)
{
    int flags =
        mode == SRV_CONN_WRITER ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    struct srv_conn *c = calloc(1, sizeof *c);
    enum snn_code rc;
    int code;

    if (!c)
        return snn_fail(err, SNN_NOMEM, "%s: no memory for a connection", path);
    code = sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    rc = code == SQLITE_OK ? set_up(c, path, mode, err) : fail(c, code, path, err);
    if (rc != SNN_OK) {
        srv_conn_close(c);
        return rc;
    }
    *out = c;
    return SNN_OK;
}

void srv_conn_close(struct srv_conn *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_kept; i++)
        sqlite3_finalize(c->kept[i].stmt);
    sqlite3_close(c->db);
    free(c);
}

struct sqlite3 *srv_conn_handle(const struct srv_conn *c)
{
    return c->db;
}

bool srv_conn_in_transaction(const struct srv_conn *c)
{
    return !sqlite3_get_autocommit(c->db);
}

int64_t srv_conn_changes(const struct srv_conn *c)
{
    return sqlite3_changes64(c->db);
}

uint64_t srv_conn_commits(const struct srv_conn *c)
{
    return c->commits;
}

int64_t srv_conn_last_rowid(const struct srv_conn *c)
{
    return sqlite3_last_insert_rowid(c->db);
}

int64_t srv_conn_log_bytes(const struct srv_conn *c)
{
    return (int64_t)c->log_pages * PAGE_BYTES;
}

enum snn_code srv_conn_checkpoint(struct srv_conn *c, bool truncate, struct snn_error *err)
{
    int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    int code;

    sqlite3_busy_timeout(c->db, 0);
    code = sqlite3_wal_checkpoint_v2(c->db, NULL, mode, NULL, NULL);
    sqlite3_busy_timeout(c->db, BUSY_MS);
    if (code == SQLITE_OK && truncate)
        c->log_pages = 0;
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY)
        return SNN_OK; /* a reader still needs the log: the next time will do */
    return fail(c, code, "checkpoint", err);
}

/* --------------------------------------------------------------------------------- queries -- */

static void prepare(struct srv_query *q, const char *sql, unsigned flags)
{
    int code = sqlite3_prepare_v3(q->conn->db, sql, -1, flags, &q->stmt, NULL);

    if (code != SQLITE_OK)
        q->code = fail(q->conn, code, "prepare", q->err);
}

void srv_query_once(struct srv_query *q, struct srv_conn *c, const char *sql, struct snn_error *err)
{
    *q = (struct srv_query){.conn = c, .err = err, .owned = true};
    prepare(q, sql, 0);
}

void srv_query(struct srv_query *q, struct srv_conn *c, const char *sql, struct snn_error *err)
{
    *q = (struct srv_query){.conn = c, .err = err};
    for (size_t i = 0; i < c->n_kept; i++) {
        if (c->kept[i].sql == sql && !sqlite3_stmt_busy(c->kept[i].stmt)) {
            q->stmt = c->kept[i].stmt;
            return;
        }
    }
    q->owned = c->n_kept == KEPT_STATEMENTS;
    prepare(q, sql, q->owned ? 0 : SQLITE_PREPARE_PERSISTENT);
    if (q->code == SNN_OK && !q->owned)
        c->kept[c->n_kept++] = (struct kept){sql, q->stmt};
}

/* After a bind: sticks if it failed. */
static void bound(struct srv_query *q, int code)
{
    if (code != SQLITE_OK)
        q->code = fail(q->conn, code, "bind", q->err);
}

void srv_put_int(struct srv_query *q, int64_t value)
{
    if (q->code == SNN_OK)
        bound(q, sqlite3_bind_int64(q->stmt, ++q->put, value));
}

void srv_put_real(struct srv_query *q, double value)
{
    if (q->code != SNN_OK)
        return;
    q->put++;
    bound(q, isfinite(value) ? sqlite3_bind_double(q->stmt, q->put, value)
                             : sqlite3_bind_null(q->stmt, q->put));
}

void srv_put_optional(struct srv_query *q, int64_t value)
{
    if (q->code != SNN_OK)
        return;
    q->put++;
    bound(q,
          value ? sqlite3_bind_int64(q->stmt, q->put, value) : sqlite3_bind_null(q->stmt, q->put));
}

void srv_put_text(struct srv_query *q, const char *text)
{
    if (q->code == SNN_OK)
        bound(q, sqlite3_bind_text(q->stmt, ++q->put, text, -1, SQLITE_STATIC));
}

void srv_put_bytes(struct srv_query *q, const void *bytes, size_t n)
{
    if (q->code == SNN_OK)
        bound(q, sqlite3_bind_blob64(q->stmt, ++q->put, bytes, n, SQLITE_STATIC));
}

bool srv_next(struct srv_query *q)
{
    int code;

    if (q->code != SNN_OK)
        return false;
    q->column = 0;
    code = sqlite3_step(q->stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        q->code = fail(q->conn, code, sqlite3_sql(q->stmt), q->err);
    return code == SQLITE_ROW;
}

int64_t srv_get_int(struct srv_query *q)
{
    return q->code == SNN_OK ? sqlite3_column_int64(q->stmt, q->column++) : 0;
}

double srv_get_real(struct srv_query *q)
{
    int column = q->column++;

    if (q->code != SNN_OK || sqlite3_column_type(q->stmt, column) == SQLITE_NULL)
        return NAN;
    return sqlite3_column_double(q->stmt, column);
}

/* The column's text, NULL and the failure kept where there is no memory for it. */
static const char *text_of(struct srv_query *q)
{
    int column = q->column++;
    const char *text;

    if (q->code != SNN_OK)
        return NULL;
    text = (const char *)sqlite3_column_text(q->stmt, column);
    if (!text && sqlite3_column_type(q->stmt, column) == SQLITE_NULL)
        return "";
    if (!text)
        q->code = fail(q->conn, SQLITE_NOMEM, "read", q->err);
    return text;
}

void srv_get_text(struct srv_query *q, char *buf, size_t size)
{
    const char *text = text_of(q);
    size_t n = text ? strlen(text) : 0;

    if (text && n < size)
        memcpy(buf, text, n + 1);
    else if (text)
        q->code = snn_fail(q->err, SNN_FORMAT, "database: %s has %zu bytes, want less than %zu",
                           sqlite3_column_name(q->stmt, q->column - 1), n, size);
}

char *srv_get_text_copy(struct srv_query *q)
{
    const char *text = text_of(q);
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        q->code = snn_fail(q->err, SNN_NOMEM, "database: no memory for a text of %zu bytes",
                           strlen(text));
    return copy;
}

const unsigned char *srv_get_bytes(struct srv_query *q, size_t *n)
{
    const unsigned char *bytes;

    *n = 0;
    if (q->code != SNN_OK)
        return NULL;
    bytes = sqlite3_column_blob(q->stmt, q->column);
    *n = (size_t)sqlite3_column_bytes(q->stmt, q->column++);
    return bytes;
}

void srv_query_fail(struct srv_query *q, enum snn_code code)
{
    if (q->code == SNN_OK)
        q->code = code;
}

enum snn_code srv_done(struct srv_query *q)
{
    if (q->owned) {
        sqlite3_finalize(q->stmt);
    } else if (q->stmt) {
        sqlite3_reset(q->stmt); /* its code was told by srv_next */
        sqlite3_clear_bindings(q->stmt);
    }
    q->stmt = NULL;
    return q->code;
}

enum snn_code srv_run(struct srv_query *q)
{
    while (srv_next(q))
        ;
    return srv_done(q);
}
