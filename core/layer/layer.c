/* SPDX-License-Identifier: MIT */
/* The table of layer kinds, and what all kinds that carry neurons share. */
#include "core/layer/layer.h"

#include <string.h>

#include "core/base/param.h"
#include "core/layer/conv2d.h"
#include "core/layer/dense.h"
#include "core/layer/dropout.h"
#include "core/layer/flatten.h"
#include "core/layer/pool2d.h"
#include "core/layer/recurrent.h"
#include "core/math/vec.h"

static const struct snn_layer_type types[] = {
    {{"dense", "every input to every neuron: I = W s + b", SNN_PARAMS(snn_dense_params)},
     .carries_neuron = true,
     .hears = true,
     .narrows = true,
     .resolve = snn_dense_resolve,
     .multiply_adds = snn_dense_multiply_adds,
     .begin_shard = snn_dense_begin_shard,
     .forward = snn_dense_forward,
     .backward = snn_dense_backward,
     .settle = snn_dense_settle,
     .begin_batch = snn_dense_begin_batch,
     .end_batch = snn_dense_end_batch,
     .end_shard = snn_dense_end_shard},
    {{"recurrent",
      "dense, and its own spikes of the step before: I_t = W s_t + b + V s'_(t-1) [+ c]",
      SNN_PARAMS(snn_recurrent_params)},
     .carries_neuron = true,
     .hears_itself = true,
     .hears = true,
     .resolve = snn_recurrent_resolve,
     .multiply_adds = snn_recurrent_multiply_adds,
     .forward = snn_recurrent_forward,
     .backward = snn_recurrent_backward,
     .settle = snn_dense_settle},
    {{"conv2d", "filters slid over [channels, height, width]: I = W * s + b",
      SNN_PARAMS(snn_conv2d_params)},
     .carries_neuron = true,
     .convolves = true,
     .planes_last_out = true,
     .resolve = snn_conv2d_resolve,
     .multiply_adds = snn_conv2d_multiply_adds,
     .room = snn_conv2d_room,
     .begin_shard = snn_conv2d_begin_shard,
     .forward = snn_conv2d_forward,
     .backward = snn_conv2d_backward,
     .settle = snn_conv2d_settle,
     .end_shard = snn_conv2d_end_shard},
    {{"max_pool2d",
      "the largest of each window; of equals (most spikes are) the first gets the gradient",
      SNN_PARAMS(snn_pool2d_params)},
     .planes_last_in = true,
     .resolve = snn_pool2d_resolve,
     .multiply_adds = snn_max_pool2d_multiply_adds,
     .room = snn_pool2d_room,
     .begin_shard = snn_max_pool2d_begin_shard,
     .forward = snn_max_pool2d_forward,
     .backward = snn_max_pool2d_backward,
     .end_shard = snn_max_pool2d_end_shard},
    {{"avg_pool2d", "the mean of each window", SNN_PARAMS(snn_pool2d_params)},
     .planes_last_in = true,
     .resolve = snn_pool2d_resolve,
     .multiply_adds = snn_avg_pool2d_multiply_adds,
     .room = snn_pool2d_room,
     .begin_shard = snn_avg_pool2d_begin_shard,
     .forward = snn_avg_pool2d_forward,
     .backward = snn_avg_pool2d_backward,
     .end_shard = snn_avg_pool2d_end_shard},
    {{"flatten", "[channels, height, width] as one row of values", NULL, 0},
     .is_view = true,
     .resolve = snn_flatten_resolve,
     .multiply_adds = snn_flatten_multiply_adds,
     .forward = snn_flatten_forward,
     .backward = snn_flatten_backward},
    {{"dropout", "in training some values are 0, the others divided by 1 - rate",
      SNN_PARAMS(snn_dropout_params)},
     .resolve = snn_dropout_resolve,
     .multiply_adds = snn_dropout_multiply_adds,
     .room = snn_dropout_room,
     .draw = snn_dropout_draw,
     .forward = snn_dropout_forward,
     .backward = snn_dropout_backward},
};

const struct snn_registry snn_layers = SNN_REGISTRY(types, "layers", "layer kind");

