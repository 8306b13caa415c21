/* SPDX-License-Identifier: MIT */
/*
 * A backup is a tar archive of the database as of one moment, of every file that its rows name, and
 * first of all of SHA256SUMS, by which `sha256sum -c` and a restore know that it is whole. It is
 * made while the daemon works: hard links keep the files, which never change, until they are read.
 */
#ifndef SPIKED_SERVER_BACKUP_H
#define SPIKED_SERVER_BACKUP_H

#include "server/config.h"
#include "server/store.h"

#define SRV_BACKUP_SUMS "SHA256SUMS"
#define SRV_BACKUP_DATABASE "spiked.db"

struct srv_backup;

/* Needs room for a copy of the database, below the data directory, until it is freed. @thread any
 */
enum snn_code srv_backup_new(struct srv_backup **out, const struct srv_config *config,
                             struct srv_store *store, struct snn_error *err);
void srv_backup_free(struct srv_backup *b);
/* Bytes of the archive. */
uint64_t srv_backup_size(const struct srv_backup *b);
/* The next bytes of it; 0 at its end, and after a failure, which the log tells of. @thread owner */
size_t srv_backup_read(struct srv_backup *b, char *to, size_t room);
/* Removes what a crash left. @thread startup */
void srv_backup_sweep(const struct srv_config *config);

/* Unpacks the archive ("-": standard input) into an empty data directory, once every digest in it
 * and the database were found right: whole, or not at all. */
enum snn_code srv_restore(const struct srv_config *config, const char *file, size_t *n,
                          struct snn_error *err);

#endif
