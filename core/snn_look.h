/* SPDX-License-Identifier: MIT */
/* The part of core/snn.h about single samples: what is in them, and what a trained network does
 * with one, spike by spike. Included through it. */
#ifndef SPIKED_CORE_SNN_LOOK_H
#define SPIKED_CORE_SNN_LOOK_H

#include "core/snn.h"

/* A sample, copied out of its data set. */
struct snn_sample {
    uint32_t label;
    float *values;           /* [info.features]; NULL of a set of events */
    size_t n;                /* values, or events */
    uint32_t *times, *units; /* [n] of each event, in the order of the file; NULL of others */
};
/* Sample i of the test or the training half. SNN_NOT_FOUND where there are not so many. Clear it in
 * the end. @thread any */
enum snn_code snn_data_sample(struct snn_sample *out, const struct snn_data *data, bool test,
                              size_t i, struct snn_error *err);
void snn_sample_clear(struct snn_sample *s);

/* The spikes of some units over time: those of step t are unit[start[t]] .. unit[start[t + 1] - 1],
 * ascending. */
struct snn_spikes {
    size_t units;
    size_t *start; /* [time_steps + 1] */
    uint32_t *unit;
};

/* What a network did with one sample. */
struct snn_raster {
    size_t time_steps, classes;
    uint32_t label, said; /* the sample's class, and the network's answer */
    double *scores;       /* [classes] what the readout gives */
    struct snn_spikes input;
    float
        *constant; /* [input.units]: an input that is the same at every step; has no spikes then */
    struct snn_spikes layers[SNN_MAX_LAYERS]; /* as the spec's; units 0 of those without neurons */
    size_t n_layers;
};
/* Runs the model of a run of that spec on one sample of its data, as the run's evaluation does, on
 * the calling thread. An input of a step that is not 0 counts as a spike. SNN_INVALID where model
 * and spec do not belong together, SNN_NOT_FOUND where there is no such sample. Clear it in the
 * end. @thread any */
enum snn_code snn_raster_run(struct snn_raster *out, const struct snn_model *model,
                             const struct snn_spec *spec, const struct snn_data *data, bool test,
                             size_t sample, struct snn_error *err);
void snn_raster_clear(struct snn_raster *r);

#endif
