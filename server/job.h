/* SPDX-License-Identifier: MIT */
/* A job as the server knows it: a row, its states and who may move it from one to another. What its
 * config means is the api's business (text here), what training means is the core's. */
#ifndef SPIKED_SERVER_JOB_H
#define SPIKED_SERVER_JOB_H

#include "core/snn.h"
#include "server/clock.h"
#include "server/plan.h"
#include "server/verdict.h"

/* state, terminal */
#define SRV_JOB_STATES(X)                                                                          \
    X(queued, 0)                                                                                   \
    X(running, 0)                                                                                  \
    X(pausing, 0) X(paused, 0) X(cancelling, 0) X(succeeded, 1) X(failed, 1) X(cancelled, 1)
#define SRV_JOB_ENUM(name, terminal) SRV_JOB_##name,
enum srv_job_status { SRV_JOB_STATES(SRV_JOB_ENUM) SRV_JOB_STATUS_COUNT };
#undef SRV_JOB_ENUM

const char *srv_job_status_name(enum srv_job_status s);
/* False if there is no such status. */
bool srv_job_status_find(enum srv_job_status *out, const char *name);
bool srv_job_status_terminal(enum srv_job_status s);

#define SRV_MAX_METADATA 16
struct srv_meta {
    char key[65], value[513];
};

/* Of W3C's traceparent, "00-<trace>-<parent>-<flags>", with its end. */
#define SRV_TRACE_SIZE 56

struct srv_job {
    int64_t seq;
    char id[SRV_ID_SIZE];
    enum srv_job_status status;
    char name[129];
    int64_t priority, seed;                                  /* seed: the bits of the uint64 */
    int64_t created_at, started_at, finished_at, updated_at; /* Unix seconds; 0 = not yet */
    int64_t attempt, version;
    char dataset[SRV_ID_SIZE + 128]; /* id of the data set, as server/datasets.h resolves it */
    int64_t memory_bytes, threads;
    /* progress; rate and eta are negative where not known */
    int64_t epoch, epochs, step, steps;
    double samples_per_second, eta_seconds;
    struct snn_metrics metrics;                               /* NaN = none; stored as NULL */
    char error_code[48], error_message[512], error_param[96]; /* "" = none */
    /* What the core was built for and the BLAS kernel when it was trained last, "" = not yet: with
     * the config they fix the trained bits. */
    char instruction_set[32], blas[32];
    char plan[SRV_PLAN_SIZE]; /* which way its layers were computed, as server/plan.h writes it */
    char verdict[SRV_VERDICT_SIZE]; /* why it learns or does not, as server/verdict.h writes it */
    char model_sha256[SNN_SHA256_HEX];
    /* What else they depend on: the config (canonical), the data, the program. */
    char config_sha256[SNN_SHA256_HEX], dataset_sha256[SNN_SHA256_HEX];
    char build_version[32], build_revision[64];
    /* Where its end is to be told ("" = nowhere), and which ends: " succeeded failed ". */
    char webhook_url[512], webhook_events[40];
    char traceparent[SRV_TRACE_SIZE]; /* of the request that it came with; "" = none */
    /* The job whose weights it starts from ("" = none), "best" or "last" of them, and their digest
     * once it has started. */
    char init_job[SRV_ID_SIZE], init_checkpoint[8], init_sha256[SNN_SHA256_HEX];
    /* The sweep it is a part of ("" = none) and which of its combinations; the epoch after which it
     * waits for the sweep's other jobs (0 = none), and whether it does. */
    char sweep[SRV_ID_SIZE];
    int64_t combination, rung_epoch, at_rung;
    char *config;              /* malloc'ed JSON text as accepted */
    struct srv_meta *metadata; /* malloc'ed [n_metadata] */
    size_t n_metadata;
};

void srv_job_clear(struct srv_job *job); /* frees what it holds, not itself */

#endif
