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

/* Whoever is told what is wrong with a spec. */
struct snn_check {
    void (*tell)(void *user, const struct snn_error *what);
    void *user;
    enum snn_code first;
};
void snn_wrong(struct snn_check *c, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A neuron's orders, coefficients and memory, and what it learns. `place` ends in "/neuron/". */
void snn_check_dynamics(struct snn_check *c, const struct snn_neuron_spec *n, const char *place);
/* What of them is legal and probably not meant. */
void snn_warn_dynamics(struct snn_check *c, const struct snn_neuron_spec *n, size_t time_steps,
                       const char *place);

/* The tau at and below which the neuron's membrane swings without decay; 0 where it has no leak. */
double snn_least_tau(const struct snn_neuron_spec *n, size_t time_steps);

/* Whether the encoding is one for such samples. False where a step's input has no shape. */
bool snn_check_input(struct snn_check *c, const struct snn_spec *spec,
                     const struct snn_data_info *data);

/* How many of `train` samples are held out. */
size_t snn_spec_validation(const struct snn_spec *spec, size_t train);

#endif
