/* SPDX-License-Identifier: MIT */
/* The workers: threads that claim queued jobs, train them on the core and write down what comes of
 * it. */
#ifndef SPIKED_SERVER_POOL_H
#define SPIKED_SERVER_POOL_H

#include "server/config.h"
#include "server/datasets.h"
#include "server/store.h"

struct srv_pool_options {
    const struct srv_config *config;
    struct srv_store *store;
    struct srv_datasets *datasets;
    const struct srv_clock *clock;
    const char *boot_id;
    /* Reads the JSON text of a stored job. The api's, handed in by main so that server knows no
     * JSON. */
    enum snn_code (*compile)(const char *config, const struct snn_data_info *data,
                             struct snn_spec *out, struct snn_error *err);
};

struct srv_pool;
enum snn_code srv_pool_start(struct srv_pool **out, const struct srv_pool_options *options,
                             struct snn_error *err);
/* A job was queued: wakes an idle worker. @thread any */
void srv_pool_wake(struct srv_pool *pool);
/* The job was cancelled, paused or unpaused: its worker looks at once; where it had none, those who
 * wait for a job do.
 * @thread any */
void srv_pool_notify(struct srv_pool *pool, const char *job);
/* Takes no more jobs; those running save a checkpoint and go back to the queue. Returns when all
 * are idle. */
void srv_pool_drain(struct srv_pool *pool);
void srv_pool_free(struct srv_pool *pool);
/* While held no job is taken, and those running save a checkpoint and go back to the queue: for
 * want of room on the disk. @thread any */
void srv_pool_hold(struct srv_pool *pool, bool held);
/* Fails what stands still: a job that trains and has not got on by a block of samples since a call
 * that is limit_ms ago. Its thread cannot be ended; it is told to, and its worker stays taken until
 * it comes back. To be called every now and then, by one thread. now_ms: of any clock. */
void srv_pool_watch(struct srv_pool *pool, int64_t now_ms, int64_t limit_ms);
/* The workers there are, those between a claim and its release, and the memory promised to these.
 * @thread any */
struct srv_pool_use {
    size_t workers, busy;
    int64_t memory_bytes;
};
struct srv_pool_use srv_pool_look(struct srv_pool *pool);

/* Where a job's files are: <data-dir>/jobs/<id>/. Removes them. @thread any */
void srv_job_files_remove(const struct srv_config *config, const char *job);

#endif
