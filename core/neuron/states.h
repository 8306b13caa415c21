/* SPDX-License-Identifier: MIT */
/*
 * Decaying states that stand for a far past (core/neuron/exponentials.h), for the kernels of
 * fractional order. Arrays of states are [M, SNN_TILE]; rows are a multiple of SNN_TILE_STEP wide.
 */
#ifndef SPIKED_CORE_NEURON_STATES_H
#define SPIKED_CORE_NEURON_STATES_H

#include "core/neuron/history.h"

/* The states after a block: what is left of them, and the rows that are no longer near. `across`
 * vectors of columns, a constant where it is called. */
/* clang-format off */
static inline __attribute__((always_inline)) void
snn_states_take_vectors(real *states, const struct snn_exponentials *e, const struct snn_past *p,
                        size_t at, size_t across)
{
    SNN_VECTOR y[SNN_HISTORY_STEPS][SNN_VECTORS];
    const real *keep = e->keeps;
    SNN_UNROLL
    for (size_t j = 0; j < SNN_HISTORY_STEPS; j++)
        SNN_UNROLL
        for (size_t v = 0; v < across; v++)
            y[j][v] = snn_lanes_at(p->first + (ptrdiff_t)j * p->stride + at + v * SNN_LANES)->v;
    for (size_t m = 0; m < e->count; m++) {
        real *state = states + m * SNN_TILE + at;
        SNN_UNROLL
        for (size_t v = 0; v < across; v++) {
            SNN_VECTOR s = keep[0] * snn_load(state + v * SNN_LANES);
            SNN_UNROLL
            for (size_t j = 0; j < SNN_HISTORY_STEPS; j++)
                s += keep[1 + j] * y[j][v];
            snn_store(state + v * SNN_LANES, s);
        }
        keep += 1 + SNN_HISTORY_STEPS;
    }
}

/* What the states give to each step of a block: sum [SNN_HISTORY_STEPS, SNN_TILE]. */
static inline __attribute__((always_inline)) void
snn_states_give_vectors(real *sum, const struct snn_exponentials *e, const real *states, size_t at,
                        size_t across)
{
    SNN_VECTOR acc[SNN_HISTORY_STEPS][SNN_VECTORS] = {{{0}}};
    const real *give = e->gives;
    for (size_t m = 0; m < e->count; m++) {
        SNN_VECTOR s[SNN_VECTORS];
        SNN_UNROLL
        for (size_t v = 0; v < across; v++)
            s[v] = snn_load(states + m * SNN_TILE + at + v * SNN_LANES);
        SNN_UNROLL
        for (size_t r = 0; r < SNN_HISTORY_STEPS; r++)
            SNN_UNROLL
            for (size_t v = 0; v < across; v++)
                acc[r][v] += give[r] * s[v];
        give += SNN_HISTORY_STEPS;
        SNN_LOADED_ANEW(give);
    }
    SNN_UNROLL
    for (size_t r = 0; r < SNN_HISTORY_STEPS; r++)
        SNN_UNROLL
        for (size_t v = 0; v < across; v++)
            snn_store(sum + r * SNN_TILE + at + v * SNN_LANES, acc[r][v]);
}
/* clang-format on */

/* The states take the SNN_HISTORY_STEPS rows of p, n columns wide. */
static inline void snn_states_take(real *states, const struct snn_exponentials *e,
                                   const struct snn_past *p, size_t n)
{
    size_t i = 0;
    for (; i + SNN_VECTORS * SNN_LANES <= n; i += SNN_VECTORS * SNN_LANES)
        snn_states_take_vectors(states, e, p, i, SNN_VECTORS);
    for (; i < n; i += SNN_LANES)
        snn_states_take_vectors(states, e, p, i, 1);
}

static inline void snn_states_give(real *sum, const struct snn_exponentials *e, const real *states,
                                   size_t n)
{
    size_t i = 0;
    for (; i + SNN_VECTORS * SNN_LANES <= n; i += SNN_VECTORS * SNN_LANES)
        snn_states_give_vectors(sum, e, states, i, SNN_VECTORS);
    for (; i < n; i += SNN_LANES)
        snn_states_give_vectors(sum, e, states, i, 1);
}

/* dot[m] += sum over k and the columns i < n of a[k * n + i] S_m, where S_m of row k is what is
 * left of it after a step and b[k * n + i]. a and b [rows, n]; states [M, SNN_TILE] go on from what
 * they are. So few sums in a lane of a real need no double. */
static inline void snn_states_dot(double *dot, const struct snn_exponentials *e, real *states,
                                  const real *a, const real *b, size_t rows, size_t n)
{
    for (size_t i = 0; i < n; i += SNN_LANES)
        for (size_t m = 0; m < e->count; m++) {
            SNN_VECTOR s = snn_load(states + m * SNN_TILE + i), acc = {0};
            for (size_t k = 0; k < rows; k++) {
                s = e->decays[m] * s + snn_lanes_at(b + k * n + i)->v;
                acc += s * snn_lanes_at(a + k * n + i)->v;
            }
            snn_store(states + m * SNN_TILE + i, s);
            for (size_t k = 0; k < SNN_LANES; k++)
                dot[m] += (double)acc[k];
        }
}

#endif
