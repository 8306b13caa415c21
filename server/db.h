/* SPDX-License-Identifier: MIT */
/*
 * One connection to the database, and queries on it. The stores' SQL goes through these calls, so
 * that binding, NULLs and failures are dealt with in one place. A connection and its queries belong
 * to one thread at a time.
 *
 *     struct srv_query q;
 *     srv_query(&q, conn, "SELECT seq FROM jobs WHERE id = ?", err);
 *     srv_put_text(&q, id);
 *     while (srv_next(&q))
 *         seq = srv_get_int(&q);
 *     rc = srv_done(&q);
 *
 * Failures stick: after one, puts and gets do nothing and srv_next is false; srv_done tells. Every
 * srv_query needs its srv_done.
 */
#ifndef SPIKED_SERVER_DB_H
#define SPIKED_SERVER_DB_H

#include "core/snn.h"

struct srv_conn;
struct sqlite3;
struct sqlite3_stmt;

enum srv_conn_mode { SRV_CONN_READER, SRV_CONN_WRITER };

/* The writer makes the file where there is none, migrates it, and is the only connection that may
 * write or checkpoint (the library's versions before 3.51.3 can lose commits otherwise). Readers
 * need an open writer. */
enum snn_code srv_conn_open(struct srv_conn **out, const char *path, enum srv_conn_mode mode,
                            struct snn_error *err);
void srv_conn_close(struct srv_conn *c);

/* The library's own handle, for what these calls cannot do. */
struct sqlite3 *srv_conn_handle(const struct srv_conn *c);

/* BEGIN, COMMIT and the like. */
enum snn_code srv_conn_exec(struct srv_conn *c, const char *sql, struct snn_error *err);
/* False where there is no transaction: a failure may have ended it. */
bool srv_conn_in_transaction(const struct srv_conn *c);
/* Rows changed by the last finished statement. */
int64_t srv_conn_changes(const struct srv_conn *c);
int64_t srv_conn_last_rowid(const struct srv_conn *c);

/* Commits since it was opened that had something to write. Writer only. */
uint64_t srv_conn_commits(const struct srv_conn *c);
/* Bytes in the log, as of the last commit. Writer only. */
int64_t srv_conn_log_bytes(const struct srv_conn *c);
/* Moves the log into the database. `truncate` also empties the log file, where no reader is in the
 * way; it never waits for one. Writer only. */
enum snn_code srv_conn_checkpoint(struct srv_conn *c, bool truncate, struct snn_error *err);

struct srv_query {
    struct srv_conn *conn;
    struct sqlite3_stmt *stmt;
    bool owned;      /* not kept for the next time */
    int put, column; /* how far binding and reading have come */
    enum snn_code code;
    struct snn_error *err;
};

/* `sql` is a string literal: what is prepared for it is found again by its address. */
void srv_query(struct srv_query *q, struct srv_conn *c, const char *sql, struct snn_error *err);
/* For text put together at run time. */
void srv_query_once(struct srv_query *q, struct srv_conn *c, const char *sql,
                    struct snn_error *err);

/* The next parameter. Text and bytes are borrowed until srv_done. */
void srv_put_int(struct srv_query *q, int64_t value);
void srv_put_real(struct srv_query *q, double value);      /* NULL where not finite */
void srv_put_optional(struct srv_query *q, int64_t value); /* NULL where 0 */
void srv_put_text(struct srv_query *q, const char *text);
void srv_put_bytes(struct srv_query *q, const void *bytes, size_t n);

/* True with a row, whose columns are then read from the first on. */
bool srv_next(struct srv_query *q);
int64_t srv_get_int(struct srv_query *q); /* NULL is 0 */
double srv_get_real(struct srv_query *q); /* NULL is NaN */
/* SNN_FORMAT where it does not fit, which no row of ours can be. */
void srv_get_text(struct srv_query *q, char *buf, size_t size);
/* malloc'ed. NULL only after a failure. */
char *srv_get_text_copy(struct srv_query *q);
/* Borrowed until the next srv_next or srv_done. */
const unsigned char *srv_get_bytes(struct srv_query *q, size_t *n);

/* Keeps a failure of the caller's own. */
void srv_query_fail(struct srv_query *q, enum snn_code code);

enum snn_code srv_done(struct srv_query *q);
/* Steps through to the end: for statements that give no rows. */
enum snn_code srv_run(struct srv_query *q);

#endif
