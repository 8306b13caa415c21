/* SPDX-License-Identifier: MIT */
/*
 * Forward tangents of a network whose values are known: all arithmetic here is in double, on the
 * trace that the core's forward pass left. Nothing is shared with the backward passes but the
 * tables of constants and the surrogates' slopes. One sample at a time.
 */
#ifndef SPIKED_CORE_CHECK_CHECK_H
#define SPIKED_CORE_CHECK_CHECK_H

#include "core/train/pass.h"

/* What a sample's forward pass left of one layer, and what came in: [T, n] each. */
struct snn_trace {
    const real *in; /* [T, in], or [in] where the input is static */
    const real *x, *s, *v, *f, *aux;
    const real *own; /* dropout: the mask */
};

/* The tangent of a layer's constants along the direction. */
struct snn_constant_tangents {
    double *r, *threshold, *beta, *alpha_syn; /* [n] */
    double a, *w;                             /* of the solver's table; w [lags + 1] */
};

/* A layer's tangents; room for T steps. */
struct snn_layer_tangents {
    struct snn_constant_tangents c;
    double *current;  /* [n] of one step */
    double *s, *u;    /* [T, n]: of what comes out, and of the membrane a readout reads */
    double *v;        /* [T + 1, n]: of the membrane before each step */
    double *f;        /* [T, n]: of what a solver sums */
    double *aux, *at; /* [n]: of the second state, and current of the neuron proper */
};

/* Step t: from tangents->current to s, u and the states. */
void snn_neuron_tangent(const struct snn_cell *c, const struct snn_trace *k,
                        struct snn_layer_tangents *d, size_t t);

/* out [l->out] = W x + b of weights w (the layer's tensors, from its first on), x [in], both
 * double; without b where `bias` is false. Adds. */
void snn_weigh(const struct snn_layer *l, const double *w, const double *x, bool bias, double *out);
/* The same of a recurrent layer's own spikes x [out]. */
void snn_weigh_own(const struct snn_layer *l, const double *w, const double *x, bool bias,
                   double *out);
/* Kinds without weights: out [l->out] from the tangent d [in] at the values in [in]. */
void snn_pass_tangent(const struct snn_layer *l, const real *in, const real *mask, const double *d,
                      double *out);

/* dL/d epsilon of one sample, of y + epsilon dy [steps, classes]. */
double snn_loss_tangent(const struct snn_net *net, const double *y, const double *dy, size_t steps,
                        size_t label);
/* The same of a layer's penalty on rates, of spikes s and their tangent [T, n]. */
double snn_penalty_tangent(const struct snn_penalty *p, const real *s, const double *ds,
                           size_t time_steps, size_t n);
/* SNN_INVALID where readout or loss is one that has no tangent here. */
enum snn_code snn_loss_tangent_check(const struct snn_net *net, struct snn_error *err);

#endif
