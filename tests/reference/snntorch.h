/* SPDX-License-Identifier: MIT */
/* snnTorch's neurons in the core's terms. */
#ifndef TESTS_REFERENCE_SNNTORCH_H
#define TESTS_REFERENCE_SNNTORCH_H

#include "core/neuron/neuron.h"
#include "tests/reference/check.h"

/* That model with the case's surrogate and reset; false with the case failed where it has others
 * than the core. */
bool ref_snntorch_neuron(struct ref_case *c, struct snn_neuron_spec *n, const char *model);

/* The row of losses.c: the core's readout and loss for snnTorch's name of a loss; false with the
 * case failed where it is not known. */
bool ref_choose_loss(struct ref_case *c, struct snn_choice *readout, struct snn_choice *loss);

void ref_run_snntorch_net(struct ref_case *c);

#endif
