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

    bool whole; /* nothing is changed, nothing left out: all events are before their own duration */
    bool changes;
    double scale;
    int64_t shift, unit_shift;
    uint64_t jitter, unit_jitter; /* how many values each of the two can take: odd */
    uint64_t keep;                /* draws from here on are no drop */
    struct snn_rng_key key;
    uint32_t draws[4 * SNN_EVENT_DRAWS];
    struct {
        uint32_t times[SNN_EVENT_DRAWS];
        uint16_t units[SNN_EVENT_DRAWS];
    } kept; /* of so many events what is left */
};

/* `key`, of the sample in this epoch, NULL where nothing is changed. */
void snn_walk_begin(struct snn_event_walk *w, const struct snn_events *events, size_t units,
                    const struct snn_choice *c, const struct snn_rng_key *key);
/* The next events that there are, some at a time; all at once where they are as they were. Their
 * times are below the duration, their units the sample's. False: there are no more. With *at from 0
 * on, as often as wanted, they are the same. */
bool snn_walk_next(struct snn_event_walk *w, size_t *at, struct snn_events *next);

#endif
