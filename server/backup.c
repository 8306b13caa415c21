/* SPDX-License-Identifier: MIT */
#include "server/backup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/files.h"
#include "server/log.h"
#include "server/tar.h"

/* Below the data directory, while a backup is being made. */
#define FOLDER "backups"

struct member {
    char *name; /* in the archive, and but for the first below the data directory */
    uint64_t size;
    char sha256[SNN_SHA256_HEX]; /* "" of the sums themselves */
};

struct srv_backup {
    char dir[SRV_PATH_SIZE]; /* of the copy and the links: "0", "1", ... by member */
    const char *data_dir;
    struct member *members; /* [0] the sums, [1] the database */
    size_t n, room;
    char *sums;
    int64_t made_at;
    uint64_t size;
    /* How far reading has come: */
    enum { HEADER, CONTENT, LAST, END } step;
    size_t at;                              /* the member */
    int fd;                                 /* its file; -1 = none is open */
    uint64_t left;                          /* bytes of its content */
    unsigned char block[2 * SRV_TAR_BLOCK]; /* a header, padding or the end, of which ... */
    size_t block_left;                      /* ... the last so many bytes are to be sent */
    bool failed;
};

/* ---------------------------------------------------------------------------------- members -- */

static enum snn_code add(struct srv_backup *b, const char *name, uint64_t size, const char *sha256,
                         struct snn_error *err)
{
    struct member *m;

    if (b->n == b->room) {
        size_t room = b->room ? 2 * b->room : 64;
        struct member *more = realloc(b->members, room * sizeof *more);

        if (!more)
            return snn_fail(err, SNN_NOMEM, "no memory for the list of a backup");
        b->members = more;
        b->room = room;
    }
    m = &b->members[b->n];
    *m = (struct member){.name = strdup(name), .size = size};
    if (!m->name)
        return snn_fail(err, SNN_NOMEM, "no memory for the list of a backup");
    snprintf(m->sha256, sizeof m->sha256, "%s", sha256);
    b->n++;
    return SNN_OK;
}

static enum snn_code path_of(char path[SRV_PATH_SIZE], const struct srv_backup *b, size_t member,
                             struct snn_error *err)
{
    return srv_path(path, err, "%s/%zu", b->dir, member);
}

/* On the writer's thread: no more than a link. */
static enum snn_code keep_file(void *user, const char *name, int64_t bytes, const char *sha256,
                               struct snn_error *err)
{
    struct srv_backup *b = user;
    char from[SRV_PATH_SIZE], to[SRV_PATH_SIZE];
    enum snn_code rc = srv_path(from, err, "%s/%s", b->data_dir, name);

    if (rc == SNN_OK)
        rc = path_of(to, b, b->n, err);
    if (rc == SNN_OK && link(from, to) != 0)
        rc = srv_fail_io(err, "link", from);
    return rc == SNN_OK ? add(b, name, (uint64_t)bytes, sha256, err) : rc;
}

static enum snn_code measure(struct srv_backup *b, size_t member, struct snn_error *err)
{
    char path[SRV_PATH_SIZE];
    struct stat st;
    enum snn_code rc = path_of(path, b, member, err);

    if (rc == SNN_OK && stat(path, &st) != 0)
        rc = srv_fail_io(err, "look at", path);
    if (rc == SNN_OK)
        b->members[member].size = (uint64_t)st.st_size;
    return rc == SNN_OK ? snn_digest_file(path, b->members[member].sha256, err) : rc;
}

/* As sha256sum writes and reads it. */
static enum snn_code write_sums(struct srv_backup *b, struct snn_error *err)
{
    size_t size = 0;
    FILE *f = open_memstream(&b->sums, &size);

    if (!f)
        return snn_fail(err, SNN_NOMEM, "no memory for the sums of a backup");
    for (size_t i = 1; i < b->n; i++)
        fprintf(f, "%s  %s\n", b->members[i].sha256, b->members[i].name);
    if (fclose(f) != 0)
        return snn_fail(err, SNN_NOMEM, "no memory for the sums of a backup");
    b->members[0].size = size;
    return SNN_OK;
}

static enum snn_code gather(struct srv_backup *b, struct srv_store *store, struct snn_error *err)
{
    const struct srv_store_files files = {keep_file, b};
    char database[SRV_PATH_SIZE];
    enum snn_code rc = add(b, SRV_BACKUP_SUMS, 0, "", err);

    if (rc == SNN_OK)
        rc = add(b, SRV_BACKUP_DATABASE, 0, "", err);
    if (rc == SNN_OK)
        rc = path_of(database, b, 1, err);
    if (rc == SNN_OK)
        rc = srv_store_snapshot(store, database, &files, err);
    if (rc == SNN_OK)
        rc = measure(b, 1, err);
    if (rc == SNN_OK)
        rc = write_sums(b, err);
    b->size = (uint64_t)2 * SRV_TAR_BLOCK;
    for (size_t i = 0; i < b->n; i++)
        b->size += SRV_TAR_BLOCK + srv_tar_padded(b->members[i].size);
    return rc;
}

