/* SPDX-License-Identifier: MIT */
/* The table of samplings. */
#include "core/train/sampling.h"

#include <string.h>

#include "core/base/param.h"

static void shuffled(uint32_t *order, const uint32_t *index, size_t n, struct snn_groups *g,
                     const struct snn_rng_key *key)
{
    (void)g;
    memcpy(order, index, n * sizeof *order);
    snn_rng_shuffle(order, n, key);
}

/* Each class that has samples fills its share of the epoch: from a permutation of its own, anew
 * from the front where it is too small. Where the shares do not come out even, the classes that get
 * one more change from epoch to epoch. */
static void balanced(uint32_t *order, const uint32_t *index, size_t n, struct snn_groups *g,
                     const struct snn_rng_key *key)
{
    size_t present = 0, at = 0, seen = 0;

    (void)index;
    for (size_t c = 0; c < g->classes; c++)
        present += g->start[c + 1] > g->start[c];
    for (size_t c = 0; c < g->classes; c++) {
        const size_t size = g->start[c + 1] - g->start[c];
        uint32_t *samples = g->group + g->start[c];
        struct snn_rng_key own = *key;
        if (size == 0)
            continue;
        own.layer = (uint32_t)c + 1; /* 0 is the whole epoch's */
        snn_rng_shuffle(samples, size, &own);
        const size_t more = (seen++ + key->epoch) % present < n % present;
        for (size_t k = 0; k < n / present + more; k++)
            order[at++] = samples[k % size];
    }
    snn_rng_shuffle(order, n, key);
}

/* clang-format off */
static const struct snn_sampling samplings[] = {
    {{"shuffled", "each sample once an epoch, in an order by seed", NULL, 0}, false, shuffled},
    {{"balanced", "each class equally often in an epoch of as many samples: of large classes a part, small ones repeated", NULL, 0},
     true, balanced},
};
/* clang-format on */

const struct snn_registry snn_samplings = SNN_REGISTRY(samplings, "samplings", "sampling");
