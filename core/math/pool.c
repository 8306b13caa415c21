/* SPDX-License-Identifier: MIT */
#include "core/math/window.h"

#include <string.h>

/* Channels at a time, whose best so far is kept. */
enum { PART = 64 };

/* The corner of the window behind out y, x. */
static size_t corner(const struct snn_window *w, size_t y, size_t x)
{
    return (y * w->in[1] + x) * w->stride * w->channels;
}

/* From a window's corner to its tap k, row by row. */
static size_t tap(const struct snn_window *w, size_t k)
{
    return (k / w->kernel[1] * w->in[1] + k % w->kernel[1]) * w->channels;
}

static void take_max(real *restrict best, const real *restrict row, size_t n)
{
    for (size_t c = 0; c < n; c++)
        best[c] = row[c] > best[c] ? row[c] : best[c];
}

static void add_share(real *restrict sum, const real *restrict row, real share, size_t n)
{
    for (size_t c = 0; c < n; c++)
        sum[c] += row[c] * share;
}

void snn_pool_max(real *out, const real *image, const struct snn_window *w)
{
    const size_t n = w->channels, taps = w->kernel[0] * w->kernel[1];
    for (size_t y = 0; y < w->out[0]; y++)
        for (size_t x = 0; x < w->out[1]; x++, out += n) {
            const real *at = image + corner(w, y, x);
            memcpy(out, at, n * sizeof *out);
            for (size_t k = 1; k < taps; k++)
                take_max(out, at + tap(w, k), n);
        }
}

void snn_pool_mean(real *out, const real *image, const struct snn_window *w)
{
    const size_t n = w->channels, taps = w->kernel[0] * w->kernel[1];
    const real share = 1 / (real)taps;
    for (size_t y = 0; y < w->out[0]; y++)
        for (size_t x = 0; x < w->out[1]; x++, out += n) {
            const real *at = image + corner(w, y, x);
            memset(out, 0, n * sizeof *out);
            for (size_t k = 0; k < taps; k++)
                add_share(out, at + tap(w, k), share, n);
        }
}

static void find_largest(uint32_t *restrict which, real *restrict best, const real *restrict row,
                         uint32_t k, size_t n)
{
    for (size_t c = 0; c < n; c++)
        which[c] = row[c] > best[c] ? k : which[c];
    take_max(best, row, n); /* a loop of its own: together they would become branches */
}

static void add_where(real *restrict d, const real *restrict g, const uint32_t *restrict which,
                      uint32_t k, size_t n)
{
    for (size_t c = 0; c < n; c++)
        d[c] += which[c] == k ? g[c] : 0;
}

/* One window's channels, n of them. */
static void max_back(real *d_image, const real *image, const real *g, const struct snn_window *w,
                     size_t n)
{
    const size_t taps = w->kernel[0] * w->kernel[1];
    uint32_t which[PART] = {0};
    real best[PART];
    memcpy(best, image, n * sizeof *best);
    for (size_t k = 1; k < taps; k++)
        find_largest(which, best, image + tap(w, k), (uint32_t)k, n);
    for (size_t k = 0; k < taps; k++)
        add_where(d_image + tap(w, k), g, which, (uint32_t)k, n);
}

void snn_pool_max_back(real *d_image, const real *image, const real *g, const struct snn_window *w)
{
    for (size_t y = 0; y < w->out[0]; y++)
        for (size_t x = 0; x < w->out[1]; x++, g += w->channels)
            for (size_t c = 0; c < w->channels; c += PART) {
                const size_t at = corner(w, y, x) + c, left = w->channels - c;
                max_back(d_image + at, image + at, g + c, w, left < PART ? left : PART);
            }
}

void snn_pool_mean_back(real *d_image, const real *g, const struct snn_window *w)
{
    const size_t n = w->channels, taps = w->kernel[0] * w->kernel[1];
    const real share = 1 / (real)taps;
    for (size_t y = 0; y < w->out[0]; y++)
        for (size_t x = 0; x < w->out[1]; x++, g += n)
            for (size_t k = 0; k < taps; k++)
                add_share(d_image + corner(w, y, x) + tap(w, k), g, share, n);
}
