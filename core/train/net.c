/* SPDX-License-Identifier: MIT */
#include "core/train/net.h"

#include <string.h>

#include "core/math/vec.h"

static void place_tensors(struct snn_net *net, struct snn_layer *l, size_t index)
{
    for (size_t k = 0; k < l->n_tensors; k++) {
        l->tensor[k].layer = index;
        l->tensor[k].offset = net->n_params;
        net->n_params += l->tensor[k].count;
        net->n_tensors++;
    }
}

/* What only some neurons have. */
static void init_special(struct snn_layer *l, const struct snn_choice *model, struct snn_arena *a)
{
    struct snn_cell *c = &l->cell;
    l->beta = snn_choice_value(model, "beta", 0);
    l->alpha_syn = snn_choice_value(model, "alpha_syn", 0);
    c->tau_aux = (real)snn_choice_value(model, "tau_syn", snn_choice_value(model, "tau_adapt", 1));
    c->jump = (real)snn_choice_value(model, "beta_adapt", 0);
    c->reset_delay = snn_choice_value(model, "reset_delay", 0) != 0;
    c->loses_input = c->neuron->loses_input || l->type->hears_itself;
    if (!c->neuron->own_steps)
        return;
    c->beta = snn_arena_take(a, l->out, sizeof(real));
    c->alpha_syn = snn_arena_take(a, l->out, sizeof(real));
}

/* The neurons' constants and arrays; their values come with snn_cell_prepare. */
static void init_cell(struct snn_net *net, struct snn_layer *l, const struct snn_neuron_spec *n,
                      const struct snn_net_options *o, struct snn_arena *a)
{
    const bool spikede = o && o->spikede;
    const double step = snn_choice_value(&n->model, "step", 1);
    const double *steps = o ? o->steps : NULL;
    const size_t last = net->time_steps - 1;
    bool learns_table = false;
    l->cell = (struct snn_cell){
        .neuron = snn_neuron_of(&n->model),
        .solver = snn_solver_of(&n->solver),
        .surrogate = snn_surrogate_of(&n->surrogate),
        .reset = snn_reset_of(&n->reset),
        .r = snn_arena_take(a, l->out, sizeof(real)),
        .threshold = snn_arena_take(a, l->out, sizeof(real)),
        .scale = (real)n->surrogate.value[0],
        .detach_reset = snn_choice_value(&n->model, "detach_reset", 1) != 0,
        .h = snn_arena_take(a, net->time_steps, sizeof(real)),
        .n = l->out,
        .time_steps = net->time_steps,
    };
    l->tau = snn_choice_value(&n->model, "tau", 1);
    l->threshold = n->model.value[SNN_NEURON_THRESHOLD];
    l->orders =
        (struct snn_orders){.n = n->n_terms, .h = steps ? steps[last] : step, .spikede = spikede};
    memcpy(l->orders.alpha, n->alpha, sizeof n->alpha);
    memcpy(l->orders.coefficient, n->coefficients, sizeof n->coefficients);
    init_special(l, &n->model, a);
    for (size_t t = 0; l->cell.h && t < net->time_steps; t++)
        l->cell.h[t] = (real)(steps ? steps[t] : step);
    snn_learned_tensors(l, n, spikede);
    l->learning_rate = n->learning_rate;
    learns_table = l->cell.learns[SNN_LEARN_alpha] || l->cell.learns[SNN_LEARN_coefficients];
    if (l->cell.solver->has_history)
        snn_weights_place(&l->cell.table, a, snn_solver_lags(n->memory, net->time_steps, spikede),
                          n->n_terms, learns_table);
    /* Called for a step at a time, the sums would be as long as ever. */
    if (l->cell.solver->has_history && !l->type->hears_itself && !l->cell.neuron->by_step)
        snn_weights_approximate(&l->cell.table, a, l->cell.solver, &l->orders, n->exponentials,
                                learns_table);
}

static bool is_view(const struct snn_layer_spec *s)
{
    return snn_layer_type_of(&s->kind)->is_view && !snn_layer_has_neuron(s);
}

/* The nearest layer below that is no view of what comes in; NULL = the input is. */
static struct snn_layer *below(struct snn_net *net, size_t index)
{
    while (index > 0 && net->layer[index - 1].is_view)
        index--;
    return index ? &net->layer[index - 1] : NULL;
}

/* A static input stays so through layers without neurons, as far as kinds can do with it once. */
static bool is_static(struct snn_net *net, size_t index, const struct snn_layer_type *type)
{
    struct snn_layer *from = below(net, index);
    if (!from)
        return index == net->first && net->static_input;
    if (!from->static_input || from->has_neuron || !type->begin_shard)
        return false;
    from->is_hoisted = true;
    return true;
}

