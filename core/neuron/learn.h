/* SPDX-License-Identifier: MIT */
/*
 * Learnable constants of a neuron. What the optimizer moves is a free number p; the constant is a
 * smooth function of it that cannot leave its range:
 *
 *     tau = low + (tau_0 - low) e^p    low = step/2, so that an Euler step stays stable (0 where
 * tau_0 is below it) threshold = threshold_0 e^p      coefficients = q_0 e^p      alpha = 1/(1 +
 * e^-p)
 *
 * beta and alpha_syn are as alpha. spikeDE's conventions, for its references: tau = tau_0 (1 +
 * e^p), and p itself for the others (so snnTorch's have it too).
 */
#ifndef SPIKED_CORE_NEURON_LEARN_H
#define SPIKED_CORE_NEURON_LEARN_H

#include "core/snn.h"

struct snn_transform {
    const char *name; /* of the row in the saved format */
    double (*value)(double p, double initial, double low);
    double (*slope)(double p, double initial, double low); /* d value / dp */
    double (*start)(double initial); /* p at which value = initial (or spikeDE's start) */
};

/* The transform of a learnable. */
const struct snn_transform *snn_transform_of(enum snn_learnable which, bool spikede);
const struct snn_transform *snn_transform_find(const char *name);
/* "tau", "threshold", ... */
const char *snn_learnable_name(enum snn_learnable which);
/* One value for each term of the dynamics; else one per layer or neuron. */
bool snn_learnable_by_term(enum snn_learnable which);
/* SNN_INVALID with a sentence where that value cannot be learned from (alpha 1, threshold 0, ...).
 */
enum snn_code snn_learnable_check(enum snn_learnable which, double initial, struct snn_error *err);

/* What the spec gives it, of term i where each term has its own; NaN where the neuron's model has
 * no such constant. */
double snn_learnable_initial(const struct snn_neuron_spec *n, enum snn_learnable which, size_t i);

#endif
