/* SPDX-License-Identifier: MIT */
/* Trained networks as NIR graphs (Neuromorphic Intermediate Representation: Pedersen et al., Nature
 * Communications 2024): an HDF5 file of nodes and edges. Public part: core/snn_model.h. */
#ifndef SPIKED_CORE_NIR_NIR_H
#define SPIKED_CORE_NIR_NIR_H

#include <stdarg.h>

#include "core/nir/tree.h"
#include "core/train/net.h"

/* Seconds of a step: NIR's time constants are in seconds, ours in steps. */
#define SNN_NIR_DT 1e-3

/* The parameters of one layer's neurons, written into the open group of its node. */
struct snn_nir_layer {
    const struct snn_layer *layer;
    const struct snn_layer_spec *spec;
    const struct snn_model *model;
    size_t index;
    float *values; /* [out]: scratch */
};
void snn_nir_neuron(struct snn_tree *t, hid_t node, const struct snn_nir_layer *l);

#endif
