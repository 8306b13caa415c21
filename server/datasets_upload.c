/* SPDX-License-Identifier: MIT */
/*
 * Uploads. Each file received has a folder of its own, <data-dir>/datasets/<id>/<up_...>/<part>, so
 * that a part that is replaced stays whole until the row names the new one: whatever happens
 * between, the row and its files agree. What no row names is swept away at the next start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/datasets_internal.h"
#include "server/log.h"

struct srv_upload {
    struct srv_datasets *d;
    const struct snn_kind *format;
    const char *part;
    size_t part_index;
    char id[SRV_ID_SIZE], own[SRV_ID_SIZE]; /* of the set; the name of the file's own folder */
    char set_dir[SRV_PATH_SIZE], dir[SRV_PATH_SIZE], path[SRV_PATH_SIZE];
    int fd;
    uint64_t bytes;
    struct snn_digest digest;
    struct snn_error err; /* of the writing, told by finish */
    bool recorded;        /* the row names the file: it stays */
};

enum snn_code srv_datasets_create(struct srv_datasets *d, const char *name, const char *format,
                                  struct srv_dataset *out, struct snn_error *err)
{
    const struct snn_kind *kind;
    struct srv_dataset_row row = {0};
    enum snn_code rc;

    if (!srv_dataset_name_fits(name))
        return snn_fail_at(err, "/name", SNN_INVALID,
                           "name is \"%.80s\", want 1 to 64 of A-Z a-z 0-9 . _ - that do not begin "
                           "with ds_",
                           name);
    rc = snn_registry_get(&kind, &snn_formats, format, NULL);
    if (rc != SNN_OK || !snn_format_parts(kind)[0]) {
        snn_registry_get(&kind, &snn_formats, format, err);
        return snn_fail_at(err, "/format", SNN_INVALID,
                           "format is \"%.60s\", which is built in and cannot be uploaded", format);
    }
    rc = srv_datasets_scan(d, false, err);
    if (rc != SNN_OK)
        return rc;
    if (srv_datasets_origin(d, name))
        return snn_fail_at(err, "/name", SNN_INVALID,
                           "name is \"%s\", which is the name of another data set", name);
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.format, sizeof row.format, "%s", kind->name);
    rc = srv_store_dataset_create(d->store, &row, err);
    if (rc == SNN_OK)
        srv_dataset_of_row(out, &row);
    return rc;
}

/* Finds an upload that may be changed: no job that is not over uses it. */
static enum snn_code changeable(struct srv_datasets *d, const char *id, const char *what,
                                struct srv_dataset_row *row, struct snn_error *err)
{
    bool in_use = false;
    struct srv_origin *o = srv_datasets_origin(d, id);
    enum snn_code rc;

    if (o)
        return snn_fail(err, SNN_INVALID, "data set %s is of origin %s, only uploads can be %s",
                        o->name, o->origin, what);
    rc = srv_store_dataset_get(d->store, id, row, err);
    if (rc == SNN_OK)
        rc = srv_store_dataset_in_use(d->store, row->id, &in_use, err);
    if (rc == SNN_OK && in_use)
        return snn_fail(err, SNN_INVALID,
                        "data set %s is used by a job that is not over, and cannot be %s",
                        row->name, what);
    return rc;
}

/* ------------------------------------------------------------------------------ receiving -- */

static enum snn_code find_part(struct srv_upload *u, const char *part, struct snn_error *err)
{
    const char *const *parts = snn_format_parts(u->format);
    char names[200] = "";

    for (size_t i = 0; parts[i]; i++) {
        size_t used = strlen(names);

        if (strcmp(parts[i], part) == 0) {
            u->part = parts[i];
            u->part_index = i;
            return SNN_OK;
        }
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", parts[i]);
    }
    return snn_fail(err, SNN_NOT_FOUND, "part is \"%.60s\", want one of: %s", part, names);
}

static enum snn_code open_file(struct srv_upload *u, struct snn_error *err)
{
    const char *data_dir = u->d->config->data_dir;
    enum snn_code rc = srv_path(u->set_dir, err, "%s/datasets/%s", data_dir, u->id);

