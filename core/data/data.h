/* SPDX-License-Identifier: MIT */
/*
 * A data set in memory, for the code that trains on it and for the readers that fill it. What the
 * outside may know of it is in core/snn.h; the samples themselves are reached here.
 */
#ifndef SPIKED_CORE_DATA_DATA_H
#define SPIKED_CORE_DATA_DATA_H

#include "core/snn.h"

/* What a file may decode to where the caller sets no limit. */
#define SNN_DATA_MAX_BYTES ((size_t)4 << 30)

/* The training or the test half. Exactly one of bytes, values and times is there. All of it is
 * malloced. */
struct snn_samples {
    size_t count;
    size_t shape[SNN_MAX_RANK], rank; /* of one sample, outermost first */
    unsigned char *bytes;             /* [count, features]; unit of the data set means 1.0 */
    float *values;                    /* [count, features]; used as they are */
    uint32_t *labels;                 /* [count] */

    size_t *first;   /* [count + 1]: sample i's events are first[i] .. first[i + 1] - 1 */
    uint32_t *times; /* of each event, below the set's duration */
    uint16_t *units; /* of each event, below the shape's product */
};

struct snn_data {
    struct snn_data_info info;
    struct snn_samples train, test; /* of one shape, labels below info.classes */
    unsigned unit;                  /* what a byte is divided by: 255 */
    real of_byte[256];              /* each byte divided by it, where samples are bytes */
};

/* The events of one sample, in the order of the file. */
struct snn_events {
    const uint32_t *times;
    const uint16_t *units;
    size_t n;
    uint64_t duration; /* of the whole set */
};

/* Copies sample i into out[features]. i is below info.test or info.train. Not of a set of events.
 * @thread any */
void snn_data_features(const struct snn_data *data, bool test, size_t i, real *out);
/* Sample i of a set of events, borrowed. @thread any */
struct snn_events snn_data_events(const struct snn_data *data, bool test, size_t i);
/* The class of sample i, below info.classes. @thread any */
uint32_t snn_data_label(const struct snn_data *data, bool test, size_t i);

/* Values per sample: the product of the shape. */
size_t snn_samples_features(const struct snn_samples *s);
/* Frees what `s` holds and clears it. */
void snn_samples_clear(struct snn_samples *s);

/* A row of snn_formats. `open` fills train, test and unit, and may leave them half filled where it
 * fails: the caller clears them. Both are given the limit of decoded bytes of one file, never 0.
 * `check` may be NULL where there are no parts. */
struct snn_format {
    struct snn_kind kind;
    const char *parts[SNN_MAX_PARTS + 1]; /* NULL-terminated */
    enum snn_code (*open)(struct snn_data *data, const char *const *paths, size_t max_bytes,
                          struct snn_error *err);
    enum snn_code (*check)(size_t part, const char *path, size_t max_bytes, struct snn_error *err);
};

#endif
