/* SPDX-License-Identifier: MIT */
#include "core/encode/augment.h"

#include <math.h>

#include "core/encode/rows.h"

enum { OF_EVENTS, OF_SAMPLE };             /* the key's step */
enum { SHIFT, UNIT_SHIFT, SCALE };         /* draws of a sample */
enum { DROP, JITTER, UNIT_JITTER, WORDS }; /* words of an event; the fourth is not used */

/* From -most to most, each as likely. */
static int64_t about_zero(double most, size_t index, const struct snn_rng_key *key)
{
    const uint64_t n = 2 * (uint64_t)most + 1;
    return (int64_t)snn_rng_below((size_t)n, index, key) - (int64_t)most;
}

/* The same of one word: n values, the middle one 0; what does not divide evenly is below 2^-32. */
static int64_t jitter(uint32_t word, uint64_t n)
{
    return (int64_t)(word * n >> 32) - (int64_t)(n / 2);
}

void snn_walk_begin(struct snn_event_walk *w, const struct snn_events *events, size_t units,
                    const struct snn_choice *c, const struct snn_rng_key *key)
{
    const double *v = c->value;
    const uint64_t duration = (uint64_t)v[EVENTS_DURATION];
    w->events = events;
    w->units = units;
    w->duration = duration ? duration : events->duration;
    w->changes =
        key && (v[EVENTS_TIME_SHIFT] > 0 || v[EVENTS_TIME_SCALE] > 0 || v[EVENTS_TIME_JITTER] > 0 ||
                v[EVENTS_UNIT_SHIFT] > 0 || v[EVENTS_UNIT_JITTER] > 0 || v[EVENTS_DROP] > 0);
    w->whole = !w->changes && w->duration >= events->duration;
    if (!w->changes)
        return;
    w->key = *key;
    w->key.stream = SNN_STREAM_AUGMENT;
    w->key.step = OF_SAMPLE;
    w->shift = about_zero(v[EVENTS_TIME_SHIFT], SHIFT, &w->key);
    w->unit_shift = about_zero(v[EVENTS_UNIT_SHIFT], UNIT_SHIFT, &w->key);
    w->scale = 1 + v[EVENTS_TIME_SCALE] * 0x1p-23 *
                       (double)about_zero(0x1p23, SCALE, &w->key); /* from 1 - x to 1 + x */
    w->jitter = 2 * (uint64_t)v[EVENTS_TIME_JITTER] + 1;
    w->unit_jitter = 2 * (uint64_t)v[EVENTS_UNIT_JITTER] + 1;
    w->keep = (uint64_t)(v[EVENTS_DROP] * 0x1p32);
    w->key.step = OF_EVENTS;
}

/* Changes an event by its draws; false where it is no more. */
static bool change(const struct snn_event_walk *w, const uint32_t *draw, uint64_t *time,
                   uint32_t *unit)
{
    if (draw[DROP] < w->keep)
        return false;
    const int64_t t =
        (int64_t)floor((double)*time * w->scale) + w->shift + jitter(draw[JITTER], w->jitter);
    const int64_t u = (int64_t)*unit + w->unit_shift + jitter(draw[UNIT_JITTER], w->unit_jitter);
    *time = (uint64_t)t;
    *unit = (uint32_t)u;
    return t >= 0 && u >= 0 && (uint64_t)u < w->units;
}

/* Of so many events from `at` on, those that there are; how many. */
static size_t copy_events(struct snn_event_walk *w, size_t at, size_t n)
{
    size_t found = 0;
    if (w->changes)
        snn_rng_bits(w->draws, 4 * at, sizeof w->draws / sizeof *w->draws, &w->key);
    for (size_t i = 0; i < n; i++) {
        uint64_t time = w->events->times[at + i];
        uint32_t unit = w->events->units[at + i];
        if (w->changes && !change(w, w->draws + 4 * i, &time, &unit))
            continue;
        w->kept.times[found] = (uint32_t)time;
        w->kept.units[found] = (uint16_t)unit;
        found += time < w->duration;
    }
    return found;
}

bool snn_walk_next(struct snn_event_walk *w, size_t *at, struct snn_events *next)
{
    const struct snn_events *e = w->events;
    const size_t all = e->n;
    *next = (struct snn_events){w->kept.times, w->kept.units, 0, w->duration};
    if (w->whole) {
        *next = (struct snn_events){e->times + *at, e->units + *at, all - *at, w->duration};
        *at = all;
    }
    while (next->n == 0 && *at < all) {
        const size_t n = all - *at < SNN_EVENT_DRAWS ? all - *at : SNN_EVENT_DRAWS;
        next->n = copy_events(w, *at, n);
        *at += n;
    }
    return next->n > 0;
}
