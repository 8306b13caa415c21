/* SPDX-License-Identifier: MIT */
/* Uploaded data sets: a row each, and a row for each of their files. */
#include "server/store_internal.h"

#include <stdlib.h>

#define INFO_COLUMNS                                                                               \
    "ready, train, test, features, rank, shape_0, shape_1, shape_2, shape_3, classes, bytes, "     \
    "sha256, events, duration"

/* In the order of INFO_COLUMNS. */
static void put_info(struct srv_query *q, const struct srv_dataset_row *row)
{
    const struct snn_data_info *info = &row->info;

    srv_put_int(q, row->ready);
    srv_put_int(q, (int64_t)info->train);
    srv_put_int(q, (int64_t)info->test);
    srv_put_int(q, (int64_t)info->features);
    srv_put_int(q, (int64_t)info->rank);
    for (size_t i = 0; i < SNN_MAX_RANK; i++)
        srv_put_int(q, (int64_t)info->shape[i]);
    srv_put_int(q, (int64_t)info->classes);
    srv_put_int(q, (int64_t)info->bytes);
    srv_put_text(q, info->sha256);
    srv_put_int(q, info->events);
    srv_put_int(q, (int64_t)info->duration);
}

static void read_info(struct srv_query *q, struct srv_dataset_row *row)
{
    struct snn_data_info *info = &row->info;

    row->ready = srv_get_int(q) != 0;
    info->train = (size_t)srv_get_int(q);
    info->test = (size_t)srv_get_int(q);
    info->features = (size_t)srv_get_int(q);
    info->rank = (size_t)srv_get_int(q);
    for (size_t i = 0; i < SNN_MAX_RANK; i++)
        info->shape[i] = (size_t)srv_get_int(q);
    info->classes = (size_t)srv_get_int(q);
    info->bytes = (size_t)srv_get_int(q);
    srv_get_text(q, info->sha256, sizeof info->sha256);
    info->events = srv_get_int(q) != 0;
    info->duration = (uint64_t)srv_get_int(q);
}

/* ----------------------------------------------------------------------------------- write -- */

static enum snn_code find(struct srv_conn *c, const char *id_or_name, int64_t *seq,
                          struct snn_error *err)
{
    struct srv_query q;
    enum snn_code rc;

    srv_query(&q, c,
              "SELECT seq FROM datasets WHERE id = ?1 OR name = ?1 ORDER BY id <> ?1 LIMIT 1", err);
    srv_put_text(&q, id_or_name);
    *seq = srv_next(&q) ? srv_get_int(&q) : 0;
    rc = srv_done(&q);
    if (rc == SNN_OK && !*seq)
        rc = snn_fail(err, SNN_NOT_FOUND, "there is no data set \"%.64s\"", id_or_name);
    return rc;
}

static enum snn_code put_files(struct srv_conn *c, int64_t seq, const struct srv_dataset_row *row,
                               struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    for (size_t i = 0; rc == SNN_OK && i < row->n_files; i++) {
        struct srv_query q;

        srv_query(&q, c,
                  "INSERT OR REPLACE INTO dataset_files (dataset_seq, part, path, bytes, sha256) "
                  "VALUES (?, ?, ?, ?, ?)",
                  err);
        srv_put_int(&q, seq);
        srv_put_text(&q, row->files[i].part);
        srv_put_text(&q, row->files[i].path);
        srv_put_int(&q, row->files[i].bytes);
        srv_put_text(&q, row->files[i].sha256);
        rc = srv_run(&q);
    }
    return rc;
}

static SRV_COMMAND(run_create)
{
    const struct srv_dataset_row *row = arg;
    struct snn_error none = {0};
    struct srv_query q;
    int64_t seq = 0;
    enum snn_code rc = find(c, row->name, &seq, &none);

    if (rc == SNN_OK)
        return snn_fail(err, SNN_INVALID, "there is a data set \"%s\" already", row->name);
    if (rc != SNN_NOT_FOUND)
        return snn_fail(err, rc, "%s", none.message);
    srv_query(&q, c,
              "INSERT INTO datasets (id, name, format, created_at, " INFO_COLUMNS
              ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              err);
    srv_put_text(&q, row->id);
    srv_put_text(&q, row->name);
    srv_put_text(&q, row->format);
    srv_put_int(&q, row->created_at);
    put_info(&q, row);
    rc = srv_run(&q);
    return rc == SNN_OK ? put_files(c, srv_conn_last_rowid(c), row, err) : rc;
}

enum snn_code srv_store_dataset_create(struct srv_store *s, struct srv_dataset_row *row,
                                       struct snn_error *err)
{
    struct srv_dataset_row created = *row;
    enum snn_code rc;

    srv_id_make(created.id, "ds_");
    created.created_at = s->clock.wall_seconds();
    rc = srv_writer_call(s->writer, run_create, &created, err);
    if (rc == SNN_OK)
        *row = created;
    return rc;
}

