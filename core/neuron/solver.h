/* SPDX-License-Identifier: MIT */
/*
 * Solvers of D^alpha v = f: how a step's f and the past become the next state. With y_m the state
 * after m steps (y_0 = 0) and f_k the change that step k asks for,
 *
 *     gl, l1:   y_{k+1} = a f_k - sum_{d=1..L} w_d y_{k+1-d}
 *     pred:     y_{k+1} =         sum_{d=0..L} w_d f_{k-d}
 *
 * where L is the number of past states kept. What a reset takes from y_{k+1} is taken from f_k as
 * well in pred (divided by w_0), or the next state would have it back. The weights depend on the
 * lag only, so one table serves a layer; their derivatives by each order and coefficient turn
 * dL/dweights into dL/dalpha exactly.
 */
#ifndef SPIKED_CORE_NEURON_SOLVER_H
#define SPIKED_CORE_NEURON_SOLVER_H

#include "core/neuron/exponentials.h"

/* What the weights are made from. */
struct snn_orders {
    double alpha[SNN_MAX_TERMS], coefficient[SNN_MAX_TERMS];
    size_t n; /* terms; 1 = plain */
    double h;
    /* spikeDE's conventions: Gamma held constant in the gradient of alpha, 0^0 = 1 in l1 at
     * alpha 1. */
    bool spikede;
};

struct snn_weights_table {
    double a;
    double *w;                     /* [lags + 1] */
    double da[2 * SNN_MAX_TERMS];  /* by alpha_0.., then by coefficient_0.. */
    double *dw[2 * SNN_MAX_TERMS]; /* [lags + 1] each, so far as taken */
    size_t lags;
    real *past; /* [lags + 1 + SNN_HISTORY_STEPS]: w as the recursions read it, zeros behind */
    struct snn_exponentials exponentials; /* where it has some, w and dw are of what they make */
};

/* Lags whose weights' gradients are taken together. */
#define SNN_HISTORY_LAGS 8
/* Neurons whose past is kept together: rows as long as a power of two would share few places in the
 * nearest cache. Its rows are padded with zeros to a multiple of the widest vector. */
#define SNN_TILE 64
#define SNN_TILE_STEP 16

struct snn_solver {
    struct snn_kind kind;
    bool has_history; /* euler has none: it needs no table */
    bool sums_f;      /* pred */
    bool many_terms;  /* takes more than one term */
    /* Fills a, w, da and dw (whose pointers may be NULL: not wanted). */
    void (*weights)(struct snn_weights_table *t, const struct snn_orders *o);
};

static inline const struct snn_solver *snn_solver_of(const struct snn_choice *c)
{
    return (const struct snn_solver *)(const void *)c->kind;
}

/* Past states that `memory` of them and T steps leave: at most T - 1 can ever be used. spikeDE
 * keeps one less. */
size_t snn_solver_lags(size_t memory, size_t time_steps, bool spikede);
/* Takes the arrays of a table from the arena; `derivatives` by every term where wanted. */
void snn_weights_place(struct snn_weights_table *t, struct snn_arena *arena, size_t lags,
                       size_t terms, bool derivatives);
/* Has so many exponentials stand for the far past, chosen for orders like these, where that is
 * worth it (snn_exponentials_fit). A table placed; its arrays from the same arena. */
void snn_weights_approximate(struct snn_weights_table *t, struct snn_arena *arena,
                             const struct snn_solver *solver, const struct snn_orders *o,
                             size_t count, bool derivatives);

/* The table of a solver, for its recursions. */
void snn_weights_fill(struct snn_weights_table *t, const struct snn_solver *solver,
                      const struct snn_orders *o);

/* psi(x), the derivative of ln Gamma, for x > 0; relative error below 1e-13. */
double snn_digamma(double x);

#endif
