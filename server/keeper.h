/* SPDX-License-Identifier: MIT */
/* What has to be looked after all the time, by a thread of its own: room on the disk, jobs that
 * stand still, data that nobody uses, finished jobs that are kept no longer, and once a day the
 * database's own bytes. */
#ifndef SPIKED_SERVER_KEEPER_H
#define SPIKED_SERVER_KEEPER_H

#include "server/pool.h"

struct srv_keeper_options {
    const struct srv_config *config;
    struct srv_store *store;
    struct srv_pool *pool;         /* NULL = none to look after */
    struct srv_datasets *datasets; /* NULL, too */
    const struct srv_clock *clock;
};

struct srv_keeper;
enum snn_code srv_keeper_start(struct srv_keeper **out, const struct srv_keeper_options *options,
                               struct snn_error *err);
/* Accepts NULL. */
void srv_keeper_stop(struct srv_keeper *keeper);

/* Bytes that the file system of that folder has left for us; UINT64_MAX when that cannot be told.
 * @thread any */
uint64_t srv_disk_free(const char *dir);
/* Whether there is less than the configured reserve, after `extra` more bytes. @thread any */
bool srv_disk_short(const struct srv_config *config, uint64_t extra);

/* Removes what --retain-days, --retain-jobs and --retain-bytes let go, rows first, then files.
 * Returns how many jobs that were. @thread any, one at a time */
size_t srv_keeper_retire(const struct srv_keeper_options *options);

#endif
