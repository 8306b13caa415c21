/* SPDX-License-Identifier: MIT */
/* Surrogate derivatives: what the backward pass puts in place of the Heaviside step's. x = membrane
 * - threshold. */
#ifndef SPIKED_CORE_SURROGATE_SURROGATE_H
#define SPIKED_CORE_SURROGATE_SURROGATE_H

#include "core/snn.h"

/* What is emitted in training. Evaluation is always the hard step. */
enum snn_spike {
    SNN_SPIKE_HARD,  /* the step: 1 where x >= 0 */
    SNN_SPIKE_MEAN,  /* sigmoid(k x): the noise's mean */
    SNN_SPIKE_SOFT,  /* sigmoid(k x + e), e ~ Logistic(0, 1) */
    SNN_SPIKE_NOISY, /* the step of k x + e */
};

/* Where the derivative is not 0. */
enum snn_reach {
    SNN_REACH_ALL,
    SNN_REACH_WITHIN, /* only for |x| <= scale: most neurons have none */
};

struct snn_surrogate {
    struct snn_kind kind; /* its only parameter is `scale` */
    enum snn_spike training;
    enum snn_reach reach;
    size_t place; /* in the table */
    /* out[i] = g[i] * dS/dx at x[i]; s[i] is the spike emitted there (a soft one derives through
     * it). `out` may be `g`. */
    void (*gradient)(real *out, const real *g, const real *x, const real *s, size_t n, real k);
};

static inline const struct snn_surrogate *snn_surrogate_of(const struct snn_choice *c)
{
    return (const struct snn_surrogate *)(const void *)c->kind;
}

/* The gradient of the table's row of that place: what the rows' own functions call. */
void snn_surrogate_gradient(size_t row, real *out, const real *g, const real *x, const real *s,
                            size_t n, real k);

/* The spikes of training where they are not the hard step; `s` holds the noise e on entry. */
void snn_spike_training(const struct snn_surrogate *row, real *s, const real *x, size_t n, real k);
/* Whether training draws noise. */
static inline bool snn_spike_draws(const struct snn_surrogate *row)
{
    return row->training == SNN_SPIKE_SOFT || row->training == SNN_SPIKE_NOISY;
}

#endif
