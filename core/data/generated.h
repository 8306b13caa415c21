/* SPDX-License-Identifier: MIT */
/* Data sets that are computed: the same samples everywhere, from integers and from operations that
 * IEEE 754 rounds exactly. Both have no parts: `paths` and `max_bytes` are not looked at. See
 * core/data/README.md. */
#ifndef SPIKED_CORE_DATA_GENERATED_H
#define SPIKED_CORE_DATA_GENERATED_H

#include "core/data/data.h"

/* The points of the yin-yang figure: x, y, 1-x, 1-y. SNN_NOMEM. */
enum snn_code snn_yinyang_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                               struct snn_error *err);
/* Spike times of points on smooth random curves, one curve a class. SNN_NOMEM. */
enum snn_code snn_randman_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                               struct snn_error *err);

#endif