    if (rc == SNN_OK)
        rc = srv_path(u->dir, err, "%s/datasets/%s/%s", data_dir, u->id, u->own);
    if (rc == SNN_OK)
        rc = srv_path(u->path, err, "%s/datasets/%s/%s/%s", data_dir, u->id, u->own, u->part);
    if (rc == SNN_OK)
        rc = srv_dir_make(u->set_dir, err);
    if (rc == SNN_OK)
        rc = srv_dir_make(u->dir, err);
    if (rc != SNN_OK)
        return rc;
    u->fd = open(u->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return u->fd < 0 ? srv_fail_io(err, "create", u->path) : SNN_OK;
}

enum snn_code srv_upload_open(struct srv_upload **out, struct srv_datasets *d, const char *id,
                              const char *part, struct snn_error *err)
{
    struct srv_dataset_row row;
    struct srv_upload *u;
    enum snn_code rc = changeable(d, id, "written to", &row, err);

    if (rc != SNN_OK)
        return rc;
    u = calloc(1, sizeof *u);
    if (!u)
        return snn_fail(err, SNN_NOMEM, "no memory for an upload");
    u->d = d;
    u->fd = -1;
    snprintf(u->id, sizeof u->id, "%s", row.id);
    srv_id_make(u->own, "up_");
    snn_digest_init(&u->digest);
    rc = snn_registry_get(&u->format, &snn_formats, row.format, err);
    if (rc == SNN_OK)
        rc = find_part(u, part, err);
    if (rc == SNN_OK)
        rc = open_file(u, err);
    if (rc == SNN_OK) {
        *out = u;
        u = NULL; /* now the caller's */
    }
    srv_upload_free(u);
    return rc;
}

bool srv_upload_write(void *upload, const void *bytes, size_t n)
{
    struct srv_upload *u = upload;
    const char *from = bytes;
    size_t limit = u->d->config->max_upload_bytes;

    if (u->err.code != SNN_OK)
        return false;
    if (limit && n > limit - u->bytes) {
        snn_fail(&u->err, SNN_LIMIT, "%s: more than the %zu bytes allowed", u->part, limit);
        return false;
    }
    snn_digest_add(&u->digest, bytes, n);
    u->bytes += n;
    while (n) {
        ssize_t done = write(u->fd, from, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            srv_fail_io(&u->err, "write", u->path);
            return false;
        }
        from += done;
        n -= (size_t)done;
    }
    return true;
}

/* ------------------------------------------------------------------------------ finishing -- */

static enum snn_code make_durable(struct srv_upload *u, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    if (fsync(u->fd) != 0)
        rc = srv_fail_io(err, "write", u->path);
    if (close(u->fd) != 0 && rc == SNN_OK)
        rc = srv_fail_io(err, "write", u->path);
    u->fd = -1;
    if (rc == SNN_OK)
        rc = srv_dir_sync(u->dir, err);
    return rc;
}

/* Puts the file into the row's list; *old = the path it had, "" if none. */
static void put_file(struct srv_upload *u, struct srv_dataset_row *row, char old[256])
{
    struct srv_dataset_file *file = row->files;

    while (file < row->files + row->n_files && strcmp(file->part, u->part) != 0)
        file++;
    if (file == row->files + row->n_files)
        row->n_files++;
    snprintf(old, 256, "%s", file->path);
    memset(file, 0, sizeof *file);
    snprintf(file->part, sizeof file->part, "%s", u->part);
    snprintf(file->path, sizeof file->path, "datasets/%s/%s/%s", u->id, u->own, u->part);
    file->bytes = (int64_t)u->bytes;
    snn_digest_hex(&u->digest, file->sha256);
}

/* Fills ready and info of *row: opens the whole once every part is there. */
static enum snn_code judge_whole(struct srv_upload *u, struct srv_dataset_row *row,
                                 struct snn_error *err)
{
    struct snn_data_source source = {.format = u->format,
                                     .max_bytes = srv_datasets_max_bytes(u->d->config, true)};
    const char *const *parts = snn_format_parts(u->format);
    struct srv_located where;
    struct snn_data *data;
    enum snn_code rc = srv_datasets_place(u->d, &where, row, err);

    row->ready = false;
    row->info = (struct snn_data_info){0};
    if (rc != SNN_OK)
        return rc;
    for (size_t i = 0; parts[i]; i++) {
        if (!where.paths[i][0])
            return SNN_OK;
        source.paths[i] = where.paths[i];
    }
    rc = snn_data_open(&data, &source, err);
    if (rc != SNN_OK)
        return rc;
    row->info = *snn_data_describe(data);
    row->ready = true;
    snn_data_free(data);
    return SNN_OK;
}

/* Removes the folder of a file that no row names any more. */
static void remove_old(struct srv_upload *u, const char *old)
{
    char path[SRV_PATH_SIZE], *slash;

    if (!old[0] || srv_path(path, NULL, "%s/%s", u->d->config->data_dir, old) != SNN_OK)
        return;
    slash = strrchr(path, '/');
    *slash = '\0';
    srv_dir_remove(path);
}

static enum snn_code record(struct srv_upload *u, struct srv_dataset *out, struct snn_error *err)
{
    struct srv_dataset_row row;
    char old[256] = "";
    enum snn_code rc;

