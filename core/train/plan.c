/* SPDX-License-Identifier: MIT */
/* Which way the products of a run went, added up over its workers. */
#include <math.h>

#include "core/train/run.h"

const char *snn_path_name(enum snn_path p)
{
#define NAME(name) #name,
    static const char *const names[] = {SNN_PATHS(NAME)};
#undef NAME
    return p < SNN_PATH_COUNT ? names[p] : "unknown";
}

static struct snn_plan_product product_of(const struct snn_lists_count *n, double crossover)
{
    struct snn_plan_product p = {
        .blocks = n->blocks, .listed = n->listed, .density = (double)NAN, .crossover = crossover};
    if (n->listed)
        p.density = (double)n->entries / (double)n->values;
    if (n->blocks)
        p.path = n->listed == 0          ? SNN_PATH_dense
                 : n->listed < n->blocks ? SNN_PATH_mixed
                                         : SNN_PATH_lists;
    return p;
}

static void add(struct snn_lists_count *sum, const struct snn_lists_count *n)
{
    sum->blocks += n->blocks;
    sum->listed += n->listed;
    sum->entries += n->entries;
    sum->values += n->values;
}

/* What a layer looks at in lists, forward and back; NULL = it does not. */
static const struct snn_lists *input_of(const struct snn_layer *l, const struct snn_layer_work *w)
{
    return snn_layer_hears(l)       ? &w->heard.rows
           : snn_layer_convolves(l) ? &w->sparse2d.events
                                    : NULL;
}

static const struct snn_lists *back_of(const struct snn_layer *l, const struct snn_layer_work *w)
{
    const struct snn_lists *lists = snn_layer_convolves(l) ? &w->sparse2d.back : &w->narrow.lists;
    return lists->capacity ? lists : NULL;
}

static struct snn_plan_product add_up(const struct snn_run *r, size_t layer,
                                      const struct snn_lists *(*of)(const struct snn_layer *,
                                                                    const struct snn_layer_work *))
{
    const struct snn_layer *l = &r->net.layer[layer];
    const struct snn_lists *first = of(l, &r->work[0].layer[layer]);
    struct snn_lists_count sum = {0};
    for (size_t i = 0; first && i < r->threads; i++)
        add(&sum, &of(l, &r->work[i].layer[layer])->count);
    return product_of(&sum, first ? first->few : (double)NAN);
}

static struct snn_plan_history history_of(const struct snn_layer *l)
{
    const struct snn_exponentials *e = &l->cell.table.exponentials;
    const bool kept = l->has_neuron && l->cell.solver->has_history;
    return (struct snn_plan_history){
        .kept = kept, .exponentials = kept ? e->count : 0, .error = kept ? e->error : 0};
}

static struct snn_plan_layer plan_of(const struct snn_run *r, size_t layer)
{
    const struct snn_layer *l = &r->net.layer[layer];
    struct snn_plan_layer p = {.layer = l->name,
                               .history = history_of(l),
                               .input = add_up(r, layer, input_of),
                               .back = add_up(r, layer, back_of)};
    if (!l->type->carries_neuron)
        return p;
    if (l->static_input)
        p.input.path = SNN_PATH_once;
    else if (isnan(p.input.crossover) && r->at.samples)
        p.input.path = SNN_PATH_dense;
    return p;
}

size_t snn_run_plan(const struct snn_run *r, struct snn_plan_layer out[SNN_MAX_LAYERS])
{
    size_t n = 0;
    for (size_t i = 0; i < r->net.n_layers; i++)
        if (r->net.layer[i].type->carries_neuron || history_of(&r->net.layer[i]).kept)
            out[n++] = plan_of(r, i);
    return n;
}
