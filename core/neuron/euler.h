/* SPDX-License-Identifier: MIT */
/* What the two halves of Euler's way share. For kernels alone. */
#ifndef SPIKED_CORE_NEURON_EULER_H
#define SPIKED_CORE_NEURON_EULER_H

#include "core/neuron/neuron.h"

/* What is the same for all neurons in a step. */
struct snn_euler_step {
    real h, per_step, whole, b, leak; /* per_step: h times the reset's */
};

static inline struct snn_euler_step snn_euler_step_of(const struct snn_cell *c, size_t t)
{
    return (struct snn_euler_step){
        .h = c->h[t],
        .per_step = c->reset->per_step * c->h[t],
        .whole = c->reset->whole,
        .b = c->reset->b,
        .leak = c->neuron->leak,
    };
}

/* What a spike takes: a = threshold (per_step h / tau + whole). */
static inline real snn_euler_taken(const struct snn_euler_step *k, real r, real threshold)
{
    return threshold * (k->per_step * r + k->whole);
}

#endif
