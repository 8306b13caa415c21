/* SPDX-License-Identifier: MIT */
/* One claimed job, trained to its end or given back. */
#ifndef SPIKED_SERVER_WORKER_H
#define SPIKED_SERVER_WORKER_H

#include <stdatomic.h>

#include "server/pool.h"

/* What others ask of a running job. Set by the pool (any thread), read by the job's worker and
 * its threads, many times a step. */
struct srv_stop {
    atomic_bool cancel; /* end it: the user does not want it any more */
    atomic_bool pause;  /* save it and give it back: the user wants it to wait */
    atomic_bool drain;  /* save it and give it back: the daemon ends */
    atomic_bool hold;   /* the same: there is no room on the disk */
    /* Grows while the job gets on, from its first step; set by the job's threads, read by the
     * pool. */
    atomic_ullong beats;
};

static inline bool srv_stop_asked(const struct srv_stop *s)
{
    return atomic_load(&s->cancel) || atomic_load(&s->pause) || atomic_load(&s->drain) ||
           atomic_load(&s->hold);
}

/* Trains the job, writes down what comes of it and releases it: succeeded, failed, cancelled, or
 * queued again (paused where that was asked). Whatever goes wrong ends the job, not the process.
 * *job is changed, and stays the caller's. */
void srv_worker_run(const struct srv_pool_options *options, struct srv_job *job,
                    struct srv_stop *stop);

#endif
