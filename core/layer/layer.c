/* SPDX-License-Identifier: MIT */
/* The table of layer kinds, and what all kinds that carry neurons share. */
#include "core/layer/layer.h"

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

void snn_layer_spikes(const struct snn_layer *l, struct snn_layer_work *w, size_t i,
                      const struct snn_block *b)
{
    const struct snn_cell *c = &l->cell;
    const size_t size = c->time_steps * c->n;
    const struct snn_cell_forward f = {
        .current = l->static_input ? w->current + (b->first + i) * c->n : w->current + i * size,
        .current_stride = l->static_input ? 0 : c->n,
        .soft = b->training && c->surrogate->soft,
        .x = w->x + i * size,
        .s = w->s + i * size,
        .v = w->v ? w->v + i * size : NULL,
        .f = w->f ? w->f + i * size : NULL,
        .state = w->state,
        .scratch = w->state + 2 * c->n,
    };
    memset(w->state, 0, c->n * sizeof *w->state);
    snn_cell_forward(c, &f);
}

void snn_layer_spikes_back(const struct snn_layer *l, struct snn_layer_work *w, size_t i,
                           const struct snn_block *b)
{
    const struct snn_cell *c = &l->cell;
    const size_t size = c->time_steps * c->n;
    const struct snn_cell_backward back = {
        .x = w->x + i * size,
        .s = w->s + i * size,
        .v = w->v ? w->v + i * size : NULL,
        .f = w->f ? w->f + i * size : NULL,
        .g = w->g + i * size,
        .g_membrane = w->g_membrane ? w->g_membrane + i * size : NULL,
        .d_membrane = w->d_membrane ? w->d_membrane + i * size : NULL,
        .d_current_sum = l->static_input ? w->current_sum + (b->first + i) * c->n : NULL,
        .lambda = w->state + c->n,
        .scratch = w->state + 2 * c->n,
        .d_state = w->d_state,
        .d = w->d,
    };
    memset(back.lambda, 0, c->n * sizeof *back.lambda);
    snn_cell_backward(c, &back);
}
