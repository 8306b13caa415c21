/* SPDX-License-Identifier: MIT */
#include "core/layer/narrow.h"

#include <string.h>

#include "core/neuron/neuron.h"

/* Share of dL/du up to which lists win over a dense product, measured (tests/bench/README.md). */
#define FEW 0.25

bool snn_narrow_suits(const struct snn_cell *c)
{
    return !c->neuron->forward && !c->solver->has_history && c->reset->b == 0 &&
           c->surrogate->reach == SNN_REACH_WITHIN;
}

void snn_narrow_place(struct snn_narrow *n, struct snn_arena *a, size_t rows, size_t in, size_t out)
{
    snn_lists_place(&n->lists, a, rows, out, FEW);
    n->zeros = snn_arena_take(a, in, sizeof(real));
    n->lambda = snn_arena_take(a, in, sizeof(real));
    n->room = snn_arena_take(a, out, SNN_PANEL * sizeof(real));
}

bool snn_narrow_back(struct snn_narrow *n, real *d_in, const real *d_membrane, const real *weight,
                     const struct snn_cell *c, size_t in, size_t samples)
{
    const size_t rows = samples * c->time_steps;
    if (!snn_lists_read(&n->lists, d_membrane, rows, c->n, false))
        return false;
    snn_sparse_product(d_in, snn_rows_plain(rows, in), weight, snn_rows_plain(c->n, in),
                       &n->lists.sparse, in, n->zeros, n->room);
    for (size_t i = 0; i < samples; i++) {
        memset(n->lambda, 0, in * sizeof *n->lambda);
        snn_leak_back(c, d_in + i * c->time_steps * in, n->lambda, in);
    }
    return true;
}
