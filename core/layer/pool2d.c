/* SPDX-License-Identifier: MIT */
/* Pooling. A block's planes are all alike: samples, steps and channels are one loop. Behind a
 * convolution, whose images have their channels last, it is one of samples and steps. */
#include "core/layer/pool2d.h"

#include <string.h>

#include "core/layer/conv2d.h"
#include "core/math/vec.h"

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
    const double steps = l->static_input ? 1 : (double)l->cell.time_steps;
    return (double)l->out * taps * steps * (is_first ? 1 : 2);
}

/* ------------------------------------------------------------------------------ planes first -- */

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

static void max_plane(real *out, const real *in, const struct snn_window *w)
{
    for (size_t y = 0; y < w->out[0]; y++, out += w->out[1]) {
        const real *row = in + corner(w, y, 0);
        for (size_t x = 0; x < w->out[1]; x++)
            out[x] = row[x * w->stride];
        for (size_t i = 0; i < w->kernel[0]; i++)
            take_max(out, row + i * w->in[1], w);
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

static void max_plane_back(real *d_in, const real *in, const real *g, const struct snn_window *w)
{
    for (size_t y = 0; y < w->out[0]; y++, g += w->out[1])
        for (size_t x = 0; x < w->out[1]; x++)
            d_in[first_largest(in, w, corner(w, y, x))] += g[x];
}

static void mean_plane(real *out, const real *in, const struct snn_window *w)
{
    const size_t taps = w->kernel[0] * w->kernel[1];
    const real share = 1 / (real)taps;
    for (size_t y = 0; y < w->out[0]; y++, out += w->out[1])
        for (size_t x = 0; x < w->out[1]; x++) {
            const real *at = in + corner(w, y, x);
            real sum = 0;
            for (size_t k = 0; k < taps; k++)
                sum += at[k / w->kernel[1] * w->in[1] + k % w->kernel[1]];
            out[x] = sum * share;
        }
}

static void mean_plane_back(real *d_in, const real *in, const real *g, const struct snn_window *w)
{
    const size_t taps = w->kernel[0] * w->kernel[1];
    const real share = 1 / (real)taps;
    (void)in;
    for (size_t y = 0; y < w->out[0]; y++, g += w->out[1])
        for (size_t k = 0; k < taps; k++) {
            real *row = d_in + corner(w, y, 0) + k / w->kernel[1] * w->in[1];
            for (size_t x = 0; x < w->out[1]; x++)
                row[x * w->stride + k % w->kernel[1]] += g[x] * share;
        }
}

/* ------------------------------------------------------------------------------------ images -- */

static void mean_back(real *d_image, const real *image, const real *g, const struct snn_window *w)
{
    (void)image;
    snn_pool_mean_back(d_image, g, w);
}

/* A pool in both layouts. */
struct pool {
    void (*image)(real *out, const real *image, const struct snn_window *w);
    void (*image_back)(real *d_image, const real *image, const real *g, const struct snn_window *w);
    void (*plane)(real *out, const real *in, const struct snn_window *w);
    void (*plane_back)(real *d_in, const real *in, const real *g, const struct snn_window *w);
};
static const struct pool max = {snn_pool_max, snn_pool_max_back, max_plane, max_plane_back};
static const struct pool mean = {snn_pool_mean, mean_back, mean_plane, mean_plane_back};

/* Room for an image of what comes out, channels last. */
size_t snn_pool2d_room(const struct snn_layer *l, size_t block)
{
    (void)block;
    return l->planes_last ? l->out : 0;
}

static void forward(const struct pool *p, const struct snn_layer *l, struct snn_layer_work *work,
                    real *out, const real *in, size_t images)
{
    const struct snn_window *w = &l->window;
    const size_t planes = images * w->channels, n = snn_window_positions(w);
    for (size_t i = 0; l->planes_last && i < images; i++) {
        p->image(work->own, in + i * l->in, w);
        snn_transpose(out + i * l->out, work->own, w->channels, w->channels, n);
    }
    for (size_t i = 0; !l->planes_last && i < planes; i++)
        p->plane(out + i * n, in + i * w->in[0] * w->in[1], w);
}

static void backward(const struct pool *p, const struct snn_layer *l, struct snn_layer_work *work,
                     const real *g, const real *in, real *d_in, size_t images)
{
    const struct snn_window *w = &l->window;
    const size_t planes = images * w->channels, n = snn_window_positions(w);
    if (!d_in)
        return;
    for (size_t i = 0; l->planes_last && i < images; i++) {
        memset(d_in + i * l->in, 0, l->in * sizeof *d_in);
        snn_transpose(work->own, g + i * l->out, n, n, w->channels);
        p->image_back(d_in + i * l->in, in + i * l->in, work->own, w);
    }
    for (size_t i = 0; !l->planes_last && i < planes; i++) {
        const size_t size = w->in[0] * w->in[1], at = i * size;
        memset(d_in + at, 0, size * sizeof *d_in);
        p->plane_back(d_in + at, in + at, g + i * n, w);
    }
}

static void begin_shard(const struct pool *p, const struct snn_layer *l, struct snn_layer_work *w,
                        const real *in, size_t n)
{
    forward(p, l, w, w->current, in, n);
}

/* --------------------------------------------------------------------------------- the layers --
 */

void snn_max_pool2d_begin_shard(const struct snn_layer *l, struct snn_layer_work *w,
                                const real *params, const real *in, size_t n)
{
    begin_shard(&max, l, w, in, n);
    (void)params;
}

void snn_max_pool2d_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            const real *in, const struct snn_block *b)
{
    forward(&max, l, w, w->s, in, b->n * l->cell.time_steps);
    (void)params;
}

void snn_max_pool2d_backward(const struct snn_layer *l, struct snn_layer_work *w,
                             const real *params, real *grads, const real *in, real *d_in,
                             const struct snn_block *b)
{
    backward(&max, l, w, w->g, in, d_in, b->n * l->cell.time_steps);
    (void)params;
    (void)grads;
}

void snn_max_pool2d_end_shard(const struct snn_layer *l, struct snn_layer_work *w,
                              const real *params, real *grads, const real *in, real *d_in, size_t n)
{
    backward(&max, l, w, w->current_sum, in, d_in, n);
    (void)params;
    (void)grads;
}

void snn_avg_pool2d_begin_shard(const struct snn_layer *l, struct snn_layer_work *w,
                                const real *params, const real *in, size_t n)
{
    begin_shard(&mean, l, w, in, n);
    (void)params;
}

void snn_avg_pool2d_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            const real *in, const struct snn_block *b)
{
    forward(&mean, l, w, w->s, in, b->n * l->cell.time_steps);
    (void)params;
}

void snn_avg_pool2d_backward(const struct snn_layer *l, struct snn_layer_work *w,
                             const real *params, real *grads, const real *in, real *d_in,
                             const struct snn_block *b)
{
    backward(&mean, l, w, w->g, in, d_in, b->n * l->cell.time_steps);
    (void)params;
    (void)grads;
}

void snn_avg_pool2d_end_shard(const struct snn_layer *l, struct snn_layer_work *w,
                              const real *params, real *grads, const real *in, real *d_in, size_t n)
{
    backward(&mean, l, w, w->current_sum, in, d_in, n);
    (void)params;
    (void)grads;
}
