/* SPDX-License-Identifier: MIT */
/* What a diagnostic step looks at inside the layers: spikes, membranes, surrogates and dL/du. One
 * probe per shard; merged in the shards' order, so the numbers do not depend on threads. */
#ifndef SPIKED_CORE_DIAG_PROBE_H
#define SPIKED_CORE_DIAG_PROBE_H

#include "core/base/arena.h"
#include "core/neuron/neuron.h"

struct snn_net;

struct snn_probe_layer {
    struct snn_histogram gradient; /* dL/du */
    struct snn_histogram membrane; /* u - threshold */
    uint64_t *spikes;              /* [n] per neuron; a soft spike counts from 0.5 */
    double *squares;               /* [T] sum of (dL/du)^2 at each step */
    real *scratch;                 /* [2 n] */
    uint64_t active;               /* neuron-steps whose surrogate is at least 1% of its peak */
    uint64_t samples;
    size_t n, time_steps; /* 0 in a layer without neurons */
};

struct snn_probe {
    struct snn_probe_layer layer[SNN_MAX_LAYERS];
    size_t n_layers;
};

void snn_probe_place(struct snn_probe *p, struct snn_arena *arena, const struct snn_net *net);
void snn_probe_clear(struct snn_probe *p);
/* Takes in a block: x, s, d_membrane [samples, T, n], of the cell's steps, the first of which is
 * the sample's `from`. */
void snn_probe_look(struct snn_probe_layer *p, const struct snn_cell *c, const real *x,
                    const real *s, const real *d_membrane, size_t samples, size_t from);
void snn_probe_merge(struct snn_probe *into, const struct snn_probe *from);

#endif
