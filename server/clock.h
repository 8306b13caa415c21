/* SPDX-License-Identifier: MIT */
/* Time and ids, passed in where they are used so that tests need not sleep. */
#ifndef SPIKED_SERVER_CLOCK_H
#define SPIKED_SERVER_CLOCK_H

#include <stdint.h>

struct srv_clock {
    int64_t (*wall_seconds)(void); /* Unix time */
    int64_t (*monotonic_ms)(void); /* for intervals */
};
extern const struct srv_clock srv_system_clock;

#define SRV_ID_SIZE 32
/* "job_" + ULID (26 characters of Crockford base 32: 48 bits of ms, 80 random bits; ascending
 * within a process). @thread any */
void srv_id_make(char id[SRV_ID_SIZE], const char *prefix);

#endif
