/* SPDX-License-Identifier: MIT */
/* Schedules of the learning rate: a factor for each update. */
#ifndef SPIKED_CORE_OPTIM_SCHEDULE_H
#define SPIKED_CORE_OPTIM_SCHEDULE_H

#include "core/snn.h"

struct snn_schedule {
    struct snn_kind kind; /* the first parameter is always warmup_steps */
    /* The factor after `done` of `steps` updates, warm-up apart. */
    double (*factor)(const struct snn_choice *c, size_t done, size_t steps, size_t steps_per_epoch);
};

/* The factor of update number done + 1: the schedule's, times the rising share of a warm-up. */
double snn_schedule_factor(const struct snn_choice *c, size_t done, size_t steps,
                           size_t steps_per_epoch);

#endif
