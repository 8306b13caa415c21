/* SPDX-License-Identifier: MIT */
/* What the files behind server/pool.h share. Nobody else includes it. */
#ifndef SPIKED_SERVER_POOL_INTERNAL_H
#define SPIKED_SERVER_POOL_INTERNAL_H

#include <pthread.h>

#include "server/pool.h"
#include "server/worker.h"

struct worker {
    struct srv_pool *pool;
    pthread_t thread;
    bool started;
    char job[SRV_ID_SIZE]; /* "" = idle; guarded by the lock */
    int64_t memory;        /* of the job; guarded by the lock */
    struct srv_stop stop;
    /* Of whoever watches alone: */
    unsigned long long seen_beats;
    int64_t seen_ms;
    bool failed; /* it stood still; told once */
};

struct srv_pool {
    struct srv_pool_options options;
    pthread_mutex_t lock, claiming, passing;
    pthread_cond_t changed; /* something of the below */
    uint64_t news;          /* grows when there may be a job to take */
    bool draining, held;
    size_t busy;               /* workers between claim and release */
    unsigned overtakes;        /* guarded by `claiming` */
    char blocked[SRV_ID_SIZE]; /* the oldest queued job, if it did not fit; guarded by `claiming` */
    size_t n;
    struct worker *workers;
};

#endif
