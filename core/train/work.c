/* SPDX-License-Identifier: MIT */
/* One worker's arrays. */
#include "core/train/segments.h"

/* Half of a 1 MiB second-level cache: a block's arrays stay there between forward and backward.
 * Where most of the work is products with weights instead, they want rows, and a share of the third
 * level.
 */
#define BLOCK_BYTES ((size_t)512 << 10)
#define PRODUCT_BYTES ((size_t)4 << 20)
/* Multiply-adds for each number in a block's arrays, from which on the products come first. */
#define PRODUCTS 16
/* A sample is cut where its arrays would be larger than this: a second pass forward costs about
 * half of the time. Then into segments of such a size, and of so many steps at least: rows for the
 * products. */
#define WHOLE_BYTES ((size_t)8 << 20)
#define SEGMENT_BYTES ((size_t)2 << 20)
#define SEGMENT_STEPS 16

/* Where steps are undone call by call, what they leave for each other is kept. */
static bool keeps_d_state(const struct snn_layer *l)
{
    return l->cell.solver->has_history && (l->type->hears_itself || l->cell.neuron->by_step);
}

/* Arrays [T, out] that a sample's passes go through: g, s, and what the neurons keep. */
static size_t arrays(const struct snn_layer *l)
{
    const struct snn_cell *c = &l->cell;
    if (l->is_hoisted)
        return 0;
    if (!l->has_neuron)
        return 2;
    return (size_t)3 + c->neuron->has_aux + snn_cell_keeps_v(c, true) + snn_cell_keeps_f(c, true) +
           snn_cell_keeps_solved(c, true) + keeps_d_state(l);
}

/* Numbers that a step of a sample takes in the arrays, and those multiplied where it is heard. */
static size_t values_of(const struct snn_net *net, size_t *products)
{
    size_t values = net->static_input ? 0 : net->features;
    *products = 0;
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct snn_layer *l = &net->layer[i];
        if (!l->is_view)
            values += arrays(l) * l->out;
        if (i > net->first && snn_layer_hears(l))
            *products += l->in * l->out;
    }
    return values;
}

/* A history is of all steps, and so is the penalty on a rate. */
static bool wants_all_steps(const struct snn_net *net)
{
    for (size_t i = 0; i < net->n_layers; i++)
        if (net->layer[i].has_neuron && net->layer[i].cell.solver->has_history)
            return true;
    return net->penalty.strength > 0;
}

size_t snn_work_segment(const struct snn_net *net)
{
    size_t products;
    const size_t bytes = values_of(net, &products) * sizeof(real);
    if (wants_all_steps(net) || bytes == 0 || net->all_steps <= WHOLE_BYTES / bytes)
        return net->all_steps;
    const size_t fits = SEGMENT_BYTES / bytes, least = SEGMENT_STEPS;
    const size_t steps = fits > least ? fits : least;
    return steps < net->all_steps ? steps : net->all_steps;
}

size_t snn_work_block(const struct snn_net *net, size_t shard)
{
    size_t products;
    const size_t values = values_of(net, &products);
    const size_t bytes = products / PRODUCTS >= values ? PRODUCT_BYTES : BLOCK_BYTES;
    const size_t fits = values ? bytes / sizeof(real) / net->segment / values : shard;
    return fits < 1 ? 1 : fits > shard ? shard : fits;
}

/* Room for the gradients of learned constants. */
static void place_learned(struct snn_layer_work *w, struct snn_arena *a, const struct snn_layer *l,
                          size_t block)
{
    const struct snn_cell *c = &l->cell;
    if (keeps_d_state(l))
        w->d_state = snn_arena_take(a, block * c->time_steps, l->out * sizeof(real));
    if (c->learns[SNN_LEARN_tau])
        w->d.tau = snn_arena_take(a, l->out, sizeof(double));
    if (c->learns[SNN_LEARN_threshold])
        w->d.threshold = snn_arena_take(a, l->out, sizeof(double));
    if (c->learns[SNN_LEARN_beta])
        w->d.beta = snn_arena_take(a, l->out, sizeof(double));
    if (c->learns[SNN_LEARN_alpha_syn])
        w->d.alpha_syn = snn_arena_take(a, l->out, sizeof(double));
    if (c->neuron->has_aux)
        w->d.now = snn_arena_take(a, l->out, sizeof(double));
    if (c->learns[SNN_LEARN_alpha] || c->learns[SNN_LEARN_coefficients]) {
        w->d.a = snn_arena_take(a, 1, sizeof(double));
        w->d.w = snn_arena_take(a, c->table.lags + 1, sizeof(double));
        w->d.c = snn_arena_take(a, c->table.exponentials.count, sizeof(double));
    }
}