static enum snn_code init_layer(struct snn_net *net, struct snn_arena *arena,
                                const struct snn_spec *spec, size_t index,
                                const struct snn_shape *in, const struct snn_net_options *o,
                                struct snn_error *err)
{
    const struct snn_layer_spec *s = &spec->layers[index];
    struct snn_layer *l = &net->layer[index];
    *l = (struct snn_layer){
        .type = snn_layer_type_of(&s->kind),
        .name = s->name,
        .has_neuron = snn_layer_has_neuron(s),
        .initialiser = s->initialiser,
        .is_view = is_view(s),
    };
    l->static_input = is_static(net, index, l->type);
    struct snn_error why = {0};
    enum snn_code rc = snn_layer_resolve(l, &s->kind, in, &why);
    if (rc != SNN_OK)
        return snn_fail(err, rc, "layer %zu: %s", index, why.message);
    l->cell = (struct snn_cell){.n = l->out, .time_steps = net->time_steps};
    if (l->has_neuron)
        init_cell(net, l, &s->neuron, o, arena);
    place_tensors(net, l, index);
    if (snn_layer_hears(l))
        l->panels = snn_arena_take(arena, snn_panels_size(l->in, l->out), sizeof(real));
    if (l->type->narrows && l->out <= SNN_FEW_ABOVE && index > 0)
        l->left = snn_arena_take(arena, snn_above_size(l->out, l->in), sizeof(real));
    if (snn_layer_convolves(l))
        snn_sparse2d_place(l, arena);
    return SNN_OK;
}

/* Convolutions work with their channels last, and so do pools: between the two nobody else looks.
 */
static void agree_on_planes(struct snn_net *net)
{
    for (size_t i = 0; i + 1 < net->n_layers; i++) {
        struct snn_layer *from = &net->layer[i], *to = &net->layer[i + 1];
        if (from->type->planes_last_out && !from->has_neuron && to->type->planes_last_in)
            from->planes_last = to->planes_last = true;
    }
}

/* The first layer that computes. */
static size_t first_layer(const struct snn_spec *spec)
{
    size_t i = 0;
    while (i + 1 < spec->n_layers && is_view(&spec->layers[i]))
        i++;
    return i;
}

enum snn_code snn_net_init(struct snn_net *net, struct snn_arena *arena,
                           const struct snn_spec *spec, struct snn_shape in,
                           const struct snn_net_options *options, struct snn_error *err)
{
    *net = (struct snn_net){
        .n_layers = spec->n_layers,
        .first = first_layer(spec),
        .encoding = spec->encoding,
        .readout = spec->readout,
        .loss = spec->loss,
        .seed = spec->seed,
        .time_steps = spec->time_steps,
        .masks = snn_choice_value(&spec->encoding, "mask", 0) != 0,
        .all_steps = spec->time_steps,
        .penalty = {spec->rate_penalty, spec->rate_below, spec->rate_above},
    };
    net->static_input = snn_encoder_of(&spec->encoding)->is_static &&
                        snn_layer_type_of(&spec->layers[net->first].kind)->begin_shard != NULL;
    for (size_t i = 0; i < spec->n_layers; i++) {
        enum snn_code rc = init_layer(net, arena, spec, i, &in, options, err);
        if (rc != SNN_OK)
            return rc;
        in = net->layer[i].out_shape;
    }
    agree_on_planes(net);
    const struct snn_layer *first = &net->layer[net->first];
    net->by_batch = net->static_input && first->type->begin_batch;
    if (net->by_batch) /* its weight and bias: no layer before it has any */
        net->batch_params = first->tensor[0].count + first->tensor[1].count;
    net->features = net->layer[0].in;
    net->sample_features =
        net->features * (snn_encoder_of(&spec->encoding)->is_sequence ? spec->time_steps : 1);
    net->outputs = net->layer[net->n_layers - 1].out;
    net->population = (size_t)spec->readout.value[SNN_READOUT_POPULATION];
    net->classes = net->outputs / net->population;
    net->segment = options && options->segment ? options->segment : snn_work_segment(net);
    return SNN_OK;
}

const struct snn_tensor_place *snn_net_tensor(const struct snn_net *net, size_t i)
{
    for (size_t k = 0; k < net->n_layers; k++) {
        if (i < net->layer[k].n_tensors)
            return &net->layer[k].tensor[i];
        i -= net->layer[k].n_tensors;
    }
    return NULL;
}

void snn_net_tensor_name(const struct snn_net *net, const struct snn_tensor_place *t,
                         char name[SNN_NAME_SIZE * 2])
{
    (void)snprintf(name, SNN_NAME_SIZE * 2, "%s.%s", net->layer[t->layer].name, t->role);
}

void snn_net_prepare(struct snn_net *net, const real *params)
{
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct snn_layer *l = &net->layer[i];
        if (l->panels)
            snn_panels_fill(l->panels, params + l->tensor[0].offset, l->out, l->in);
        if (l->left)
            snn_above_fill(l->left, params + l->tensor[0].offset, l->out, l->in);
        if (snn_layer_convolves(l))
            snn_sparse2d_prepare(l, params);
    }
    for (size_t i = 0; i < net->n_layers; i++)
        if (net->layer[i].has_neuron && (net->layer[i].n_learned || !net->prepared))
            snn_cell_prepare(&net->layer[i], params);
    net->prepared = true;
}
