/* SPDX-License-Identifier: MIT */
/* Sweeps in a store, and workers that only say that they trained. */
#ifndef TESTS_SERVER_SWEEP_SUPPORT_H
#define TESTS_SERVER_SWEEP_SUPPORT_H

#include "server/sweep.h"
#include "tests/server/store_fixture.h"

struct sweep_form {
    int64_t combinations, seeds;
    int64_t rung_epochs, rung_factor; /* 0 = no comparisons */
    int64_t epochs;
    const char *key; /* NULL = none */
};

/* Stores a sweep of that many jobs, which are ranked by validation_accuracy; seeds are 0, 1, ...
 * Returns the code; *out is cleared but for its plain fields. */
enum snn_code sweep_make(struct fixture *f, const struct sweep_form *form, size_t max_queued,
                         struct srv_sweep *out, bool *again, struct snn_error *err);
/* The same where nothing may fail. */
void sweep_create(struct fixture *f, const struct sweep_form *form, char id[SRV_ID_SIZE]);

/* A claimed job stops at its rung with that validation accuracy, or is over where it has none. */
void sweep_arrive(struct fixture *f, struct srv_job *job, double accuracy);
/* A claimed job lets go with another status. */
void sweep_release(struct fixture *f, struct srv_job *job, enum srv_job_status status);

/* All of it; clear it with srv_sweep_whole_clear. */
struct srv_sweep_whole sweep_get(struct fixture *f, const char *id);

#endif
