/* SPDX-License-Identifier: MIT */
/*
 * A solver's past as a sum of exponentials. The weights of the nearest SNN_NEAR lags stay; those
 * behind them become
 *
 *     w_d ~ sum_m c_m lambda_m^(d - SNN_NEAR - 1)
 *
 * so that all of the far past is `count` decaying states for each neuron. The decays lambda_m are
 * chosen once, from the weights that a run begins with; the coefficients c_m are linear in the
 * weights, and so what is learned of these has its exact derivative through the same map.
 */
#ifndef SPIKED_CORE_NEURON_EXPONENTIALS_H
#define SPIKED_CORE_NEURON_EXPONENTIALS_H

#include "core/base/arena.h"
#include "core/snn.h"

/* Steps whose sums over what came before them are taken together. */
#define SNN_HISTORY_STEPS 6
/* As many: then the lags between the near rows of a block and its steps are those of the block
 * before, and a state takes and gives once for a block. */
#define SNN_NEAR SNN_HISTORY_STEPS

struct snn_exponentials {
    size_t count;       /* M; 0 = none: the sums are exact */
    double error;       /* sum |w~ - w| / sum |w| over the lags from 1 on, as last filled */
    double *lambda, *c; /* [M] */
    double *dc[2 * SNN_MAX_TERMS]; /* [M] each, as the table's dw */
    size_t lags;                   /* that the fit looks at */
    size_t *lag;                   /* [lags] */
    double *fit;                   /* [M, lags]: c = fit w[lag] */
    double *room;                  /* scratch of choosing */
    real *gives;  /* [M, SNN_HISTORY_STEPS]: c lambda^r, what a state gives to step r of a block */
    real *keeps;  /* [M, 1 + SNN_HISTORY_STEPS]: lambda^SNN_HISTORY_STEPS, what is left of a state
                     after a block; lambda^(SNN_HISTORY_STEPS-1) .. 1, what it takes of the rows */
    real *decays; /* [M]: lambda, of a step */
};

/* Whether so many are worth it: with fewer lags the sums cost no more, and leave the fit no choice.
 */
bool snn_exponentials_fit(size_t count, size_t lags);
/* Takes the arrays; `terms` and `derivatives` as snn_weights_place. */
void snn_exponentials_place(struct snn_exponentials *e, struct snn_arena *arena, size_t count,
                            size_t lags, size_t terms, bool derivatives);
/* Decays and fit for weights [lags + 1] like these. */
void snn_exponentials_choose(struct snn_exponentials *e, const double *w, size_t lags);
/* Coefficients of the weights, which become what these make of them, with `error`. */
void snn_exponentials_fill(struct snn_exponentials *e, double *w, size_t lags);
/* The same of a derivative [lags + 1] of the weights, the i-th. */
void snn_exponentials_derive(struct snn_exponentials *e, double *dw, size_t i, size_t lags);

#endif
