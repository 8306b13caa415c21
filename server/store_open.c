/* SPDX-License-Identifier: MIT */
/* Opening and closing: the folder's lock, the writer, the pool of readers. */
#include "server/files.h"
#include "server/lock.h"
#include "server/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long ago a commit may be to count as a sign of life. */
#define PING_MS 1000

static char *join(const char *dir, const char *name)
{
    size_t size = strlen(dir) + strlen(name) + 2;
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s/%s", dir, name);
    return path;
}

/* The database is for its owner alone; the library gives its other files the mode of this one. */
static enum snn_code make_private(const char *path, struct snn_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return snn_fail(err, SNN_IO, "%s: cannot open: %s", path, strerror(errno));
    close(fd);
    return SNN_OK;
}

enum snn_code srv_store_in_place(const struct srv_store *s, struct snn_error *err)
{
    struct stat now;

    if (stat(s->path, &now) == 0 && now.st_ino == s->file.st_ino && now.st_dev == s->file.st_dev)
        return SNN_OK;
    return snn_fail(err, SNN_IO,
                    "database: its file was removed or replaced while the daemon ran: put it back, "
                    "or restart the daemon");
}

/* The folder itself, not those above it: a wrong path is to be seen, not made. */
static enum snn_code make_dir(const char *dir, struct snn_error *err)
{
    enum snn_code rc = srv_dir_make(dir, NULL);
    int error = errno;

    if (rc == SNN_OK)
        return SNN_OK;
    return snn_fail(err, rc, "cannot make the data folder %.300s: %s%s", dir, strerror(error),
                    error == ENOENT ? " (the folder above it is missing)" : "");
}

/* ------------------------------------------------------------------------------ open, close -- */

enum snn_code srv_store_open(struct srv_store **out, const char *dir, const struct srv_clock *clock,
                             struct snn_error *err)
{
    struct srv_store *s = calloc(1, sizeof *s);
    struct srv_conn *conn = NULL;
    enum snn_code rc = SNN_OK;

    if (!s)
        return snn_fail(err, SNN_NOMEM, "%s: no memory to open the store", dir);
    s->clock = *clock;
    s->lock_fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    s->path = join(dir, "spiked.db");
    if (!s->path)
        rc = snn_fail(err, SNN_NOMEM, "%s: no memory to open the store", dir);
    else
        rc = make_dir(dir, err);
    if (rc == SNN_OK)
        rc = srv_lock_take(&s->lock_fd, dir, err);
    if (rc == SNN_OK)
        rc = make_private(s->path, err);
    if (rc == SNN_OK && stat(s->path, &s->file) != 0)
        rc = snn_fail(err, SNN_IO, "%s: cannot look at it: %s", s->path, strerror(errno));
    if (rc == SNN_OK)
        rc = srv_conn_open(&conn, s->path, SRV_CONN_WRITER, err);
    if (rc == SNN_OK)
        rc = srv_writer_start(&s->writer, conn, err);
    if (rc == SNN_OK)
        rc = srv_dir_sync(dir, err);
    if (rc != SNN_OK) {
        srv_store_close(s);
        return rc;
    }
    *out = s;
    return SNN_OK;
}

void srv_store_close(struct srv_store *s)
{
    if (!s)
        return;
    /* Readers first: the log can only be emptied when nobody reads it. */
    for (size_t i = 0; i < s->n_readers; i++)
        srv_conn_close(s->readers[i]);
    srv_writer_stop(s->writer);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_mutex_destroy(&s->lock);
    free(s->path);
    free(s);
}

/* --------------------------------------------------------------------------------- readers -- */

enum snn_code srv_store_read(struct srv_store *s, struct srv_conn **out, struct snn_error *err)
{
    struct srv_conn *c = NULL;
    enum snn_code rc = SNN_OK;

    pthread_mutex_lock(&s->lock);
    if (s->n_readers > 0)
        c = s->readers[--s->n_readers];
    pthread_mutex_unlock(&s->lock);
    if (!c)
        rc = srv_conn_open(&c, s->path, SRV_CONN_READER, err);
    if (rc == SNN_OK)
        rc = srv_conn_exec(c, "BEGIN", err);
    if (rc != SNN_OK) {
        srv_conn_close(c);
        return rc;
    }
    *out = c;
    return SNN_OK;
}

void srv_store_unread(struct srv_store *s, struct srv_conn *c)
{
    if (srv_conn_exec(c, "COMMIT", NULL) == SNN_OK) {
        pthread_mutex_lock(&s->lock);
        if (s->n_readers < SRV_READERS_KEPT) {
            s->readers[s->n_readers++] = c;
            c = NULL;
        }
        pthread_mutex_unlock(&s->lock);
    }
    srv_conn_close(c);
}

/* ------------------------------------------------------------------------------------ ping -- */

static SRV_COMMAND(run_ping)
{
    const struct srv_writer_stats *stats = arg;

    if (!stats->last_failed && stats->idle_ms < PING_MS)
        return SNN_OK;
    /* Writes the file's head as it is, and so a commit, without a row of its own. */
    return srv_conn_exec(c, "PRAGMA application_id = 0x53504b44", err);
}

enum snn_code srv_store_ping(struct srv_store *s, struct snn_error *err)
{
    struct srv_writer_stats stats = srv_writer_stats(s->writer);
    struct srv_conn *c = NULL;
    struct srv_query q;
    enum snn_code rc = srv_store_in_place(s, err);

    if (rc == SNN_OK)
        rc = srv_store_read(s, &c, err);
    if (rc != SNN_OK)
        return rc;
    srv_query(&q, c, "SELECT COUNT(*) FROM sqlite_schema", err);
    rc = srv_run(&q);
    srv_store_unread(s, c);
    if (rc == SNN_OK)
        rc = srv_writer_call(s->writer, run_ping, &stats, err);
    return rc;
}

void srv_store_listen(struct srv_store *s, void (*news)(void *user), void *user)
{
    srv_writer_listen(s->writer, news, user);
}

enum snn_code srv_page_check(size_t limit, struct snn_error *err)
{
    if (limit >= 1 && limit <= SRV_PAGE_MAX)
        return SNN_OK;
    return snn_fail(err, SNN_INVALID, "limit is %zu, want 1 to %d", limit, SRV_PAGE_MAX);
}

size_t srv_page_end(size_t found, size_t limit, bool *has_more)
{
    *has_more = found > limit;
    return *has_more ? limit : found;
}
