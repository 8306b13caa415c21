/* SPDX-License-Identifier: MIT */
/* The table of encoders. */
#include "core/encode/encode.h"

#include "core/base/param.h"
#include "core/encode/rows.h"

/* clang-format off */
#define GAIN                                                                                       \
    [ENCODE_GAIN] = {.name = "gain", .doc = "factor on every feature", .type = SNN_REAL,           \
                     .value = 1, .min = 0, .min_open = true, .max = 1e6}

static const struct snn_param gain_params[] = {GAIN};

static const struct snn_param latency_params[] = {
    GAIN,
    [LATENCY_TAU] = {.name = "latency_tau", .doc = "time constant of the charging, in steps",
                     .type = SNN_REAL, .value = 5, .min = 0, .min_open = true, .max = 1e6},
    [LATENCY_THRESHOLD] = {.name = "latency_threshold", .doc = "a feature below it never spikes",
                           .type = SNN_REAL, .value = 0.2, .min = 0, .min_open = true, .max = 1e6},
};

static const struct snn_param delta_params[] = {
    [DELTA_THRESHOLD] = {.name = "delta_threshold", .doc = "change of a feature that makes a spike",
                         .type = SNN_REAL, .value = 0.1, .min = 0, .min_open = true, .max = 1e6},
    [DELTA_PADDING] = {.name = "padding",
                       .doc = "before the first step a feature was what it is there, not 0: no "
                              "spikes in that step",
                       .type = SNN_BOOLEAN, .max = 1},
    [DELTA_OFF_SPIKES] = {.name = "off_spikes", .doc = "also -1 where a feature falls so much",
                          .type = SNN_BOOLEAN, .max = 1},
    [DELTA_STEP_FEATURES] = {.name = "step_features",
                             .doc = "features of a step, of which a sample is a row; 0: its shape "
                                    "but for the first dimension, which is time",
                             .type = SNN_INTEGER, .max = 16777216},
};

static const struct snn_param events_params[] = {
    [EVENTS_DURATION] = {.name = "duration",
                         .doc = "ticks that the steps divide, later events are left out; 0: up to "
                                "the last event of the data set",
                         .type = SNN_INTEGER, .value = 0, .min = 0, .max = 4294967296},
    [EVENTS_GAIN] = {.name = "gain", .doc = "size of a spike", .type = SNN_REAL, .value = 1,
                     .min = 0, .min_open = true, .max = 1e6},
    [EVENTS_TIME_SHIFT] = {.name = "time_shift",
                           .doc = "in training a sample's events are moved by up to so many ticks, "
                                  "all by the same",
                           .type = SNN_INTEGER, .max = 4294967295},
    [EVENTS_TIME_SCALE] = {.name = "time_scale",
                           .doc = "in training a sample's times are multiplied by one factor from "
                                  "1 - time_scale to 1 + time_scale",
                           .type = SNN_REAL, .max = 1, .max_open = true},
    [EVENTS_TIME_JITTER] = {.name = "time_jitter",
                            .doc = "in training each event is moved by up to so many ticks",
                            .type = SNN_INTEGER, .max = 2147483647},
    [EVENTS_UNIT_SHIFT] = {.name = "unit_shift",
                           .doc = "in training a sample's events are moved by up to so many units, "
                                  "all by the same",
                           .type = SNN_INTEGER, .max = 65535},
    [EVENTS_UNIT_JITTER] = {.name = "unit_jitter",
                            .doc = "in training each event is moved by up to so many units",
                            .type = SNN_INTEGER, .max = 65535},
    [EVENTS_DROP] = {.name = "drop", .doc = "in training each event is left out with this probability",
                     .type = SNN_REAL, .max = 1, .max_open = true},
    [EVENTS_MASK] = {.name = "mask",
                     .doc = "the steps after a sample's last event count neither in the readout nor "
                            "in the loss",
                     .type = SNN_BOOLEAN, .max = 1},
};

static const struct snn_encoder encoders[] = {
    {.kind = {.name = "constant", .doc = "gain x in every step", SNN_PARAMS(gain_params)},
     .is_static = true, .encode = snn_encode_constant},
    {.kind = {.name = "rate", .doc = "a spike with probability gain x, cut to [0, 1], in each step",
              SNN_PARAMS(gain_params)},
     .encode = snn_encode_rate},
    {.kind = {.name = "latency",
              .doc = "one spike, at step floor(tau ln(gain x / (gain x - threshold)))",
              SNN_PARAMS(latency_params)},
     .encode = snn_encode_latency},
    {.kind = {.name = "time",
              .doc = "one spike, at step floor(x time_steps); none where x is outside [0, 1)"},
     .encode = snn_encode_time},
    {.kind = {.name = "delta",
              .doc = "of samples that are sequences: 1 in the steps where a feature rises by the "
                     "threshold or more",
              SNN_PARAMS(delta_params)},
     .is_sequence = true, .encode = snn_encode_delta},
    {.kind = {.name = "events",
              .doc = "the events of a set of events; several of a unit in one step are one spike",
              SNN_PARAMS(events_params)},
     .encode_events = snn_encode_events, .list_events = snn_list_events},
};
/* clang-format on */

const struct snn_registry snn_encoders = SNN_REGISTRY(encoders, "encoders", "encoder");