bool snn_layer_has_neuron(const struct snn_layer_spec *layer)
{
    if (layer->neurons != SNN_BY_KIND)
        return layer->neurons == SNN_PRESENT;
    return snn_layer_type_of(&layer->kind)->carries_neuron;
}

struct snn_shape snn_shape_of(const struct snn_data_info *data)
{
    struct snn_shape s = {.rank = data->rank};
    memcpy(s.size, data->shape, sizeof s.size);
    return data->rank ? s : snn_shape_flat(data->features);
}

size_t snn_shape_count(const struct snn_shape *s)
{
    size_t n = 1;
    for (size_t i = 0; i < s->rank; i++)
        n *= s->size[i];
    return n;
}

bool snn_layer_is_narrow(const struct snn_layer *l)
{
    bool alike = true;
    for (size_t k = 0; k < l->n_learned; k++)
        if (l->learned[k].which == SNN_LEARN_tau)
            alike = l->tensor[l->learned[k].tensor].count == 1;
    return l->type->narrows && l->has_neuron && !l->static_input && alike &&
           snn_narrow_suits(&l->cell);
}

enum snn_code snn_layer_resolve(struct snn_layer *l, const struct snn_choice *c,
                                const struct snn_shape *in, struct snn_error *err)
{
    l->in_shape = *in;
    l->in = snn_shape_count(in);
    enum snn_code rc = l->type->resolve(l, c, err);
    if (rc == SNN_OK)
        l->out = snn_shape_count(&l->out_shape);
    return rc;
}

enum snn_code snn_layer_countable(size_t out, size_t in, struct snn_error *err)
{
    size_t weights;
    if (__builtin_mul_overflow(out, in + 1, &weights) || weights > SIZE_MAX / 64)
        return snn_fail(err, SNN_LIMIT, "%zu x %zu weights are more than can be counted", out, in);
    return SNN_OK;
}

/* ----------------------------------------------------------------- the neurons of a layer -- */

static void pass_on(const struct snn_layer *l, struct snn_layer_work *w, struct snn_span at,
                    const struct snn_block *b)
{
    const size_t n = l->out, first = at.sample * l->cell.time_steps;
    const real *once = w->current + (b->first + at.sample) * n;
    for (size_t t = at.from; t < at.to; t++)
        memcpy(w->s + (first + t) * n, l->static_input ? once : w->current + (first + t) * n,
               n * sizeof *w->s);
}

/* Who hears the spikes of all steps, sample by sample, as they come: begun with the first. */
static struct snn_heard *listener_of(const struct snn_layer_work *w, struct snn_span at,
                                     size_t time_steps)
{
    if (!w->listener || at.from > 0 || at.to < time_steps)
        return NULL;
    if (at.sample == 0)
        snn_heard_begin(w->listener);
    return w->listener;
}

void snn_layer_spikes(const struct snn_layer *l, struct snn_layer_work *w, struct snn_span at,
                      const struct snn_block *b)
{
    const struct snn_cell *c = &l->cell;
    const size_t i = at.sample, size = c->time_steps * c->n;
    if (!l->has_neuron) {
        if (w->current != w->s)
            pass_on(l, w, at, b);
        return;
    }
    struct snn_heard *listener = listener_of(w, at, c->time_steps);
    const bool listed = listener && b->unseen && snn_cell_spikes_are_x(c);
    const struct snn_cell_forward f = {
        .from = at.from,
        .to = at.to,
        .current = l->static_input ? w->current + (b->first + i) * c->n : w->current + i * size,
        .current_stride = l->static_input ? 0 : c->n,
        .soft = b->training && c->surrogate->training != SNN_SPIKE_HARD,
        .x = w->x + i * size,
        .s = listed ? NULL : w->s + i * size,
        .v = w->v ? w->v + i * size : NULL,
        .f = w->f ? w->f + i * size : NULL,
        .solved = w->solved ? w->solved + i * size : NULL,
        .state = w->state + i * c->n,
        .aux = w->aux ? w->aux + i * size : NULL,
        .aux_state = w->aux ? w->aux_state + i * c->n : NULL,
        .scratch = w->scratch,
        .tile = w->tile,
        .fired = listener ? &listener->rows.sparse : NULL,
        .most_fired = listener ? listener->rows.capacity : 0,
    };
    if (at.from == 0 && b->from == 0)
        memset(f.state, 0, c->n * sizeof *f.state);
    if (at.from == 0 && b->from == 0 && f.aux)
        memset(f.aux_state, 0, c->n * sizeof *f.aux_state);
    snn_cell_forward(c, &f);
    if (listener && listener->rows.sparse.rows > 0 && i + 1 == b->n)
        snn_heard_give(listener, b->n * c->time_steps, 1);
    if (listed && listener->is_many && i + 1 == b->n)
        snn_steps_of(w->s, w->x, b->n * size);
}

