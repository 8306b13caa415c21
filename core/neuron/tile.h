/* SPDX-License-Identifier: MIT */
/*
 * A tile of neurons goes through all steps of a call before the next one. What the steps before a
 * block of SNN_HISTORY_STEPS give to all of the block is one product of weights and past; what the
 * block's own steps give each other is added step by step. Where exponentials stand for the far
 * past and a call goes through all steps, only the block before is summed so, and what is behind
 * that are their states; in calls of some steps it is all summed, with the same weights.
 */
#ifndef SPIKED_CORE_NEURON_TILE_H
#define SPIKED_CORE_NEURON_TILE_H

#include <string.h>

#include "core/neuron/states.h"

static inline size_t snn_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Neurons at .. at+n-1. */
struct snn_tile {
    const struct snn_cell *c;
    size_t at, n, pitch;
    bool packed;           /* the past is copied to `past`; else it is read where it lies */
    size_t shift;          /* lag d of step t is row t + shift - d of the past */
    real a, per_f;         /* of f in the new state; of what is taken from that, in f */
    real *past;            /* [T + 1, pitch] */
    real *lagged;          /* [SNN_HISTORY_LAGS + T, pitch]: zeros, then what the weights weigh */
    real *sum;             /* [SNN_HISTORY_STEPS, SNN_TILE] */
    real *states;          /* [exponentials, SNN_TILE] of the far past; NULL = it is summed */
    real *du, *df, *extra; /* [SNN_TILE] */
};

static inline struct snn_tile snn_tile_of(const struct snn_cell *c, real *room, size_t at,
                                          size_t steps)
{
    const size_t states = c->table.exponentials.count;
    struct snn_tile k = {
        .c = c, .at = at, .n = snn_least(SNN_TILE, c->n - at), .shift = c->solver->sums_f ? 0 : 1};
    k.pitch = (k.n + SNN_TILE_STEP - 1) / SNN_TILE_STEP * SNN_TILE_STEP;
    k.packed = steps > 1 || steps == c->time_steps;
    k.sum = room;
    k.du = k.sum + SNN_HISTORY_STEPS * SNN_TILE;
    k.df = k.du + SNN_TILE;
    k.extra = k.df + SNN_TILE;
    k.past = k.extra + SNN_TILE + states * SNN_TILE;
    k.lagged = k.past + (c->time_steps + 1) * SNN_TILE;
    k.a = k.shift ? (real)c->table.a : c->table.past[0];
    k.per_f = k.shift ? 0 : (real)(1 / c->table.w[0]);
    if (states > 0 && steps == c->time_steps)
        k.states = k.extra + SNN_TILE;
    return k;
}

/* The tile's part of row t of an array [T, N]. */
static inline size_t snn_tile_place(const struct snn_tile *k, size_t t)
{
    return t * k->c->n + k->at;
}

static inline void snn_tile_pack(const struct snn_tile *k, real *to, const real *row)
{
    memcpy(to, row, k->n * sizeof *to);
    memset(to + k->n, 0, (k->pitch - k->n) * sizeof *to);
}

/* Into k->sum: what the past gives to one step, or to a block of `steps`: `rows` of it, up to but
 * not `end`. */
static inline void snn_tile_sum_far(const struct snn_tile *k, const real *end, ptrdiff_t stride,
                                    size_t rows, size_t steps)
{
    const struct snn_exponentials *e = &k->c->table.exponentials;
    const size_t summed = k->states ? snn_least(rows, SNN_NEAR) : rows;
    const ptrdiff_t behind = SNN_NEAR + SNN_HISTORY_STEPS;
    const struct snn_past past = {end - (ptrdiff_t)summed * stride, stride, summed};
    const real *weights = k->c->table.past + summed;
    if (k->states && rows >= (size_t)behind) {
        const struct snn_past left = {end - behind * stride, stride, SNN_HISTORY_STEPS};
        snn_states_take(k->states, e, &left, k->pitch);
    }
    if (k->states)
        snn_states_give(k->sum, e, k->states, k->pitch);
    if (k->packed)
        snn_history_steps(k->sum, SNN_TILE, &past, weights, !k->states, steps, k->pitch);
    else
        snn_history_step(k->sum, &past, weights, !k->states, k->n);
}

/* What the block's first r steps give to its step r. */
static inline real *snn_tile_sum_near(const struct snn_tile *k, const real *first, ptrdiff_t stride,
                                      size_t r)
{
    const struct snn_past past = {.first = first, .stride = stride, .rows = r};
    real *sum = k->sum + r * SNN_TILE;
    if (r > 0)
        snn_history_step(sum, &past, k->c->table.past + r, false, k->pitch);
    return sum;
}

#endif
