/* SPDX-License-Identifier: MIT */
/*
 * A job's checkpoints: <data-dir>/jobs/<id>/step-<n>.ckpt. A file is durable before a row names it,
 * and read only after its digest was found right, so that a crash at any moment costs steps, never
 * a job.
 * @thread any; one thread a job
 */
#ifndef SPIKED_SERVER_CHECKPOINT_H
#define SPIKED_SERVER_CHECKPOINT_H

#include "server/config.h"
#include "server/store.h"

/* Writes the run's state and records it; the job's two newest are kept. SNN_IO, SNN_FULL,
 * SNN_NOMEM, and what the store may say; then nothing has changed. */
enum snn_code srv_checkpoint_save(struct srv_checkpoint *out, const struct srv_config *config,
                                  struct srv_store *store, const char *job,
                                  const struct snn_run *run, struct snn_error *err);
/* The file that the row names, its digest verified, into a fresh run. After a failure the run is
 * not to be used. */
enum snn_code srv_checkpoint_load(struct snn_run *run, const struct srv_config *config,
                                  const struct srv_checkpoint *c, struct snn_error *err);
/* The digest of the trained tensors in that file. */
enum snn_code srv_checkpoint_model(char sha256[SNN_SHA256_HEX], const struct srv_config *config,
                                   const struct srv_checkpoint *c, struct snn_error *err);
/* Removes what a crash left: folders of jobs that are gone, files that no row names. @thread
 * startup */
enum snn_code srv_checkpoint_sweep(const struct srv_config *config, struct srv_store *store,
                                   struct snn_error *err);

#endif
