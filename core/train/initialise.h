/* SPDX-License-Identifier: MIT */
/* What weights are before the first step: the table of the ways to draw them. */
#ifndef SPIKED_CORE_TRAIN_INITIALISE_H
#define SPIKED_CORE_TRAIN_INITIALISE_H

#include "core/snn.h"

/* Weights are U(+-b) or N(0, b^2) with b = weight_scale sqrt(gain / fan); biases
 * U(+-1/sqrt(fan_in)).
 */
struct snn_initialiser {
    struct snn_kind kind;
    double gain;
    bool counts_out; /* fan = fan_in + fan_out, else fan_in */
    bool normal;
    bool to_rate; /* biases are 0; the run scales the weights to a firing rate: rates.c */
};

enum { SNN_INITIALISER_TARGET }; /* the parameter of the row that is to_rate */

static inline const struct snn_initialiser *snn_initialiser_of(const struct snn_choice *c)
{
    return (const struct snn_initialiser *)(const void *)c->kind;
}

#endif
