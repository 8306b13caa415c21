/* SPDX-License-Identifier: MIT */
/* Encoders turn a sample's features into the input of every time step. */
#ifndef SPIKED_CORE_ENCODE_ENCODE_H
#define SPIKED_CORE_ENCODE_ENCODE_H

#include "core/base/rng.h"

struct snn_events;
struct snn_sparse;

/* Steps from .. to-1 of `all` that a sample is shown for: what is encoded at a time. */
struct snn_steps {
    size_t from, to, all;
};

static inline struct snn_steps snn_all_steps(size_t time_steps)
{
    return (struct snn_steps){0, time_steps, time_steps};
}

/* Exactly one of encode and encode_events is there. */
struct snn_encoder {
    struct snn_kind kind;
    /* The same input at each step: `out` is [n], written once, and the first layer multiplies it
     * once. */
    bool is_static;
    /* A sample's features are those of its steps, one after another. */
    bool is_sequence;
    /* x [n] features of one sample ([T, n] of a sequence); out [to - from, n] (or [n] where
     * static). The draws' step and unit are set here; the key brings seed, stream, epoch and
     * sample. */
    void (*encode)(real *out, const real *x, size_t n, struct snn_steps steps,
                   const struct snn_choice *c, const struct snn_rng_key *key);
    /* The same of a sample that is a list of events of n units; returns in how many steps it has
     * ended. In training the key says how events are changed; NULL: they stay as they are. */
    size_t (*encode_events)(real *out, const struct snn_events *events, size_t n,
                            struct snn_steps steps, const struct snn_choice *c,
                            const struct snn_rng_key *key);
    /* All steps as lists: a row for each, appended to `to`, without values; every spike is
     * *size. There is room for all events. `last` [n] is scratch. */
    size_t (*list_events)(struct snn_sparse *to, real *size, const struct snn_events *events,
                          size_t n, size_t time_steps, const struct snn_choice *c,
                          const struct snn_rng_key *key, uint32_t *last);
};

static inline const struct snn_encoder *snn_encoder_of(const struct snn_choice *c)
{
    return (const struct snn_encoder *)(const void *)c->kind;
}

#endif
