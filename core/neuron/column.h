/* SPDX-License-Identifier: MIT */
/* Vectors of a tile's neurons that go through a block of steps together, their state in registers:
 * so many, since each waits for itself from step to step. */
#ifndef SPIKED_CORE_NEURON_COLUMN_H
#define SPIKED_CORE_NEURON_COLUMN_H

#include "core/neuron/tile.h"

enum { SNN_ABREAST = 4 };

/* A row of them; its functions are inline, and leave the vectors in registers. */
#define SNN_COLUMN(name) SNN_VECTOR name[SNN_ABREAST]
#define SNN_COLUMN_INLINE __attribute__((always_inline)) static inline

/* `across` vectors, from the tile's i-th neuron on; there are `left` neurons, or all where it is
 * `full`. That and `across` are constants where it is made. */
struct snn_column {
    size_t i, left, across;
    bool full;
};

SNN_COLUMN_INLINE struct snn_column snn_column_of(const struct snn_tile *k, size_t i, bool full)
{
    const size_t across = full ? SNN_ABREAST : 1, left = snn_upto(k->n, i / SNN_LANES);
    return (struct snn_column){i, snn_least(left, across * SNN_LANES), across, full};
}

SNN_COLUMN_INLINE void snn_column_get(SNN_VECTOR *v, const real *p, const struct snn_column q)
{
    SNN_UNROLL
    for (size_t j = 0; j < q.across; j++)
        v[j] = snn_load_upto(p + j * SNN_LANES, q.full ? SNN_LANES : q.left);
}

SNN_COLUMN_INLINE void snn_column_put(real *p, const SNN_VECTOR *v, const struct snn_column q)
{
    SNN_UNROLL
    for (size_t j = 0; j < q.across; j++)
        snn_store_upto(p + j * SNN_LANES, v[j], q.full ? SNN_LANES : q.left);
}

/* To a row of the tile's past, with its padding. */
SNN_COLUMN_INLINE void snn_column_keep(real *row, const SNN_VECTOR *v, const struct snn_column q)
{
    SNN_UNROLL
    for (size_t j = 0; j < q.across; j++)
        snn_store(row + q.i + j * SNN_LANES, v[j]);
}

/* The sums of a block's r-th step, with what the block's first r steps give. */
SNN_COLUMN_INLINE void snn_column_sum(SNN_VECTOR *sum, const struct snn_tile *k, const real *first,
                                      ptrdiff_t stride, size_t r, const struct snn_column q)
{
    const real *row = first + q.i, *weight = k->c->table.past + r;
    SNN_UNROLL
    for (size_t j = 0; j < q.across; j++)
        sum[j] = snn_load(k->sum + r * SNN_TILE + q.i + j * SNN_LANES);
    for (size_t d = 0; d < r; d++) {
        SNN_UNROLL
        for (size_t j = 0; j < q.across; j++)
            sum[j] += *weight * snn_load(row + j * SNN_LANES);
        row += stride;
        weight--;
    }
}

#endif
