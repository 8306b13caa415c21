/* SPDX-License-Identifier: MIT */
/* A spiking network and its gradient once more, in double and plain loops over single numbers,
 * written from the equations of core/README.md: what the core is compared with. */
#ifndef TESTS_CORE_TRAIN_PLAIN_H
#define TESTS_CORE_TRAIN_PLAIN_H

#include "core/snn.h"

#define PLAIN_LAYERS 3
#define PLAIN_STEPS 8
#define PLAIN_WIDTH 8
#define PLAIN_TERMS 3

struct plain_layer {
    size_t in, out;
    const char *neuron, *reset, *surrogate, *solver;
    double tau[PLAIN_WIDTH], threshold[PLAIN_WIDTH];
    double alpha[PLAIN_TERMS], coefficient[PLAIN_TERMS]; /* of the terms */
    size_t terms, lags;                                  /* lags: past states kept */
    double a, past[PLAIN_STEPS];                         /* the solver's weights: plain_prepare */
    double h, scale;
    bool detach_reset, soft;
    bool noisy_step;             /* the step of k x + e */
    const double *weight, *bias; /* [out, in], [out] */
};

struct plain_net {
    struct plain_layer layer[PLAIN_LAYERS];
    size_t n_layers, time_steps;
    const char *readout;
};

/* One sample's course: [layer][step][unit]. */
struct plain_trace {
    size_t steps; /* that the readout reads; the network runs all */
    double input[PLAIN_STEPS][PLAIN_WIDTH];
    double noise[PLAIN_LAYERS][PLAIN_STEPS][PLAIN_WIDTH]; /* of soft layers */
    double v[PLAIN_LAYERS][PLAIN_STEPS][PLAIN_WIDTH];     /* before the step */
    double u[PLAIN_LAYERS][PLAIN_STEPS][PLAIN_WIDTH];
    double f[PLAIN_LAYERS][PLAIN_STEPS][PLAIN_WIDTH]; /* what the step asks for */
    double w[PLAIN_LAYERS][PLAIN_STEPS][PLAIN_WIDTH]; /* what the solver makes of it */
    double s[PLAIN_LAYERS][PLAIN_STEPS][PLAIN_WIDTH];
    double logits[PLAIN_WIDTH];
    /* Where `frozen`: the spikes that resets subtract, whatever s is; else they are copied here. */
    bool frozen;
    double reset_s[PLAIN_LAYERS][PLAIN_STEPS][PLAIN_WIDTH];
};

struct plain_gradient { /* added to */
    double weight[PLAIN_LAYERS][PLAIN_WIDTH * PLAIN_WIDTH], bias[PLAIN_LAYERS][PLAIN_WIDTH];
    double tau[PLAIN_LAYERS][PLAIN_WIDTH], threshold[PLAIN_LAYERS][PLAIN_WIDTH];
    double alpha[PLAIN_LAYERS][PLAIN_TERMS], coefficient[PLAIN_LAYERS][PLAIN_TERMS];
};

/* Makes the solver's weights those of h, alpha and coefficient. */
void plain_prepare(struct plain_layer *l);
/* Runs a sample forward; its cross-entropy. */
double plain_forward(const struct plain_net *net, struct plain_trace *t, size_t label);
/* Adds the gradient of `factor` times that loss. */
void plain_backward(const struct plain_net *net, const struct plain_trace *t, size_t label,
                    double factor, struct plain_gradient *g);

#endif
