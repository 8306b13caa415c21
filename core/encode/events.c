/* SPDX-License-Identifier: MIT */
/* Events into steps: an event at tick t of a sample of D ticks is in step floor(t T / D). A sample
 * that ends early has no spikes in the steps that are left. */
#include <string.h>

#include "core/data/data.h"
#include "core/encode/rows.h"

void snn_encode_events(real *out, const struct snn_events *events, size_t n, size_t time_steps,
                       const struct snn_choice *c)
{
    const uint64_t chosen = (uint64_t)c->value[EVENTS_DURATION];
    const uint64_t duration = chosen ? chosen : events->duration;

    memset(out, 0, n * time_steps * sizeof *out);
    for (size_t i = 0; i < events->n; i++)
        if (events->times[i] < duration)
            out[events->times[i] * (uint64_t)time_steps / duration * n + events->units[i]] = 1;
}