    pthread_mutex_lock(&u->d->recording);
    rc = changeable(u->d, u->id, "written to", &row, err);
    if (rc == SNN_OK) {
        put_file(u, &row, old);
        rc = judge_whole(u, &row, err);
    }
    if (rc == SNN_OK)
        rc = srv_store_dataset_put(u->d->store, &row, err);
    u->recorded = rc == SNN_OK;
    pthread_mutex_unlock(&u->d->recording);
    if (rc != SNN_OK)
        return rc;
    remove_old(u, old);
    srv_dataset_of_row(out, &row);
    srv_log(SRV_LOG_info, "dataset_file", "dataset=%s part=%s bytes=%llu ready=%d", u->id, u->part,
            (unsigned long long)u->bytes, row.ready);
    return SNN_OK;
}

enum snn_code srv_upload_finish(struct srv_upload *u, struct srv_dataset *out,
                                struct snn_error *err)
{
    enum snn_code rc;

    if (u->err.code != SNN_OK)
        return snn_fail(err, u->err.code, "%s", u->err.message);
    if (u->fd < 0)
        return snn_fail(err, SNN_INVALID, "%s: the upload is finished already", u->part);
    rc = make_durable(u, err);
    if (rc == SNN_OK)
        rc = snn_data_check_part(u->format, u->part_index, u->path,
                                 srv_datasets_max_bytes(u->d->config, true), err);
    if (rc == SNN_OK)
        rc = record(u, out, err);
    return rc;
}

void srv_upload_free(struct srv_upload *u)
{
    if (!u)
        return;
    if (u->fd >= 0)
        close(u->fd);
    if (u->dir[0] && !u->recorded)
        srv_dir_remove(u->dir);
    free(u);
}

/* ------------------------------------------------------------------------------- removing -- */

enum snn_code srv_datasets_delete(struct srv_datasets *d, const char *id, struct snn_error *err)
{
    struct srv_dataset_row row;
    char path[SRV_PATH_SIZE];
    enum snn_code rc = changeable(d, id, "deleted", &row, err);

    if (rc == SNN_OK)
        rc = srv_path(path, err, "%s/datasets/%s", d->config->data_dir, row.id);
    if (rc == SNN_OK)
        rc = srv_store_dataset_delete(d->store, row.id, err);
    if (rc == SNN_OK)
        srv_dir_remove(path); /* should it be interrupted, the next start's sweep goes on */
    if (rc == SNN_OK)
        srv_datasets_let_go(d, row.id);
    return rc;
}

static bool names_file(const struct srv_dataset_row *row, const char *own)
{
    char start[SRV_PATH_SIZE];
    size_t n;

    if (srv_path(start, NULL, "datasets/%s/%s/", row->id, own) != SNN_OK)
        return false;
    n = strlen(start);
    for (size_t i = 0; i < row->n_files; i++)
        if (strncmp(row->files[i].path, start, n) == 0)
            return true;
    return false;
}

/* One upload's folder: what is in it and not named by its row goes; all of it where there is no
 * row. Only what an upload made is ever removed: somebody may keep files of his own beside it. */
static enum snn_code sweep_set(struct srv_datasets *d, const char *id, struct snn_error *err)
{
    struct srv_dataset_row row = {0};
    char path[SRV_PATH_SIZE], **names = NULL;
    size_t n = 0;
    enum snn_code rc = srv_store_dataset_get(d->store, id, &row, NULL);

    if (rc != SNN_OK && rc != SNN_NOT_FOUND)
        return snn_fail(err, rc, "the data set %.64s cannot be read", id);
    if (rc == SNN_NOT_FOUND || strcmp(row.id, id) != 0) {
        rc = srv_path(path, err, "%s/datasets/%s", d->config->data_dir, id);
        if (rc == SNN_OK)
            srv_dir_remove(path);
        return rc;
    }
    rc = srv_path(path, err, "%s/datasets/%s", d->config->data_dir, id);
    if (rc == SNN_OK)
        rc = srv_dir_list(path, &names, &n, err);
    for (size_t i = 0; rc == SNN_OK && i < n; i++) {
        if (strncmp(names[i], "up_", 3) != 0 || names_file(&row, names[i]))
            continue;
        rc = srv_path(path, err, "%s/datasets/%s/%s", d->config->data_dir, id, names[i]);
        if (rc == SNN_OK)
            srv_dir_remove(path);
    }
    srv_names_free(names, n);
    return rc;
}

enum snn_code srv_datasets_sweep(struct srv_datasets *d, struct snn_error *err)
{
    char path[SRV_PATH_SIZE], **names = NULL;
    size_t n = 0;
    enum snn_code rc = srv_path(path, err, "%s/datasets", d->config->data_dir);

    if (rc == SNN_OK)
        rc = srv_dir_list(path, &names, &n, err);
    for (size_t i = 0; rc == SNN_OK && i < n; i++)
        if (strncmp(names[i], "ds_", 3) == 0)
            rc = sweep_set(d, names[i], err);
    srv_names_free(names, n);
    return rc;
}
