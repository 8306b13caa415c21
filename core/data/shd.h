/* SPDX-License-Identifier: MIT */
/*
 * HDF5 files of spikes as those of the Spiking Heidelberg Digits and Spiking Speech Commands
 * (Cramer, Stradmann, Schemmel, Zenke 2020): lists of floats spikes/times, in seconds, lists of
 * whole numbers spikes/units, and whole numbers labels, one of each for a sample. Whatever else the
 * file has is left alone.
 */
#ifndef SPIKED_CORE_DATA_SHD_H
#define SPIKED_CORE_DATA_SHD_H

#include "core/data/data.h"
#include "core/data/source.h"

#define SNN_SHD_TICKS 1e6 /* in a second */

/* Reads the whole source into *out, of shape {largest unit + 1}; a time becomes the nearest
 * microsecond. Without `keep` it is only checked, and *out stays as it is. SNN_FORMAT, SNN_LIMIT
 * (also where the spikes take more bytes than the source may decode to), SNN_NOMEM, and what a
 * source may fail with. */
enum snn_code snn_shd_read(struct snn_samples *out, struct snn_source *source, bool keep,
                           struct snn_error *err);

/* The format's row: parts train, test. */
enum snn_code snn_shd_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                           struct snn_error *err);
enum snn_code snn_shd_check(size_t part, const char *path, size_t max_bytes, struct snn_error *err);

#endif
