/* SPDX-License-Identifier: MIT */
/* The encoders' own functions, one file each, for the table in encode.c. Each finds its settings in
 * the choice by their place in that table. */
#ifndef SPIKED_CORE_ENCODE_ROWS_H
#define SPIKED_CORE_ENCODE_ROWS_H

#include "core/encode/encode.h"

#define ENCODE_GAIN 0 /* of every encoder of strengths */
enum {
    EVENTS_DURATION,
    EVENTS_GAIN,
    EVENTS_TIME_SHIFT,
    EVENTS_TIME_SCALE,
    EVENTS_TIME_JITTER,
    EVENTS_UNIT_SHIFT,
    EVENTS_UNIT_JITTER,
    EVENTS_DROP,
    EVENTS_MASK
};
enum { DELTA_THRESHOLD, DELTA_PADDING, DELTA_OFF_SPIKES, DELTA_STEP_FEATURES };
enum { LATENCY_TAU = 1, LATENCY_THRESHOLD };

void snn_encode_constant(real *out, const real *x, size_t n, struct snn_steps steps,
                         const struct snn_choice *c, const struct snn_rng_key *key);
void snn_encode_rate(real *out, const real *x, size_t n, struct snn_steps steps,
                     const struct snn_choice *c, const struct snn_rng_key *key);
void snn_encode_time(real *out, const real *x, size_t n, struct snn_steps steps,
                     const struct snn_choice *c, const struct snn_rng_key *key);
void snn_encode_latency(real *out, const real *x, size_t n, struct snn_steps steps,
                        const struct snn_choice *c, const struct snn_rng_key *key);
void snn_encode_delta(real *out, const real *x, size_t n, struct snn_steps steps,
                      const struct snn_choice *c, const struct snn_rng_key *key);
size_t snn_encode_events(real *out, const struct snn_events *events, size_t n,
                         struct snn_steps steps, const struct snn_choice *c,
                         const struct snn_rng_key *key);
size_t snn_list_events(struct snn_sparse *to, real *size, const struct snn_events *events, size_t n,
                       size_t time_steps, const struct snn_choice *c, const struct snn_rng_key *key,
                       uint32_t *last);

#endif
