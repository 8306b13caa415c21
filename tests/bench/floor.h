/* SPDX-License-Identifier: MIT */
/* The least time that a step could take: what is to be done, at the rates that were measured for
 * each kind of it on one core (README.md). */
#ifndef TESTS_BENCH_FLOOR_H
#define TESTS_BENCH_FLOOR_H

#include "tests/bench/workload.h"

/* In ms of one thread, on a machine with that rate of dense products. */
double floor_ms(const struct bench *b, double gflops);
/* Of a step, products done dense at every step of time: multiply and add are two. */
double dense_gflop(const struct bench *b);

#endif
