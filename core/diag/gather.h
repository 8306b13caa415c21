/* SPDX-License-Identifier: MIT */
/* What a diagnostic step sums up, beside snn_histogram_add: kernels. */
#ifndef SPIKED_CORE_DIAG_GATHER_H
#define SPIKED_CORE_DIAG_GATHER_H

#include "core/snn.h"

/* How many of a[n] are at least `least`. */
size_t snn_count_from(const real *a, real least, size_t n);
/* count[i] += s[i] is at least a half: a spike, or what of a soft one counts as one. */
void snn_count_spikes(uint64_t *count, const real *s, size_t n);

#endif
