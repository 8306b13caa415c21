/* SPDX-License-Identifier: MIT */
/* Events into steps: an event at tick t of a sample of D ticks is in step floor(t T / D). A sample
 * that ends early has no spikes in the steps that are left. */
#include <string.h>

#include "core/data/data.h"
#include "core/encode/rows.h"
#include "core/math/spikes.h"

static uint64_t duration_of(const struct snn_events *events, const struct snn_choice *c)
{
    const uint64_t chosen = (uint64_t)c->value[EVENTS_DURATION];
    return chosen ? chosen : events->duration;
}

void snn_encode_events(real *out, const struct snn_events *events, size_t n, size_t time_steps,
                       const struct snn_choice *c)
{
    const uint64_t duration = duration_of(events, c);
    const real size = (real)c->value[EVENTS_GAIN];

    memset(out, 0, n * time_steps * sizeof *out);
    for (size_t i = 0; i < events->n; i++)
        if (events->times[i] < duration)
            out[events->times[i] * (uint64_t)time_steps / duration * n + events->units[i]] = size;
}

/* The first tick of a step: floor(t T / D) >= s from t = ceil(s D / T) on. */
static uint64_t first_tick(uint64_t step, uint64_t duration, uint64_t time_steps)
{
    return (step * duration + time_steps - 1) / time_steps;
}

bool snn_list_events(struct snn_sparse *to, real *size, const struct snn_events *events, size_t n,
                     size_t time_steps, const struct snn_choice *c, uint32_t *last)
{
    const uint64_t duration = duration_of(events, c);
    const uint32_t before = to->start[to->rows];
    uint32_t found = before, *start = to->start + to->rows;
    uint64_t begin = 0, end = first_tick(1, duration, time_steps);
    size_t step = 0;

    *size = (real)c->value[EVENTS_GAIN];
    memset(last, 0, n * sizeof *last);
    for (size_t i = 0; i < events->n; i++) {
        const uint64_t t = events->times[i];
        const uint32_t unit = events->units[i];
        if (t >= duration)
            continue;
        if (t < begin)
            return false;
        while (t >= end) {
            start[++step] = found;
            begin = end;
            end = first_tick(step + 1, duration, time_steps);
        }
        to->index[found] = unit;
        found += last[unit] != step + 1; /* several of a unit in one step are one spike */
        last[unit] = (uint32_t)step + 1;
    }
    while (step < time_steps)
        start[++step] = found;
    to->rows += time_steps;
    return true;
}
