/* SPDX-License-Identifier: MIT */
/* The data sets a job may name: built in (digits), from Debian's package (fashion-mnist), folders
 * under
 * --datasets-dir, and uploads. Opened data is shared by the jobs that use it at the same time.
 * @thread any */
#ifndef SPIKED_SERVER_DATASETS_H
#define SPIKED_SERVER_DATASETS_H

#include "server/config.h"
#include "server/store.h"

struct srv_datasets;

struct srv_dataset {
    char id[SRV_ID_SIZE + 128]; /* ds_<ulid> of an upload; "builtin:digits",
                                   "package:fashion-mnist", "folder:NAME" */
    char name[65];
    char format[16];
    const char *origin; /* "builtin", "package", "folder", "upload" */
    int64_t created_at; /* 0 but for uploads */
    bool ready;
    char reason[256];          /* why what needs no upload is not ready; "" for all others */
    struct snn_data_info info; /* where ready */
    struct srv_dataset_file files[SNN_MAX_PARTS]; /* of an upload */
    size_t n_files;
};

enum snn_code srv_datasets_new(struct srv_datasets **out, const struct srv_config *config,
                               struct srv_store *store, struct snn_error *err);
void srv_datasets_free(struct srv_datasets *d);

/* By id or name. Reads the files the first time a built-in or folder is asked for (their info is
 * then kept). SNN_NOT_FOUND with the names there are. */
enum snn_code srv_datasets_find(struct srv_datasets *d, const char *id_or_name,
                                struct srv_dataset *out, struct snn_error *err);
/* The same for showing it: what is there and cannot be read is found, not ready, with its reason.
 */
enum snn_code srv_datasets_look(struct srv_datasets *d, const char *id_or_name,
                                struct srv_dataset *out, struct snn_error *err);
/* All, built-ins first. A folder that cannot be read is listed as not ready. *out malloc'ed. */
enum snn_code srv_datasets_list(struct srv_datasets *d, struct srv_dataset **out, size_t *n,
                                struct snn_error *err);

/* The data itself, shared; release it as often as acquired. SNN_INVALID when not ready. What nobody
 * uses any more is kept for the next, up to SRV_DATASETS_KEPT_BYTES of it in all (and an eighth of
 * the memory limit), those of late rather than those of old, for as long as its files are as they
 * were. */
enum snn_code srv_datasets_acquire(struct srv_datasets *d, const char *id_or_name,
                                   const struct snn_data **out, struct snn_error *err);
void srv_datasets_release(struct srv_datasets *d, const struct snn_data *data);
/* Frees what nobody has used for so long. */
void srv_datasets_forget(struct srv_datasets *d, int64_t idle_ms);

#define SRV_DATASETS_KEPT_BYTES ((size_t)256 << 20)

/* ---------------------------------------------------------------------------------- uploads -- */

/* A new, empty upload; the name must be [A-Za-z0-9._-]{1,64}, not taken by any data set. */
enum snn_code srv_datasets_create(struct srv_datasets *d, const char *name, const char *format,
                                  struct srv_dataset *out, struct snn_error *err);

/* One part being received: bytes go to a temporary file as they come (never held in memory), are
 * hashed, then checked by the format's reader, made durable and recorded. When the last part is
 * there the whole set is checked and becomes ready. Every failure leaves the set as it was. */
struct srv_upload;
enum snn_code srv_upload_open(struct srv_upload **out, struct srv_datasets *d, const char *id,
                              const char *part, struct snn_error *err);
bool srv_upload_write(void *upload, const void *bytes,
                      size_t n); /* fits struct srv_sink; keeps its error */
enum snn_code srv_upload_finish(struct srv_upload *u, struct srv_dataset *out,
                                struct snn_error *err);
void srv_upload_free(struct srv_upload *u); /* removes what was not finished */

/* Uploads only; SNN_INVALID for others, and while a job that is not over uses it. */
enum snn_code srv_datasets_delete(struct srv_datasets *d, const char *id, struct snn_error *err);

#endif
