/* SPDX-License-Identifier: MIT */
/* Windows slid over planes. An image of c planes lies [height, width, c] here, channels last: all
 * that a window does, it does to rows of c neighbouring numbers. */
#ifndef SPIKED_CORE_MATH_WINDOW_H
#define SPIKED_CORE_MATH_WINDOW_H

#include "core/snn.h"

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

#endif
