/* SPDX-License-Identifier: MIT */
/* Many clients of a daemon at once, on one thread: listeners, each with an event stream open, and
 * pollers, each with a connection of its own on which it asks for a job again and again. */
#ifndef TESTS_E2E_CROWD_H
#define TESTS_E2E_CROWD_H

#include <stddef.h>
#include <stdint.h>

struct crowd;

struct crowd_options {
    int port;
    size_t listeners, pollers;
    double seconds; /* between two questions of a poller */
};
struct crowd *crowd_start(const struct crowd_options *o);
void crowd_stop(struct crowd *c);

/* From now on new streams are of the one job, half of them at least, or of the other; questions are
 * for the first. NULL for `asked`: there are none. */
void crowd_watch(struct crowd *c, const char *asked, const char *stays);

struct crowd_counts {
    uint64_t answers, streams; /* with a status of success */
    uint64_t refused;          /* with another */
    uint64_t broken;           /* connections that ended before an answer was whole */
    uint64_t bytes;            /* of streams */
    uint64_t open;             /* streams at this moment */
};
struct crowd_counts crowd_counts(struct crowd *c);

#endif
