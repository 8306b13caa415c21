/* SPDX-License-Identifier: MIT */
/*
 * Sweeps as the store keeps them: jobs that were made together, combination by combination of what
 * differs between them. What differs is text to the server (JSON to the api). A sweep is there as
 * long as one of its jobs is; its status follows from theirs.
 * @thread any
 */
#ifndef SPIKED_SERVER_SWEEP_H
#define SPIKED_SERVER_SWEEP_H

#include "server/store.h"

struct srv_sweep {
    int64_t seq;
    char id[SRV_ID_SIZE]; /* swp_... */
    char name[129];
    int64_t created_at, cancelled_at; /* 0 = not */
    int64_t combinations;
    char metric[24]; /* of SNN_METRICS: what it is ranked by */
    int64_t maximize;
    /* Successive halving: after rung_epochs epochs, and again after rung_factor times as many, one
     * in rung_factor combinations goes on; 0 = none. */
    int64_t rung_epochs, rung_factor;
    char *config;                         /* malloc'ed JSON text as accepted */
    int64_t counts[SRV_JOB_STATUS_COUNT]; /* of its jobs, as read */
    int64_t finished_at;                  /* of the last of its jobs; 0 while one is not over */
};
void srv_sweep_clear(struct srv_sweep *sweep);
bool srv_sweep_over(const struct srv_sweep *sweep);

/* Stores the sweep with a text per combination and all its jobs, queued, in one transaction. The
 * jobs say which combination they are of; ids, sweep, status and times are filled here. SNN_LIMIT
 * where more than max_queued would wait. key: as in srv_store_job_create_once, NULL = none; with
 * *again, *sweep becomes the one that was made before and the jobs stay as they were. */
enum snn_code srv_store_sweep_create(struct srv_store *s, struct srv_sweep *sweep,
                                     const char *const *combinations, struct srv_job *jobs,
                                     size_t n_jobs, size_t max_queued, const char *key,
                                     const char body[SNN_SHA256_HEX], bool *again,
                                     struct snn_error *err);

/* What there is to know of one of its jobs. */
struct srv_sweep_job {
    char id[SRV_ID_SIZE];
    int64_t combination, seed, epoch;
    enum srv_job_status status;
    struct snn_metrics metrics;
    char error_code[48], model_sha256[SNN_SHA256_HEX];
};

/* How a combination stood when the sweep was compared. */
struct srv_sweep_decision {
    int64_t epoch, rank, combination, at;
    double value; /* mean over its jobs */
    bool kept;
};

struct srv_sweep_whole {
    struct srv_sweep sweep;
    char **combinations; /* [sweep.combinations] texts */
    struct srv_sweep_job *jobs;
    struct srv_sweep_decision *decisions; /* by epoch, then rank */
    size_t n_combinations, n_jobs, n_decisions;
};
/* All of one moment, jobs by combination and then as they were made. SNN_NOT_FOUND. */
enum snn_code srv_store_sweep_get(struct srv_store *s, const char *id, struct srv_sweep_whole *out,
                                  struct snn_error *err);
void srv_sweep_whole_clear(struct srv_sweep_whole *whole);

/* A page in the order of creation, newest first unless `ascending`; after: id or NULL,
 * SNN_NOT_FOUND if unknown. limit: 1..100. */
enum snn_code srv_store_sweep_list(struct srv_store *s, const char *after, bool ascending,
                                   size_t limit, struct srv_sweep **out, size_t *n, bool *has_more,
                                   struct snn_error *err);
void srv_sweep_list_free(struct srv_sweep *sweeps, size_t n);

/* A job that what was wanted of its sweep has changed. */
struct srv_sweep_change {
    char id[SRV_ID_SIZE];
    bool gone; /* its rows are removed; its files are the caller's */
};
/* Cancels all that is not over, in one transaction; then_delete: and removes them, those that a
 * worker holds when it lets go. *changed is malloc'ed. */
enum snn_code srv_store_sweep_cancel(struct srv_store *s, const char *id, bool then_delete,
                                     struct srv_sweep_change **changed, size_t *n,
                                     struct snn_error *err);
/* Pauses all that is not over, or lets all that is paused go on but for those that wait for the
 * sweep's other jobs. SNN_INVALID where the sweep is over or being cancelled. *changed as above. */
enum snn_code srv_store_sweep_pause(struct srv_store *s, const char *id,
                                    struct srv_sweep_change **changed, size_t *n,
                                    struct snn_error *err);
enum snn_code srv_store_sweep_unpause(struct srv_store *s, const char *id,
                                      struct srv_sweep_change **changed, size_t *n,
                                      struct snn_error *err);

#endif
