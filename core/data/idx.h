/* SPDX-License-Identifier: MIT */
/*
 * The IDX files of MNIST and its kin: two zero bytes, a type, a rank, the sizes as big-endian
 * 32-bit numbers, then the values. Unsigned bytes only; a byte of 255 is a feature of 1.0.
 */
#ifndef SPIKED_CORE_DATA_IDX_H
#define SPIKED_CORE_DATA_IDX_H

#include "core/data/data.h"
#include "core/data/source.h"

#define SNN_IDX_UNIT 255

/* Images of rank 2 to 4, samples first: fills count, shape ({1,H,W} for N,H,W) and bytes of *out.
 * Without `keep` the source is only checked, and *out stays as it is. SNN_FORMAT, SNN_LIMIT,
 * SNN_NOMEM, and what a source may fail with. */
enum snn_code snn_idx_images(struct snn_samples *out, struct snn_source *source, bool keep,
                             struct snn_error *err);
/* Labels of rank 1: fills labels of *out, and their number into *count. */
enum snn_code snn_idx_labels(struct snn_samples *out, size_t *count, struct snn_source *source,
                             bool keep, struct snn_error *err);

/* The format's row: parts train-images, train-labels, test-images, test-labels. */
enum snn_code snn_idx_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                           struct snn_error *err);
enum snn_code snn_idx_check(size_t part, const char *path, size_t max_bytes, struct snn_error *err);

#endif
