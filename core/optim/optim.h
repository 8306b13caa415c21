/* SPDX-License-Identifier: MIT */
/* Optimizers as PyTorch 1.13 defines them. */
#ifndef SPIKED_CORE_OPTIM_OPTIM_H
#define SPIKED_CORE_OPTIM_OPTIM_H

#include "core/snn.h"

#define SNN_MAX_SLOTS 3

struct snn_optimizer {
    struct snn_kind kind; /* the first parameter is always learning_rate */
    /* How many parameter-sized blocks of state these settings need, <= SNN_MAX_SLOTS. They start at
     * 0. */
    size_t (*slots)(const struct snn_choice *c);
    /* Settings that contradict each other (Nesterov without momentum). NULL: nothing to check. */
    enum snn_code (*check)(const struct snn_choice *c, struct snn_error *err);
    /* One update of p [n] from gradient g [n]; slot[k] [n] is state; t = 1, 2, ... counts the
     * updates. Element by element, so any split of a vector into ranges gives the same bits. */
    void (*update)(real *p, const real *g, real *const slot[SNN_MAX_SLOTS], size_t n, size_t t,
                   const struct snn_choice *c);
};

static inline const struct snn_optimizer *snn_optimizer_of(const struct snn_choice *c)
{
    return (const struct snn_optimizer *)(const void *)c->kind;
}

#endif
