/* SPDX-License-Identifier: MIT */
/* Data sets by id and name: what there is and what it holds. */
#include "server/datasets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/datasets_internal.h"
#include "server/log.h"

size_t srv_datasets_max_bytes(const struct srv_config *config, bool uploaded)
{
    size_t upload = uploaded ? config->max_upload_bytes : 0, memory = config->memory_limit;

    if (upload == 0 || memory == 0)
        return upload ? upload : memory;
    return upload < memory ? upload : memory;
}

bool srv_dataset_name_fits(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-";
    size_t n = strlen(name);

    return n >= 1 && n <= 64 && strspn(name, letters) == n && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0 && strncmp(name, "ds_", 3) != 0;
}

/* -------------------------------------------------------------------------------- finding -- */

struct srv_origin *srv_datasets_origin(struct srv_datasets *d, const char *id_or_name)
{
    struct srv_origin *found = NULL;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->n_origins && !found; i++)
        if (strcmp(d->origins[i]->name, id_or_name) == 0 ||
            strcmp(d->origins[i]->id, id_or_name) == 0)
            found = d->origins[i];
    pthread_mutex_unlock(&d->lock);
    return found;
}

/* False where a file cannot be looked at. */
static bool version_of(struct srv_version *v, const char *const *paths)
{
    *v = (struct srv_version){0};
    for (size_t i = 0; i < SNN_MAX_PARTS; i++) {
        struct stat st;

        if (!paths[i])
            continue;
        if (stat(paths[i], &st) != 0) {
            *v = (struct srv_version){0};
            return false;
        }
        const uint64_t file[] = {
            st.st_dev, st.st_ino, (uint64_t)st.st_size,
            (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec,
            (uint64_t)st.st_ctim.tv_sec * 1000000000 + (uint64_t)st.st_ctim.tv_nsec};
        memcpy(v->files[i], file, sizeof file);
    }
    return true;
}

/* Ready where it is known as its files are now. Files that are out of reach at present are taken to
 * be as they were. */
static void of_origin(struct srv_datasets *d, struct srv_located *out, struct srv_origin *o)
{
    struct srv_dataset *set = &out->set;
    const bool seen = version_of(&out->version, (const char *const *)o->paths);

    *set = (struct srv_dataset){.origin = o->origin};
    snprintf(set->id, sizeof set->id, "%s", o->id);
    snprintf(set->name, sizeof set->name, "%s", o->name);
    snprintf(set->format, sizeof set->format, "%s", o->format->name);
    pthread_mutex_lock(&d->lock);
    if (!seen)
        out->version = o->version;
    set->ready = o->known && memcmp(&out->version, &o->version, sizeof o->version) == 0;
    set->info = o->info;
    pthread_mutex_unlock(&d->lock);
    out->origin = o;
    out->format = o->format;
    for (size_t i = 0; i < SNN_MAX_PARTS; i++)
        if (o->paths[i])
            snprintf(out->paths[i], sizeof out->paths[i], "%s", o->paths[i]);
}

void srv_dataset_of_row(struct srv_dataset *out, const struct srv_dataset_row *row)
{
    *out = (struct srv_dataset){.origin = "upload",
                                .created_at = row->created_at,
                                .ready = row->ready,
                                .info = row->info,
                                .n_files = row->n_files};
    snprintf(out->id, sizeof out->id, "%s", row->id);
    snprintf(out->name, sizeof out->name, "%s", row->name);
    snprintf(out->format, sizeof out->format, "%s", row->format);
    memcpy(out->files, row->files, sizeof out->files);
}

enum snn_code srv_datasets_place(struct srv_datasets *d, struct srv_located *out,
                                 const struct srv_dataset_row *row, struct snn_error *err)
{
    const char *const *parts, *paths[SNN_MAX_PARTS];
    enum snn_code rc;

    memset(out, 0, sizeof *out);
    rc = snn_registry_get(&out->format, &snn_formats, row->format, err);
    if (rc != SNN_OK)
        return rc;
    srv_dataset_of_row(&out->set, row);
    parts = snn_format_parts(out->format);
    for (size_t i = 0; parts[i]; i++)
        for (size_t k = 0; k < row->n_files && rc == SNN_OK; k++)
            if (strcmp(row->files[k].part, parts[i]) == 0)
                rc = srv_path(out->paths[i], err, "%s/%s", d->config->data_dir, row->files[k].path);
    for (size_t i = 0; i < SNN_MAX_PARTS; i++)
        paths[i] = out->paths[i][0] ? out->paths[i] : NULL;
    (void)version_of(&out->version, paths);
    return rc;
}

/* Appends ", name" while there is room. */
static void append(char *text, size_t size, const char *name)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
}

static enum snn_code not_found(struct srv_datasets *d, const char *name, struct snn_error *err)
{
    char names[280] = "";
    struct srv_dataset_row *rows = NULL;
    size_t n = 0;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->n_origins; i++)
        append(names, sizeof names, d->origins[i]->name);
    pthread_mutex_unlock(&d->lock);
    if (srv_store_dataset_list(d->store, &rows, &n, NULL) == SNN_OK)
        for (size_t i = 0; i < n; i++)
            append(names, sizeof names, rows[i].name);
    free(rows);
    return snn_fail(err, SNN_NOT_FOUND, "data set is \"%.64s\", want one of: %s", name, names);
}

enum snn_code srv_datasets_locate(struct srv_datasets *d, const char *id_or_name,
                                  struct srv_located *out, struct snn_error *err)
{
    struct srv_dataset_row row;
    struct srv_origin *o = srv_datasets_origin(d, id_or_name);
    enum snn_code rc;