void snn_layer_spikes_back(const struct snn_layer *l, struct snn_layer_work *w, struct snn_span at,
                           const struct snn_block *b)
{
    const struct snn_cell *c = &l->cell;
    const size_t i = at.sample, size = c->time_steps * c->n;
    const bool last = at.to == c->time_steps && !b->followed;
    real *sum = l->static_input ? w->current_sum + (b->first + i) * c->n : NULL;
    if (sum && last)
        memset(sum, 0, c->n * sizeof *sum);
    if (!l->has_neuron) { /* dL/dI is dL/ds, and is there */
        if (sum)
            snn_rows_sum(sum, w->g + i * size + at.from * c->n, at.to - at.from, c->n);
        return;
    }
    struct snn_above above = w->above;
    above.d_current += above.weight ? i * c->time_steps * above.n : 0;
    const struct snn_cell_backward back = {
        .from = at.from,
        .to = at.to,
        .x = w->x + i * size,
        .s = w->s + i * size,
        .v = w->v ? w->v + i * size : NULL,
        .f = w->f ? w->f + i * size : NULL,
        .solved = w->solved ? w->solved + i * size : NULL,
        .g = w->g + i * size,
        .above = w->above.weight ? &above : NULL,
        .g_membrane = w->g_membrane ? w->g_membrane + i * size : NULL,
        .d_membrane = w->d_membrane ? w->d_membrane + i * size : NULL,
        .d_current_sum = sum,
        .aux = w->aux ? w->aux + i * size : NULL,
        .aux_lambda = w->aux ? w->aux_lambda + i * c->n : NULL,
        .lambda = w->lambda + i * c->n,
        .scratch = w->scratch,
        .tile = w->tile,
        .d_state = w->d_state ? w->d_state + i * size : NULL,
        .d = w->d,
    };
    if (last)
        memset(back.lambda, 0, c->n * sizeof *back.lambda);
    if (last && back.aux)
        memset(back.aux_lambda, 0, c->n * sizeof *back.aux_lambda);
    snn_cell_backward(c, &back);
}

/* ------------------------------------------------------------------------- the whole layer -- */

/* Kinds without weights know no neurons. Where such a layer has some, what the kind computes is
 * their current. */
static bool has_neurons_behind(const struct snn_layer *l)
{
    return l->has_neuron && !l->type->carries_neuron;
}

static void all_spikes(const struct snn_layer *l, struct snn_layer_work *w,
                       const struct snn_block *b)
{
    for (size_t i = 0; i < b->n; i++)
        snn_layer_spikes(l, w, (struct snn_span){i, 0, l->cell.time_steps}, b);
}

void snn_layer_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                       const real *in, const struct snn_block *b)
{
    if (l->static_input) { /* the currents are there */
        all_spikes(l, w, b);
        return;
    }
    if (!has_neurons_behind(l)) {
        l->type->forward(l, w, params, in, b);
        return;
    }
    struct snn_layer_work currents = *w;
    currents.s = w->current;
    l->type->forward(l, &currents, params, in, b);
    all_spikes(l, w, b);
}

void snn_layer_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                        real *grads, const real *in, real *d_in, const struct snn_block *b)
{
    const bool here = l->static_input || has_neurons_behind(l);
    for (size_t i = 0; here && i < b->n; i++)
        snn_layer_spikes_back(l, w, (struct snn_span){i, 0, l->cell.time_steps}, b);
    if (!l->static_input)
        l->type->backward(l, w, params, grads, in, d_in, b);
    w->above.weight = NULL;
}
