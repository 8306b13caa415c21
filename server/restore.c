/* SPDX-License-Identifier: MIT */
/* The way back: unpack beside the place, look at all of it, move it there. */
#include "server/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/files.h"
#include "server/lock.h"
#include "server/tar.h"

#define FOLDER "restoring" /* below the data directory, until all is found right */
#define MAX_SUMS ((uint64_t)256 << 20)
#define PIECE 65536

struct restore {
    FILE *from;
    const char *data_dir;
    char dir[SRV_PATH_SIZE];
    char *sums; /* "sha256  name\n" a member */
    size_t n;   /* members unpacked */
};

/* ---------------------------------------------------------------------------------- reading -- */

static enum snn_code read_all(struct restore *r, void *to, size_t n, struct snn_error *err)
{
    if (fread(to, 1, n, r->from) == n)
        return SNN_OK;
    return ferror(r->from) ? srv_fail_io(err, "read", "the archive")
                           : snn_fail(err, SNN_FORMAT, "the archive ends too early");
}

static enum snn_code skip_padding(struct restore *r, uint64_t size, struct snn_error *err)
{
    unsigned char padding[SRV_TAR_BLOCK];

    return read_all(r, padding, (size_t)(srv_tar_padded(size) - size), err);
}

/* The digest that the sums have of that name; NULL where they do not have it. */
static const char *sum_of(const struct restore *r, const char *name)
{
    size_t size = strlen(name);

    for (const char *line = r->sums; *line; line += strcspn(line, "\n") + 1) {
        const char *at = line + SNN_SHA256_HEX - 1 + 2;
        size_t n = strcspn(line, "\n");

        if (n == SNN_SHA256_HEX - 1 + 2 + size && memcmp(at, name, size) == 0)
            return line;
        if (!line[n])
            break;
    }
    return NULL;
}

static enum snn_code read_sums(struct restore *r, struct snn_error *err)
{
    unsigned char block[SRV_TAR_BLOCK];
    char name[SRV_TAR_NAME] = "";
    uint64_t size = 0;
    bool end = false;
    enum snn_code rc = read_all(r, block, sizeof block, err);

    if (rc == SNN_OK)
        rc = srv_tar_read(block, name, &size, &end, err);
    if (rc == SNN_OK && (end || strcmp(name, SRV_BACKUP_SUMS) != 0 || size > MAX_SUMS))
        rc = snn_fail(err, SNN_FORMAT,
                      "the archive begins with '%s', want " SRV_BACKUP_SUMS
                      ": it is no backup of spiked",
                      name);
    if (rc != SNN_OK)
        return rc;
    r->sums = calloc(1, (size_t)size + 1);
    if (!r->sums)
        return snn_fail(err, SNN_NOMEM, "no memory for the sums of the archive");
    rc = read_all(r, r->sums, (size_t)size, err);
    return rc == SNN_OK ? skip_padding(r, size, err) : rc;
}

/* -------------------------------------------------------------------------------- unpacking -- */

static enum snn_code make_folders(const struct restore *r, const char *name, struct snn_error *err)
{
    char path[SRV_PATH_SIZE];
    enum snn_code rc = SNN_OK;

    for (const char *slash = name; rc == SNN_OK && (slash = strchr(slash, '/')); slash++) {
        rc = srv_path(path, err, "%s/%.*s", r->dir, (int)(slash - name), name);
        if (rc == SNN_OK)
            rc = srv_dir_make(path, err);
    }
    return rc;
}

static enum snn_code copy(struct restore *r, FILE *to, uint64_t size, char hex[SNN_SHA256_HEX],
                          struct snn_error *err)
{
    static char piece[PIECE];
    enum snn_code rc = SNN_OK;
    struct snn_digest d;

    snn_digest_init(&d);
    while (rc == SNN_OK && size > 0) {
        size_t n = size < sizeof piece ? (size_t)size : sizeof piece;

        rc = read_all(r, piece, n, err);
        if (rc == SNN_OK && fwrite(piece, 1, n, to) != n)
            rc = srv_fail_io(err, "write", r->dir);
        snn_digest_add(&d, piece, n);
        size -= n;
    }
    snn_digest_hex(&d, hex);
    return rc;
}

static enum snn_code unpack_one(struct restore *r, const char *name, uint64_t size,
                                struct snn_error *err)
{
    const char *want = sum_of(r, name);
    char path[SRV_PATH_SIZE], hex[SNN_SHA256_HEX];
    FILE *to = NULL;
    enum snn_code rc;
    int fd = -1;

    if (!want)
        return snn_fail(err, SNN_FORMAT, "%s is not among the sums of the archive", name);
    rc = make_folders(r, name, err);
    if (rc == SNN_OK)
        rc = srv_path(path, err, "%s/%s", r->dir, name);
    if (rc != SNN_OK)
        return rc;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    to = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!to) {
        rc = srv_fail_io(err, "create", path);
        if (fd >= 0)
            close(fd);
        return rc;
    }
    rc = copy(r, to, size, hex, err);
    if (rc == SNN_OK && (fflush(to) != 0 || fsync(fd) != 0))
        rc = srv_fail_io(err, "write", path);
    fclose(to);
    if (rc == SNN_OK && memcmp(hex, want, SNN_SHA256_HEX - 1) != 0)
        rc = snn_fail(err, SNN_FORMAT, "%s has SHA-256 %s, want %.64s: the archive is damaged",
                      name, hex, want);
    r->n += rc == SNN_OK;
    return rc == SNN_OK ? skip_padding(r, size, err) : rc;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static enum snn_code unpack(struct restore *r, struct snn_error *err)
{
    unsigned char block[SRV_TAR_BLOCK];
    enum snn_code rc = read_sums(r, err);

    while (rc == SNN_OK) {
        char name[SRV_TAR_NAME] = "";
        uint64_t size = 0;
        bool end = false;

        rc = read_all(r, block, sizeof block, err);
        if (rc == SNN_OK)
            rc = srv_tar_read(block, name, &size, &end, err);
        if (rc == SNN_OK && end)
            break;
        if (rc == SNN_OK)
            rc = unpack_one(r, name, size, err);
    }
    if (rc == SNN_OK && r->n != count_lines(r->sums))
        rc = snn_fail(err, SNN_FORMAT, "the archive has %zu files, want the %zu of its sums", r->n,
                      count_lines(r->sums));
    return rc;
}

