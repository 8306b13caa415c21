/* SPDX-License-Identifier: MIT */
/* What train code shares about specs beyond core/snn.h. */
#ifndef SPIKED_CORE_TRAIN_SPEC_H
#define SPIKED_CORE_TRAIN_SPEC_H

#include "core/snn.h"

/* Rows of snn_spec_limits. */
enum snn_limit {
    SNN_LIMIT_TIME_STEPS,
    SNN_LIMIT_EPOCHS,
    SNN_LIMIT_BATCH_SIZE,
    SNN_LIMIT_SHARDS,
    SNN_LIMIT_VALIDATION_FRACTION,
    SNN_LIMIT_CLIP_NORM,
    SNN_LIMIT_CLIP_VALUE,
    SNN_LIMIT_PATIENCE,
    SNN_LIMIT_RATE_PENALTY,
    SNN_LIMIT_RATE_BELOW,
    SNN_LIMIT_RATE_ABOVE,
    SNN_LIMIT_EVERY_STEPS
};

/* How many of `train` samples are held out. */
size_t snn_spec_validation(const struct snn_spec *spec, size_t train);

#endif
