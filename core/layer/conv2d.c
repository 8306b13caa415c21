/* SPDX-License-Identifier: MIT */
/* Convolution as a product: every position's window becomes a column, and the columns [taps,
 * positions], transposed, times W [filters, taps], transposed, are the image of currents, channels
 * last. Some rows of positions at a time, so that the
 * columns stay in the cache whatever the image. */
#include "core/layer/conv2d.h"

#include <string.h>

#include "core/layer/dense.h"
#include "core/math/gemm.h"
#include "core/math/vec.h"

const struct snn_param snn_conv2d_params[7] = {
    {"filters", "planes that come out", SNN_INTEGER, 0, 1, 1 << 20, false, false, true},
    {"kernel", "height and width of a filter; 0 = as the next two say", SNN_INTEGER, 0, 0, 1024,
     false, false, false},
    {"kernel_height", "height of a filter; 0 = kernel", SNN_INTEGER, 0, 0, 1024, false, false,
     false},
    {"kernel_width", "width of a filter; 0 = kernel", SNN_INTEGER, 0, 0, 1024, false, false, false},
    {"stride", "from one position to the next", SNN_INTEGER, 1, 1, 1024, false, false, false},
    {"padding", "rows and columns of zeros on each side", SNN_INTEGER, 0, 0, 1023, false, false,
     false},
    SNN_WEIGHT_SCALE,
};

enum { FILTERS, KERNEL, KERNEL_HEIGHT, KERNEL_WIDTH, STRIDE, PADDING, WEIGHT_SCALE };
enum { WEIGHT, BIAS };

/* Numbers that the columns of one product may take: 256 KiB of floats. */
#define COLUMNS ((size_t)1 << 16)

/* -------------------------------------------------------------------------------- resolve -- */

enum snn_code snn_window_resolve(struct snn_layer *l, size_t planes, struct snn_error *err)
{
    static const char *const sides[] = {"high", "wide"};
    struct snn_window *w = &l->window;
    const struct snn_shape *in = &l->in_shape;
    if (in->rank != 3)
        return snn_fail(err, SNN_INVALID,
                        "%s wants an input of shape [channels, height, width], but what comes in "
                        "is %zu values %s",
                        l->type->kind.name, l->in,
                        in->rank == 1 ? "without a shape" : "of another shape");
    w->channels = in->size[0];
    for (size_t i = 0; i < 2; i++) {
        const size_t size = in->size[i + 1] + 2 * w->padding;
        w->in[i] = in->size[i + 1];
        if (w->kernel[i] > size)
            return snn_fail(err, SNN_INVALID,
                            "%s has a window %zu %s, but its input is %zu %s%s: want at most that",
                            l->type->kind.name, w->kernel[i], sides[i], size, sides[i],
                            w->padding ? " with padding" : "");
        w->out[i] = (size - w->kernel[i]) / w->stride + 1;
    }
    l->out_shape = (struct snn_shape){.rank = 3, .size = {planes, w->out[0], w->out[1]}};
    return SNN_OK;
}

static size_t taps(const struct snn_window *w)
{
    return w->channels * w->kernel[0] * w->kernel[1];
}

static size_t either(double own, double common)
{
    return (size_t)(own > 0 ? own : common);
}

