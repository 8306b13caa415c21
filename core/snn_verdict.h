/* SPDX-License-Identifier: MIT */
/* The part of core/snn.h about why a run learns or does not: evidence is gathered from what the run
 * tells, and judged by rules (core/diagnose/README.md). Included through it. */
#ifndef SPIKED_CORE_SNN_VERDICT_H
#define SPIKED_CORE_SNN_VERDICT_H

#include "core/snn.h"

/* The shares at which `membrane_quantiles/` and `membrane_distance/` tell a distribution. */
#define SNN_QUANTILES 7
#define SNN_DISTANCES 5
extern const double snn_quantile_share[SNN_QUANTILES], snn_distance_share[SNN_DISTANCES];

#endif
