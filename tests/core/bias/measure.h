/* SPDX-License-Identifier: MIT */
/* A measurement that can be looked into. A failure fails the running test. */
#ifndef TESTS_CORE_BIAS_MEASURE_H
#define TESTS_CORE_BIAS_MEASURE_H

#include "core/bias/meter.h"

/* The last one. */
extern struct snn_bias_report report;
extern struct snn_meter meter;

/* Measures with the initial weights; measure_end in the end. */
void measure(const struct snn_spec *spec, const struct snn_data *data,
             const struct snn_bias_options *o, const char *what);
void measure_end(void);

#endif
