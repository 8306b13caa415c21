/* SPDX-License-Identifier: MIT */
/* Penalty on firing rates out of bounds, per layer and sample:
 *
 *     P = strength * mean over neurons of max(0, rate - above)^2 + max(0, below - rate)^2
 *
 * with rate the spikes per step of that sample. */
#ifndef SPIKED_CORE_LOSS_PENALTY_H
#define SPIKED_CORE_LOSS_PENALTY_H

#include "core/snn.h"

struct snn_penalty {
    double strength, below, above;
};

/* P of one sample's spikes s [T, n]; its gradient times `scale` is added to g [T, n]. `scratch`
 * [n]. */
double snn_penalty_add(real *g, const real *s, size_t time_steps, size_t n, real *scratch,
                       double scale, const struct snn_penalty *p);

#endif
