/* SPDX-License-Identifier: MIT */
/* A copy of the database before a new program changes its schema: the way back from an upgrade. */
#include "server/store_before.h"

#include <libgen.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/files.h"
#include "server/log.h"
#include "server/migrate.h"
#include "server/store_internal.h"

#define BEFORE ".before-"

static int version_of(struct sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int version = 0;

    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        version = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return version;
}

/* Removes what the folder has of earlier copies of that database; the newest stays. */
static void remove_older(const char *dir, const char *db, const char *newest)
{
    char **names = NULL, path[SRV_PATH_SIZE];
    size_t n = 0, start = strlen(db);

    if (srv_dir_list(dir, &names, &n, NULL) != SNN_OK)
        return;
    for (size_t i = 0; i < n; i++)
        if (strncmp(names[i], db, start) == 0 &&
            strncmp(names[i] + start, BEFORE, strlen(BEFORE)) == 0 &&
            strcmp(names[i], newest) != 0 && srv_path(path, NULL, "%s/%s", dir, names[i]) == SNN_OK)
            unlink(path);
    srv_names_free(names, n);
}

static enum snn_code copy(struct sqlite3 *db, const char *dir, const char *name, int next,
                          struct snn_error *err)
{
    char part[SRV_PATH_SIZE], path[SRV_PATH_SIZE];
    enum snn_code rc = srv_path(part, err, "%s/%s" BEFORE "part", dir, name);

    if (rc == SNN_OK)
        rc = srv_path(path, err, "%s/%s" BEFORE "%04d", dir, name, next);
    if (rc != SNN_OK)
        return rc;
    unlink(part);
    rc = srv_db_copy(db, part, err);
    if (rc == SNN_OK && rename(part, path) != 0)
        rc = srv_fail_io(err, "name", path);
    if (rc == SNN_OK)
        rc = srv_dir_sync(dir, err);
    if (rc != SNN_OK) {
        unlink(part);
        return rc;
    }
    remove_older(dir, name, strrchr(path, '/') + 1);
    srv_log(SRV_LOG_info, "database_copied", "file=%s%s%04d", name, BEFORE, next);
    return SNN_OK;
}

enum snn_code srv_store_before(struct sqlite3 *db, const char *path, struct snn_error *err)
{
    int version = version_of(db);
    char *dir, *name;
    enum snn_code rc;

    if (version <= 0 || (size_t)version >= srv_migration_count)
        return SNN_OK;
    dir = strdup(path);
    name = strdup(path);
    if (!dir || !name)
        rc = snn_fail(err, SNN_NOMEM, "%s: no memory to copy it", path);
    else
        rc = copy(db, dirname(dir), basename(name), version + 1, err);
    free(dir);
    free(name);
    return rc;
}
