/* SPDX-License-Identifier: MIT */
/* spikeDE's neurons and surrogates in the core's terms. */
#ifndef TESTS_REFERENCE_NEURONS_H
#define TESTS_REFERENCE_NEURONS_H

#include "core/neuron/neuron.h"
#include "tests/reference/check.h"

/* A neuron as a file describes it: `neuron`, `tau`, `threshold`, `scale`, `surrogate`, perhaps
 * `tau_learnable` and `tau_param`. */
struct ref_neuron {
    struct snn_neuron_spec spec; /* tau as given */
    bool order_one;              /* returns the next state: the step length plays no part */
    bool learns_tau;
    double tau_param, tau; /* tau: the effective one */
    bool soft;             /* in training: the file has draws, or mean_field */
    bool mean_field;
};

/* False with the case failed where the core has no such neuron. */
bool ref_neuron_of(struct ref_case *c, struct ref_neuron *out, const json_t *from);

/* Logistic noise of uniform draws, clamped as spikeDE's. */
void ref_noise(real *out, const double *u, size_t n);

#endif
