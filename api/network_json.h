/* SPDX-License-Identifier: MIT */
/* A network as a job describes it, with every default filled in. All return NULL where memory ends.
 */
#ifndef SPIKED_API_NETWORK_JSON_H
#define SPIKED_API_NETWORK_JSON_H

#include <jansson.h>

#include "core/snn.h"

/* {"name","kind","units",...,"neuron"}: the neuron's own values, null without. */
json_t *api_layer_json(const struct snn_layer_spec *layer);
/* {"kind","time_steps","gain",...}; {"kind","population"} */
json_t *api_encoding_json(const struct snn_spec *spec);
json_t *api_readout_json(const struct snn_spec *spec);
/* {"input":shape of a sample,"encoding","layers","readout"} */
json_t *api_network_json(const struct snn_spec *spec, const struct snn_data_info *info);

#endif
