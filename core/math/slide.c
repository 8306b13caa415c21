/* SPDX-License-Identifier: MIT */
/* What an event adds to neighbouring outputs lies in neighbouring weights: with the channels last,
 * a row of outputs is one run of numbers, and so is what comes on top. */
#include "core/math/lanes.h"
#include "core/math/window.h"

/* to[] += factor from[], `vectors` of them; a constant where it is called. */
__attribute__((always_inline)) static inline void add_vectors(real *to, const real *from,
                                                              real factor, size_t vectors)
{
    SNN_VECTOR sum[4];
    SNN_UNROLL for (size_t v = 0; v < vectors; v++) sum[v] =
        snn_load(to + v * SNN_LANES) + factor * snn_load(from + v * SNN_LANES);
    SNN_UNROLL for (size_t v = 0; v < vectors; v++) snn_store(to + v * SNN_LANES, sum[v]);
}

__attribute__((always_inline)) static inline void add_run(real *to, const real *from, real factor,
                                                          size_t n)
{
    size_t i = 0;
    for (; i + 4 * SNN_LANES <= n; i += 4 * SNN_LANES)
        add_vectors(to + i, from + i, factor, 4);
    for (; i + SNN_LANES <= n; i += SNN_LANES)
        add_vectors(to + i, from + i, factor, 1);
    if (i < n)
        snn_store_part(
            to + i, snn_load_part(to + i, n - i) + factor * snn_load_part(from + i, n - i), n - i);
}

/* What all events share, out of reach of what is written. */
struct slide {
    const struct snn_cover *rows, *columns;
    size_t width, filters, out_row, weight_row, taps;
    const uint32_t *start, *index;
    const real *value;
    real size;
    size_t channels;
};

static struct slide slide_of(const struct snn_slide *s, const struct snn_sparse *events)
{
    const struct snn_window *w = s->window;
    return (struct slide){.rows = s->cover[0],
                          .columns = s->cover[1],
                          .width = w->in[1],
                          .filters = s->filters,
                          .out_row = w->out[1] * s->filters,
                          .weight_row = w->kernel[1] * s->filters,
                          .taps = w->kernel[0] * w->kernel[1] * s->filters,
                          .start = events->start,
                          .index = events->index,
                          .value = events->value,
                          .size = events->size,
                          .channels = events->rows};
}

/* All that an event and a row of its channel's weights say to a row of outputs. `to_out` is a
 * constant where this is called: else what is said goes the other way, outputs to weights. */
__attribute__((always_inline)) static inline void slide(real *out, real *weight,
                                                        const struct slide s, bool to_out)
{
    for (size_t c = 0; c < s.channels; c++, weight += s.taps)
        for (uint32_t k = s.start[c]; k < s.start[c + 1]; k++) {
            const uint32_t place = s.index[k], width = (uint32_t)s.width;
            const struct snn_cover y = s.rows[place / width], x = s.columns[place % width];
            const real value = s.value ? s.value[k] : s.size;
            const size_t n = x.count * s.filters;
            real *o = out + y.first * s.out_row + x.first * s.filters;
            real *w = weight + y.tap * s.weight_row + x.tap * s.filters;
            for (size_t i = 0; i < y.count; i++, o += s.out_row, w += s.weight_row) {
                if (to_out)
                    add_run(o, w, value, n);
                else
                    add_run(w, o, value, n);
            }
        }
}

void snn_slide_currents(real *out, const real *weight, const struct snn_sparse *events,
                        const struct snn_slide *s)
{
    slide(out, (real *)(uintptr_t)weight, slide_of(s, events), true);
}

void snn_slide_weights(real *d_weight, const real *d, const struct snn_sparse *events,
                       const struct snn_slide *s)
{
    slide((real *)(uintptr_t)d, d_weight, slide_of(s, events), false);
}

void snn_window_add(real *image, const real *rows, size_t stride, const struct snn_window *w,
                    size_t tap)
{
    const size_t end = w->in[1] + w->padding; /* beyond the image, from the padding's edge */
    for (size_t i = 0; i < w->out[1];
         i++) { /* neighbours in a row overlap: not one upon the other */
        const size_t x = i * w->stride;
        const size_t first = x < w->padding ? w->padding - x : 0;
        const size_t last = x + w->kernel[1] < end ? w->kernel[1] : end > x ? end - x : 0;
        for (size_t y = 0; first < last && y < w->out[0]; y++) {
            const size_t row = y * w->stride + tap - w->padding; /* wraps above the image */
            if (row < w->in[0])
                add_run(image + (row * w->in[1] + x + first - w->padding) * w->channels,
                        rows + (y * w->out[1] + i) * stride + first * w->channels, 1,
                        (last - first) * w->channels);
        }
    }
}
