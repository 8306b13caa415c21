/* SPDX-License-Identifier: MIT */
/* Dropout. In evaluation it passes on what comes in. The functions of its row; contracts in
 * layer.h. */
#ifndef SPIKED_CORE_LAYER_DROPOUT_H
#define SPIKED_CORE_LAYER_DROPOUT_H

#include "core/layer/layer.h"

extern const struct snn_param snn_dropout_params[2];

enum snn_code snn_dropout_resolve(struct snn_layer *l, const struct snn_choice *c,
                                  struct snn_error *err);
double snn_dropout_multiply_adds(const struct snn_layer *l, bool is_first);
size_t snn_dropout_room(const struct snn_layer *l, size_t block);
void snn_dropout_draw(const struct snn_layer *l, struct snn_layer_work *w, size_t i,
                      const struct snn_rng_key *key);
void snn_dropout_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                         const real *in, const struct snn_block *b);
void snn_dropout_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                          real *grads, const real *in, real *d_in, const struct snn_block *b);

#endif