enum snn_code snn_conv2d_resolve(struct snn_layer *l, const struct snn_choice *c,
                                 struct snn_error *err)
{
    const size_t filters = (size_t)c->value[FILTERS];
    struct snn_window *w = &l->window;
    *w = (struct snn_window){.kernel = {either(c->value[KERNEL_HEIGHT], c->value[KERNEL]),
                                        either(c->value[KERNEL_WIDTH], c->value[KERNEL])},
                             .stride = (size_t)c->value[STRIDE],
                             .padding = (size_t)c->value[PADDING]};
    const size_t common = (size_t)c->value[KERNEL];
    /* One side that is said goes before kernel, which is then the other's. */
    if (common && c->value[KERNEL_HEIGHT] > 0 && c->value[KERNEL_WIDTH] > 0 &&
        (w->kernel[0] != common || w->kernel[1] != common))
        return snn_fail(
            err, SNN_INVALID,
            "%s has kernel %zu, but kernel_height %zu and kernel_width %zu: want kernel "
            "alone, or the other two",
            l->type->kind.name, common, w->kernel[0], w->kernel[1]);
    if (w->kernel[0] == 0 || w->kernel[1] == 0)
        return snn_fail(err, SNN_INVALID,
                        "%s is not told its kernel: want kernel, or kernel_height and kernel_width",
                        l->type->kind.name);
    enum snn_code rc = snn_window_resolve(l, filters, err);
    if (rc == SNN_OK)
        rc = snn_layer_countable(filters, w->channels * w->kernel[0] * w->kernel[1], err);
    if (rc == SNN_OK)
        rc = snn_layer_countable(filters, snn_window_positions(w), err);
    if (rc != SNN_OK)
        return rc;
    l->tensor[WEIGHT] = (struct snn_tensor_place){
        .role = "weight",
        .shape = {filters, w->channels, w->kernel[0], w->kernel[1]},
        .rank = 4,
        .count = filters * taps(w),
        .fan_in = taps(w),
        .scale = c->value[WEIGHT_SCALE],
    };
    l->tensor[BIAS] = (struct snn_tensor_place){.role = "bias",
                                                .shape = {filters},
                                                .rank = 1,
                                                .count = filters,
                                                .fan_in = taps(w),
                                                .scale = 1,
                                                .is_bias = true};
    l->n_tensors = 2;
    return SNN_OK;
}

double snn_conv2d_multiply_adds(const struct snn_layer *l, bool is_first)
{
    const double steps = l->static_input ? 1 : (double)l->cell.time_steps;
    return (double)l->out * (double)taps(&l->window) * steps * (is_first ? 2 : 3);
}

/* Rows of positions whose columns are made at a time. */
static size_t tile_rows(const struct snn_window *w)
{
    const size_t fits = COLUMNS / (taps(w) * w->out[1]);
    return fits < 1 ? 1 : fits > w->out[0] ? w->out[0] : fits;
}

static size_t columns_room(const struct snn_layer *l)
{
    return taps(&l->window) * l->window.out[1] * tile_rows(&l->window);
}

/* Columns, a number of each filter, and an image of what comes out. */
size_t snn_conv2d_room(const struct snn_layer *l, size_t block)
{
    (void)block;
    return columns_room(l) + l->out_shape.size[0] + (l->planes_last ? 0 : l->out);
}

/* -------------------------------------------------------------------------------- columns -- */

/* Rows from .. to-1 of positions, and the columns [taps, (to - from) out width] of their windows.
 */
struct tile {
    const struct snn_window *w;
    real *columns;
    size_t from, to;
};

/* Of the positions of a row: those whose tap at `shift` from the window's corner is in the image.
 */
static void inside(size_t *first, size_t *last, const struct snn_window *w, size_t shift)
{
    const size_t end = w->in[1] + w->padding; /* the first column beyond the image, from the left */
    *first = shift < w->padding ? (w->padding - shift + w->stride - 1) / w->stride : 0;
    *last = shift < end ? (end - shift - 1) / w->stride + 1 : 0;
    *last = *last > w->out[1] ? w->out[1] : *last;
    *first = *first > *last ? *last : *first;
}

/* One row of positions of one tap, from the image's row (NULL = beyond the image). */
static void gather_row(real *restrict to, const real *restrict row, const struct snn_window *w,
                       size_t shift)
{
    size_t first, last;
    inside(&first, &last, w, shift);
    if (!row)
        first = last = 0;
    for (size_t x = 0; x < first; x++)
        to[x] = 0;
    for (size_t x = last; x < w->out[1]; x++)
        to[x] = 0;
    if (w->stride == 1 && last > first) { /* rows are short: no call for each */
        const real *from = row + first + shift - w->padding;
        for (size_t x = 0; x < last - first; x++)
            to[first + x] = from[x];
    } else {
        for (size_t x = first; x < last; x++)
            to[x] = row[x * w->stride + shift - w->padding];
    }
}

