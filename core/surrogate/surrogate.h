/* SPDX-License-Identifier: MIT */
/* Surrogate derivatives: what the backward pass puts in place of the Heaviside step's. x = membrane
 * - threshold. */
#ifndef SPIKED_CORE_SURROGATE_SURROGATE_H
#define SPIKED_CORE_SURROGATE_SURROGATE_H

#include "core/snn.h"

struct snn_surrogate {
    struct snn_kind kind; /* its only parameter is `scale` */
    /* In training the spike itself is soft: s = sigmoid(k x + e), e ~ Logistic(0, 1). Evaluation is
     * hard. */
    bool soft;
    /* out[i] = g[i] * dS/dx at x[i]; s[i] is the spike emitted there (a soft surrogate derives
     * through it). `out` may be `g`. */
    void (*gradient)(real *out, const real *g, const real *x, const real *s, size_t n, real k);
};

static inline const struct snn_surrogate *snn_surrogate_of(const struct snn_choice *c)
{
    return (const struct snn_surrogate *)(const void *)c->kind;
}

/* s[i] = sigmoid(k x[i] + e[i]); `s` may be `e`. */
void snn_spike_soft(real *s, const real *x, const real *e, size_t n, real k);

#endif
