/* SPDX-License-Identifier: MIT */
/* Flatten: a view. The functions of its row; contracts in layer.h. */
#ifndef SPIKED_CORE_LAYER_FLATTEN_H
#define SPIKED_CORE_LAYER_FLATTEN_H

#include "core/layer/layer.h"

enum snn_code snn_flatten_resolve(struct snn_layer *l, const struct snn_choice *c,
                                  struct snn_error *err);

#endif
