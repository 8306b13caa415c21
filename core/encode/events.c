/* SPDX-License-Identifier: MIT */
/* Events into steps: an event at tick t of a sample of D ticks is in step floor(t T / D). A sample
 * that ends early has no spikes in the steps that are left. */
#include <string.h>

#include "core/encode/augment.h"
#include "core/encode/rows.h"
#include "core/math/spikes.h"

size_t snn_encode_events(real *out, const struct snn_events *events, size_t n,
                         struct snn_steps steps, const struct snn_choice *c,
                         const struct snn_rng_key *key)
{
    const real size = (real)c->value[EVENTS_GAIN];
    struct snn_event_walk w;
    uint64_t time;
    uint32_t unit;
    size_t ended = 1;

    snn_walk_begin(&w, events, n, c, key);
    memset(out, 0, n * (steps.to - steps.from) * sizeof *out);
    for (size_t at = 0; snn_walk_next(&w, &at, &time, &unit);) {
        const size_t step = (size_t)(time * (uint64_t)steps.all / w.duration);
        ended = step < ended ? ended : step + 1;
        if (step >= steps.from && step < steps.to)
            out[(step - steps.from) * n + unit] = size;
    }
    return ended;
}

/* The first tick of a step: floor(t T / D) >= s from t = ceil(s D / T) on. */
static uint64_t first_tick(uint64_t step, uint64_t duration, uint64_t time_steps)
{
    return (step * duration + time_steps - 1) / time_steps;
}

/* Rows of events in the order of their time, in one go. False at the first that is not. */
static bool list_in_order(struct snn_sparse *to, struct snn_event_walk *w, size_t time_steps,
                          uint32_t *last, size_t *steps)
{
    uint32_t *const index = to->index, *start = to->start + to->rows, found = *start, unit;
    uint64_t begin = 0, end = first_tick(1, w->duration, time_steps), time;
    size_t step = 0;

    memset(last, 0, w->units * sizeof *last);
    for (size_t at = 0; snn_walk_next(w, &at, &time, &unit);) {
        if (time < begin)
            return false;
        while (time >= end) {
            start[++step] = found;
            begin = end;
            end = first_tick(step + 1, w->duration, time_steps);
        }
        index[found] = unit;
        found += last[unit] != step + 1; /* several of a unit in one step are one spike */
        last[unit] = (uint32_t)step + 1;
    }
    *steps = step + 1;
    while (step < time_steps)
        start[++step] = found;
    return true;
}

/* The same in any order: how many there are in each step, then each to its place, then those that a
 * step has twice are taken out. */
static void list_any(struct snn_sparse *to, struct snn_event_walk *w, size_t time_steps,
                     uint32_t *last, size_t *steps)
{
    uint32_t *start = to->start + to->rows, found = *start, unit;
    uint64_t time;

    *steps = 1;
    memset(start + 1, 0, time_steps * sizeof *start);
    for (size_t at = 0; snn_walk_next(w, &at, &time, &unit);) {
        const size_t step = (size_t)(time * (uint64_t)time_steps / w->duration);
        *steps = step < *steps ? *steps : step + 1;
        start[step + 1]++;
    }
    for (size_t t = 0; t < time_steps; t++)
        start[t + 1] += start[t]; /* the step's end */
    for (size_t t = time_steps; t > 0; t--)
        start[t] = start[t - 1]; /* its begin, which moves to its end */
    for (size_t at = 0; snn_walk_next(w, &at, &time, &unit);)
        to->index[start[time * (uint64_t)time_steps / w->duration + 1]++] = unit;
    memset(last, 0, w->units * sizeof *last);
    for (size_t t = 0, from = found; t < time_steps; t++) {
        const size_t end = start[t + 1];
        for (; from < end; from++) {
            unit = to->index[from];
            to->index[found] = unit;
            found += last[unit] != t + 1;
            last[unit] = (uint32_t)t + 1;
        }
        start[t + 1] = found;
    }
}

size_t snn_list_events(struct snn_sparse *to, real *size, const struct snn_events *events, size_t n,
                       size_t time_steps, const struct snn_choice *c, const struct snn_rng_key *key,
                       uint32_t *last)
{
    struct snn_event_walk w;
    size_t steps;

    *size = (real)c->value[EVENTS_GAIN];
    snn_walk_begin(&w, events, n, c, key);
    if (!list_in_order(to, &w, time_steps, last, &steps))
        list_any(to, &w, time_steps, last, &steps);
    to->rows += time_steps;
    return steps;
}