static void scatter_row(real *restrict row, const real *restrict from, const struct snn_window *w,
                        size_t shift)
{
    size_t first, last;
    inside(&first, &last, w, shift);
    if (w->stride == 1 && last > first) {
        real *to = row + first + shift - w->padding;
        for (size_t x = 0; x < last - first; x++)
            to[x] += from[first + x];
    } else {
        for (size_t x = first; x < last; x++)
            row[x * w->stride + shift - w->padding] += from[x];
    }
}

/* The image's row under tap row i of the positions' row y; false beyond the image. */
static bool row_under(size_t *row, const struct snn_window *w, size_t y, size_t i)
{
    const size_t at = y * w->stride + i;
    *row = at - w->padding;
    return at >= w->padding && *row < w->in[0];
}

/* Columns from the image. */
static void gather(const struct tile *t, const real *image)
{
    const struct snn_window *w = t->w;
    real *to = t->columns;
    for (size_t tap = 0; tap < taps(w); tap++) {
        const size_t j = tap % w->kernel[1], i = tap / w->kernel[1] % w->kernel[0];
        const real *plane = image + tap / w->kernel[1] / w->kernel[0] * w->in[0] * w->in[1];
        for (size_t y = t->from; y < t->to; y++, to += w->out[1]) {
            size_t row;
            const bool is_inside = row_under(&row, w, y, i);
            gather_row(to, is_inside ? plane + row * w->in[1] : NULL, w, j);
        }
    }
}

/* Adds the columns up in the image they were gathered from. */
static void scatter(const struct tile *t, real *image)
{
    const struct snn_window *w = t->w;
    const real *from = t->columns;
    for (size_t tap = 0; tap < taps(w); tap++) {
        const size_t j = tap % w->kernel[1], i = tap / w->kernel[1] % w->kernel[0];
        real *plane = image + tap / w->kernel[1] / w->kernel[0] * w->in[0] * w->in[1];
        for (size_t y = t->from; y < t->to; y++, from += w->out[1]) {
            size_t row;
            if (row_under(&row, w, y, i))
                scatter_row(plane + row * w->in[1], from, w, j);
        }
    }
}

/* ------------------------------------------------------------------------------- products -- */

/* The tile after t; from the top where t is fresh. False at the bottom. */
static bool next_tile(struct tile *t)
{
    const size_t rows = tile_rows(t->w);
    t->from = t->to;
    t->to = t->from + rows < t->w->out[0] ? t->from + rows : t->w->out[0];
    return t->from < t->w->out[0];
}

/* Where images lie [positions, filters] while they are worked on: in their place, or beside it. */
static real *image_of(const struct snn_layer *l, struct snn_layer_work *work, real *place)
{
    return l->planes_last ? place : work->own + columns_room(l) + l->out_shape.size[0];
}

/* Currents of one image. */
static void convolve(const struct snn_layer *l, struct snn_layer_work *work, real *current,
                     const real *params, const real *image)
{
    const struct snn_window *w = &l->window;
    const size_t filters = l->out_shape.size[0], k = taps(w);
    const real *weight = params + l->tensor[WEIGHT].offset;
    real *out = image_of(l, work, current);
    struct tile t = {.w = w, .columns = work->own};
    snn_rows_fill(out, params + l->tensor[BIAS].offset, snn_window_positions(w), filters);
    const bool by_events =
        snn_layer_convolves(l) && snn_sparse2d_currents(l, &work->sparse2d, out, image);
    while (!by_events && next_tile(&t)) {
        const size_t from = t.from * w->out[1], n = t.to * w->out[1] - from;
        gather(&t, image);
        snn_gemm_tt(out + from * filters, t.columns, weight, n, filters, k, 1);
    }
    if (out != current)
        snn_transpose(current, out, filters, filters, snn_window_positions(w));
}

