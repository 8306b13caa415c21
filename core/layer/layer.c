/* SPDX-License-Identifier: MIT */
/* The table of layer kinds, and what all kinds that carry neurons share. */
#include "core/layer/layer.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/layer/dense.h"

static const struct snn_layer_type types[] = {
    {{"dense", "every input to every neuron: I = W s + b", SNN_PARAMS(snn_dense_params)},
     snn_dense_out_size,
     snn_dense_tensors,
     snn_dense_begin_shard,
     snn_dense_forward,
     snn_dense_backward,
     snn_dense_end_shard},
};

const struct snn_registry snn_layers = SNN_REGISTRY(types, "layers", "layer kind");

/* The cell with its learnable constants as they stand now. */
static struct snn_cell cell_now(const struct snn_layer *l, const real *params)
{
    struct snn_cell c = l->cell;
    if (l->learns_tau) {
        real p = params[l->tensor[l->n_tensors - 1].offset];
        c.tau = l->tau_initial * (1 + (real)exp((double)p));
    }
    return c;
}

void snn_layer_spikes(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                      size_t i, const struct snn_block *b)
{
    const struct snn_cell c = cell_now(l, params);
    const size_t size = c.time_steps * c.n;
    const struct snn_cell_forward f = {
        .current = l->static_input ? w->current + (b->first + i) * c.n : w->current + i * size,
        .current_stride = l->static_input ? 0 : c.n,
        .soft = b->training && c.surrogate->soft,
        .x = w->x + i * size,
        .s = w->s + i * size,
        .v = w->v ? w->v + i * size : NULL,
        .state = w->state,
    };
    memset(w->state, 0, c.n * sizeof *w->state);
    c.neuron->forward(&c, &f);
}

void snn_layer_spikes_back(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                           real *grads, size_t i, const struct snn_block *b)
{
    const struct snn_cell c = cell_now(l, params);
    const size_t size = c.time_steps * c.n;
    double d_tau = 0;
    const struct snn_cell_backward back = {
        .x = w->x + i * size,
        .s = w->s + i * size,
        .v = w->v ? w->v + i * size : NULL,
        .g = w->g + i * size,
        .g_membrane = w->g_membrane ? w->g_membrane + i * size : NULL,
        .d_membrane = w->d_membrane ? w->d_membrane + i * size : NULL,
        .d_current_sum = l->static_input ? w->current_sum + (b->first + i) * c.n : NULL,
        .lambda = w->state + c.n,
        .scratch = w->state + 2 * c.n,
        .d_tau = l->learns_tau ? &d_tau : NULL,
    };
    memset(back.lambda, 0, c.n * sizeof *back.lambda);
    c.neuron->backward(&c, &back);
    if (l->learns_tau) /* dtau/dp = tau_initial exp p = tau - tau_initial */
        grads[l->tensor[l->n_tensors - 1].offset] += (real)d_tau * (c.tau - l->tau_initial);
}
