/* SPDX-License-Identifier: MIT */
/* The benchmark's workloads: a run on one fixed batch, made ready to be stepped. */
#ifndef TESTS_BENCH_WORKLOAD_H
#define TESTS_BENCH_WORKLOAD_H

#include "core/train/run.h"

#define WORKLOAD_LAYERS 8

struct workload_layer {
    const char *kind;
    double value[2]; /* of its first parameters */
    enum snn_presence neurons;
};

struct workload {
    const char *name;
    size_t units[WORKLOAD_LAYERS]; /* of dense layers; 0 = as layers[] says */
    size_t n_layers, features;
    size_t shape[SNN_MAX_RANK]; /* of a sample; none = [features] */
    struct workload_layer layers[WORKLOAD_LAYERS];
    size_t time_steps, batch;
    double event_rate;  /* Bernoulli input events; 0 = a constant input */
    double event_size;  /* of an event; 0 = 1 */
    double hidden_rate; /* firing rate of hidden layers, met by scaling weights; 0 = as it comes */
    const char *data;   /* a built-in data set; NULL = random pixels, half of them zero */
    const char *loss, *readout; /* NULL = cross_entropy of membrane_mean */
    const char *solver, *reset; /* NULL = euler, subtract; an alpha of 0.5 where not euler */
    size_t exponentials;        /* of that solver */
    double arctan;              /* scale of arctan; 0 = its default, 2 */
};

/* The row of that name, NULL if there is none. */
const struct workload *workload_find(const char *name);
/* All names with a space between, for messages. */
void workload_names(char *text, size_t size);

struct bench {
    const struct workload *w;
    struct snn_spec spec;
    struct snn_data *data;
    struct snn_run *run;
    real *start; /* [n_params]: the weights that steps start from */
    double rate[WORKLOAD_LAYERS], active[WORKLOAD_LAYERS]; /* of the start weights */
    size_t n_rates;                                        /* layers with neurons */
};

/* SNN_OK, or what is wrong. The bench is freed by bench_free either way. `looks`: with room for
 * diagnostic steps. */
enum snn_code bench_open(struct bench *b, const struct workload *w, const char *surrogate,
                         size_t threads, bool looks, struct snn_error *err);
void bench_free(struct bench *b);
/* Back to the start: weights, optimizer state, cursor. */
void bench_restart(struct bench *b);
/* Forward, loss, backward and Adam on the batch. */
enum snn_code bench_step(struct bench *b, struct snn_error *err);
/* The same as a diagnostic step, with all that it tells. Of a bench that looks. */
enum snn_code bench_look(struct bench *b, struct snn_error *err);
/* The input alone, as a step makes it: what of a step's time is not the network's. */
void bench_encode(struct bench *b);

#endif
