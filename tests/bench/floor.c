/* SPDX-License-Identifier: MIT */
#include "tests/bench/floor.h"

#include <math.h>
#include <string.h>

/* Beside 240 GFLOP/s of dense products: additions of rows that are gathered from the second-level
 * cache (G/s), and ns for a neuron's step there and back and for a parameter's update. */
#define DENSE 240.0
#define GATHERED 62.0
#define STEP_NS 0.103
#define SIGMOID_NS 0.088 /* more */
#define UPDATE_NS 0.25

/* What a layer's products have to do, in a batch: GFLOP that stay dense, G additions of lists. */
struct work {
    double dense, listed;
};

/* One product of `adds` G multiply-adds, of which a share has another factor than 0. */
static void product(struct work *w, double adds, double share)
{
    if (share * adds / GATHERED < 2 * adds / DENSE)
        w->listed += share * adds;
    else
        w->dense += 2 * adds;
}

/* `heard`: share of the layer's input that is not 0; `open`: of its neurons' steps that have a
 * gradient at all. */
static void add_layer(struct work *w, const struct bench *b, size_t i, double heard, double open)
{
    const struct snn_net *net = &b->run->net;
    const struct snn_layer *l = &net->layer[i];
    const double samples = (double)b->w->batch * 1e-9;

    if (strcmp(l->type->kind.name, "dense") != 0 || l->static_input) {
        w->dense += 2 * samples * l->type->multiply_adds(l, i == net->first);
        return;
    }
    const double adds = samples * (double)l->in * (double)l->out * (double)net->all_steps;
    product(w, adds, heard);
    product(w, adds, heard);
    if (i > net->first)
        product(w, adds, open);
}

double floor_ms(const struct bench *b, double gflops)
{
    const struct snn_net *net = &b->run->net;
    const char *surrogate = b->spec.layers[0].neuron.surrogate.kind->name;
    const bool window = strcmp(surrogate, "linear") == 0;
    const double step_ns = STEP_NS + (strcmp(surrogate, "sigmoid") == 0 ? SIGMOID_NS : 0);
    double heard = b->w->event_rate > 0 ? b->w->event_rate : 1, others = 0, history = 0;
    struct work w = {0, 0};

    for (size_t i = 0, k = 0; i < net->n_layers; i++) {
        const struct snn_layer *l = &net->layer[i];
        const double steps = (double)(b->w->batch * net->all_steps * l->out);

        if (!l->is_view)
            add_layer(&w, b, i, heard, window && l->has_neuron ? b->active[k] : 1);
        if (!l->has_neuron)
            continue;
        heard = b->rate[k++];
        others += steps * step_ns;
        history += (double)b->w->batch * snn_cell_history(&l->cell) * 2e-9;
    }
    others += (double)net->n_params * UPDATE_NS;
    return 1e3 * ((w.dense + history) / gflops + w.listed / (GATHERED * gflops / DENSE)) +
           1e-6 * others * DENSE / gflops;
}

double dense_gflop(const struct bench *b)
{
    const struct snn_net *net = &b->run->net;
    double adds = 0;

    for (size_t i = 0; i < net->n_layers; i++) {
        const struct snn_layer *l = &net->layer[i];
        if (!l->is_view)
            adds += l->type->multiply_adds(l, i == net->first);
        if (l->has_neuron)
            adds += snn_cell_history(&l->cell);
    }
    return 2e-9 * adds * (double)b->w->batch;
}
