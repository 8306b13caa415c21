/* SPDX-License-Identifier: MIT */
/* A vector of channels at a time, through all taps of a window. */
#include "core/math/lanes.h"
#include "core/math/window.h"

/* The corner of the window behind out y, x. */
static size_t corner(const struct snn_window *w, size_t y, size_t x)
{
    return (y * w->in[1] + x) * w->stride * w->channels;
}

/* `is_part` is a constant where these are called; then it is n numbers, else a whole vector. */
__attribute__((always_inline)) static inline SNN_VECTOR take(const real *p, size_t n, bool is_part)
{
    return is_part ? snn_load_part(p, n) : snn_load(p);
}

__attribute__((always_inline)) static inline void put(real *p, SNN_VECTOR v, size_t n, bool is_part)
{
    if (is_part)
        snn_store_part(p, v, n);
    else
        snn_store(p, v);
}

static inline SNN_VECTOR chosen(SNN_BITS where, SNN_VECTOR yes, SNN_VECTOR no)
{
    return (SNN_VECTOR)((where & (SNN_BITS)yes) | (~where & (SNN_BITS)no));
}

/* Of one window, `n` channels; `row` from one row of taps to the next. */
struct taps {
    const struct snn_window *w;
    size_t row, n;
};

__attribute__((always_inline)) static inline void max_of(real *out, const real *image,
                                                         const struct taps *t, bool is_part)
{
    SNN_VECTOR best = take(image, t->n, is_part);
    for (size_t i = 0; i < t->w->kernel[0]; i++)
        for (size_t j = 0; j < t->w->kernel[1]; j++) {
            SNN_VECTOR v = take(image + i * t->row + j * t->w->channels, t->n, is_part);
            best = chosen((SNN_BITS)(v > best), v, best);
        }
    put(out, best, t->n, is_part);
}

__attribute__((always_inline)) static inline void
max_back(real *d_image, const real *image, const real *g, const struct taps *t, bool is_part)
{
    SNN_VECTOR d = take(g, t->n, is_part);
    SNN_VECTOR best = take(image, t->n, is_part);
    SNN_BITS which = {0}, k = {0};
    for (size_t i = 0; i < t->w->kernel[0]; i++)
        for (size_t j = 0; j < t->w->kernel[1]; j++, k += 1) {
            SNN_VECTOR v = take(image + i * t->row + j * t->w->channels, t->n, is_part);
            SNN_BITS more = (SNN_BITS)(v > best);
            which = (more & k) | (~more & which);
            best = chosen(more, v, best);
        }
    k = (SNN_BITS){0};
    for (size_t i = 0; i < t->w->kernel[0]; i++)
        for (size_t j = 0; j < t->w->kernel[1]; j++, k += 1) {
            real *at = d_image + i * t->row + j * t->w->channels;
            SNN_VECTOR here = (SNN_VECTOR)((SNN_BITS)(which == k) & (SNN_BITS)d);
            put(at, take(at, t->n, is_part) + here, t->n, is_part);
        }
}

__attribute__((always_inline)) static inline void mean_of(real *out, const real *image,
                                                          const struct taps *t, bool is_part)
{
    const real share = 1 / (real)(t->w->kernel[0] * t->w->kernel[1]);
    SNN_VECTOR sum = {0};
    for (size_t i = 0; i < t->w->kernel[0]; i++)
        for (size_t j = 0; j < t->w->kernel[1]; j++)
            sum += take(image + i * t->row + j * t->w->channels, t->n, is_part);
    put(out, sum * share, t->n, is_part);
}

__attribute__((always_inline)) static inline void mean_back(real *d_image, const real *g,
                                                            const struct taps *t, bool is_part)
{
    const real share = 1 / (real)(t->w->kernel[0] * t->w->kernel[1]);
    SNN_VECTOR d = take(g, t->n, is_part) * share;
    for (size_t i = 0; i < t->w->kernel[0]; i++)
        for (size_t j = 0; j < t->w->kernel[1]; j++) {
            real *at = d_image + i * t->row + j * t->w->channels;
            put(at, take(at, t->n, is_part) + d, t->n, is_part);
        }
}

/* For every window `at` of the image and its place `to` in what comes out: whole vectors of
 * channels, then what is left. */
#define EACH_WINDOW(whole, part)                                                                   \
    struct taps t = {w, w->in[1] * w->channels, SNN_LANES};                                        \
    for (size_t y = 0; y < w->out[0]; y++)                                                         \
        for (size_t x = 0; x < w->out[1]; x++) {                                                   \
            size_t at = corner(w, y, x), to = (y * w->out[1] + x) * w->channels;                   \
            const size_t end = to + w->channels;                                                   \
            for (t.n = SNN_LANES; to + SNN_LANES <= end; to += SNN_LANES, at += SNN_LANES)         \
                whole;                                                                             \
            t.n = end - to;                                                                        \
            if (t.n)                                                                               \
                part;                                                                              \
        }

void snn_pool_max(real *out, const real *image, const struct snn_window *w)
{
    EACH_WINDOW(max_of(out + to, image + at, &t, false), max_of(out + to, image + at, &t, true))
}

void snn_pool_max_back(real *d_image, const real *image, const real *g, const struct snn_window *w)
{
    EACH_WINDOW(max_back(d_image + at, image + at, g + to, &t, false),
                max_back(d_image + at, image + at, g + to, &t, true))
}

void snn_pool_mean(real *out, const real *image, const struct snn_window *w)
{
    EACH_WINDOW(mean_of(out + to, image + at, &t, false), mean_of(out + to, image + at, &t, true))
}

void snn_pool_mean_back(real *d_image, const real *g, const struct snn_window *w)
{
    EACH_WINDOW(mean_back(d_image + at, g + to, &t, false),
                mean_back(d_image + at, g + to, &t, true))
}
