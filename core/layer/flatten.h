/* SPDX-License-Identifier: MIT */
/* Flatten: a view. The functions of its row; contracts in layer.h. */
#ifndef SPIKED_CORE_LAYER_FLATTEN_H
#define SPIKED_CORE_LAYER_FLATTEN_H

#include "core/layer/layer.h"

enum snn_code snn_flatten_resolve(struct snn_layer *l, const struct snn_choice *c,
                                  struct snn_error *err);

double snn_flatten_multiply_adds(const struct snn_layer *l, bool is_first);
void snn_flatten_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                         const real *in, const struct snn_block *b);
void snn_flatten_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                          real *grads, const real *in, real *d_in, const struct snn_block *b);

#endif
