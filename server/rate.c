/* SPDX-License-Identifier: MIT */
/* The first mark is always kept: it is the start of the window. */
#include "server/rate.h"

#define SPACING_MS 250

void srv_rate_mark(struct srv_rate *r, int64_t at_ms, double total)
{
    size_t last = (r->first + r->n + SRV_RATE_MARKS - 1) % SRV_RATE_MARKS;
    size_t before = (last + SRV_RATE_MARKS - 1) % SRV_RATE_MARKS;

    if (r->n < 2 || r->marks[last].at_ms - r->marks[before].at_ms >= SPACING_MS) {
        last = (r->first + r->n) % SRV_RATE_MARKS;
        if (r->n == SRV_RATE_MARKS)
            r->first = (r->first + 1) % SRV_RATE_MARKS;
        else
            r->n++;
    }
    r->marks[last].at_ms = at_ms;
    r->marks[last].total = total;
}

double srv_rate_per_second(const struct srv_rate *r)
{
    size_t last = (r->first + r->n + SRV_RATE_MARKS - 1) % SRV_RATE_MARKS;

    if (r->n < 2 || r->marks[last].at_ms <= r->marks[r->first].at_ms)
        return -1;
    return (r->marks[last].total - r->marks[r->first].total) * 1000 /
           (double)(r->marks[last].at_ms - r->marks[r->first].at_ms);
}
