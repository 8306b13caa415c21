/* SPDX-License-Identifier: MIT */
/* Sampling: which training samples an epoch shows, and in which order. */
#ifndef SPIKED_CORE_TRAIN_SAMPLING_H
#define SPIKED_CORE_TRAIN_SAMPLING_H

#include "core/base/rng.h"

/* The n training samples, grouped by class, ascending within: class c is group[start[c]] to
 * group[start[c + 1] - 1]. Made anew for each epoch, which may reorder them. */
struct snn_groups {
    uint32_t *group; /* [n] */
    size_t *start;   /* [classes + 1] */
    size_t classes;
};

struct snn_sampling {
    struct snn_kind kind;
    bool by_class; /* wants the groups */
    /* Fills order [n] from the samples index [n] (and, where it wants them, their groups) for the
     * epoch of the key. */
    void (*fill)(uint32_t *order, const uint32_t *index, size_t n, struct snn_groups *g,
                 const struct snn_rng_key *key);
};

static inline const struct snn_sampling *snn_sampling_of(const struct snn_choice *c)
{
    return (const struct snn_sampling *)(const void *)c->kind;
}

#endif
