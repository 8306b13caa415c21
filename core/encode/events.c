/* SPDX-License-Identifier: MIT */
/* Events into steps: an event at tick t of a sample of D ticks is in step floor(t T / D). A sample
 * that ends early has no spikes in the steps that are left. */
#include <string.h>

#include "core/encode/augment.h"
#include "core/encode/rows.h"
#include "core/math/spikes.h"

/* The step of an event. */
static size_t step_of(uint64_t time, uint64_t duration, uint64_t time_steps)
{
    return (size_t)(time * time_steps / duration);
}

size_t snn_encode_events(real *out, const struct snn_events *events, size_t n,
                         struct snn_steps steps, const struct snn_choice *c,
                         const struct snn_rng_key *key)
{
    const real size = (real)c->value[EVENTS_GAIN];
    struct snn_event_walk w;
    struct snn_events next;
    size_t ended = 1;

    snn_walk_begin(&w, events, n, c, key);
    memset(out, 0, n * (steps.to - steps.from) * sizeof *out);
    for (size_t at = 0; snn_walk_next(&w, &at, &next);)
        for (size_t i = 0; i < next.n; i++) {
            const size_t step = step_of(next.times[i], next.duration, steps.all);
            ended = step < ended ? ended : step + 1;
            if (step >= steps.from && step < steps.to)
                out[(step - steps.from) * n + next.units[i]] = size;
        }
    return ended;
}

/* The first tick of a step: floor(t T / D) >= s from t = ceil(s D / T) on. */
static uint64_t first_tick(uint64_t step, uint64_t duration, uint64_t time_steps)
{
    return (step * duration + time_steps - 1) / time_steps;
}

/* The row of a step that grows. */
struct row {
    uint32_t *index, found; /* where it ends */
    uint32_t *last, mark;   /* last[unit] == mark where it has the unit */
    uint64_t begin, end;    /* the step's ticks */
};

/* Appends the events from i on that are in the step, several of a unit as one spike; returns the
 * first that is not. A function of its own, else not all that it counts on is in registers. */
__attribute__((noinline)) static size_t append(struct row *row, const struct snn_events *e,
                                               size_t i)
{
    const uint64_t begin = row->begin, ticks = row->end - begin;
    const uint32_t *times = e->times, mark = row->mark;
    const uint16_t *units = e->units;
    uint32_t *index = row->index, *last = row->last, found = row->found;
    for (const size_t n = e->n; i < n && times[i] - begin < ticks; i++) {
        const uint32_t unit = units[i];
        index[found] = unit;
        found += last[unit] != mark;
        last[unit] = mark;
    }
    row->found = found;
    return i;
}

/* Rows of events in the order of their time, in one go. False at the first that is not. */
static bool list_in_order(struct snn_sparse *to, struct snn_event_walk *w, size_t time_steps,
                          uint32_t *last, size_t *steps)
{
    uint32_t *start = to->start + to->rows;
    struct row row = {to->index, *start, last, 1, 0, first_tick(1, w->duration, time_steps)};
    struct snn_events next;
    size_t step = 0;

    memset(last, 0, w->units * sizeof *last);
    for (size_t at = 0; snn_walk_next(w, &at, &next);)
        for (size_t i = 0; i < next.n; i = append(&row, &next, i)) {
            if (next.times[i] < row.begin)
                return false;
            while (next.times[i] >= row.end) {
                start[++step] = row.found;
                row.mark++;
                row.begin = row.end;
                row.end = first_tick(step + 1, w->duration, time_steps);
            }
        }
    *steps = step + 1;
    while (step < time_steps)
        start[++step] = row.found;
    return true;
}

/* The same in any order: how many there are in each step, then each to its place, then those that a
 * step has twice are taken out. */
static void list_any(struct snn_sparse *to, struct snn_event_walk *w, size_t time_steps,
                     uint32_t *last, size_t *steps)
{
    uint32_t *start = to->start + to->rows, found = *start, unit;
    struct snn_events next;

    *steps = 1;
    memset(start + 1, 0, time_steps * sizeof *start);
    for (size_t at = 0; snn_walk_next(w, &at, &next);)
        for (size_t i = 0; i < next.n; i++) {
            const size_t step = step_of(next.times[i], next.duration, time_steps);
            *steps = step < *steps ? *steps : step + 1;
            start[step + 1]++;
        }
    for (size_t t = 0; t < time_steps; t++)
        start[t + 1] += start[t]; /* the step's end */
    for (size_t t = time_steps; t > 0; t--)
        start[t] = start[t - 1]; /* its begin, which moves to its end */
    for (size_t at = 0; snn_walk_next(w, &at, &next);)
        for (size_t i = 0; i < next.n; i++)
            to->index[start[step_of(next.times[i], next.duration, time_steps) + 1]++] =
                next.units[i];
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
