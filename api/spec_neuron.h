/* SPDX-License-Identifier: MIT */
/* The JSON of a neuron, both ways. */
#ifndef SPIKED_API_SPEC_NEURON_H
#define SPIKED_API_SPEC_NEURON_H

#include "api/schema.h"

/* A neuron of a job or a layer: fills a struct snn_neuron_spec, over what it holds. */
extern const struct api_shape api_neuron_shape;

/* Every value of the neuron under the names that a job gives them; `coefficients` is null where
 * there is one order, `memory` where it is all. NULL: no memory. */
json_t *api_neuron_json(const struct snn_neuron_spec *n);
/* ["layer", "neuron"], so far as that constant can be learned so. NULL: no memory. */
json_t *api_learn_ways_json(enum snn_learnable which);

#endif
