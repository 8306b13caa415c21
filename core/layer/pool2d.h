/* SPDX-License-Identifier: MIT */
/* Pooling over [channels, height, width]: windows inside the image, what is left over at its right
 * and lower edge is not looked at. The functions of its rows; contracts in layer.h. */
#ifndef SPIKED_CORE_LAYER_POOL2D_H
#define SPIKED_CORE_LAYER_POOL2D_H

#include "core/layer/layer.h"

extern const struct snn_param snn_pool2d_params[2];

enum snn_code snn_pool2d_resolve(struct snn_layer *l, const struct snn_choice *c,
                                 struct snn_error *err);
double snn_max_pool2d_multiply_adds(const struct snn_layer *l, bool is_first);
double snn_avg_pool2d_multiply_adds(const struct snn_layer *l, bool is_first);
size_t snn_pool2d_room(const struct snn_layer *l, size_t block);
void snn_max_pool2d_begin_shard(const struct snn_layer *l, struct snn_layer_work *w,
                                const real *params, const real *in, size_t n);
void snn_max_pool2d_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            const real *in, const struct snn_block *b);
void snn_max_pool2d_backward(const struct snn_layer *l, struct snn_layer_work *w,
                             const real *params, real *grads, const real *in, real *d_in,
                             const struct snn_block *b);
void snn_max_pool2d_end_shard(const struct snn_layer *l, struct snn_layer_work *w,
                              const real *params, real *grads, const real *in, real *d_in,
                              size_t n);
void snn_avg_pool2d_begin_shard(const struct snn_layer *l, struct snn_layer_work *w,
                                const real *params, const real *in, size_t n);
void snn_avg_pool2d_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            const real *in, const struct snn_block *b);
void snn_avg_pool2d_backward(const struct snn_layer *l, struct snn_layer_work *w,
                             const real *params, real *grads, const real *in, real *d_in,
                             const struct snn_block *b);
void snn_avg_pool2d_end_shard(const struct snn_layer *l, struct snn_layer_work *w,
                              const real *params, real *grads, const real *in, real *d_in,
                              size_t n);

#endif
