/* SPDX-License-Identifier: MIT */
/* Data sets that are there without an upload: a table of fixed ones, and folders under
 * --datasets-dir. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/datasets_internal.h"
#include "server/log.h"

/* A row without a folder needs no files. One with a folder is there only where its files are. */
static const struct {
    const char *name, *origin, *format, *folder;
} fixed[] = {
    {"digits", "builtin", "digits", NULL},
    {"yinyang", "builtin", "yinyang", NULL},
    {"randman", "builtin", "randman", NULL},
    {"fashion-mnist", "package", "idx", "/usr/share/datasets/fashion-mnist"},
};

/* What the part of a format may be called in a folder, each plain or with .gz. */
static const struct {
    const char *format, *part, *files[3];
} layouts[] = {
    {"idx", "train-images", {"train-images-idx3-ubyte", "train-images.idx3-ubyte"}},
    {"idx", "train-labels", {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte"}},
    {"idx", "test-images", {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"}},
    {"idx", "test-labels", {"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"}},
    {"csv", "train", {"train.csv"}},
    {"csv", "test", {"test.csv"}},
    {"events", "train", {"train-events.csv"}},
    {"events", "test", {"test-events.csv"}},
    {"hdf5", "train", {"train.h5", "shd_train.h5", "ssc_train.h5"}},
    {"hdf5", "test", {"test.h5", "shd_test.h5", "ssc_test.h5"}},
};
static const size_t n_layouts = sizeof layouts / sizeof layouts[0];

static const char *const endings[] = {"", ".gz"};

void srv_origin_free(struct srv_origin *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < SNN_MAX_PARTS; i++)
        free(o->paths[i]);
    free(o);
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* *path = the part's file in that folder, NULL where it has none; malloc'ed. */
static enum snn_code find_part(char **path, const char *folder, size_t layout,
                               struct snn_error *err)
{
    char tried[SRV_PATH_SIZE];

    *path = NULL;
    for (size_t f = 0; f < 3 && layouts[layout].files[f]; f++)
        for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++) {
            enum snn_code rc =
                srv_path(tried, err, "%s/%s%s", folder, layouts[layout].files[f], endings[e]);

            if (rc != SNN_OK)
                return rc;
            if (!is_file(tried))
                continue;
            *path = strdup(tried);
            return *path ? SNN_OK : snn_fail(err, SNN_NOMEM, "no memory for a path");
        }
    return SNN_OK;
}

static size_t layout_of(const char *format, const char *part)
{
    size_t i = 0;

    while (i < n_layouts &&
           (strcmp(layouts[i].format, format) != 0 || strcmp(layouts[i].part, part) != 0))
        i++;
    return i;
}

/* *complete: every part of o->format is in the folder. */
static enum snn_code find_parts(struct srv_origin *o, const char *folder, bool *complete,
                                struct snn_error *err)
{
    const char *const *parts = snn_format_parts(o->format);

    *complete = parts[0] != NULL; /* a format without parts is not found in folders */
    for (size_t i = 0; parts[i] && *complete; i++) {
        size_t layout = layout_of(o->format->name, parts[i]);
        enum snn_code rc;

        free(o->paths[i]);
        o->paths[i] = NULL;
        if (layout < n_layouts) {
            rc = find_part(&o->paths[i], folder, layout, err);
            if (rc != SNN_OK)
                return rc;
        }
        *complete = o->paths[i] != NULL;
    }
    return SNN_OK;
}

static struct srv_origin *new_origin(const char *origin, const char *name, struct snn_error *err)
{
    struct srv_origin *o = calloc(1, sizeof *o);

    if (!o) {
        snn_fail(err, SNN_NOMEM, "no memory for the data set %.64s", name);
        return NULL;
    }
    o->origin = origin;
    snprintf(o->name, sizeof o->name, "%s", name);
    snprintf(o->id, sizeof o->id, "%s:%s", origin, name);
    return o;
}

/* Takes over `o`. Nothing where the name came to be known meanwhile. */
static enum snn_code add(struct srv_datasets *d, struct srv_origin *o, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;
    struct srv_origin **more = NULL;
    bool added = false;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->n_origins; i++)
        if (strcmp(d->origins[i]->name, o->name) == 0)
            goto out;
    more = realloc(d->origins, (d->n_origins + 1) * sizeof *more);
    if (!more) {
        rc = snn_fail(err, SNN_NOMEM, "no memory for the data set %.64s", o->name);
        goto out;
    }
    d->origins = more;
    d->origins[d->n_origins++] = o;
    added = true;
out:
    pthread_mutex_unlock(&d->lock);
    if (!added)
        srv_origin_free(o);
    return rc;
}

/* Adds `o`, of that folder, or frees it. A folder whose name an upload has already is left alone:
 * jobs go on meaning what they meant. */
static enum snn_code add_unless_upload(struct srv_datasets *d, struct srv_origin *o,
                                       const char *folder, struct snn_error *err)
{
    struct srv_dataset_row row;
    struct snn_error why = {0};
    char quoted[256];
    enum snn_code rc = srv_store_dataset_get(d->store, o->name, &row, &why);

    if (rc == SNN_NOT_FOUND)
        return add(d, o, err);
    srv_origin_free(o);
    if (rc != SNN_OK)
        return snn_fail(err, rc, "%s", why.message);
    srv_log(SRV_LOG_warning, "dataset_ignored", "folder=%s reason=\"an upload has this name\"",
            srv_log_quote(quoted, sizeof quoted, folder));
    return SNN_OK;
}

static enum snn_code scan_fixed(struct srv_datasets *d, size_t row, struct snn_error *err)
{
    enum snn_code rc;
    bool complete = true;
    const char *folder = fixed[row].folder;
    struct srv_origin *o = new_origin(fixed[row].origin, fixed[row].name, err);

    if (!o)
        return SNN_NOMEM;
    rc = snn_registry_get(&o->format, &snn_formats, fixed[row].format, err);
    if (rc == SNN_OK && folder)
        rc = find_parts(o, folder, &complete, err);
    if (rc == SNN_OK && complete)
        return add_unless_upload(d, o, folder ? folder : fixed[row].name, err);
    srv_origin_free(o);
    return rc;
}

/* The first format of which all parts are there. */
static enum snn_code scan_folder(struct srv_origin *o, const char *folder, bool *complete,
                                 struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    *complete = false;
    for (size_t i = 0; i < snn_formats.count && rc == SNN_OK && !*complete; i++) {
        o->format = snn_registry_at(&snn_formats, i);
        rc = find_parts(o, folder, complete, err);
    }
    return rc;
}

static enum snn_code try_folder(struct srv_datasets *d, const char *dir, const char *name,
                                struct snn_error *err)
{
    char folder[SRV_PATH_SIZE];
    enum snn_code rc = srv_path(folder, err, "%s/%s", dir, name);
    struct srv_origin *o = NULL;
    bool complete = false;

    if (rc != SNN_OK || !srv_dataset_name_fits(name) || srv_datasets_origin(d, name) ||
        !is_folder(folder))
        return rc;
    o = new_origin("folder", name, err);
    if (!o)
        return SNN_NOMEM;
    rc = scan_folder(o, folder, &complete, err);
    if (rc == SNN_OK && complete)
        return add_unless_upload(d, o, folder, err);
    srv_origin_free(o);
    return rc;
}

static enum snn_code scan_dir(struct srv_datasets *d, const char *dir, bool strict,
                              struct snn_error *err)
{
    char **names = NULL;
    size_t n = 0;
    enum snn_code rc;

    if (!is_folder(dir))
        return strict
                   ? snn_fail(err, SNN_NOT_FOUND, "datasets-dir is \"%.300s\", want a folder", dir)
                   : SNN_OK;
    rc = srv_dir_list(dir, &names, &n, strict ? err : NULL);
    if (rc == SNN_IO && !strict)
        return SNN_OK; /* out of reach at present: what is known of it stays known */
    for (size_t i = 0; rc == SNN_OK && i < n; i++)
        rc = try_folder(d, dir, names[i], err);
    srv_names_free(names, n);
    return rc;
}

enum snn_code srv_datasets_scan(struct srv_datasets *d, bool strict, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    for (size_t i = 0; rc == SNN_OK && i < sizeof fixed / sizeof fixed[0]; i++)
        if (!srv_datasets_origin(d, fixed[i].name))
            rc = scan_fixed(d, i, err);
    for (size_t i = 0; rc == SNN_OK && i < d->config->n_datasets_dirs; i++)
        rc = scan_dir(d, d->config->datasets_dirs[i], strict, err);
    return rc;
}
