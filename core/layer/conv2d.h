/* SPDX-License-Identifier: MIT */
/* Convolution over [channels, height, width]: W [filters, channels, kernel height, kernel width], b
 * [filters], zeros around the image. The functions of its row; contracts in layer.h. */
#ifndef SPIKED_CORE_LAYER_CONV2D_H
#define SPIKED_CORE_LAYER_CONV2D_H

#include "core/layer/layer.h"

extern const struct snn_param snn_conv2d_params[7];

enum snn_code snn_conv2d_resolve(struct snn_layer *l, const struct snn_choice *c,
                                 struct snn_error *err);
double snn_conv2d_multiply_adds(const struct snn_layer *l, bool is_first);
size_t snn_conv2d_room(const struct snn_layer *l, size_t block);
void snn_conv2d_begin_shard(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            const real *in, size_t n);
void snn_conv2d_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                        const real *in, const struct snn_block *b);
void snn_conv2d_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                         real *grads, const real *in, real *d_in, const struct snn_block *b);
void snn_conv2d_end_shard(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                          real *grads, const real *in, real *d_in, size_t n);
void snn_conv2d_settle(const struct snn_layer *l, struct snn_layer_work *w, real *grads);

/* For kinds that slide a window (l->window's kernel, stride and padding are set): takes the planes
 * of the input shape, and fills the rest of l->window and the out_shape with that many planes.
 * SNN_INVALID where the input has no planes or the window does not fit. */
enum snn_code snn_window_resolve(struct snn_layer *l, size_t planes, struct snn_error *err);

#endif