/* What the neurons need. */
static void place_neurons(struct snn_layer_work *w, struct snn_arena *a, const struct snn_layer *l,
                          const struct snn_work_size *size)
{
    const size_t steps = size->block * l->cell.time_steps;
    w->x = snn_arena_take(a, steps, l->out * sizeof(real));
    w->state = snn_arena_take(a, size->block, l->out * sizeof(real));
    w->lambda = snn_arena_take(a, size->block, l->out * sizeof(real));
    w->scratch = snn_arena_take(a, 4, l->out * sizeof(real));
    if (l->cell.neuron->has_aux) {
        w->aux = snn_arena_take(a, steps, l->out * sizeof(real));
        w->aux_state = snn_arena_take(a, size->block, l->out * sizeof(real));
        w->aux_lambda = snn_arena_take(a, size->block, l->out * sizeof(real));
    }
    if (size->record || snn_cell_keeps_v(&l->cell, size->gradients))
        w->v = snn_arena_take(a, steps, l->out * sizeof(real));
    if (snn_cell_keeps_f(&l->cell, size->gradients))
        w->f = snn_arena_take(a, steps, l->out * sizeof(real));
    if (snn_cell_keeps_solved(&l->cell, size->gradients))
        w->solved = snn_arena_take(a, steps, l->out * sizeof(real));
    if (l->cell.solver->has_history)
        w->tile = snn_arena_take(a, snn_cell_tile(&l->cell), sizeof(real));
    if (size->gradients)
        place_learned(w, a, l, size->block);
}

/* The first layer's input has no gradient, unless it is recorded. The leak of what comes back from
 * lists begins at a sample's last step. */
static bool narrows(const struct snn_net *net, size_t index, const struct snn_work_size *size)
{
    return size->gradients && (index > net->first || size->record) &&
           net->time_steps == net->all_steps && snn_layer_is_narrow(&net->layer[index]);
}

static void place_layer(struct snn_layer_work *w, struct snn_arena *a, const struct snn_net *net,
                        size_t index, const struct snn_work_size *size)
{
    const struct snn_layer *l = &net->layer[index];
    const size_t steps = size->block * net->time_steps;
    const bool last = index + 1 == net->n_layers;
    const bool has_current = l->has_neuron || l->static_input;
    const bool reads_membrane = snn_readout_of(&net->readout)->reads_membrane;

    if (!l->is_hoisted)
        w->s = snn_arena_take(a, steps, l->out * sizeof(real));
    if (l->type->room)
        w->own = snn_arena_take(a, l->type->room(l, size->block), sizeof(real));
    if (snn_layer_hears(l))
        snn_heard_place(&w->heard, a, steps, l->in, l->out, size->gradients);
    if (snn_layer_convolves(l))
        snn_sparse2d_place_work(l, &w->sparse2d, a, size->gradients);
    if (l->has_neuron)
        place_neurons(w, a, l, size);
    if (narrows(net, index, size))
        snn_narrow_place(&w->narrow, a, steps, l->in, l->out);
    w->current = w->s; /* without neurons that is what comes out */
    if (has_current)
        w->current =
            snn_arena_take(a, l->static_input ? size->shard : steps, l->out * sizeof(real));
    if (l->type->hears_itself && net->time_steps < net->all_steps) {
        w->before = snn_arena_take(a, size->block, l->out * sizeof(real));
        w->after = snn_arena_take(a, size->block, l->out * sizeof(real));
    }
    if (!size->gradients)
        return;
    w->g = w->current; /* the currents are used up when the gradients come */
    if (l->is_hoisted)
        w->g = NULL;
    else if (!has_current || l->static_input || size->record)
        w->g = snn_arena_take(a, steps, l->out * sizeof(real));
    if (last && reads_membrane && l->has_neuron)
        w->g_membrane = snn_arena_take(a, steps, l->out * sizeof(real));
    if (l->static_input)
        w->current_sum = snn_arena_take(a, size->shard, l->out * sizeof(real));
}

