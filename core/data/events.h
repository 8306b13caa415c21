/* SPDX-License-Identifier: MIT */
/*
 * Lists of events as text. Each sample begins with a line of two numbers, "sample,label"; the lines
 * of three numbers after it, "sample,time,unit", are its events, as many as there are and in any
 * order. Samples count up from 0; times are whole ticks of any length, the same in all of the set.
 * A first line whose last field is not a number is a header. Otherwise as in CSV.
 */
#ifndef SPIKED_CORE_DATA_EVENTS_H
#define SPIKED_CORE_DATA_EVENTS_H

#include "core/data/data.h"
#include "core/data/source.h"

#define SNN_EVENTS_MAX_TIME UINT32_MAX
#define SNN_EVENTS_MAX_UNIT UINT16_MAX

/* Reads the whole source into *out, of shape {largest unit + 1}. Without `keep` it is only checked,
 * and *out stays as it is. SNN_FORMAT, SNN_LIMIT, SNN_NOMEM, and what a source may fail with. */
enum snn_code snn_events_read(struct snn_samples *out, struct snn_source *source, bool keep,
                              struct snn_error *err);
/* What the two halves have in common: their shape and the set's duration. */
void snn_events_join(struct snn_data *data);

/* The format's row: parts train, test. */
enum snn_code snn_events_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                              struct snn_error *err);
enum snn_code snn_events_check(size_t part, const char *path, size_t max_bytes,
                               struct snn_error *err);

#endif
