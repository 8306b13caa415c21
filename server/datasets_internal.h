/* SPDX-License-Identifier: MIT */
/* What the files behind server/datasets.h share. Nobody else includes it. */
#ifndef SPIKED_SERVER_DATASETS_INTERNAL_H
#define SPIKED_SERVER_DATASETS_INTERNAL_H

#include <pthread.h>

#include "server/datasets.h"
#include "server/files.h"

/* The files of a set as they were looked at: their device, number, size and times. Another state of
 * a file is another version. All 0 where there are no files, or one could not be looked at. */
struct srv_version {
    uint64_t files[SNN_MAX_PARTS][5];
};

/* A data set that no row of the store speaks of. Once found it stays until the end. */
struct srv_origin {
    char id[SRV_ID_SIZE + 128], name[65];
    const char *origin;
    const struct snn_kind *format;
    char *paths[SNN_MAX_PARTS]; /* malloc'ed */
    bool known;                 /* info holds of that version; guarded by the set's lock */
    struct srv_version version;
    struct snn_data_info info;
};

struct srv_open_data; /* what jobs share, in datasets_open.c */

struct srv_datasets {
    const struct srv_config *config;
    struct srv_store *store;
    pthread_mutex_t lock;  /* guards all below; held for moments only */
    pthread_cond_t opened; /* an opening came to its end */
    struct srv_origin *
        *origins; /* pointers, so that they stay where they are when the array grows */
    size_t n_origins;
    struct srv_open_data *open;
    /* Held while an upload is judged as a whole and recorded, which may take seconds: two parts
     * that arrive together must see each other. Never taken with `lock` held. */
    pthread_mutex_t recording;
};

/* Where a data set is. */
struct srv_located {
    struct srv_dataset set; /* info and ready are as known so far, of this version */
    struct srv_version version;
    struct srv_origin *origin; /* NULL for an upload */
    const struct snn_kind *format;
    char paths[SNN_MAX_PARTS][SRV_PATH_SIZE]; /* "" = none */
};

/* datasets_scan.c: adds the built-ins, then every folder that holds a set and was not known. With
 * `strict` a
 * --datasets-dir that cannot be read is an error. */
enum snn_code srv_datasets_scan(struct srv_datasets *d, bool strict, struct snn_error *err);
void srv_origin_free(struct srv_origin *o);

/* datasets.c */
struct srv_origin *srv_datasets_origin(struct srv_datasets *d, const char *id_or_name);
enum snn_code srv_datasets_locate(struct srv_datasets *d, const char *id_or_name,
                                  struct srv_located *out, struct snn_error *err);
/* Where the upload of a row has its files. */
enum snn_code srv_datasets_place(struct srv_datasets *d, struct srv_located *out,
                                 const struct srv_dataset_row *row, struct snn_error *err);
/* The upload of a row as the outside sees it. */
void srv_dataset_of_row(struct srv_dataset *out, const struct srv_dataset_row *row);
/* What a file may decode to, in bytes; 0 = no limit. What lies on the machine is held to its memory
 * alone, what came over the network to the limit of uploads too. */
size_t srv_datasets_max_bytes(const struct srv_config *config, bool uploaded);
/* [A-Za-z0-9._-]{1,64}, not "." or ".." (harmless in a path and in a URL) and not "ds_..." (no id).
 */
bool srv_dataset_name_fits(const char *name);

/* datasets_open.c: the data of a place, opened now or shared with those who use it already.
 * SNN_INVALID for an upload that is not ready. */
enum snn_code srv_datasets_open(struct srv_datasets *d, const struct srv_located *where,
                                const struct snn_data **out, struct snn_error *err);
/* Frees what nobody uses of that set. */
void srv_datasets_let_go(struct srv_datasets *d, const char *id);
void srv_datasets_close_all(struct srv_datasets *d); /* at the end */

/* datasets_upload.c: removes files and folders that no row names, left by a crash. */
enum snn_code srv_datasets_sweep(struct srv_datasets *d, struct snn_error *err);

#endif