/* A view has the arrays of what is below it. */
static void place_view(struct snn_work *w, size_t index)
{
    w->layer[index].s = index ? w->layer[index - 1].s : w->input;
    w->layer[index].g = index ? w->layer[index - 1].g : w->d_input;
}

/* What the layer above takes of neurons, and nothing else does, may be left to their backward pass:
 * where it has so few of its own that a product of that shape is mostly loads and stores. */
static bool is_left(const struct snn_net *net, size_t above, size_t below,
                    const struct snn_layer_work *w, const struct snn_work_size *size)
{
    const struct snn_layer *l = &net->layer[above], *to = &net->layer[below];
    return size->gradients && !size->record && l->left && !w->narrow.lists.capacity &&
           net->penalty.strength == 0 && to->has_neuron && !to->type->hears_itself &&
           snn_cell_takes_above(&to->cell);
}

/* What layers have to do with the neurons right below them: they hear them as they fire, and leave
 * them their part of the backward pass. */
static void join_layers(struct snn_work *w, const struct snn_net *net,
                        const struct snn_work_size *size)
{
    for (size_t i = 0, below = SNN_MAX_LAYERS; i < net->n_layers; i++) {
        if (net->layer[i].is_view)
            continue;
        struct snn_layer_work *lw = &w->layer[i];
        if (below < SNN_MAX_LAYERS && net->layer[below].has_neuron && lw->heard.rows.capacity)
            w->layer[below].listener = &lw->heard;
        if (below < SNN_MAX_LAYERS && is_left(net, i, below, lw, size))
            lw->leaves = &w->layer[below].above;
        below = i;
    }
}

void snn_batch_place(struct snn_batch *b, struct snn_arena *arena, const struct snn_net *net,
                     size_t samples, bool gradients)
{
    const size_t out = net->layer[net->first].out;
    *b = (struct snn_batch){.n = samples};
    b->input = snn_arena_take(arena, samples, net->features * sizeof(real));
    b->current = snn_arena_take(arena, samples, out * sizeof(real));
    if (gradients)
        b->current_sum = snn_arena_take(arena, samples, out * sizeof(real));
}

static void place(struct snn_work *w, struct snn_arena *arena, const struct snn_net *net,
                  const struct snn_work_size *size)
{
    const size_t steps = size->block * net->time_steps;
    const size_t inputs = net->static_input ? size->shard : steps;
    size_t widest = 0;
    bool looked_at = size->probe; /* dL/du is wanted */

    *w = (struct snn_work){.size = *size};
    w->features = snn_arena_take(arena, net->sample_features, sizeof(real));
    w->input = snn_arena_take(arena, inputs, net->features * sizeof(real));
    if (size->record)
        w->d_input = snn_arena_take(arena, inputs, net->features * sizeof(real));
    w->y = snn_arena_take(arena, size->block * net->all_steps, net->classes * sizeof(real));
    w->dy = snn_arena_take(arena, size->block * net->all_steps, net->classes * sizeof(real));
    w->logits = snn_arena_take(arena, net->classes, sizeof(real));
    w->d_logits = snn_arena_take(arena, net->classes, sizeof(real));
    w->labels = snn_arena_take(arena, size->block, sizeof *w->labels);
    if (net->masks)
        w->steps = snn_arena_take(arena, size->block, sizeof *w->steps);
    for (size_t i = 0; i < net->n_layers; i++) {
        if (net->layer[i].is_view)
            place_view(w, i);
        else
            place_layer(&w->layer[i], arena, net, i, size);
        widest = net->layer[i].out > widest ? net->layer[i].out : widest;
        looked_at = looked_at || narrows(net, i, size);
    }
    if (looked_at)
        w->d_membrane = snn_arena_take(arena, steps, widest * sizeof(real));
    join_layers(w, net, size);
}

void snn_work_place(struct snn_work *w, struct snn_arena *arena, const struct snn_net *net,
                    const struct snn_work_size *size)
{
    const struct snn_net segment = snn_segment_of(net, net->segment);
    place(w, arena, &segment, size);
    if (net->segment < net->all_steps)
        snn_segments_place(w, arena, net);
}
