/* SPDX-License-Identifier: MIT */
/* A network small enough to be checked number by number, in the core and in plain loops. */
#ifndef TESTS_CORE_TRAIN_SMALL_H
#define TESTS_CORE_TRAIN_SMALL_H

#include "core/data/data.h"
#include "core/train/pass.h"
#include "tests/core/train/plain.h"

#define SMALL_SAMPLES 5
#define SMALL_PARAMS 128

struct small_case {
    const char *neuron, *reset, *surrogate, *readout;
    const char *solver;    /* NULL = euler */
    size_t terms, memory;  /* of the solver; 0 terms = one and the whole past */
    enum snn_learn learns; /* whatever this neuron has to learn */
    const char *behind;    /* kind of the layers that have the neurons; NULL = the dense ones */
    bool detach_reset;
    bool is_static; /* constant input; else Bernoulli spikes, drawn per step, */
    bool masked;    /* or events, of samples that end early and are read so far */
    size_t block;   /* samples at a time */
    /* Parameters are multiples of 1/8 and all sums short binary fractions: membranes are exact in
     * float, so that spikes, ties included, are the same everywhere. Else they are any numbers. */
    bool exact;
};

struct small {
    struct small_case c;
    struct snn_spec spec;
    struct snn_net net;
    struct snn_work work;
    struct snn_arena arena;
    struct snn_data data;
    struct snn_shard shard;
    real *params, *grads;
    size_t variant;         /* of the parameters */
    double p[SMALL_PARAMS]; /* the parameters of the plain network, in the core's order */
    struct plain_net plain;
    struct plain_trace trace[SMALL_SAMPLES];
};

/* Of the layers: neurons and step lengths. */
extern const size_t small_units[PLAIN_LAYERS];
extern const double small_steps[PLAIN_LAYERS];

/* Index into the net of the layer that has the weights, and the neurons, of layer k. */
size_t small_synapses(const struct small *s, size_t k);
size_t small_neurons(const struct small *s, size_t k);
/* The case's constants, solver and learning of layer k. */
void small_dynamics(const struct small_case *c, struct snn_neuron_spec *n, size_t k);
/* The plain layer's constants: the spec's, but for those that are learned: what s->p says. */
void small_set_constants(struct small *s, size_t k);
/* dL/dp of the layer's learned constants, from dL/d of the constants, into g. */
void small_chain(const struct small *s, size_t k, const struct plain_gradient *sum, double *g);

/* A failure fails the running test. */
void small_build(struct small *s, const struct small_case *c);
void small_free(struct small *s);

/* Mean loss by the core with s->params, and its gradient into s->grads where asked. */
double small_core(struct small *s, bool gradient);
/* The same by plain loops with s->p; g [n_params] may be NULL. */
double small_plain(struct small *s, double *g);
/* From now on resets take the spikes that the last small_plain found: constants. */
void small_freeze(struct small *s);

/* The derivative of `loss` by parameter i, from five points in double (fourth order). */
double small_difference(struct small *s, size_t i, double (*loss)(struct small *s));
/* The losses for it: by the core (in a double build only), and by plain loops. */
double small_core_loss(struct small *s);
double small_plain_loss(struct small *s);

/* |got - want| <= tolerance times the largest |want| of the same tensor; but of no less than a
 * thousandth (float: a hundredth, and a tenth for a learned constant, which is a sum over neurons
 * as well) of the largest of all, since small sums of large terms, and differences of the loss,
 * have lost digits. */
void small_compare(const struct small *s, const double *got, const double *want, double tolerance);

#endif