/* --------------------------------------------------------------------------------- checking -- */

static void note_problem(void *user, const char *text)
{
    struct snn_error *err = user;

    if (err->code == SNN_OK)
        snn_fail(err, SNN_FORMAT, "the database in the archive is damaged: %.300s", text);
}

/* What the archive has of it was checked with the rest; here: that it has it. */
static enum snn_code expect_file(void *user, const char *path, int64_t bytes, const char *sha256,
                                 struct snn_error *err)
{
    const char *have = sum_of(user, path);

    (void)bytes;
    if (have && memcmp(have, sha256, SNN_SHA256_HEX - 1) == 0)
        return SNN_OK;
    return snn_fail(err, SNN_FORMAT, "the database names %s, which the archive %s", path,
                    have ? "has with another digest" : "lacks");
}

static enum snn_code check(struct restore *r, struct snn_error *err)
{
    const struct srv_store_files files = {expect_file, r};
    struct srv_store *store = NULL;
    struct snn_error found = {0};
    char path[SRV_PATH_SIZE];
    enum snn_code rc = srv_store_open(&store, r->dir, &srv_system_clock, err);

    if (rc == SNN_OK)
        rc = srv_store_check(store, &files, note_problem, &found, err);
    srv_store_close(store);
    if (rc == SNN_OK && found.code != SNN_OK)
        rc = snn_fail(err, found.code, "%s", found.message);
    if (rc == SNN_OK && srv_path(path, err, "%s/lock", r->dir) == SNN_OK)
        unlink(path);
    return rc;
}

/* ----------------------------------------------------------------------------------- moving -- */

/* The database last: without it the place is empty to a daemon. */
static enum snn_code move_in(const struct restore *r, struct snn_error *err)
{
    char **names = NULL, from[SRV_PATH_SIZE], to[SRV_PATH_SIZE];
    size_t n = 0;
    enum snn_code rc = srv_dir_list(r->dir, &names, &n, err);

    for (int last = 0; last < 2; last++)
        for (size_t i = 0; rc == SNN_OK && i < n; i++) {
            if ((strcmp(names[i], SRV_BACKUP_DATABASE) == 0) != last)
                continue;
            rc = srv_path(from, err, "%s/%s", r->dir, names[i]);
            if (rc == SNN_OK)
                rc = srv_path(to, err, "%s/%s", r->data_dir, names[i]);
            if (rc == SNN_OK && rename(from, to) != 0)
                rc = srv_fail_io(err, "move", from);
            if (rc == SNN_OK)
                rc = srv_dir_sync(r->data_dir, err);
        }
    srv_names_free(names, n);
    return rc;
}

/* But for the lock and the tokens, which are the place's own. */
static enum snn_code expect_empty(const char *dir, struct snn_error *err)
{
    static const char *const own[] = {"lock", "tokens", "lost+found", FOLDER};
    char **names = NULL;
    size_t n = 0;
    enum snn_code rc = srv_dir_list(dir, &names, &n, err);

    for (size_t i = 0; rc == SNN_OK && i < n; i++) {
        bool known = false;

        for (size_t k = 0; k < sizeof own / sizeof *own; k++)
            known = known || strcmp(names[i], own[k]) == 0;
        if (!known)
            rc = snn_fail(err, SNN_INVALID,
                          "%.200s is not empty, there is %.60s: restore into a new data directory",
                          dir, names[i]);
    }
    srv_names_free(names, n);
    return rc;
}

enum snn_code srv_restore(const struct srv_config *config, const char *file, size_t *n,
                          struct snn_error *err)
{
    struct restore r = {.data_dir = config->data_dir};
    enum snn_code rc = srv_dir_make(config->data_dir, err);
    bool standard = strcmp(file, "-") == 0;
    int lock = -1;

    if (rc == SNN_OK)
        rc = srv_lock_take(&lock, config->data_dir, err);
    if (rc == SNN_OK)
        rc = expect_empty(config->data_dir, err);
    if (rc == SNN_OK)
        rc = srv_path(r.dir, err, "%s/" FOLDER, config->data_dir);
    if (rc != SNN_OK)
        goto out;
    r.from = standard ? stdin : fopen(file, "rbe");
    if (!r.from) {
        rc = srv_fail_io(err, "open", file);
        goto out;
    }
    srv_dir_remove(r.dir); /* of a restore that was broken off */
    rc = srv_dir_make(r.dir, err);
    if (rc == SNN_OK)
        rc = unpack(&r, err);
    if (rc == SNN_OK)
        rc = check(&r, err);
    if (rc == SNN_OK)
        rc = move_in(&r, err);
    srv_dir_remove(r.dir);
    *n = r.n;
out:
    if (r.from && !standard)
        fclose(r.from);
    if (lock >= 0)
        close(lock);
    free(r.sums);
    return rc;
}
