/* SPDX-License-Identifier: MIT */
/* The part of core/snn.h about how a run computes: which way each layer's products went, and what
 * that was decided by. Included through it. */
#ifndef SPIKED_CORE_SNN_PLAN_H
#define SPIKED_CORE_SNN_PLAN_H

#include "core/snn.h"

/* Decaying states that may stand for a far past; with fewer its weights are not met. */
#define SNN_MIN_EXPONENTIALS 4
#define SNN_MAX_EXPONENTIALS 24

/* How a layer's input was multiplied in the blocks of samples so far, or its gradient back. */
#define SNN_PATHS(X)                                                                               \
    X(none)  /* there is no such product, or no block yet */                                       \
    X(dense) /* all numbers */                                                                     \
    X(lists) /* those that are not 0 */                                                            \
    X(mixed) /* the one or the other, by each block's density */                                   \
    X(once)  /* the same at every step: once for all of them */
#define SNN_PATH_ENUM(name) SNN_PATH_##name,
enum snn_path { SNN_PATHS(SNN_PATH_ENUM) SNN_PATH_COUNT };
#undef SNN_PATH_ENUM
const char *snn_path_name(enum snn_path p);

struct snn_plan_product {
    enum snn_path path;
    size_t blocks, listed; /* seen so far (of a convolution: images); of them as lists */
    double density;        /* of the blocks listed, on average; NaN where there were none */
    double crossover; /* the density up to which a block is listed, a constant; NaN = no choice */
};

/* How a layer's neurons sum their past. */
struct snn_plan_history {
    bool kept;           /* whether they have one: a solver of fractional order */
    size_t exponentials; /* decaying states for the far past; 0 = the sums are exact */
    double error; /* sum |w~ - w| / sum |w| over the past's weights; 0 where they are exact */
};

struct snn_plan_layer {
    const char *layer; /* its name; lives as long as the run */
    struct snn_plan_history history;
    struct snn_plan_product input; /* with the weights */
    struct snn_plan_product back;  /* the gradient by the input, where lists are possible */
};

/* Of the layers that have weights or a history; returns how many. Between a run's steps. */
size_t snn_run_plan(const struct snn_run *run, struct snn_plan_layer out[SNN_MAX_LAYERS]);

#endif
