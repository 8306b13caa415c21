/* SPDX-License-Identifier: MIT */
/* What the rules look at: the newest record of a run, and of those before what it takes to see a
 * course. Numbers that are not known are NaN. */
#ifndef SPIKED_CORE_DIAGNOSE_EVIDENCE_H
#define SPIKED_CORE_DIAGNOSE_EVIDENCE_H

#include "core/snn.h"

struct snn_layer_evidence {
    char name[SNN_NAME_SIZE];
    size_t neurons, fan_in; /* 0 = it has none; inputs of a neuron of its own weights */
    bool matters;           /* has neurons whose spikes others hear */
    size_t weights;         /* the layer whose weights drive it */
    double least_tau;       /* at and below which its membranes swing without decay */
    double half_width;      /* of its surrogate; see rule.h */
    bool told;              /* by a record */
    double rate, silent, saturated, active;
    size_t dead_for, saturated_for, narrow_for;    /* records in a row, up to the newest */
    size_t dead_most, saturated_most, narrow_most; /* the longest that it has been so */
    double quantile[SNN_QUANTILES], distance[SNN_DISTANCES];
    double gradient;             /* root mean square of dL/du over neurons and steps */
    double early, top, usual;    /* norms by step: largest of the first quarter, largest, median */
    double weight_gradient;      /* norm */
    double update, growth, size; /* of its weights */
    double tau;                  /* where it is learned: as it is now */
};

struct snn_evidence {
    struct snn_spec spec;
    struct snn_layer_evidence layer[SNN_MAX_LAYERS];
    double input; /* root mean square of what comes in */
    size_t classes;
    double *scratch; /* [time_steps] */

    size_t step, epoch, records; /* of the newest record; diagnostic ones */
    double learning_rate, first_loss, train_loss, train_accuracy;
    double norm, log_norms; /* of the weights' gradient; sum of the logarithms of those before */
    size_t n_norms;
    double validation_loss, validation_accuracy, best_loss; /* the least validation loss ... */
    size_t best_epoch, validated_epoch;                     /* ... and when; the newest */
    double test_loss, test_accuracy;
    bool over, diverged;
};

#endif
