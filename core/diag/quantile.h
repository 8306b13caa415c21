/* SPDX-License-Identifier: MIT */
/* Quantiles of a histogram's values, good to a bin. */
#ifndef SPIKED_CORE_DIAG_QUANTILE_H
#define SPIKED_CORE_DIAG_QUANTILE_H

#include "core/snn.h"

/* The value below which that share (0 .. 1) of the finite ones is; NaN where there is none. */
double snn_histogram_quantile(const struct snn_histogram *h, double share);
/* The same of the magnitudes. */
double snn_histogram_distance(const struct snn_histogram *h, double share);

#endif
