/* SPDX-License-Identifier: MIT */
/* Readouts reduce the last layer's course over time to one number per class. */
#ifndef SPIKED_CORE_LOSS_READOUT_H
#define SPIKED_CORE_LOSS_READOUT_H

#include "core/snn.h"

struct snn_readout {
    struct snn_kind kind;
    bool reads_membrane; /* y is the charged membrane (before the reset), else the spikes */
    /* logits [C] from y [T, C] of one sample. */
    void (*forward)(real *logits, const real *y, size_t time_steps, size_t classes);
    /* dy [T, C] (overwritten) from dlogits [C]. membrane_max: to the first time of the maximum. */
    void (*backward)(real *dy, const real *dlogits, const real *y, size_t time_steps,
                     size_t classes);
};

enum { SNN_READOUT_POPULATION }; /* its parameter */

static inline const struct snn_readout *snn_readout_of(const struct snn_choice *c)
{
    return (const struct snn_readout *)(const void *)c->kind;
}

#endif
