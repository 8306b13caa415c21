/* SPDX-License-Identifier: MIT */
/* A run's insides, shared by the files of core/train. */
#ifndef SPIKED_CORE_TRAIN_RUN_H
#define SPIKED_CORE_TRAIN_RUN_H

#include "core/data/data.h"
#include "core/optim/optim.h"
#include "core/optim/schedule.h"
#include "core/train/pass.h"
#include "core/train/sampling.h"
#include "core/train/spec.h"
#include "core/train/team.h"

/* Where the run stands: everything a resume needs beside the vectors. Plain values, saved field by
 * field (core/ckpt); all counts are of finished work. */
struct snn_cursor {
    /* epoch_step is that of a whole epoch only where a halt came into the epoch's validation. */
    uint64_t epoch, epoch_step, step, samples;
    double epoch_loss, epoch_correct; /* sums over the epoch's samples so far */
    uint64_t epoch_samples;
    double first_loss; /* of step 1: the yardstick for divergence */
    struct snn_metrics metrics;
    uint64_t best_epoch;             /* epochs finished when `best` was current; 0 = none yet */
    double best_accuracy, best_loss; /* on the validation split */
    uint64_t best_step;
};

/* Parameters up to `end` that share a learning rate. */
struct snn_stretch {
    size_t end;
    double learning_rate;
};

struct snn_run {
    struct snn_spec spec;
    const struct snn_data *data;
    struct snn_data_info info;
    size_t threads;
    struct snn_team *team; /* of so many */
    struct snn_arena arena;

    struct snn_net net;
    size_t shards, train, validation; /* samples after the split */
    size_t n_slots;
    struct snn_stretch stretch[2 * SNN_MAX_LAYERS + 1]; /* in the order of params, to their end */
    size_t n_stretches;
    real *params, *best;       /* [n_params]; best is NULL without a validation split */
    real *slot[SNN_MAX_SLOTS]; /* optimizer state, [n_params] each */
    real *grads[64];           /* [n_params] per shard; grads[0] is where they are summed */
    struct snn_work *work;     /* [threads] */
    struct snn_batch batch;    /* where net.by_batch */
    struct snn_probe *probe;   /* [shards]; NULL without diagnostics */
    struct snn_tally *tally;   /* [shards] */
    uint32_t *train_index, *validation_index, *test_index, *order;
    struct snn_groups groups; /* of the training samples; empty unless the sampling wants them */
    double *initial_rms;      /* [n_tensors]: of the weights before step 1 */
    real *before;             /* [n_params] before an update that is looked into, and ... */
    double *update_ratio;     /* ... [n_tensors] how far it moved each; NULL without diagnostics */
    struct snn_histogram *histograms; /* what one record tells */
    struct snn_point *points;
    double *values;                          /* the points' numbers */
    uint32_t *predicted;                     /* [test] classes, of the last test evaluation */
    uint32_t *class_samples, *class_correct; /* [classes] of the test samples */
    uint32_t *confusion; /* [classes, classes]; NULL beyond SNN_CONFUSION_CLASSES */
    bool counted;        /* the four hold */
    bool reached;        /* the firing rates that initialisations want, where any do */
    struct snn_halt halt;

    struct snn_cursor at;
};

/* A batch, as all its shards see it. */
struct snn_pass {
    const real *params;
    const uint32_t *index;
    size_t n;
    struct snn_shard shard; /* what is the same in all */
    uint32_t *answers;      /* [n] classes; NULL = not wanted */
    bool gradients, probed, counts;
};
/* Forward, and with `gradients` backward into r->grads, of which the first layer's static part is
 * in grads[0] alone. r->tally holds each shard's count, *sum all of them. */
void snn_run_pass(struct snn_run *r, const struct snn_pass *p, struct snn_tally *sum);

/* Everything of the run that is sized by spec and data, into r->arena (which may be only
 * measuring). */
enum snn_code snn_run_layout(struct snn_run *r, struct snn_error *err);

size_t snn_run_steps_per_epoch(const struct snn_run *r);
/* The optimizer's learning rate of the update after `done` of them. */
double snn_run_learning_rate(const struct snn_run *r, uint64_t done);
/* No epoch is left, or the patience is used up. */
bool snn_run_over(const struct snn_run *r);
/* The order in which this epoch shows the training samples, into r->order. */
void snn_run_shuffle(struct snn_run *r);

/* A step of that number (from 1) is looked into: every so many, and the last. */
bool snn_run_probes(const struct snn_run *r, uint64_t step);

/* One update from the epoch's batch at r->at.epoch_step; advances r->at. `probed` tells whether the
 * probes are filled (a diagnostic step). SNN_STOPPED, with nothing changed, where it was halted. */
enum snn_code snn_run_step(struct snn_run *r, bool probed, struct snn_error *err);
/* Mean loss and accuracy of `params` on samples of one half, evaluation mode. Of the test half also
 * the answers, into r->predicted. SNN_STOPPED, with neither, where it was halted. */
enum snn_code snn_run_evaluate(struct snn_run *r, const real *params, const uint32_t *index,
                               size_t n, bool test, double *loss, double *accuracy,
                               struct snn_error *err);
/* What a halted part of the run says. */
enum snn_code snn_run_halted(const struct snn_run *r, const char *during, struct snn_error *err);
/* Mean spikes per neuron and step of each layer on training samples, evaluation mode, into
 * rate[n_layers]. */
void snn_run_rates(struct snn_run *r, const uint32_t *index, size_t n, double *rate);
/* Scales the weights of layers that are initialised to a firing rate; of a fresh run. Tells the
 * rates as points of step 0, and warns of those out of reach. `hooks` may be NULL. */
void snn_run_reach_rates(struct snn_run *r, const struct snn_hooks *hooks);
/* Fills initial_rms from params. */
void snn_run_measure_weights(struct snn_run *r);
/* Room for the counts of the test set's answers, and the counting. */
void snn_run_place_confusion(struct snn_run *r);
void snn_run_count_confusion(struct snn_run *r);
/* Room to look into an update, once the gradients are placed; what the parameters are before it;
 * and how far it moved them: |dw|/|w| of each tensor. */
void snn_run_place_update(struct snn_run *r);
void snn_run_keep_params(struct snn_run *r);
void snn_run_measure_update(struct snn_run *r);
/* SNN_DIVERGED where weights grew out of all proportion. */
enum snn_code snn_run_check_weights(const struct snn_run *r, struct snn_error *err);

/* The record of the step just done: what the probes saw (`probed`), and what an epoch's end tells.
 * One call of each hook. */
void snn_report(struct snn_run *r, const struct snn_hooks *hooks, bool probed, bool epoch_end);
/* How many histograms, points and values a record may need. */
size_t snn_report_histograms(const struct snn_net *net);
size_t snn_report_points(const struct snn_net *net);
size_t snn_report_values(const struct snn_net *net);

#endif