/* Row by row, whose sums are then added: with many positions that rounds less. */
static void bias_gradient(const struct snn_layer *l, struct snn_layer_work *work, real *d_bias,
                          const real *d)
{
    const size_t filters = l->out_shape.size[0], width = l->window.out[1];
    real *sum = work->own + columns_room(l);
    for (size_t y = 0; y < l->window.out[0]; y++) {
        memset(sum, 0, filters * sizeof *sum);
        snn_rows_sum(sum, d + y * width * filters, width, filters);
        snn_add(d_bias, sum, filters);
    }
}

/* From dL/dI of one image: adds to the gradients of W and b, and (where wanted) writes the image's.
 * params may be NULL where it is not. */
static void convolve_back(const struct snn_layer *l, struct snn_layer_work *work,
                          const real *params, real *grads, real *d_current, const real *image,
                          real *d_image)
{
    const struct snn_window *w = &l->window;
    const size_t filters = l->out_shape.size[0], k = taps(w), size = snn_window_positions(w);
    real *d = image_of(l, work, d_current);
    struct tile t = {.w = w, .columns = work->own};
    if (d != d_current)
        snn_transpose(d, d_current, size, size, filters);
    bias_gradient(l, work, grads + l->tensor[BIAS].offset, d);
    const bool is_sparse = snn_layer_convolves(l);
    const bool weights = !is_sparse || !snn_sparse2d_weights(l, &work->sparse2d, d, image);
    const bool back = d_image && !(is_sparse && snn_sparse2d_image(l, &work->sparse2d, d_image, d));
    if (back)
        memset(d_image, 0, l->in * sizeof *d_image);
    while ((weights || back) && next_tile(&t)) {
        const size_t from = t.from * w->out[1], n = t.to * w->out[1] - from;
        if (weights) {
            gather(&t, image);
            snn_gemm_tt(grads + l->tensor[WEIGHT].offset, d + from * filters, t.columns, filters, k,
                        n, 1);
        }
        if (!back)
            continue;
        snn_gemm_tt(t.columns, params + l->tensor[WEIGHT].offset, d + from * filters, k, n, filters,
                    0);
        scatter(&t, d_image);
    }
}

/* ----------------------------------------------------------------------------- the layer -- */

void snn_conv2d_begin_shard(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            const real *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        convolve(l, w, w->current + i * l->out, params, in + i * l->in);
}

void snn_conv2d_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                        const real *in, const struct snn_block *b)
{
    const size_t steps = l->cell.time_steps;
    for (size_t i = 0; i < b->n * steps; i++)
        convolve(l, w, w->current + i * l->out, params, in + i * l->in);
    for (size_t i = 0; i < b->n; i++)
        snn_layer_spikes(l, w, (struct snn_span){i, 0, steps}, b);
}

void snn_conv2d_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                         real *grads, const real *in, real *d_in, const struct snn_block *b)
{
    const size_t steps = l->cell.time_steps;
    for (size_t i = 0; i < b->n; i++)
        snn_layer_spikes_back(l, w, (struct snn_span){i, 0, steps}, b);
    for (size_t i = 0; i < b->n * steps; i++)
        convolve_back(l, w, params, grads, w->g + i * l->out, in + i * l->in,
                      d_in ? d_in + i * l->in : NULL);
}

void snn_conv2d_end_shard(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                          real *grads, const real *in, real *d_in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        convolve_back(l, w, params, grads, w->current_sum + i * l->out, in + i * l->in,
                      d_in ? d_in + i * l->in : NULL);
}

void snn_conv2d_settle(const struct snn_layer *l, struct snn_layer_work *w, real *grads)
{
    snn_sparse2d_settle(l, &w->sparse2d, grads + l->tensor[WEIGHT].offset);
}
