/* SPDX-License-Identifier: MIT */
/* The table of layer kinds, and what all kinds that carry neurons share. */
#include "core/layer/layer.h"

#include <string.h>

#include "core/base/param.h"
#include "core/layer/dense.h"
#include "core/layer/recurrent.h"

static const struct snn_layer_type types[] = {
    {{"dense", "every input to every neuron: I = W s + b", SNN_PARAMS(snn_dense_params)},
     snn_dense_out_size,
     snn_dense_tensors,
     snn_dense_begin_shard,
     snn_dense_forward,
     snn_dense_backward,
     snn_dense_end_shard},
    {{"recurrent",
      "dense, and its own spikes of the step before: I_t = W s_t + b + V s'_(t-1) [+ c]",
      SNN_PARAMS(snn_recurrent_params)},
     snn_dense_out_size,
     snn_recurrent_tensors,
     NULL,
     snn_recurrent_forward,
     snn_recurrent_backward,
     NULL},
};

const struct snn_registry snn_layers = SNN_REGISTRY(types, "layers", "layer kind");

void snn_layer_spikes(const struct snn_layer *l, struct snn_layer_work *w, struct snn_span at,
                      const struct snn_block *b)
{
    const struct snn_cell *c = &l->cell;
    const size_t i = at.sample, size = c->time_steps * c->n;
    const struct snn_cell_forward f = {
        .from = at.from,
        .to = at.to,
        .current = l->static_input ? w->current + (b->first + i) * c->n : w->current + i * size,
        .current_stride = l->static_input ? 0 : c->n,
        .soft = b->training && c->surrogate->training != SNN_SPIKE_HARD,
        .x = w->x + i * size,
        .s = w->s + i * size,
        .v = w->v ? w->v + i * size : NULL,
        .f = w->f ? w->f + i * size : NULL,
        .state = w->state + i * c->n,
        .scratch = w->scratch,
    };
    if (at.from == 0)
        memset(f.state, 0, c->n * sizeof *f.state);
    snn_cell_forward(c, &f);
}

void snn_layer_spikes_back(const struct snn_layer *l, struct snn_layer_work *w, struct snn_span at,
                           const struct snn_block *b)
{
    const struct snn_cell *c = &l->cell;
    const size_t i = at.sample, size = c->time_steps * c->n;
    const struct snn_cell_backward back = {
        .from = at.from,
        .to = at.to,
        .x = w->x + i * size,
        .s = w->s + i * size,
        .v = w->v ? w->v + i * size : NULL,
        .f = w->f ? w->f + i * size : NULL,
        .g = w->g + i * size,
        .g_membrane = w->g_membrane ? w->g_membrane + i * size : NULL,
        .d_membrane = w->d_membrane ? w->d_membrane + i * size : NULL,
        .d_current_sum = l->static_input ? w->current_sum + (b->first + i) * c->n : NULL,
        .lambda = w->lambda + i * c->n,
        .scratch = w->scratch,
        .d_state = w->d_state ? w->d_state + i * size : NULL,
        .d = w->d,
    };
    if (at.to == c->time_steps)
        memset(back.lambda, 0, c->n * sizeof *back.lambda);
    snn_cell_backward(c, &back);
}
