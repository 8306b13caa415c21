/* SPDX-License-Identifier: MIT */
/* Schema versions: PRAGMA user_version says how many steps a database has seen. */
#include "server/migrate.h"

#include <sqlite3.h>

static enum snn_code code_of(int sqlite)
{
    switch (sqlite & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return SNN_FORMAT;
    case SQLITE_NOMEM:
        return SNN_NOMEM;
    case SQLITE_FULL:
        return SNN_FULL;
    default:
        return SNN_IO;
    }
}

static enum snn_code run(sqlite3 *db, const char *sql, const char *step, struct snn_error *err)
{
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

    if (code == SQLITE_OK)
        return SNN_OK;
    return snn_fail(err, code_of(code), "database migration %s failed: %s", step,
                    sqlite3_errmsg(db));
}

/* The first column of the first row of sql; `otherwise` where it gives none. */
static enum snn_code ask(sqlite3 *db, const char *sql, int otherwise, int *out,
                         struct snn_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int(stmt, 0);
    else if (code == SQLITE_DONE)
        *out = otherwise;
    sqlite3_finalize(stmt);
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return SNN_OK;
    return snn_fail(err, code_of(code), "cannot read the database's version: %s",
                    sqlite3_errmsg(db));
}

static enum snn_code check_keys(sqlite3 *db, const char *step, struct snn_error *err)
{
    int broken = 0;
    enum snn_code rc = ask(db, "SELECT 1 FROM pragma_foreign_key_check LIMIT 1", 0, &broken, err);

    if (rc == SNN_OK && broken)
        rc = snn_fail(err, SNN_FORMAT,
                      "database migration %s would leave rows that refer to nothing", step);
    return rc;
}

static enum snn_code apply(sqlite3 *db, const struct srv_migration *m, struct snn_error *err)
{
    char version[48];
    enum snn_code rc = run(db, "BEGIN IMMEDIATE", m->name, err);

    if (rc != SNN_OK)
        return rc;
    snprintf(version, sizeof version, "PRAGMA user_version = %d", m->version);
    rc = run(db, m->sql, m->name, err);
    if (rc == SNN_OK)
        rc = check_keys(db, m->name, err);
    if (rc == SNN_OK)
        rc = run(db, version, m->name, err);
    if (rc == SNN_OK)
        rc = run(db, "COMMIT", m->name, err);
    if (rc != SNN_OK && !sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* the first failure is what counts */
    return rc;
}

enum snn_code srv_migrate(struct sqlite3 *db, const struct srv_migration *steps, size_t count,
                          struct snn_error *err)
{
    int version = 0;
    enum snn_code rc;

    for (size_t i = 0; i < count; i++)
        if (steps[i].version != (int)i + 1)
            return snn_fail(err, SNN_INVALID, "migration %s has version %d, want %zu",
                            steps[i].name, steps[i].version, i + 1);
    rc = ask(db, "PRAGMA user_version", 0, &version, err);
    if (rc != SNN_OK)
        return rc;
    if (version < 0 || (size_t)version > count)
        return snn_fail(
            err, SNN_FORMAT,
            "the database has version %d, this program knows versions up to %zu: use the "
            "newer program, or a copy from before the upgrade",
            version, count);
    /* A step may rebuild a table that others refer to; this pragma does nothing inside a
     * transaction. */
    rc = run(db, "PRAGMA foreign_keys = OFF", "setup", err);
    for (size_t i = (size_t)version; rc == SNN_OK && i < count; i++)
        rc = apply(db, &steps[i], err);
    if (rc == SNN_OK)
        rc = run(db, "PRAGMA foreign_keys = ON", "setup", err);
    return rc;
}
