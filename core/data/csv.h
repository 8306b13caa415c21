/* SPDX-License-Identifier: MIT */
/*
 * Numbers in text, a sample a line: features, then the label (a whole number) in the last column,
 * separated by commas. Spaces and tabs around a number, CRLF, a byte order mark and blank lines at
 * the end are allowed. The first line is a header where its last field is not a number.
 */
#ifndef SPIKED_CORE_DATA_CSV_H
#define SPIKED_CORE_DATA_CSV_H

#include "core/data/data.h"
#include "core/data/source.h"

#define SNN_CSV_MAX_LABEL 65535
#define SNN_CSV_WANT_LABEL "the label of the sample, a whole number from 0 to 65535"

/* Reads the whole source into *out, of shape {columns - 1}. Without `keep` it is only checked, and
 * *out stays as it is. SNN_FORMAT, SNN_LIMIT, SNN_NOMEM, and what a source may fail with. */
enum snn_code snn_csv_read(struct snn_samples *out, struct snn_source *source, bool keep,
                           struct snn_error *err);

/* The format's row: parts train, test. */
enum snn_code snn_csv_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                           struct snn_error *err);
enum snn_code snn_csv_check(size_t part, const char *path, size_t max_bytes, struct snn_error *err);

#endif
