/* SPDX-License-Identifier: MIT */
/* The table of optimizers. */
#include "core/optim/optim.h"

#include <assert.h>

#include "core/base/param.h"
#include "core/optim/rows.h"

/* clang-format off */
/* The bound is generous on purpose: a rate that makes training diverge is worth seeing, once. */
#define LEARNING_RATE(default_)                                                                    \
    {.name = "learning_rate", .doc = "size of a step", .type = SNN_REAL, .value = (default_),      \
     .min = 0, .min_open = true, .max = 1e9}
#define WEIGHT_DECAY(default_, doc_)                                                               \
    {.name = "weight_decay", .doc = (doc_), .type = SNN_REAL, .value = (default_), .min = 0,       \
     .max = 1e9}

static const struct snn_param sgd_params[] = {
    [SGD_LEARNING_RATE] = LEARNING_RATE(0.01),
    [SGD_MOMENTUM] = {.name = "momentum", .doc = "share of the last update that is kept",
                      .type = SNN_REAL, .value = 0, .min = 0, .max = 1, .max_open = true},
    [SGD_NESTEROV] = {.name = "nesterov", .doc = "look ahead along the momentum",
                      .type = SNN_BOOLEAN, .value = 0, .min = 0, .max = 1},
    [SGD_WEIGHT_DECAY] = WEIGHT_DECAY(0, "times the weight, added to its gradient"),
    [SGD_DAMPENING] = {.name = "dampening", .doc = "share of the gradient kept out of the momentum",
                       .type = SNN_REAL, .value = 0, .min = 0, .max = 1},
};

#define ADAM_ROWS(weight_decay_)                                                                   \
    [ADAM_LEARNING_RATE] = LEARNING_RATE(0.001),                                                   \
    [ADAM_BETA1] = {.name = "beta1", .doc = "decay per step of the mean gradient",                 \
                    .type = SNN_REAL, .value = 0.9, .min = 0, .max = 1, .max_open = true},         \
    [ADAM_BETA2] = {.name = "beta2", .doc = "decay per step of the mean squared gradient",         \
                    .type = SNN_REAL, .value = 0.999, .min = 0, .max = 1, .max_open = true},       \
    [ADAM_EPSILON] = {.name = "epsilon", .doc = "added to the root of the mean squared gradient",  \
                      .type = SNN_REAL, .value = 1e-8, .min = 0, .min_open = true, .max = 1},      \
    [ADAM_WEIGHT_DECAY] = weight_decay_,                                                           \
    [ADAM_AMSGRAD] = {.name = "amsgrad", .doc = "divide by the largest mean square so far",        \
                      .type = SNN_BOOLEAN, .value = 0, .min = 0, .max = 1},

static const struct snn_param adam_params[] = {
    ADAM_ROWS(WEIGHT_DECAY(0, "times the weight, added to its gradient"))
};
static const struct snn_param adamw_params[] = {
    ADAM_ROWS(WEIGHT_DECAY(0.01, "times the learning rate: share of the weight lost in a step"))
};

static_assert(SNN_COUNT(sgd_params) == SGD_PARAMS && SGD_PARAMS <= SNN_MAX_PARAMS, "sgd");
static_assert(SNN_COUNT(adam_params) == ADAM_PARAMS && ADAM_PARAMS <= SNN_MAX_PARAMS, "adam");

static size_t adam_slots(const struct snn_choice *c)
{
    return c->value[ADAM_AMSGRAD] != 0.0 ? 3 : 2;
}

static size_t sgd_slots(const struct snn_choice *c)
{
    return c->value[SGD_MOMENTUM] > 0 ? 1 : 0;
}

static enum snn_code sgd_check(const struct snn_choice *c, struct snn_error *err)
{
    if (c->value[SGD_NESTEROV] == 0.0)
        return SNN_OK;
    if (c->value[SGD_MOMENTUM] <= 0)
        return snn_fail(err, SNN_INVALID, "nesterov is true and momentum is %g, want momentum > 0",
                        c->value[SGD_MOMENTUM]);
    if (c->value[SGD_DAMPENING] != 0.0)
        return snn_fail(err, SNN_INVALID, "nesterov is true and dampening is %g, want dampening 0",
                        c->value[SGD_DAMPENING]);
    return SNN_OK;
}

static const struct snn_optimizer optimizers[] = {
    {.kind = {.name = "sgd", .doc = "p -= lr g, g with momentum", SNN_PARAMS(sgd_params)},
     .slots = sgd_slots, .check = sgd_check, .update = snn_sgd_update},
    {.kind = {.name = "adam", .doc = "p -= lr m / (sqrt(v) + epsilon), m and v bias-corrected",
              SNN_PARAMS(adam_params)},
     .slots = adam_slots, .update = snn_adam_update},
    {.kind = {.name = "adamw", .doc = "adam, its weight decay apart from the gradient",
              SNN_PARAMS(adamw_params)},
     .slots = adam_slots, .update = snn_adamw_update},
};
/* clang-format on */

const struct snn_registry snn_optimizers = SNN_REGISTRY(optimizers, "optimizers", "optimizer");
