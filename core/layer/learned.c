/* SPDX-License-Identifier: MIT */
/* Constants of a layer's neurons that are learned: their tensors, their values, their gradients. */
#include <string.h>

#include "core/layer/layer.h"

/* The end that tau may not cross: with step/tau below 2 an Euler step does not blow up. */
static double lower_end(const struct snn_neuron_spec *n, enum snn_learnable which)
{
    const double half = snn_choice_value(&n->model, "step", 0) / 2;
    const bool has_one = which == SNN_LEARN_tau && snn_learnable_initial(n, which, 0) > half;
    return has_one ? half : 0;
}

static size_t count_of(const struct snn_layer *l, const struct snn_neuron_spec *n,
                       enum snn_learnable which)
{
    if (snn_learnable_by_term(which))
        return n->n_terms;
    return n->learn[which] == SNN_PER_NEURON ? l->out : 1;
}

const struct snn_learned *snn_learned_of(const struct snn_layer *l, size_t tensor)
{
    for (size_t i = 0; i < l->n_learned; i++)
        if (l->learned[i].tensor == tensor)
            return &l->learned[i];
    return NULL;
}

void snn_learned_tensors(struct snn_layer *l, const struct snn_neuron_spec *n, bool spikede)
{
    for (enum snn_learnable which = 0; which < SNN_LEARNABLE_COUNT; which++) {
        const size_t count = count_of(l, n, which);
        struct snn_learned *k = &l->learned[l->n_learned];
        if (n->learn[which] == SNN_FIXED)
            continue;
        *k = (struct snn_learned){.which = which,
                                  .transform = snn_transform_of(which, spikede),
                                  .low = lower_end(n, which),
                                  .tensor = l->n_tensors};
        for (size_t i = 0; i < SNN_MAX_TERMS; i++)
            k->initial[i] = snn_learnable_initial(n, which, i);
        l->tensor[l->n_tensors++] = (struct snn_tensor_place){
            .role = snn_learnable_name(which), .shape = {count}, .rank = 1, .count = count};
        l->n_learned++;
        l->cell.learns[which] = true;
    }
}

double snn_learned_initial(const struct snn_learned *k, size_t i)
{
    return k->initial[snn_learnable_by_term(k->which) ? i : 0];
}

void snn_learned_start(const struct snn_layer *l, const struct snn_learned *k, real *params)
{
    const struct snn_tensor_place *t = &l->tensor[k->tensor];
    for (size_t i = 0; i < t->count; i++)
        params[t->offset + i] = (real)k->transform->start(snn_learned_initial(k, i));
}

double snn_learned_value(const struct snn_layer *l, const struct snn_learned *k, const real *params,
                         size_t i)
{
    const double p = (double)params[l->tensor[k->tensor].offset + i];
    return k->transform->value(p, snn_learned_initial(k, i), k->low);
}

/* ------------------------------------------------------------------------------- prepare -- */

static void fill(real *to, size_t n, double value)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (real)value;
}

static void prepare_learned(struct snn_layer *l, const struct snn_learned *k, const real *params,
                            struct snn_orders *o)
{
    const size_t count = l->tensor[k->tensor].count;
    if (snn_learnable_by_term(k->which)) {
        double *to = k->which == SNN_LEARN_alpha ? o->alpha : o->coefficient;
        for (size_t i = 0; i < count; i++)
            to[i] = snn_learned_value(l, k, params, i);
        return;
    }
    real *const to[SNN_LEARNABLE_COUNT] = {[SNN_LEARN_tau] = l->cell.r,
                                           [SNN_LEARN_threshold] = l->cell.threshold,
                                           [SNN_LEARN_beta] = l->cell.beta,
                                           [SNN_LEARN_alpha_syn] = l->cell.alpha_syn};
    for (size_t i = 0; i < l->out; i++) {
        const double v = snn_learned_value(l, k, params, count == 1 ? 0 : i);
        to[k->which][i] = (real)(k->which == SNN_LEARN_tau ? 1 / v : v);
    }
}

void snn_cell_prepare(struct snn_layer *l, const real *params)
{
    struct snn_orders orders = l->orders;
    fill(l->cell.r, l->out, 1 / l->tau);
    fill(l->cell.threshold, l->out, l->threshold);
    if (l->cell.neuron->own_steps) {
        fill(l->cell.beta, l->out, l->beta);
        fill(l->cell.alpha_syn, l->out, l->alpha_syn);
    }
    for (size_t i = 0; i < l->n_learned; i++)
        prepare_learned(l, &l->learned[i], params, &orders);
    if (l->cell.solver->has_history)
        snn_weights_fill(&l->cell.table, l->cell.solver, &orders);
}

/* ------------------------------------------------------------------------------ gradient -- */

/* dL/d of the i-th order (or, from n_terms on, coefficient): through every weight of the table. */
static double through_table(const struct snn_layer *l, const struct snn_layer_work *w, size_t i)
{
    const struct snn_weights_table *t = &l->cell.table;
    double sum = *w->d.a * t->da[i];
    for (size_t d = 0; d <= t->lags; d++)
        sum += w->d.w[d] * t->dw[i][d];
    for (size_t m = 0; m < t->exponentials.count; m++)
        sum += w->d.c[m] * t->exponentials.dc[i][m];
    return sum;
}

static double constant_gradient(const struct snn_layer *l, const struct snn_layer_work *w,
                                const struct snn_learned *k, size_t i)
{
    const double *const from[SNN_LEARNABLE_COUNT] = {[SNN_LEARN_tau] = w->d.tau,
                                                     [SNN_LEARN_threshold] = w->d.threshold,
                                                     [SNN_LEARN_beta] = w->d.beta,
                                                     [SNN_LEARN_alpha_syn] = w->d.alpha_syn};
    const double *by_neuron = from[k->which];
    double sum = 0;
    if (k->which == SNN_LEARN_alpha)
        return through_table(l, w, i);
    if (k->which == SNN_LEARN_coefficients)
        return through_table(l, w, l->orders.n + i);
    if (l->tensor[k->tensor].count > 1)
        return by_neuron[i];
    for (size_t j = 0; j < l->out; j++)
        sum += by_neuron[j];
    return sum;
}

static void clear(const struct snn_layer *l, struct snn_layer_work *w)
{
    double *const by_neuron[] = {w->d.tau, w->d.threshold, w->d.beta, w->d.alpha_syn};
    for (size_t i = 0; i < sizeof by_neuron / sizeof *by_neuron; i++)
        if (by_neuron[i])
            memset(by_neuron[i], 0, l->out * sizeof **by_neuron);
    if (w->d.w) {
        memset(w->d.w, 0, (l->cell.table.lags + 1) * sizeof *w->d.w);
        *w->d.a = 0;
    }
    if (w->d.c)
        memset(w->d.c, 0, l->cell.table.exponentials.count * sizeof *w->d.c);
}

void snn_learned_gradient(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                          real *grads)
{
    for (size_t i = 0; i < l->n_learned; i++) {
        const struct snn_learned *k = &l->learned[i];
        const struct snn_tensor_place *t = &l->tensor[k->tensor];
        for (size_t j = 0; j < t->count; j++) {
            const double p = (double)params[t->offset + j];
            const double slope = k->transform->slope(p, snn_learned_initial(k, j), k->low);
            grads[t->offset + j] += (real)(constant_gradient(l, w, k, j) * slope);
        }
    }
    if (l->n_learned)
        clear(l, w);
}
