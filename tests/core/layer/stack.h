/* SPDX-License-Identifier: MIT */
/* Small networks of any layers, over a few samples of any shape. */
#ifndef TESTS_CORE_LAYER_STACK_H
#define TESTS_CORE_LAYER_STACK_H

#include "core/data/data.h"
#include "core/train/pass.h"

#define STACK_SAMPLES 4

struct stack_layer {
    const char *kind;
    struct {
        const char *name;
        double value;
    } set[7];
    enum snn_presence neurons;
};

struct stack_case {
    struct snn_shape in;
    struct stack_layer layer[6];          /* up to the first without a kind */
    const char *encoding;                 /* NULL = rate */
    const char *readout;                  /* NULL = membrane_mean */
    const char *surrogate;                /* NULL = noisy */
    const struct snn_neuron_spec *neuron; /* of all layers, whole; NULL = lif with the surrogate */
    size_t time_steps, block;             /* 0 = 3, all samples */
    size_t segment;                       /* steps at a time; 0 = all */
    bool evaluates;                       /* else it trains */
    bool records;                         /* with dL/dinput */
    double rate_penalty;
    const struct snn_spec *spec; /* all of the above but `in`, block, evaluates, records; NULL = by
                                    these */
    size_t variant;              /* another one has other parameters */
};

struct stack {
    struct stack_case c;
    struct snn_spec spec;
    struct snn_net net;
    struct snn_work work;
    struct snn_arena arena;
    struct snn_data data;
    struct snn_shard shard;
    real *params, *grads;
};

#define PLANES(c, h, w)                                                                            \
    {                                                                                              \
        .rank = 3, .size = { c, h, w }                                                             \
    }

/* Some number in [0, 1), the same in every build. */
double stack_number(size_t i);
/* A failure of these fails the running test. */
void stack_build(struct stack *s, const struct stack_case *c);
void stack_free(struct stack *s);
/* Mean loss from s->params, and its gradient in s->grads. */
double stack_run(struct stack *s);
/* The loss alone. */
double stack_loss(struct stack *s);
/* The derivative of the loss by a parameter, from differences at distances h and 2 h. */
double stack_difference(struct stack *s, size_t i, double h);
/* That the gradient is the derivative of the loss, by differences (in a double build). */
void stack_check_gradient(struct stack *s);
/* |got - want| <= tolerance times the largest |want|. */
void stack_compare(const char *what, const real *got, const double *want, size_t n);

#endif
