/* SPDX-License-Identifier: MIT */
/* The comparison: one batch backwards, then forwards again and again, a direction at a time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/check/checker.h"
#include "core/ckpt/format.h"
#include "core/data/data.h"
#include "core/math/vec.h"

/* A direction, in the cost of a sample forward and backward. */
#define COST 1.0
/* Share of what the samples say one by one, below which their sum is taken for its rounding. */
#define CANCELLED 0.01
/* No derivative is smaller than this and still means something. */
#define NOTHING 1e-30

/* ---------------------------------------------------------------------------- directions --- */

/* The direction's part in a layer's learned constants. */
static void move_constants(struct snn_checker *k, size_t index)
{
    const struct snn_layer *l = &k->net.layer[index];
    struct snn_constant_tangents *c = &k->layer[index].c;
    const struct snn_weights_table *table = &l->cell.table;
    double *const by_neuron[SNN_LEARNABLE_COUNT] = {[SNN_LEARN_tau] = c->r,
                                                    [SNN_LEARN_threshold] = c->threshold,
                                                    [SNN_LEARN_beta] = c->beta,
                                                    [SNN_LEARN_alpha_syn] = c->alpha_syn};
    c->a = 0;
    memset(c->w, 0, (table->lags + 1) * sizeof *c->w);
    for (size_t j = 0; j < l->n_learned; j++) {
        const struct snn_learned *learned = &l->learned[j];
        const struct snn_tensor_place *t = &l->tensor[learned->tensor];
        for (size_t i = 0; i < (snn_learnable_by_term(learned->which) ? t->count : l->out); i++) {
            const size_t entry = t->count == 1 ? 0 : i;
            const double p = k->weights[t->offset + entry];
            const double slope =
                learned->transform->slope(p, snn_learned_initial(learned, entry), learned->low);
            const double moved = slope * k->direction[t->offset + entry];
            const size_t term = learned->which == SNN_LEARN_coefficients ? l->orders.n + i : i;
            const double r = (double)l->cell.r[snn_learnable_by_term(learned->which) ? 0 : i];
            if (!snn_learnable_by_term(learned->which)) {
                by_neuron[learned->which][i] =
                    learned->which == SNN_LEARN_tau ? -r * r * moved : moved;
                continue;
            }
            c->a += table->da[term] * moved;
            for (size_t d = 0; d <= table->lags; d++)
                c->w[d] += table->dw[term][d] * moved;
        }
    }
}

/* --------------------------------------------------------------------------------- passes -- */

static struct snn_trace trace_of(const struct snn_checker *k, size_t i, size_t sample)
{
    const struct snn_layer *l = &k->net.layer[i];
    const struct snn_layer_work *w = &k->work.layer[i];
    const size_t at = sample * k->net.time_steps * l->out;
    struct snn_trace t = {.s = w->s ? w->s + at : NULL,
                          .x = w->x ? w->x + at : NULL,
                          .v = w->v ? w->v + at : NULL,
                          .f = w->f ? w->f + at : NULL,
                          .aux = w->aux ? w->aux + at : NULL};
    if (l->static_input)
        t.in = snn_static_input(&k->net, &k->work, i) + sample * l->in;
    else
        t.in = (i ? k->work.layer[i - 1].s : k->work.input) + sample * k->net.time_steps * l->in;
    if (l->type->draw)
        t.own = w->own + sample * (l->per_step ? k->net.time_steps : 1) * l->out;
    return t;
}

