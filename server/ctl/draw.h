/* SPDX-License-Identifier: MIT */
/* Pictures made of characters. Each function appends to a text and does nothing else; widths and
 * heights are in characters. */
#ifndef SPIKED_CTL_DRAW_H
#define SPIKED_CTL_DRAW_H

#include <stdbool.h>
#include <stddef.h>

#include "server/ctl/text.h"

/* What a job's progress says. NaN = not known. */
struct ctl_progress {
    double fraction, epoch, epochs;               /* fraction 0 to 1; epochs finished, of */
    double loss, accuracy, validation, rate, eta; /* shares; samples/s; seconds */
};

/* "[####......]", 0 <= fraction <= 1; what is outside, and NaN, is drawn as the nearest. */
void ctl_draw_bar(struct ctl_text *t, double fraction, size_t cells);

/* "[####......] 45% epoch 18/40 loss 0.1234 acc 97.2% val 96.1% 131k samples/s ETA 3s", without
 * what is not known; shortened and then cut where it is wider than `width`. No line break. */
void ctl_draw_progress(struct ctl_text *t, const struct ctl_progress *p, size_t width);

/* The character of a height, 0 to 1: what is there at all is seen, only 0 is blank. */
const char *ctl_draw_level(double share, bool utf8);

/* A character for each value, of a height in proportion to the largest; NaN is blank. Values
 * below 0 are drawn as 0. */
void ctl_draw_spark(struct ctl_text *t, const double *v, size_t n, bool utf8);

/* The same of a series of any sign and length, from its least to its greatest value, thinned to
 * `width` characters. */
void ctl_draw_series(struct ctl_text *t, const double *v, size_t n, size_t width, bool utf8);

/* ------------------------------------------------------------------------------- histograms -- */

/* A bin between two powers of two of one sign; an edge may be 0, or infinite for a bin without
 * end. */
struct ctl_bin {
    double left, right, n;
};

#define CTL_MIN_ROWS 3

/* Neighbours merged, an equal number of powers of two at a time, until at most `room` rows
 * (>= CTL_MIN_ROWS) are left, in ascending order, each side of zero without gaps; the zeros are a
 * row of their own, with left = right = 0. Returns the number of rows. Nothing gets lost: the
 * counts add up. */
size_t ctl_bins_merge(struct ctl_bin *rows, size_t room, const struct ctl_bin *bins, size_t n,
                      double zeros);

/* A line per row: edges, bar, count and share of `count`. */
void ctl_draw_bins(struct ctl_text *t, const struct ctl_bin *rows, size_t n, double count,
                   size_t width);

/* One character per row, '|' for the zeros. */
void ctl_draw_bins_spark(struct ctl_text *t, const struct ctl_bin *rows, size_t n, bool utf8);

/* ----------------------------------------------------------------------------------- curves -- */

/* y over x, x ascending, n >= 1, with axes; the zero of y is in the picture. */
void ctl_draw_curve(struct ctl_text *t, const double *x, const double *y, size_t n, size_t width,
                    size_t height);

#endif
