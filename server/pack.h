/* SPDX-License-Identifier: MIT */
/*
 * Series and histograms as bytes: what a step's row holds.
 *
 * Numbers are varints (7 bits a byte, least first, the top bit set on all but the last) or, where
 * marked f64, eight bytes of an IEEE double, little-endian, NaN and infinities included. The first
 * byte is the form's version. points:    1, n, then n times: length of name, name, number of
 * values, f64... histogram: 1, count, zeros, nan, inf, f64 min max sum sum_squares,
 * -SNN_HIST_EXP_MIN, SNN_HIST_EXP_MAX, number of bins that are not empty, then for each: its index
 * less the one before (from -1), count. confusion: 1, classes, 1 with a matrix or else 0, samples
 * of each class, right answers of each class, matrix row by row
 */
#ifndef SPIKED_SERVER_PACK_H
#define SPIKED_SERVER_PACK_H

#include "core/snn.h"

/* Bytes that grow; after a failed allocation `failed` is set and adding does nothing. Zeroed is
 * empty. */
struct srv_bytes {
    unsigned char *data; /* malloc'ed */
    size_t n, cap;
    bool failed;
};

void srv_bytes_add(struct srv_bytes *to, const void *data, size_t n);
void srv_pack_points(struct srv_bytes *to, const struct snn_point *p, size_t n);
void srv_pack_histogram(struct srv_bytes *to, const struct snn_histogram *h);

void srv_pack_confusion(struct srv_bytes *to, const struct snn_confusion *c);

/* Room for a step's points, used again for the next. Zeroed is empty; srv_points_free in the end.
 */
struct srv_points {
    struct snn_point *points;
    size_t n, cap;
    double *values; /* what the points' values point into */
    size_t n_values, cap_values;
};

/* SNN_FORMAT for bytes that are not what the form says; SNN_NOMEM. */
enum snn_code srv_unpack_points(struct srv_points *out, const unsigned char *bytes, size_t n,
                                struct snn_error *err);
void srv_points_free(struct srv_points *p);
/* All but the name. */
enum snn_code srv_unpack_histogram(struct snn_histogram *out, const unsigned char *bytes, size_t n,
                                   struct snn_error *err);
/* *counts: malloc'ed, what *out points into. */
enum snn_code srv_unpack_confusion(struct snn_confusion *out, uint32_t **counts,
                                   const unsigned char *bytes, size_t n, struct snn_error *err);

#endif