static void as_doubles(double *to, const real *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

/* The tangent of a layer's currents in step t: of what comes in (d_in, NULL = it does not move),
 * and where `moves` of its own weights. */
static void current_tangent(struct snn_checker *k, size_t i, const struct snn_trace *trace,
                            const double *d_in, bool moves, size_t t)
{
    const struct snn_layer *l = &k->net.layer[i];
    struct snn_layer_tangents *d = &k->layer[i];
    const real *in = trace->in + (l->static_input ? 0 : t * l->in);
    memset(d->current, 0, l->out * sizeof *d->current);
    if (!l->type->carries_neuron) {
        if (d_in)
            snn_pass_tangent(l, in, trace->own ? trace->own + (l->per_step ? t * l->out : 0) : NULL,
                             d_in, d->current);
        return;
    }
    const double *w = k->weights + l->tensor[0].offset, *p = k->direction + l->tensor[0].offset;
    as_doubles(k->in, in, l->in);
    if (d_in)
        snn_weigh(l, w, d_in, false, d->current);
    if (moves)
        snn_weigh(l, p, k->in, true, d->current);
    if (!l->type->hears_itself || t == 0)
        return;
    as_doubles(k->in, trace->s + (t - 1) * l->out, l->out);
    snn_weigh_own(l, w, d->s + (t - 1) * l->out, false, d->current);
    if (moves)
        snn_weigh_own(l, p, k->in, true, d->current);
}

/* One layer's tangents over all steps. */
static void layer_tangent(struct snn_checker *k, size_t i, size_t sample, const double *d_in,
                          bool moves)
{
    const struct snn_layer *l = &k->net.layer[i];
    struct snn_layer_tangents *d = &k->layer[i];
    const struct snn_trace trace = trace_of(k, i, sample);
    const bool once = l->static_input && !l->type->hears_itself;
    if (l->has_neuron) {
        memset(d->v, 0, l->out * sizeof *d->v);
        memset(d->aux, 0, l->out * sizeof *d->aux);
    }
    for (size_t t = 0; t < k->net.time_steps; t++) {
        if (t == 0 || !once)
            current_tangent(k, i, &trace, d_in ? d_in + t * l->in : NULL, moves, t);
        if (l->has_neuron)
            snn_neuron_tangent(&l->cell, &trace, d, t);
        else
            memcpy(d->s + t * l->out, d->current, l->out * sizeof *d->s);
    }
}

/* y and dy [T, classes] of a sample: sums over each class's neurons. */
static void read_course(struct snn_checker *k, size_t sample, const double *d_out)
{
    const struct snn_net *net = &k->net;
    const size_t last = net->n_layers - 1, n = net->outputs;
    const struct snn_layer *l = &net->layer[last];
    const struct snn_trace trace = trace_of(k, last, sample);
    const struct snn_cell_trace cell = {.x = trace.x, .s = trace.s, .v = trace.v, .aux = trace.aux};
    const bool membrane = l->has_neuron && snn_readout_of(&net->readout)->reads_membrane;
    memset(k->y, 0, net->time_steps * net->classes * sizeof *k->y);
    memset(k->dy, 0, net->time_steps * net->classes * sizeof *k->dy);
    for (size_t t = 0; t < net->time_steps; t++) {
        if (membrane)
            snn_cell_membrane(&l->cell, &cell, t, k->membrane);
        for (size_t j = 0; j < net->classes * net->population; j++) {
            const size_t to = t * net->classes + j / net->population;
            k->y[to] += (double)(membrane ? k->membrane[j] : trace.s[t * n + j]);
            k->dy[to] += membrane ? k->layer[last].u[t * n + j] : d_out[t * n + j];
        }
    }
}

/* dL/d epsilon of one sample along the direction, which begins at layer `from`. */
static double sample_tangent(struct snn_checker *k, size_t from, size_t sample)
{
    const struct snn_net *net = &k->net;
    const double *d_in = NULL; /* nothing below moves */
    const size_t steps = snn_work_steps(&k->work, net, sample);
    double sum = 0;
    for (size_t i = from; i < net->n_layers; i++) {
        const struct snn_layer *l = &net->layer[i];
        if (l->is_view)
            continue;
        layer_tangent(k, i, sample, d_in, i == from);
        d_in = k->layer[i].s;
        if (net->penalty.strength > 0 && l->has_neuron)
            sum +=
                snn_penalty_tangent(&net->penalty, trace_of(k, i, sample).s, d_in, steps, l->out);
    }
    read_course(k, sample, d_in);
    const size_t label = snn_data_label(k->data, false, k->index[sample]);
    return sum + snn_loss_tangent(net, k->y, k->dy, steps, label);
}

static double forward(struct snn_checker *k, size_t from)
{
    double sum = 0, each = 0;
    for (size_t i = 0; i < k->net.n_layers; i++)
        if (k->net.layer[i].has_neuron)
            move_constants(k, i);
    for (size_t i = 0; i < k->samples; i++) {
        const double d = sample_tangent(k, from, i);
        sum += d;
        each += fabs(d);
    }
    k->each = each / (double)k->samples;
    return sum / (double)k->samples;
}

/* ---------------------------------------------------------------------------- comparison --- */

/* The direction in place, of that length: into the row where it is the worst so far. */
static void compare(struct snn_checker *k, const struct snn_tensor_place *t,
                    struct snn_gradcheck_row *row, double length)
{
    double reverse = 0;
    for (size_t i = t->offset; i < t->offset + t->count; i++)
        reverse += (double)k->grads[i] * k->direction[i];
    const double found = forward(k, t->layer);
    const double rms = fmax(row->norm / sqrt((double)t->count), 0.1 * k->largest_rms);
    /* A direction may have none by symmetry, and samples that are alike but for their labels leave
     * but rounding of each other. */
    const double typical = fmax(rms * length, CANCELLED * k->each);
    const double scale = fmax(fmax(fabs(reverse), fabs(found)), fmax(typical, NOTHING));
    const double error = fabs(reverse - found) / scale;
    if (row->directions++ == 0 || !(error <= row->error)) {
        row->error = error;
        row->reverse = reverse;
        row->forward = found;
    }
}

static double norm_of(const struct snn_checker *k, const struct snn_tensor_place *t)
{
    return sqrt(snn_sum_squares(k->grads + t->offset, t->count));
}

/* One direction through all of the tensor, then single entries of it. */
static void look_at(struct snn_checker *k, size_t index, struct snn_gradcheck_row *row)
{
    const struct snn_tensor_place *t = snn_net_tensor(&k->net, index);
    double *p = k->direction + t->offset;
    struct snn_rng_key key = {
        .seed = k->net.seed, .stream = SNN_STREAM_CHECK, .layer = (uint32_t)index};
    *row = (struct snn_gradcheck_row){.layer = t->layer, .count = t->count};
    snn_net_tensor_name(&k->net, t, row->name);
    row->norm = norm_of(k, t);
    for (size_t i = 0; i < t->count; i++)
        p[i] = snn_rng_below(2, (uint32_t)i, &key) ? 1 : -1;
    compare(k, t, row, sqrt((double)t->count));
    memset(p, 0, t->count * sizeof *p);
    key.sample = 1;
    for (size_t i = 0; i < k->entries && i < t->count; i++) {
        const size_t at = t->count <= k->entries ? i : snn_rng_below(t->count, (uint32_t)i, &key);
        p[at] = 1;
        compare(k, t, row, 1);
        p[at] = 0;
    }
}

static double look(struct snn_checker *k)
{
    struct snn_tally tally = {0};
    const struct snn_shard shard = {.data = k->data,
                                    .index = k->index,
                                    .n = k->samples,
                                    .training = true,
                                    .scale = 1 / (double)k->samples};
    snn_net_prepare(&k->net, k->params);
    snn_shard_run(&k->net, &k->work, k->params, k->grads, &shard, &tally, NULL);
    as_doubles(k->weights, k->params, k->net.n_params);
    for (size_t i = 0; i < k->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&k->net, i);
        k->largest_rms = fmax(k->largest_rms, norm_of(k, t) / sqrt((double)t->count));
    }
    return tally.loss / (double)k->samples;
}

