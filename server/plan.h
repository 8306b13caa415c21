/* SPDX-License-Identifier: MIT */
/* A run's plan (core/snn_plan.h) as the text that a job's row keeps: a line for each layer with
 * weights, fields with a tab between. */
#ifndef SPIKED_SERVER_PLAN_H
#define SPIKED_SERVER_PLAN_H

#include "core/snn.h"

#define SRV_PLAN_LINE (SNN_NAME_SIZE + 256)
#define SRV_PLAN_SIZE (SNN_MAX_LAYERS * SRV_PLAN_LINE)

/* path, blocks, listed, density, crossover, of the input and then of what goes back. A number that
 * is not known is nan. */
struct srv_plan_product {
    char path[16];
    long long blocks, listed;
    double density, crossover;
};
/* How neurons sum their past: "sums", "exponentials", or "none" where they have none (as in plans
 * of programs that did not tell); how many exponentials, and the error of the weights they make. */
struct srv_plan_history {
    char way[16];
    long long count;
    double error;
};
struct srv_plan_layer {
    char layer[SNN_NAME_SIZE];
    struct srv_plan_history history;
    struct srv_plan_product input, back;
};

/* The plan of a run, between its steps. */
void srv_plan_write(char text[SRV_PLAN_SIZE], const struct snn_run *run);
/* The next line of *at, which moves on; false at the end, or where it is not one of ours. */
bool srv_plan_read(const char **at, struct srv_plan_layer *out);

#endif
