/* SPDX-License-Identifier: MIT */
#include "core/layer/sparse2d.h"

#include <string.h>

#include "core/layer/layer.h"
#include "core/math/vec.h"

/* Shares up to which lists win over dense products, measured (tests/bench/README.md): of what comes
 * in; and of dL/dI, where a position's list is as long as its filters are many. */
#define FEW_EVENTS 0.35
#define FEW_BACK 0.6
#define MANY_FILTERS 32

static size_t taps_of(const struct snn_window *w)
{
    return w->kernel[0] * w->kernel[1];
}

static size_t size_of(const struct snn_layer *l)
{
    return l->out_shape.size[0] * l->window.channels * taps_of(&l->window);
}

/* A row of a window, ... */
static size_t row_of(const struct snn_window *w)
{
    return w->kernel[1] * w->channels;
}

/* ... in whole vectors of any set. */
static size_t stride_of(const struct snn_window *w)
{
    return (row_of(w) + 15) & ~(size_t)15;
}

/* Weights of a row of taps, for lists of dL/dI: panels of a table [filters, row]. */
static size_t panels_size(const struct snn_layer *l)
{
    return snn_panels_size(l->out_shape.size[0], row_of(&l->window));
}

void snn_sparse2d_place(struct snn_layer *l, struct snn_arena *a)
{
    struct snn_sparse2d *s = &l->sparse2d;
    for (size_t i = 0; i < 2; i++) {
        s->cover[i] = snn_arena_take(a, l->window.in[i], sizeof *s->cover[i]);
        if (s->cover[i])
            snn_window_cover(s->cover[i], &l->window, i);
    }
    s->weight = snn_arena_take(a, size_of(l), sizeof(real));
    s->weight_back = snn_arena_take(a, l->window.kernel[0], panels_size(l) * sizeof(real));
}

void snn_sparse2d_place_work(const struct snn_layer *l, struct snn_sparse2d_work *s,
                             struct snn_arena *a, bool gradients)
{
    const struct snn_window *w = &l->window;
    const size_t positions = snn_window_positions(w), filters = l->out_shape.size[0];
    snn_lists_place(&s->events, a, w->channels, w->in[0] * w->in[1], FEW_EVENTS);
    if (!gradients)
        return;
    snn_lists_place(&s->back, a, positions, filters, filters < MANY_FILTERS ? 0 : FEW_BACK);
    s->d_weight = snn_arena_take(a, size_of(l), sizeof(real));
    s->rows = snn_arena_take(a, positions, stride_of(w) * sizeof(real));
    s->zeros = snn_arena_take(a, row_of(w), sizeof(real));
    s->image = snn_arena_take(a, l->in, sizeof(real));
}

/* Where the filters' weights of a channel and tap stand among those in the order of the cover. */
static size_t place_of(const struct snn_layer *l, size_t channel, size_t tap)
{
    const struct snn_window *w = &l->window;
    const size_t y = snn_window_tap(w, 0, tap / w->kernel[1]);
    const size_t x = snn_window_tap(w, 1, tap % w->kernel[1]);
    return ((channel * w->kernel[0] + y) * w->kernel[1] + x) * l->out_shape.size[0];
}

/* From W [filters, channels, taps], which stands at a row of taps. */
static void fill_back(const struct snn_layer *l, real *panels, const real *from)
{
    const struct snn_window *w = &l->window;
    const size_t filters = l->out_shape.size[0], across = snn_panel_row(row_of(w));
    for (size_t i = 0; i < row_of(w); i++) {
        const size_t x = i / w->channels, channel = i % w->channels;
        real *to = panels + i / across * filters * across + i % across;
        for (size_t f = 0; f < filters; f++)
            to[f * across] = from[(f * w->channels + channel) * taps_of(w) + x];
    }
}

void snn_sparse2d_prepare(const struct snn_layer *l, const real *params)
{
    const struct snn_window *w = &l->window;
    const size_t channels = w->channels, taps = taps_of(w), filters = l->out_shape.size[0];
    const real *from = params + l->tensor[0].offset;
    for (size_t c = 0; c < channels; c++)
        for (size_t k = 0; k < taps; k++) {
            real *to = l->sparse2d.weight + place_of(l, c, k);
            for (size_t f = 0; f < filters; f++)
                to[f] = from[(f * channels + c) * taps + k];
        }
    for (size_t y = 0; y < w->kernel[0]; y++)
        fill_back(l, l->sparse2d.weight_back + y * panels_size(l), from + y * w->kernel[1]);
}

bool snn_sparse2d_currents(const struct snn_layer *l, struct snn_sparse2d_work *s, real *out,
                           const real *image)
{
    const struct snn_window *w = &l->window;
    const struct snn_slide slide = {
        w, {l->sparse2d.cover[0], l->sparse2d.cover[1]}, l->out_shape.size[0]};
    s->images++;
    if (!snn_lists_read(&s->events, image, w->channels, w->in[0] * w->in[1], true))
        return false;
    s->listed++;
    snn_slide_currents(out, l->sparse2d.weight, &s->events.sparse, &slide);
    return true;
}

bool snn_sparse2d_weights(const struct snn_layer *l, struct snn_sparse2d_work *s, const real *d,
                          const real *image)
{
    const struct snn_window *w = &l->window;
    const struct snn_slide slide = {
        w, {l->sparse2d.cover[0], l->sparse2d.cover[1]}, l->out_shape.size[0]};
    if (!snn_lists_read(&s->events, image, w->channels, w->in[0] * w->in[1], true))
        return false;
    if (!s->has_gradient)
        memset(s->d_weight, 0, size_of(l) * sizeof *s->d_weight);
    s->has_gradient = true;
    snn_slide_weights(s->d_weight, d, &s->events.sparse, &slide);
    return true;
}

bool snn_sparse2d_image(const struct snn_layer *l, struct snn_sparse2d_work *s, real *d_image,
                        const real *d)
{
    const struct snn_window *w = &l->window;
    const size_t positions = snn_window_positions(w), places = w->in[0] * w->in[1];
    const size_t filters = l->out_shape.size[0], stride = stride_of(w);
    if (!snn_lists_read(&s->back, d, positions, filters, false))
        return false;
    memset(s->image, 0, l->in * sizeof *s->image);
    for (size_t y = 0; y < w->kernel[0]; y++) {
        snn_sparse_product(s->rows, (struct snn_rows){positions, stride, SNN_PANEL},
                           l->sparse2d.weight_back + y * panels_size(l),
                           snn_rows_panels(filters, row_of(w)), &s->back.sparse, row_of(w),
                           s->zeros, NULL);
        snn_window_add(s->image, s->rows, stride, w, y);
    }
    snn_transpose(d_image, s->image, w->channels, w->channels, places);
    return true;
}

void snn_sparse2d_settle(const struct snn_layer *l, struct snn_sparse2d_work *s, real *d_weight)
{
    const size_t channels = l->window.channels, taps = taps_of(&l->window);
    const size_t filters = l->out_shape.size[0];
    for (size_t c = 0; s->has_gradient && c < channels; c++)
        for (size_t k = 0; k < taps; k++) {
            const real *from = s->d_weight + place_of(l, c, k);
            for (size_t f = 0; f < filters; f++)
                d_weight[(f * channels + c) * taps + k] += from[f];
        }
    s->has_gradient = false;
}
