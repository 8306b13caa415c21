/* SPDX-License-Identifier: MIT */
/* The table of schedules. */
#include "core/optim/schedule.h"

#include <math.h>

#include "core/base/param.h"

enum { WARMUP, FIRST, SECOND };

static double constant(const struct snn_choice *c, size_t done, size_t steps,
                       size_t steps_per_epoch)
{
    (void)c;
    (void)done;
    (void)steps;
    (void)steps_per_epoch;
    return 1;
}

/* As PyTorch's StepLR: times gamma every so many epochs. */
static double stairs(const struct snn_choice *c, size_t done, size_t steps, size_t steps_per_epoch)
{
    const size_t every = (size_t)c->value[FIRST] * steps_per_epoch;
    (void)steps;
    return pow(c->value[SECOND], (double)(done / every));
}

/* As PyTorch's CosineAnnealingLR, by the step: from 1 down to `minimum`. */
static double cosine(const struct snn_choice *c, size_t done, size_t steps, size_t steps_per_epoch)
{
    const double low = c->value[FIRST], pi = 3.14159265358979323846;
    (void)steps_per_epoch;
    return low + (1 - low) * (1 + cos(pi * (double)done / (double)steps)) / 2;
}

double snn_schedule_factor(const struct snn_choice *c, size_t done, size_t steps,
                           size_t steps_per_epoch)
{
    const struct snn_schedule *row = (const struct snn_schedule *)(const void *)c->kind;
    const double warmup = c->value[WARMUP];
    const double rise = (double)done < warmup ? ((double)done + 1) / warmup : 1;
    return rise * row->factor(c, done, steps, steps_per_epoch);
}

/* clang-format off */
#define WARMUP_STEPS                                                                               \
    [WARMUP] = {.name = "warmup_steps", .doc = "updates in which the rate rises linearly to its value", \
                .type = SNN_INTEGER, .value = 0, .min = 0, .max = 1e9}
static const struct snn_param constant_params[] = {WARMUP_STEPS};
static const struct snn_param step_params[] = {
    WARMUP_STEPS,
    [FIRST] = {.name = "every_epochs", .doc = "epochs between two drops", .type = SNN_INTEGER, .value = 10, .min = 1, .max = 1e6},
    [SECOND] = {.name = "gamma", .doc = "factor of a drop", .type = SNN_REAL, .value = 0.1, .min = 0, .min_open = true, .max = 1},
};
static const struct snn_param cosine_params[] = {
    WARMUP_STEPS,
    [FIRST] = {.name = "minimum", .doc = "factor at the end", .type = SNN_REAL, .value = 0, .min = 0, .max = 1},
};

static const struct snn_schedule schedules[] = {
    {{.name = "constant", .doc = "the learning rate as given", SNN_PARAMS(constant_params)}, constant},
    {{.name = "step", .doc = "times gamma every so many epochs", SNN_PARAMS(step_params)}, stairs},
    {{.name = "cosine", .doc = "down to the minimum along half a cosine", SNN_PARAMS(cosine_params)}, cosine},
};
/* clang-format on */

const struct snn_registry snn_schedules = SNN_REGISTRY(schedules, "schedules", "schedule");
