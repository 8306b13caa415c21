/* SPDX-License-Identifier: MIT */
/* Pooling. A block's planes are all alike: samples, steps and channels are one loop. */
#include "core/layer/pool2d.h"

#include <string.h>

#include "core/layer/conv2d.h"

const struct snn_param snn_pool2d_params[2] = {
    {"kernel", "height and width of a window", SNN_INTEGER, 0, 1, 1024, false, false, true},
    {"stride", "from one window to the next; 0 = kernel", SNN_INTEGER, 0, 0, 1024, false, false,
     false},
};

enum { KERNEL, STRIDE };

enum snn_code snn_pool2d_resolve(struct snn_layer *l, const struct snn_choice *c,
                                 struct snn_error *err)
{
    const size_t kernel = (size_t)c->value[KERNEL], stride = (size_t)c->value[STRIDE];
    l->window = (struct snn_window){.kernel = {kernel, kernel}, .stride = stride ? stride : kernel};
    return snn_window_resolve(l, l->in_shape.rank == 3 ? l->in_shape.size[0] : 0, err);
}

double snn_max_pool2d_multiply_adds(const struct snn_layer *l, bool is_first)
{
    (void)l;
    (void)is_first;
    return 0; /* it compares */
}

double snn_avg_pool2d_multiply_adds(const struct snn_layer *l, bool is_first)
{
    const double taps = (double)(l->window.kernel[0] * l->window.kernel[1]);
    return (double)l->out * taps * (double)l->cell.time_steps * (is_first ? 1 : 2);
}

static size_t planes_of(const struct snn_layer *l, const struct snn_block *b)
{
    return b->n * l->cell.time_steps * l->window.channels;
}

/* The corner in its input plane of the window behind output y, x. */
static size_t corner(const struct snn_window *w, size_t y, size_t x)
{
    return y * w->stride * w->in[1] + x * w->stride;
}

/* Takes one row of taps into a row of windows. */
static void take_max(real *restrict out, const real *restrict row, const struct snn_window *w)
{
    for (size_t j = 0; j < w->kernel[1]; j++)
        for (size_t x = 0; x < w->out[1]; x++) {
            const real v = row[x * w->stride + j];
            out[x] = v > out[x] ? v : out[x];
        }
}

void snn_max_pool2d_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            const real *in, const struct snn_block *b)
{
    const struct snn_window *win = &l->window;
    real *out = w->s;
    (void)params;
    for (size_t p = 0; p < planes_of(l, b); p++, in += win->in[0] * win->in[1])
        for (size_t y = 0; y < win->out[0]; y++, out += win->out[1]) {
            const real *row = in + corner(win, y, 0);
            for (size_t x = 0; x < win->out[1]; x++)
                out[x] = row[x * win->stride];
            for (size_t i = 0; i < win->kernel[0]; i++)
                take_max(out, row + i * win->in[1], win);
        }
}

/* Where the first of the largest in the window at `at` stands, row by row. */
static size_t first_largest(const real *in, const struct snn_window *w, size_t at)
{
    size_t best = at;
    for (size_t i = 0; i < w->kernel[0]; i++)
        for (size_t j = 0; j < w->kernel[1]; j++) {
            const size_t k = at + i * w->in[1] + j;
            best = in[k] > in[best] ? k : best;
        }
    return best;
}

void snn_max_pool2d_backward(const struct snn_layer *l, struct snn_layer_work *w,
                             const real *params, real *grads, const real *in, real *d_in,
                             const struct snn_block *b)
{
    const struct snn_window *win = &l->window;
    const size_t size = win->in[0] * win->in[1];
    const real *g = w->g;
    (void)params;
    (void)grads;
    if (!d_in)
        return;
    memset(d_in, 0, planes_of(l, b) * size * sizeof *d_in);
    for (size_t p = 0; p < planes_of(l, b); p++, in += size, d_in += size)
        for (size_t y = 0; y < win->out[0]; y++, g += win->out[1])
            for (size_t x = 0; x < win->out[1]; x++)
                d_in[first_largest(in, win, corner(win, y, x))] += g[x];
}

void snn_avg_pool2d_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            const real *in, const struct snn_block *b)
{
    const struct snn_window *win = &l->window;
    const size_t taps = win->kernel[0] * win->kernel[1];
    const real share = 1 / (real)taps;
    real *out = w->s;
    (void)params;
    for (size_t p = 0; p < planes_of(l, b); p++, in += win->in[0] * win->in[1])
        for (size_t y = 0; y < win->out[0]; y++, out += win->out[1])
            for (size_t x = 0; x < win->out[1]; x++) {
                const real *at = in + corner(win, y, x);
                real sum = 0;
                for (size_t k = 0; k < taps; k++)
                    sum += at[k / win->kernel[1] * win->in[1] + k % win->kernel[1]];
                out[x] = sum * share;
            }
}

void snn_avg_pool2d_backward(const struct snn_layer *l, struct snn_layer_work *w,
                             const real *params, real *grads, const real *in, real *d_in,
                             const struct snn_block *b)
{
    const struct snn_window *win = &l->window;
    const size_t size = win->in[0] * win->in[1], taps = win->kernel[0] * win->kernel[1];
    const real share = 1 / (real)taps;
    const real *g = w->g;
    (void)params;
    (void)grads;
    (void)in;
    if (!d_in)
        return;
    memset(d_in, 0, planes_of(l, b) * size * sizeof *d_in);
    for (size_t p = 0; p < planes_of(l, b); p++, d_in += size)
        for (size_t y = 0; y < win->out[0]; y++, g += win->out[1])
            for (size_t k = 0; k < taps; k++) {
                real *row = d_in + corner(win, y, 0) + k / win->kernel[1] * win->in[1];
                for (size_t x = 0; x < win->out[1]; x++)
                    row[x * win->stride + k % win->kernel[1]] += g[x] * share;
            }
}
