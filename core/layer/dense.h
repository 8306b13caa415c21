/* SPDX-License-Identifier: MIT */
/* Dense layer: I = W s + b, W [out, in], b [out]. The functions of its row; contracts in layer.h.
 */
#ifndef SPIKED_CORE_LAYER_DENSE_H
#define SPIKED_CORE_LAYER_DENSE_H

#include "core/layer/layer.h"

extern const struct snn_param snn_dense_params[2];

/* The parameter of all kinds with weights. */
#define SNN_WEIGHT_SCALE                                                                           \
    {                                                                                              \
        "weight_scale",                                                                            \
            "factor on the bound 1/sqrt(fan_in) of the initial weights (not of biases)", SNN_REAL, \
            1, 0, 1e6, false, false, false                                                         \
    }

enum snn_code snn_dense_resolve(struct snn_layer *l, const struct snn_choice *c,
                                struct snn_error *err);
double snn_dense_multiply_adds(const struct snn_layer *l, bool is_first);
void snn_dense_begin_shard(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                           const real *in, size_t n);
void snn_dense_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                       const real *in, const struct snn_block *b);
void snn_dense_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                        real *grads, const real *in, real *d_in, const struct snn_block *b);
void snn_dense_begin_batch(const struct snn_layer *l, const struct snn_batch *b, const real *params,
                           size_t from, size_t to);
void snn_dense_end_batch(const struct snn_layer *l, const struct snn_batch *b, real *grads,
                         size_t from, size_t to);
void snn_dense_settle(const struct snn_layer *l, struct snn_layer_work *w, real *grads);
void snn_dense_end_shard(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                         real *grads, const real *in, real *d_in, size_t n);

/* For kinds that have a dense part. Its two tensors; ... */
void snn_dense_tensors(struct snn_layer *l, size_t units, double weight_scale);
/* ... rows of w->current = W in + b, step by step; ... */
void snn_dense_hear(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                    const real *in, size_t rows);
/* ... and the gradients of W and b from rows of dL/dI in w->g and the inputs heard. */
void snn_dense_weight_gradients(const struct snn_layer *l, struct snn_layer_work *w, real *grads,
                                const real *in, size_t rows);

#endif
