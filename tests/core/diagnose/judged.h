/* SPDX-License-Identifier: MIT */
/* Small jobs on digits, trained and judged. A failure of these functions fails the running test. */
#ifndef TESTS_CORE_DIAGNOSE_JUDGED_H
#define TESTS_CORE_DIAGNOSE_JUDGED_H

#include "core/snn.h"

/* The built-in digits; the caller's to free. */
struct snn_data *judged_data(void);
/* 64 - 32 - 10 neurons, 8 steps, 6 epochs, Adam 0.005, arctan: learns well. */
struct snn_spec judged_spec(void);
/* So many dense layers of 32 before the last one of 10. */
void judged_depth(struct snn_spec *spec, size_t hidden);
/* The surrogate of all layers. */
void judged_surrogate(struct snn_spec *spec, const char *name, double scale);
/* One parameter of a choice, by its name. */
void judged_set(struct snn_choice *c, const char *param, double value);
/* Trains to the end, or until it is given up, and judges. The test accuracy. */
double judged_train(struct snn_verdict *out, const struct snn_spec *spec,
                    const struct snn_data *data);
/* Fails with every finding of the verdict in the message. */
void judged_fail(const struct snn_verdict *v, const char *why);

#endif
