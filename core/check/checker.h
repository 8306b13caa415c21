/* SPDX-License-Identifier: MIT */
/* A gradient check under way, and the one block that it works in. */
#ifndef SPIKED_CORE_CHECK_CHECKER_H
#define SPIKED_CORE_CHECK_CHECKER_H

#include "core/check/check.h"

struct snn_checker {
    struct snn_arena arena;
    struct snn_net net;
    struct snn_work work;
    const struct snn_data *data;
    real *params, *grads;
    double *weights, *direction; /* [n_params]: params, and which way they move */
    double *in, *moved;          /* [widest]: a step's values and tangents */
    double *y, *dy;              /* [T, classes] */
    real *membrane;              /* [outputs] */
    struct snn_layer_tangents layer[SNN_MAX_LAYERS];
    uint32_t *index;    /* [samples] */
    double largest_rms; /* of a tensor's gradient */
    double each;        /* mean magnitude of what the samples said of the last direction */
    size_t samples, entries, widest;
};

/* Takes the memory for k->samples of k->data: k->arena, which is the caller's to free. SNN_INVALID
 * where something in the spec has no tangents. */
enum snn_code snn_checker_build(struct snn_checker *k, const struct snn_spec *spec,
                                struct snn_error *err);

#endif
