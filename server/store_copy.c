/* SPDX-License-Identifier: MIT */
/* Copies of the database while it is written to, and whether one is whole. */
#include "server/store_internal.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "server/files.h"

#define PROGRESS_STEPS 10000 /* of SQLite's machine: some milliseconds */

static enum snn_code each_file(struct srv_conn *c, const struct srv_store_files *to,
                               struct snn_error *err)
{
    char path[256], sha256[SNN_SHA256_HEX];
    enum snn_code rc = SNN_OK;
    struct srv_query q;

    srv_query(&q, c,
              "SELECT path, bytes, sha256 FROM checkpoints UNION ALL "
              "SELECT path, bytes, sha256 FROM dataset_files",
              err);
    while (rc == SNN_OK && srv_next(&q)) {
        int64_t bytes;

        srv_get_text(&q, path, sizeof path);
        bytes = srv_get_int(&q);
        srv_get_text(&q, sha256, sizeof sha256);
        rc = to->file(to->user, path, bytes, sha256, err);
    }
    if (rc != SNN_OK)
        srv_query_fail(&q, rc);
    return srv_done(&q);
}

/* -------------------------------------------------------------------------------- snapshots -- */

struct snapshot {
    struct srv_store *store;
    const struct srv_store_files *to;
    struct srv_conn *reader; /* holds the moment */
};

/* On the writer's thread, so that no commit, and no removal of what one dropped, comes in between:
 * every file that the last commit's rows name is there. */
static SRV_COMMAND(run_snapshot)
{
    struct snapshot *a = arg;
    enum snn_code rc = srv_store_read(a->store, &a->reader, err);

    (void)c;
    return rc == SNN_OK ? each_file(a->reader, a->to, err) : rc;
}

static enum snn_code fail_copy(struct sqlite3 *copy, int code, struct snn_error *err)
{
    return snn_fail(err, (code & 0xff) == SQLITE_FULL ? SNN_FULL : SNN_IO,
                    "cannot copy the database: %s", copy ? sqlite3_errmsg(copy) : "no memory");
}

enum snn_code srv_db_copy(struct sqlite3 *from, const char *path, struct snn_error *err)
{
    struct sqlite3 *copy = NULL;
    sqlite3_backup *backup;
    enum snn_code rc = SNN_OK;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* its mode stays */
    int code;

    if (fd < 0)
        return srv_fail_io(err, "create", path);
    code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        backup = sqlite3_backup_init(copy, "main", from, "main");
        code = backup ? sqlite3_backup_step(backup, -1) : sqlite3_errcode(copy);
        if (backup)
            sqlite3_backup_finish(backup);
        code = code == SQLITE_DONE ? SQLITE_OK : code;
    }
    if (code != SQLITE_OK)
        rc = fail_copy(copy, code, err);
    sqlite3_close(copy);
    if (rc == SNN_OK && fsync(fd) != 0)
        rc = srv_fail_io(err, "write", path);
    close(fd);
    return rc;
}

enum snn_code srv_store_snapshot(struct srv_store *s, const char *path,
                                 const struct srv_store_files *to, struct snn_error *err)
{
    struct snapshot a = {.store = s, .to = to};
    enum snn_code rc = srv_writer_call(s->writer, run_snapshot, &a, err);

    if (rc == SNN_OK)
        rc = srv_db_copy(srv_conn_handle(a.reader), path, err);
    if (a.reader)
        srv_store_unread(s, a.reader);
    return rc;
}

/* ------------------------------------------------------------------------------------ check -- */

/* Tells `problem` of every row that sql gives. */
static enum snn_code tell_rows(struct srv_conn *c, const char *sql, const char *good,
                               void (*problem)(void *user, const char *text), void *user,
                               struct snn_error *err)
{
    char text[512];
    struct srv_query q;

    srv_query_once(&q, c, sql, err);
    while (srv_next(&q)) {
        srv_get_text(&q, text, sizeof text);
        if (strcmp(text, good) != 0)
            problem(user, text);
    }
    return srv_done(&q);
}

/* Keeps the last line that is not "ok". */
static void keep(void *user, const char *text)
{
    struct snn_error *found = user;

    (void)snn_fail(found, SNN_FORMAT, "%s", text);
}

struct patience {
    bool (*stop)(void *user);
    void *user;
};

static int is_to_stop(void *user)
{
    const struct patience *p = user;

    return p->stop(p->user);
}

enum snn_code srv_store_quick_check(struct srv_store *s, bool (*stop)(void *user), void *user,
                                    struct snn_error *err)
{
    struct patience patience = {stop, user};
    struct snn_error found = {.code = SNN_OK};
    struct srv_conn *c = NULL;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    sqlite3_progress_handler(srv_conn_handle(c), PROGRESS_STEPS, is_to_stop, &patience);
    rc = tell_rows(c, "SELECT substr(quick_check, 1, 500) FROM pragma_quick_check", "ok", keep,
                   &found, err);
    sqlite3_progress_handler(srv_conn_handle(c), 0, NULL, NULL);
    srv_store_unread(s, c);
    if (rc != SNN_OK && stop(user))
        return SNN_STOPPED;
    if (rc == SNN_OK && found.code != SNN_OK)
        rc = snn_fail(err, SNN_FORMAT, "the database is damaged: %s", found.message);
    atomic_store(&s->damaged, rc == SNN_FORMAT);
    atomic_store(&s->checked_at, s->clock.wall_seconds());
    return rc;
}

struct srv_store_health srv_store_health(struct srv_store *s)
{
    return (struct srv_store_health){.checked_at = atomic_load(&s->checked_at),
                                     .damaged = atomic_load(&s->damaged)};
}

enum snn_code srv_store_check(struct srv_store *s, const struct srv_store_files *files,
                              void (*problem)(void *user, const char *text), void *user,
                              struct snn_error *err)
{
    struct srv_conn *c = NULL;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = tell_rows(c, "SELECT substr(integrity_check, 1, 500) FROM pragma_integrity_check", "ok",
                   problem, user, err);
    if (rc == SNN_OK)
        rc = tell_rows(c,
                       "SELECT 'a row of ' || \"table\" || ' refers to nothing in ' || parent "
                       "FROM pragma_foreign_key_check",
                       "", problem, user, err);
    if (rc == SNN_OK)
        rc = each_file(c, files, err);
    srv_store_unread(s, c);
    return rc;
}
