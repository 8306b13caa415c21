/* SPDX-License-Identifier: MIT */
/* Two layers of noisy neurons over two steps, so small that every pattern of spikes can be gone
 * through: their expected loss and its derivative, in double and in plain loops. */
#ifndef TESTS_CORE_BIAS_EXACT_H
#define TESTS_CORE_BIAS_EXACT_H

#include "core/data/data.h"

#define EXACT_IN 2
#define EXACT_HIDDEN 3
#define EXACT_OUT 2
#define EXACT_STEPS 2
#define EXACT_SAMPLES 3
#define EXACT_PARAMS 64

struct exact_case {
    const char *reset, *readout;
    bool recurrent;    /* the first layer */
    bool learns;       /* threshold and tau of each layer */
    bool detach_reset; /* of the surrogate's gradient: the expected loss knows no such thing */
    double penalty;    /* strength of the penalty on rates, above 0.3 */
};

struct exact {
    struct exact_case c;
    struct snn_spec spec;
    struct snn_data data;
    double sigma;
};

/* Fills the spec and the data of the case; nothing to free. */
void exact_build(struct exact *e, const struct exact_case *c, double sigma);
/* The mean over the samples of the expected loss, with the parameters in the core's order. */
double exact_loss(const struct exact *e, const double *params);
/* Its derivative [n] by differences of the fourth order. */
void exact_gradient(const struct exact *e, const double *params, size_t n, double *out);

#endif
