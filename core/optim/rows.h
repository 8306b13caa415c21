/* SPDX-License-Identifier: MIT */
/* The optimizers' own functions, one file per family, for the table in optim.c. Each finds its
 * settings in the choice by their place in that table. */
#ifndef SPIKED_CORE_OPTIM_ROWS_H
#define SPIKED_CORE_OPTIM_ROWS_H

#include "core/optim/optim.h"

/* a b + c d, of the same bits in every loop and its rest: where multiply-adds are fused it is told
 * which product keeps all its digits. A compiler left to choose does not choose alike. */
static inline real snn_two_products(real a, real b, real c, real d)
{
#if defined(SNN_DOUBLE) && defined(__FP_FAST_FMA)
    return __builtin_fma(a, b, c * d);
#elif !defined(SNN_DOUBLE) && defined(__FP_FAST_FMAF)
    return __builtin_fmaf(a, b, c * d);
#else
    return a * b + c * d;
#endif
}

enum { SGD_LEARNING_RATE, SGD_MOMENTUM, SGD_NESTEROV, SGD_WEIGHT_DECAY, SGD_DAMPENING, SGD_PARAMS };

void snn_sgd_update(real *p, const real *g, real *const slot[SNN_MAX_SLOTS], size_t n, size_t t,
                    const struct snn_choice *c);

enum {
    ADAM_LEARNING_RATE,
    ADAM_BETA1,
    ADAM_BETA2,
    ADAM_EPSILON,
    ADAM_WEIGHT_DECAY,
    ADAM_AMSGRAD,
    ADAM_PARAMS
};

void snn_adam_update(real *p, const real *g, real *const slot[SNN_MAX_SLOTS], size_t n, size_t t,
                     const struct snn_choice *c);
void snn_adamw_update(real *p, const real *g, real *const slot[SNN_MAX_SLOTS], size_t n, size_t t,
                      const struct snn_choice *c);

#endif
