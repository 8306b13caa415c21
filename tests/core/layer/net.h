/* SPDX-License-Identifier: MIT */
/* A recurrent network small enough to be checked number by number. */
#ifndef TESTS_CORE_LAYER_NET_H
#define TESTS_CORE_LAYER_NET_H

#include "core/data/data.h"
#include "core/train/pass.h"

#define NET_LAYERS 2
#define NET_FEATURES 3
#define NET_WIDTH 6
#define NET_STEPS 5
#define NET_SAMPLES 5
#define NET_PARAMS 128

struct net_case {
    const char *kind; /* NULL = recurrent */
    const char *surrogate, *solver, *reset, *readout, *loss, *encoding;
    size_t time_steps, block, population;
    bool own_bias, one_to_one, detach_reset, penalty;
    bool exact; /* parameters are multiples of 1/8, so that spikes are the same in float */
};

struct net {
    struct net_case c;
    struct snn_spec spec;
    struct snn_net net;
    struct snn_work work;
    struct snn_arena arena;
    struct snn_data data;
    struct snn_shard shard;
    real *params, *grads;
    double p[NET_PARAMS]; /* the parameters in double */
};

/* A failure fails the running test. */
void net_build(struct net *n, const struct net_case *c);
void net_free(struct net *n);
/* Mean loss and its gradient in n->grads, from n->params. */
double net_run(struct net *n);
/* The derivative of the core's loss by parameter i, from five points (in a double build). */
double net_difference(struct net *n, size_t i);

/* What plain loops make of the network of a case with Euler's solver: spikes, u - threshold. */
struct net_trace {
    double s[NET_LAYERS][NET_STEPS][NET_WIDTH], x[NET_LAYERS][NET_STEPS][NET_WIDTH];
};
void net_plain(const struct net *n, size_t sample, struct net_trace *t);

#endif
