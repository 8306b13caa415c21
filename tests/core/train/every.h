/* SPDX-License-Identifier: MIT */
/*
 * Networks of everything a job can choose, made from the registries: a new row is in them at once.
 * Three layers over samples of [1, 3, 3]: a convolution, then one of any kind in the middle of the
 * network or at its end. What a network is asked for has an index each; everything else (constants,
 * what is learned, memory, terms, encoding, population, penalty, ...) goes round with its `turn`.
 */
#ifndef TESTS_CORE_TRAIN_EVERY_H
#define TESTS_CORE_TRAIN_EVERY_H

#include "core/data/data.h"

#define EVERY_NAME 240

struct every {
    size_t form; /* kind of the layer, its switches, with neurons or none, in the middle or last */
    size_t neuron, solver, reset, surrogate, readout, loss; /* rows */
    bool detach_reset;
    size_t turn;
};

extern const struct snn_data_info every_data; /* what the samples are */
struct snn_data *every_data_new(void);        /* some such, for snn_data_free */

/* Forms there are; those among them that every readout can read: not a last layer without neurons.
 */
size_t every_forms(void);
size_t every_neutral_forms(void);
/* Pairs of a neuron and a solver that steps it; of a loss and a readout that it can read. */
size_t every_neuron_and_solver(void);
size_t every_loss_and_readout(void);

/* The spec of it; false where snn_spec_check refuses: no job can choose that. */
bool every_spec(struct snn_spec *spec, const struct every *e);
/* In words, for messages. */
void every_name(char text[EVERY_NAME], const struct snn_spec *spec);

#endif