enum snn_code srv_backup_new(struct srv_backup **out, const struct srv_config *config,
                             struct srv_store *store, struct snn_error *err)
{
    struct srv_backup *b = calloc(1, sizeof *b);
    char id[SRV_ID_SIZE];
    enum snn_code rc;

    if (!b)
        return snn_fail(err, SNN_NOMEM, "no memory for a backup");
    b->fd = -1;
    b->data_dir = config->data_dir;
    b->made_at = srv_system_clock.wall_seconds();
    srv_id_make(id, "");
    rc = srv_path(b->dir, err, "%s/" FOLDER, config->data_dir);
    if (rc == SNN_OK)
        rc = srv_dir_make(b->dir, err);
    if (rc == SNN_OK)
        rc = srv_path(b->dir, err, "%s/" FOLDER "/%s", config->data_dir, id);
    if (rc == SNN_OK)
        rc = srv_dir_make(b->dir, err);
    if (rc == SNN_OK)
        rc = gather(b, store, err);
    if (rc == SNN_OK)
        *out = b;
    else
        srv_backup_free(b);
    return rc;
}

void srv_backup_free(struct srv_backup *b)
{
    if (!b)
        return;
    if (b->fd >= 0)
        close(b->fd);
    if (strstr(b->dir, "/" FOLDER "/"))
        srv_dir_remove(b->dir);
    for (size_t i = 0; i < b->n; i++)
        free(b->members[i].name);
    free(b->members);
    free(b->sums);
    free(b);
}

uint64_t srv_backup_size(const struct srv_backup *b)
{
    return b->size;
}

void srv_backup_sweep(const struct srv_config *config)
{
    char dir[SRV_PATH_SIZE];

    if (srv_path(dir, NULL, "%s/" FOLDER, config->data_dir) == SNN_OK)
        srv_dir_remove(dir);
}

/* ---------------------------------------------------------------------------------- reading -- */

static void put_zeroes(struct srv_backup *b, size_t n)
{
    memset(b->block, 0, sizeof b->block);
    b->block_left = n;
}

/* The header of the member b->at, and its file. */
static enum snn_code open_member(struct srv_backup *b, struct snn_error *err)
{
    const struct member *m = &b->members[b->at];
    char path[SRV_PATH_SIZE];
    enum snn_code rc;

    put_zeroes(b, SRV_TAR_BLOCK);
    rc = srv_tar_write(b->block + sizeof b->block - SRV_TAR_BLOCK, m->name, m->size, b->made_at,
                       err);
    b->left = m->size;
    if (rc != SNN_OK || b->at == 0)
        return rc;
    rc = path_of(path, b, b->at, err);
    if (rc == SNN_OK) {
        b->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (b->fd < 0)
            rc = srv_fail_io(err, "open", m->name);
    }
    return rc;
}

static void close_member(struct srv_backup *b)
{
    const struct member *m = &b->members[b->at++];

    put_zeroes(b, (size_t)(srv_tar_padded(m->size) - m->size));
    if (b->fd >= 0)
        close(b->fd);
    b->fd = -1;
}

/* On to the next piece; false at the end. */
static bool advance(struct srv_backup *b, struct snn_error *err)
{
    if (b->step == CONTENT) {
        close_member(b);
        b->step = b->at < b->n ? HEADER : LAST;
    } else if (b->step == HEADER) {
        if (open_member(b, err) != SNN_OK)
            return false;
        b->step = CONTENT;
    } else if (b->step == LAST) {
        put_zeroes(b, sizeof b->block);
        b->step = END;
    } else {
        return false;
    }
    return true;
}

static size_t take_block(struct srv_backup *b, char *to, size_t room)
{
    size_t n = b->block_left < room ? b->block_left : room;

    memcpy(to, b->block + sizeof b->block - b->block_left, n);
    b->block_left -= n;
    return n;
}

static size_t take_content(struct srv_backup *b, char *to, size_t room, struct snn_error *err)
{
    const struct member *m = &b->members[b->at];
    size_t want = b->left < room ? (size_t)b->left : room;
    ssize_t n = (ssize_t)want;

    if (b->at == 0)
        memcpy(to, b->sums + (m->size - b->left), want);
    else
        n = read(b->fd, to, want);
    if (n <= 0) {
        snn_fail(err, SNN_IO, "%s ends %llu bytes too early, or cannot be read", m->name,
                 (unsigned long long)b->left);
        return 0;
    }
    b->left -= (uint64_t)n;
    return (size_t)n;
}

size_t srv_backup_read(struct srv_backup *b, char *to, size_t room)
{
    struct snn_error err = {0};
    char text[512];
    size_t n = 0;

    while (n < room && !b->failed) {
        size_t more = 0;

        if (b->block_left)
            more = take_block(b, to + n, room - n);
        else if (b->left)
            more = take_content(b, to + n, room - n, &err);
        else if (!advance(b, &err) && err.code == SNN_OK)
            break;
        n += more;
        b->failed = err.code != SNN_OK;
    }
    if (err.code != SNN_OK)
        srv_log(SRV_LOG_error, "backup_failed", "reason=%s",
                srv_log_quote(text, sizeof text, err.message));
    return n;
}
