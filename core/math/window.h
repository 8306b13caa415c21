/* SPDX-License-Identifier: MIT */
/* Windows slid over planes. An image of c planes lies [height, width, c] here, channels last: all
 * that a window does, it does to rows of c neighbouring numbers. */
#ifndef SPIKED_CORE_MATH_WINDOW_H
#define SPIKED_CORE_MATH_WINDOW_H

#include "core/math/spikes.h"

/* in[] and out[] are height, width. */
struct snn_window {
    size_t channels, in[2], out[2], kernel[2], stride, padding;
};

static inline size_t snn_window_positions(const struct snn_window *w)
{
    return w->out[0] * w->out[1];
}

/* Pools, which have no padding: out [positions, channels] from image [in, channels], ... */
void snn_pool_max(real *out, const real *image, const struct snn_window *w);
void snn_pool_mean(real *out, const real *image, const struct snn_window *w);
/* ... and their reverse, from g = dL/dout: adds to d_image. The maximum's goes to the first of the
 * largest, row by row. */
void snn_pool_max_back(real *d_image, const real *image, const real *g, const struct snn_window *w);
void snn_pool_mean_back(real *d_image, const real *g, const struct snn_window *w);

/* ---- convolutions by events: the entries of images that are not 0, lists of [channels, in] ----
 */

/* Outputs whose windows cover a place of an axis: `count` from `first` on. They do through as many
 * taps, which are neighbours from `tap` on where taps are put in the order of snn_window_tap. */
struct snn_cover {
    uint32_t first, count, tap;
};

/* The place of tap k of an axis: taps that a stride can cover from each other together, the last
 * first. */
size_t snn_window_tap(const struct snn_window *w, size_t axis, size_t k);
/* Fills cover [in[axis]]. */
void snn_window_cover(struct snn_cover *cover, const struct snn_window *w, size_t axis);

struct snn_slide {
    const struct snn_window *window;
    const struct snn_cover *cover[2];
    size_t filters;
};

/* out [positions, filters] += W * events, W [channels, kernel height, kernel width, filters] with
 * both axes' taps in their order. */
void snn_slide_currents(real *out, const real *weight, const struct snn_sparse *events,
                        const struct snn_slide *s);
/* Adds the gradient by such weights, from d = dL/dout. */
void snn_slide_weights(real *d_weight, const real *d, const struct snn_sparse *events,
                       const struct snn_slide *s);
/* Adds row `tap` of all windows, [positions, kernel width, channels] with positions `stride` apart,
 * up in the image [in, channels] that they are of. */
void snn_window_add(real *image, const real *rows, size_t stride, const struct snn_window *w,
                    size_t tap);

#endif
