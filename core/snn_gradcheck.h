/* SPDX-License-Identifier: MIT */
/* The part of core/snn.h that lets a user check the gradients of his own network. Included through
 * it. */
#ifndef SPIKED_CORE_SNN_GRADCHECK_H
#define SPIKED_CORE_SNN_GRADCHECK_H

#include "core/snn.h"

struct snn_model;

#define SNN_GRADCHECK_TENSORS 256

/* One parameter tensor: the directions it was looked at in, and the one where the two differ most.
 */
struct snn_gradcheck_row {
    char name[SNN_NAME_SIZE * 2]; /* "layer1.weight" */
    size_t layer;                 /* index into the spec's layers */
    size_t count, directions;
    double norm;             /* of the tensor's gradient */
    double error;            /* relative, of the worst direction */
    double reverse, forward; /* the derivative of the loss in that direction */
};

struct snn_gradcheck_report {
    size_t samples; /* of the training set, its first */
    double loss;    /* mean over them */
    double error;   /* the largest of the rows' */
    size_t n;
    struct snn_gradcheck_row row[SNN_GRADCHECK_TENSORS];
};

struct snn_gradcheck_options {
    size_t samples; /* at most so many, >= 1 */
    size_t entries; /* single parameters of each tensor, beside one direction through all of it */
    double most; /* multiply-adds that it may cost, about; fewer samples and entries then. 0 = any
                  */
};

/* The gradient of one batch by back-propagation through time, against tangents carried forward
 * through the same spikes: for a tensor's direction p, g p and the derivative of the loss along p.
 * Both are of the discrete program, with the surrogate's derivative for the step's, so that they
 * agree to rounding: to about 1e-5 where the core computes in float, 1e-12 in double. The error is
 * |a - b| / max(|a|, |b|, usual): what is usual for a direction of that length, by the root
 * mean square of the tensor's gradient, or a tenth of the largest of all tensors'; and at least a
 * hundredth of the mean magnitude that single samples have there, since they may cancel.
 *
 * Weights are the model's, or (NULL) those that a run draws, before an initialisation to a firing
 * rate scales them. Epoch 0's noise and masks.
 * SNN_INVALID where model and spec do not belong together or something in the spec has no tangents;
 * SNN_LIMIT where one sample alone is more than `most`. @thread any */
enum snn_code snn_gradcheck(struct snn_gradcheck_report *out, const struct snn_spec *spec,
                            const struct snn_data *data, const struct snn_model *model,
                            const struct snn_gradcheck_options *options, struct snn_error *err);

#endif
