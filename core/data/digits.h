/* SPDX-License-Identifier: MIT */
/* The data set that is built in: 1,797 handwritten digits of 8x8 pixels. See core/data/README.md.
 */
#ifndef SPIKED_CORE_DATA_DIGITS_H
#define SPIKED_CORE_DATA_DIGITS_H

#include "core/data/data.h"

/* The format's row. It has no parts: `paths` and `max_bytes` are not looked at. SNN_NOMEM. */
enum snn_code snn_digits_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                              struct snn_error *err);
/* There is no part to check: SNN_INVALID. */
enum snn_code snn_digits_check(size_t part, const char *path, size_t max_bytes,
                               struct snn_error *err);

#endif
