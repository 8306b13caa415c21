/* SPDX-License-Identifier: MIT */
/*
 * The events of a sample one after another, in training changed as the encoding says. Every draw is
 * a function of (seed, epoch, sample, event), and there is but one way through the events for all
 * who read them, so that lists and arrays, threads and resumed runs have the same.
 */
#ifndef SPIKED_CORE_ENCODE_AUGMENT_H
#define SPIKED_CORE_ENCODE_AUGMENT_H

#include "core/base/rng.h"
#include "core/data/data.h"

#define SNN_EVENT_DRAWS 32 /* events whose draws are made at a time */

struct snn_event_walk {
    const struct snn_events *events;
    size_t units;      /* of the sample */
    uint64_t duration; /* what is later is left out */

    bool changes;
    double scale;
    int64_t shift, unit_shift;
    uint64_t jitter, unit_jitter; /* how many values each of the two can take: odd */
    uint64_t keep;                /* draws from here on are no drop */
    struct snn_rng_key key;
    uint32_t draws[4 * SNN_EVENT_DRAWS];
};

/* `key`, of the sample in this epoch, NULL where nothing is changed. */
void snn_walk_begin(struct snn_event_walk *w, const struct snn_events *events, size_t units,
                    const struct snn_choice *c, const struct snn_rng_key *key);
/* Changes an event; false where it is no more. */
bool snn_walk_change(struct snn_event_walk *w, size_t event, uint64_t *time, uint32_t *unit);

/* The next event that there is, `at` or behind it; its time is below the duration, its unit one of
 * the sample's. From 0 on, as often as wanted, they are the same. Where the walk has come to is the
 * caller's, and so in a register. */
static inline bool snn_walk_next(struct snn_event_walk *w, size_t *at, uint64_t *time,
                                 uint32_t *unit)
{
    while (*at < w->events->n) {
        const size_t i = (*at)++;
        uint64_t t = w->events->times[i];
        uint32_t u = w->events->units[i];
        if (w->changes) {
            uint64_t changed = t; /* in memory, as t and u then need not be */
            uint32_t other = u;
            if (!snn_walk_change(w, i, &changed, &other))
                continue;
            t = changed;
            u = other;
        }
        if (t < w->duration) {
            *time = t;
            *unit = u;
            return true;
        }
    }
    return false;
}

#endif