static SRV_COMMAND(run_put)
{
    const struct srv_dataset_row *row = arg;
    struct srv_query q;
    int64_t seq = 0;
    enum snn_code rc = find(c, row->id, &seq, err);

    if (rc != SNN_OK)
        return rc;
    srv_query(&q, c,
              "UPDATE datasets SET (" INFO_COLUMNS
              ") = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE seq = ?",
              err);
    put_info(&q, row);
    srv_put_int(&q, seq);
    rc = srv_run(&q);
    return rc == SNN_OK ? put_files(c, seq, row, err) : rc;
}

enum snn_code srv_store_dataset_put(struct srv_store *s, const struct srv_dataset_row *row,
                                    struct snn_error *err)
{
    struct srv_dataset_row copy = *row;

    return srv_writer_call(s->writer, run_put, &copy, err);
}

static SRV_COMMAND(run_delete)
{
    struct srv_query q;
    bool in_use = false;
    enum snn_code rc = srv_job_uses_dataset(c, arg, &in_use, err);

    if (rc == SNN_OK && in_use) /* a job may have come since the caller looked */
        rc = snn_fail(err, SNN_INVALID, "the data set is used by a job that is not over");
    if (rc != SNN_OK)
        return rc;
    srv_query(&q, c, "DELETE FROM datasets WHERE id = ?", err);
    srv_put_text(&q, arg);
    rc = srv_run(&q);
    if (rc == SNN_OK && srv_conn_changes(c) == 0)
        rc = snn_fail(err, SNN_NOT_FOUND, "there is no data set \"%.64s\"", (const char *)arg);
    return rc;
}

enum snn_code srv_store_dataset_delete(struct srv_store *s, const char *id, struct snn_error *err)
{
    char copy[SRV_ID_SIZE];

    snprintf(copy, sizeof copy, "%s", id);
    return srv_writer_call(s->writer, run_delete, copy, err);
}

/* ------------------------------------------------------------------------------------ read -- */

static enum snn_code read_files(struct srv_conn *c, int64_t seq, struct srv_dataset_row *row,
                                struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "SELECT part, path, bytes, sha256 FROM dataset_files WHERE dataset_seq = ? "
              "ORDER BY part",
              err);
    srv_put_int(&q, seq);
    while (row->n_files < SNN_MAX_PARTS && srv_next(&q)) {
        struct srv_dataset_file *f = &row->files[row->n_files++];

        srv_get_text(&q, f->part, sizeof f->part);
        srv_get_text(&q, f->path, sizeof f->path);
        f->bytes = srv_get_int(&q);
        srv_get_text(&q, f->sha256, sizeof f->sha256);
    }
    return srv_done(&q);
}

/* The first data set from `seq` on; *seq = its own, 0 where there is none. */
static enum snn_code read_from(struct srv_conn *c, int64_t *seq, struct srv_dataset_row *row,
                               struct snn_error *err)
{
    struct srv_query q;
    enum snn_code rc;

    *row = (struct srv_dataset_row){0};
    srv_query(&q, c,
              "SELECT seq, id, name, format, created_at, " INFO_COLUMNS
              " FROM datasets WHERE seq >= ? ORDER BY seq LIMIT 1",
              err);
    srv_put_int(&q, *seq);
    *seq = 0;
    if (srv_next(&q)) {
        *seq = srv_get_int(&q);
        srv_get_text(&q, row->id, sizeof row->id);
        srv_get_text(&q, row->name, sizeof row->name);
        srv_get_text(&q, row->format, sizeof row->format);
        row->created_at = srv_get_int(&q);
        read_info(&q, row);
    }
    rc = srv_done(&q);
    return rc == SNN_OK && *seq ? read_files(c, *seq, row, err) : rc;
}

enum snn_code srv_store_dataset_get(struct srv_store *s, const char *id_or_name,
                                    struct srv_dataset_row *out, struct snn_error *err)
{
    struct srv_dataset_row row = {0};
    struct srv_conn *c = NULL;
    int64_t seq = 0;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = find(c, id_or_name, &seq, err);
    if (rc == SNN_OK)
        rc = read_from(c, &seq, &row, err);
    srv_store_unread(s, c);
    if (rc == SNN_OK)
        *out = row;
    return rc;
}

enum snn_code srv_store_dataset_list(struct srv_store *s, struct srv_dataset_row **out, size_t *n,
                                     struct snn_error *err)
{
    struct srv_dataset_row *rows = NULL, row;
    struct srv_conn *c = NULL;
    size_t found = 0;
    int64_t seq = 0;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    for (rc = read_from(c, &seq, &row, err); rc == SNN_OK && seq;
         seq++, rc = read_from(c, &seq, &row, err)) {
        struct srv_dataset_row *grown = realloc(rows, (found + 1) * sizeof *rows);

        if (!grown) {
            rc = snn_fail(err, SNN_NOMEM, "no memory for a list of data sets");
            break;
        }
        rows = grown;
        rows[found++] = row;
    }
    srv_store_unread(s, c);
    if (rc != SNN_OK) {
        free(rows);
        return rc;
    }
    *out = rows;
    *n = found;
    return SNN_OK;
}
