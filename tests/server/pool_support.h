/* SPDX-License-Identifier: MIT */
/* Small jobs for a real pool on a real core. A job's text is "epochs=2 units=8 lr=0.01 every=5",
 * read by scan_spec; what is left out has the value given here, lr that of Adam. */
#ifndef TESTS_SERVER_POOL_SUPPORT_H
#define TESTS_SERVER_POOL_SUPPORT_H

#include "server/pool.h"
#include "tests/server/data_support.h"

/* Reads a job's text; "nonsense" is SNN_INVALID at /layers, "starve" SNN_NOMEM. */
enum snn_code scan_spec(const char *config, const struct snn_data_info *data, struct snn_spec *out,
                        struct snn_error *err);

/* How many jobs had been read when the one with "mark" in its text was; 0 = it was not yet. Counted
 * from the last pool_of. */
long marked_at(void);

/* A clock that goes on by a second whenever it is read, so that every pause and limit of a worker
 * is counted in its steps. Who reads it at the gate waits there until the gate is moved. */
extern const struct srv_clock gated_clock;
void gate_open(void);         /* for good: no one waits */
void gate_set(long reads);    /* so many reads from now on */
void gate_wait_reached(void); /* until somebody stands at it */

struct srv_pool *pool_of(struct place *p);
/* Queues a job on that data set and returns its id. memory: bytes it says to need. */
struct id {
    char text[SRV_ID_SIZE];
};
struct id queue(struct place *p, const char *dataset, const char *config, int64_t memory);
/* The job, once it is over. Clear it. */
struct srv_job wait_over(struct place *p, const char *id);
/* Its status now. */
enum srv_job_status status_of(struct place *p, const char *id);
/* Waits until it has that status. */
void wait_status(struct place *p, const char *id, enum srv_job_status wanted);
/* Drains while the gate moves on bit by bit, so that a job in it is met in the middle; then frees.
 */
void drain_at_gate(struct srv_pool *pool);
/* How many events of that type it has; with that text in their message. */
size_t count_events(struct place *p, const char *id, const char *type);
size_t count_messages(struct place *p, const char *id, const char *type, const char *text);

#endif
