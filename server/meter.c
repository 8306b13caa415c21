/* SPDX-License-Identifier: MIT */
#include "server/meter.h"

#include <stdatomic.h>
#include <time.h>

/* OpenTelemetry's for requests. */
const double srv_moments[SRV_BUCKETS] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                         0.5,   0.75, 1,     2.5,  5,     7.5, 10};
const double srv_minutes[SRV_BUCKETS] = {0.1, 0.5, 1,    5,    10,   30,    60,
                                         120, 300, 1200, 3600, 7200, 21600, 86400};

const struct srv_meter_row srv_counter_rows[SRV_COUNTER_COUNT] = {
#define ROW(name, family, labels, help) {family, labels, help, NULL},
    SRV_COUNTERS(ROW)
#undef ROW
};
const struct srv_meter_row srv_timer_rows[SRV_TIMER_COUNT] = {
#define ROW(name, family, labels, bounds, help) {family, labels, help, bounds},
    SRV_TIMERS(ROW)
#undef ROW
};

static _Atomic uint64_t counters[SRV_COUNTER_COUNT];
static struct srv_histogram timers[SRV_TIMER_COUNT];

void srv_count(enum srv_counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&counters[counter], n, memory_order_relaxed);
}

uint64_t srv_counted(enum srv_counter counter)
{
    return atomic_load_explicit(&counters[counter], memory_order_relaxed);
}

void srv_histogram_add(struct srv_histogram *h, const double bounds[SRV_BUCKETS],
                       int64_t microseconds)
{
    int64_t us = microseconds > 0 ? microseconds : 0;
    size_t i = 0;

    while (i < SRV_BUCKETS && (double)us > bounds[i] * 1e6)
        i++;
    atomic_fetch_add_explicit(&h->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->microseconds, (uint64_t)us, memory_order_relaxed);
}

void srv_time(enum srv_timer timer, int64_t microseconds)
{
    srv_histogram_add(&timers[timer], srv_timer_rows[timer].bounds, microseconds);
}

const struct srv_histogram *srv_timed(enum srv_timer timer)
{
    return &timers[timer];
}

int64_t srv_microseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