/* Cuts samples, then entries, down to what it may cost. */
static enum snn_code afford(struct snn_checker *k, const struct snn_spec *spec,
                            const struct snn_gradcheck_options *o, struct snn_error *err)
{
    const struct snn_data_info *info = snn_data_describe(k->data);
    struct snn_estimate e;
    enum snn_code rc = snn_run_estimate(&e, spec, info, 1, err);
    if (rc != SNN_OK)
        return rc;
    k->samples = o->samples < info->train ? o->samples : info->train;
    k->entries = o->entries;
    while (o->most > 0 &&
           e.multiply_adds * (double)k->samples * (1 + (double)(k->entries + 1) * COST) > o->most) {
        if (k->samples == 1 && k->entries == 0)
            return snn_fail(err, SNN_LIMIT,
                            "one sample costs about %.3g multiply-adds, want at most %.3g to check "
                            "its gradients",
                            e.multiply_adds * (1 + COST), o->most);
        if (k->samples > 1)
            k->samples /= 2;
        else
            k->entries /= 2;
    }
    return SNN_OK;
}

static enum snn_code start_from(struct snn_checker *k, const struct snn_model *model,
                                struct snn_error *err)
{
    snn_net_initialise(&k->net, k->params);
    for (size_t i = 0; i < k->samples; i++)
        k->index[i] = (uint32_t)i;
    if (!model)
        return SNN_OK;
    enum snn_code rc = snn_model_fits(model, &k->net, err);
    if (rc == SNN_OK)
        memcpy(k->params, model->params, k->net.n_params * sizeof(real));
    return rc;
}

enum snn_code snn_gradcheck(struct snn_gradcheck_report *out, const struct snn_spec *spec,
                            const struct snn_data *data, const struct snn_model *model,
                            const struct snn_gradcheck_options *options, struct snn_error *err)
{
    struct snn_checker *k = calloc(1, sizeof *k);
    if (!k)
        return snn_fail(err, SNN_NOMEM, "no memory to check gradients");
    k->data = data;
    enum snn_code rc = afford(k, spec, options, err);
    if (rc == SNN_OK)
        rc = snn_checker_build(k, spec, err);
    if (rc == SNN_OK)
        rc = start_from(k, model, err);
    if (rc == SNN_OK) {
        *out = (struct snn_gradcheck_report){.samples = k->samples, .n = k->net.n_tensors};
        out->loss = look(k);
        for (size_t i = 0; i < out->n; i++) {
            look_at(k, i, &out->row[i]);
            out->error =
                isnan(out->row[i].error) ? out->row[i].error : fmax(out->error, out->row[i].error);
        }
    }
    snn_arena_free(&k->arena);
    free(k);
    return rc;
}
