/* SPDX-License-Identifier: MIT */
/* Dense layer: I = W s + b, W [out, in], b [out]. The functions of its row; contracts in layer.h.
 */
#ifndef SPIKED_CORE_LAYER_DENSE_H
#define SPIKED_CORE_LAYER_DENSE_H

#include "core/layer/layer.h"

extern const struct snn_param snn_dense_params[1];

size_t snn_dense_out_size(const struct snn_choice *c, size_t in, struct snn_error *err);
void snn_dense_tensors(struct snn_layer *l, const struct snn_choice *c);
void snn_dense_begin_shard(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                           const real *in, size_t n);
void snn_dense_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                       const real *in, const struct snn_block *b);
void snn_dense_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                        real *grads, const real *in, real *d_in, const struct snn_block *b);
void snn_dense_end_shard(const struct snn_layer *l, struct snn_layer_work *w, real *grads,
                         const real *in, size_t n);

/* For kinds that have a dense part. Rows of current = W in + b; ... */
void snn_dense_currents(const struct snn_layer *l, real *current, const real *params,
                        const real *in, size_t rows);
/* ... and the gradients of W and b from rows of dL/dI and the inputs they belong to. */
void snn_dense_weight_gradients(const struct snn_layer *l, real *grads, const real *d_current,
                                const real *in, size_t rows);

#endif
