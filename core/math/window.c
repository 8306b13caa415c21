/* SPDX-License-Identifier: MIT */
#include "core/math/window.h"

/* Taps of an axis that are `phase` modulo the stride. */
static size_t taps_of(const struct snn_window *w, size_t axis, size_t phase)
{
    return phase < w->kernel[axis] ? (w->kernel[axis] - phase - 1) / w->stride + 1 : 0;
}

size_t snn_window_tap(const struct snn_window *w, size_t axis, size_t k)
{
    const size_t phase = k % w->stride;
    size_t before = 0;
    for (size_t i = 0; i < phase; i++)
        before += taps_of(w, axis, i);
    return before + taps_of(w, axis, phase) - 1 - k / w->stride;
}

void snn_window_cover(struct snn_cover *cover, const struct snn_window *w, size_t axis)
{
    for (size_t i = 0; i < w->in[axis]; i++) {
        const size_t at = i + w->padding, kernel = w->kernel[axis];
        const size_t first = at < kernel ? 0 : (at - kernel) / w->stride + 1;
        const size_t end = at / w->stride < w->out[axis] ? at / w->stride + 1 : w->out[axis];
        cover[i] = (struct snn_cover){0};
        if (first < end)
            cover[i] = (struct snn_cover){
                .first = (uint32_t)first,
                .count = (uint32_t)(end - first),
                .tap = (uint32_t)snn_window_tap(w, axis, at - first * w->stride)};
    }
}