    memset(out, 0, sizeof *out);
    if (!o) {
        rc = srv_store_dataset_get(d->store, id_or_name, &row, NULL);
        if (rc == SNN_OK)
            return srv_datasets_place(d, out, &row, err);
        if (rc != SNN_NOT_FOUND)
            return snn_fail(err, rc, "the data sets cannot be read: %s", snn_code_name(rc));
        rc = srv_datasets_scan(d, false, err); /* perhaps its folder is new */
        if (rc != SNN_OK)
            return rc;
        o = srv_datasets_origin(d, id_or_name);
    }
    if (!o)
        return not_found(d, id_or_name, err);
    of_origin(d, out, o);
    return SNN_OK;
}

/* Reads an origin's files for its info. What is opened stays for the job that is asked for. */
static enum snn_code learn(struct srv_datasets *d, struct srv_located *where, struct snn_error *err)
{
    const struct snn_data *data;
    enum snn_code rc = srv_datasets_open(d, where, &data, err);

    if (rc != SNN_OK)
        return rc;
    where->set.info = *snn_data_describe(data);
    where->set.ready = true;
    srv_datasets_release(d, data);
    return SNN_OK;
}

enum snn_code srv_datasets_find(struct srv_datasets *d, const char *id_or_name,
                                struct srv_dataset *out, struct snn_error *err)
{
    struct srv_located where;
    enum snn_code rc = srv_datasets_locate(d, id_or_name, &where, err);

    if (rc == SNN_OK && where.origin && !where.set.ready)
        rc = learn(d, &where, err);
    if (rc == SNN_OK)
        *out = where.set;
    return rc;
}

/* -------------------------------------------------------------------------------- listing -- */

static void look_at_origin(struct srv_datasets *d, struct srv_dataset *out, struct srv_origin *o)
{
    struct snn_error why = {0};
    struct srv_located where = {.origin = NULL};
    char quoted[512];

    of_origin(d, &where, o);
    *out = where.set;
    if (out->ready || srv_datasets_find(d, o->id, out, &why) == SNN_OK)
        return;
    snprintf(out->reason, sizeof out->reason, "%.255s", why.message);
    srv_log(SRV_LOG_warning, "dataset_unreadable", "dataset=%s reason=%s", o->id,
            srv_log_quote(quoted, sizeof quoted, why.message));
}

enum snn_code srv_datasets_look(struct srv_datasets *d, const char *id_or_name,
                                struct srv_dataset *out, struct snn_error *err)
{
    struct srv_located where;
    enum snn_code rc = srv_datasets_locate(d, id_or_name, &where, err);

    if (rc == SNN_OK && where.origin)
        look_at_origin(d, out, where.origin);
    else if (rc == SNN_OK)
        *out = where.set;
    return rc;
}

enum snn_code srv_datasets_list(struct srv_datasets *d, struct srv_dataset **out, size_t *n,
                                struct snn_error *err)
{
    struct srv_dataset_row *rows = NULL;
    struct srv_dataset *sets = NULL;
    size_t n_rows = 0, n_origins;
    enum snn_code rc = srv_datasets_scan(d, false, err);

    if (rc == SNN_OK)
        rc = srv_store_dataset_list(d->store, &rows, &n_rows, err);
    if (rc != SNN_OK)
        return rc;
    pthread_mutex_lock(&d->lock);
    n_origins = d->n_origins; /* those that come later are for the next list */
    pthread_mutex_unlock(&d->lock);
    sets = calloc(n_origins + n_rows + 1, sizeof *sets);
    if (!sets) {
        free(rows);
        return snn_fail(err, SNN_NOMEM, "no memory for %zu data sets", n_origins + n_rows);
    }
    for (size_t i = 0; i < n_origins; i++) {
        struct srv_origin *o;

        pthread_mutex_lock(&d->lock);
        o = d->origins[i]; /* the array may be moved, what it points to is not */
        pthread_mutex_unlock(&d->lock);
        look_at_origin(d, &sets[i], o);
    }
    for (size_t i = 0; i < n_rows; i++)
        srv_dataset_of_row(&sets[n_origins + i], &rows[i]);
    free(rows);
    *out = sets;
    *n = n_origins + n_rows;
    return SNN_OK;
}

/* ----------------------------------------------------------------------------------- life -- */

enum snn_code srv_datasets_new(struct srv_datasets **out, const struct srv_config *config,
                               struct srv_store *store, struct snn_error *err)
{
    struct srv_datasets *d = calloc(1, sizeof *d);
    char path[SRV_PATH_SIZE];
    enum snn_code rc;

    if (!d)
        return snn_fail(err, SNN_NOMEM, "no memory for the data sets");
    d->config = config;
    d->store = store;
    pthread_mutex_init(&d->lock, NULL);
    pthread_mutex_init(&d->recording, NULL);
    pthread_cond_init(&d->opened, NULL);
    rc = srv_path(path, err, "%s/datasets", config->data_dir);
    if (rc == SNN_OK)
        rc = srv_dir_make(path, err);
    if (rc == SNN_OK)
        rc = srv_datasets_scan(d, true, err);
    if (rc == SNN_OK)
        rc = srv_datasets_sweep(d, err);
    if (rc == SNN_OK) {
        *out = d;
        d = NULL; /* now the caller's */
    }
    srv_datasets_free(d);
    return rc;
}

void srv_datasets_free(struct srv_datasets *d)
{
    if (!d)
        return;
    srv_datasets_close_all(d);
    for (size_t i = 0; i < d->n_origins; i++)
        srv_origin_free(d->origins[i]);
    free(d->origins);
    pthread_cond_destroy(&d->opened);
    pthread_mutex_destroy(&d->recording);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
