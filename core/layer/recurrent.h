/* SPDX-License-Identifier: MIT */
/* Recurrent layer: a dense one that also hears its own spikes of the step before. The functions of
 * its row. */
#ifndef SPIKED_CORE_LAYER_RECURRENT_H
#define SPIKED_CORE_LAYER_RECURRENT_H

#include "core/layer/layer.h"

extern const struct snn_param snn_recurrent_params[4];

enum snn_code snn_recurrent_resolve(struct snn_layer *l, const struct snn_choice *c,
                                    struct snn_error *err);
double snn_recurrent_multiply_adds(const struct snn_layer *l, bool is_first);
void snn_recurrent_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                           const real *in, const struct snn_block *b);
void snn_recurrent_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            real *grads, const real *in, real *d_in, const struct snn_block *b);

/* One step of one-to-one recurrence: current += v * before, element by element, all [n]; ... */
void snn_one_to_one(real *restrict current, const real *restrict v, const real *restrict before,
                    size_t n);
/* ... and its reverse. dL/dI is `d`; adds to d_before (NULL = not wanted) and d_v (likewise). */
void snn_one_to_one_back(real *restrict d_before, real *restrict d_v, const real *restrict d,
                         const real *restrict v, const real *restrict before, size_t n);

#endif
