/* SPDX-License-Identifier: MIT */
/* How fast something grows, over the last seconds: a window that slides. @thread owner */
#ifndef SPIKED_SERVER_RATE_H
#define SPIKED_SERVER_RATE_H

#include <stddef.h>
#include <stdint.h>

#define SRV_RATE_MARKS 32

/* Zeroed memory is an empty window. */
struct srv_rate {
    struct {
        int64_t at_ms;
        double total;
    } marks[SRV_RATE_MARKS]; /* a ring */
    size_t first, n;
};

/* Notes what the total is at that time. Marks closer than 250 ms to the one before replace it, so
 * the window is about 8 seconds long. */
void srv_rate_mark(struct srv_rate *r, int64_t at_ms, double total);
/* Growth a second over the window; -1 where it spans no time yet. */
double srv_rate_per_second(const struct srv_rate *r);

#endif
