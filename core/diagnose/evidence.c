/* SPDX-License-Identifier: MIT */
#include "core/diagnose/evidence.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/diagnose/input.h"
#include "core/diagnose/rule.h"
#include "core/train/run.h"

/* ---------------------------------------------------------------------------- of the run -- */

/* The layer whose weights drive the neurons of layer i: itself, or the nearest one below. */
static size_t driven_by(const struct snn_net *net, size_t i)
{
    while (i > 0 && !net->layer[i].type->carries_neuron)
        i--;
    return i;
}

static size_t fan_in_of(const struct snn_layer *l)
{
    for (size_t i = 0; i < l->n_tensors; i++)
        if (strcmp(l->tensor[i].role, "weight") == 0)
            return l->tensor[i].fan_in;
    return 0;
}

static void forget(struct snn_layer_evidence *l)
{
    const double unknown = (double)NAN;
    l->rate = l->silent = l->saturated = l->active = unknown;
    l->gradient = l->early = l->top = l->usual = unknown;
    l->weight_gradient = l->update = l->growth = l->size = l->tau = unknown;
    for (size_t i = 0; i < SNN_QUANTILES; i++)
        l->quantile[i] = unknown;
    for (size_t i = 0; i < SNN_DISTANCES; i++)
        l->distance[i] = unknown;
}

static void describe(struct snn_evidence *e, const struct snn_net *net, size_t i)
{
    const size_t last = net->n_layers - 1;
    const struct snn_layer *l = &net->layer[i];
    struct snn_layer_evidence *to = &e->layer[i];
    memcpy(to->name, e->spec.layers[i].name, sizeof to->name);
    to->neurons = l->has_neuron ? l->out : 0;
    to->fan_in = fan_in_of(l);
    to->matters = l->has_neuron && (i < last || !snn_readout_of(&e->spec.readout)->reads_membrane);
    to->weights = driven_by(net, i);
    if (l->has_neuron) {
        to->least_tau = snn_least_tau(&e->spec.layers[i].neuron, e->spec.time_steps);
        to->half_width = snn_half_width(&e->spec.layers[i].neuron.surrogate);
    }
    forget(to);
}

enum snn_code snn_evidence_new(struct snn_evidence **out, const struct snn_run *run,
                               struct snn_error *err)
{
    struct snn_evidence *e = calloc(1, sizeof *e);
    const double unknown = (double)NAN;
    enum snn_code rc = SNN_OK;
    if (e)
        e->scratch = calloc(run->spec.time_steps, sizeof *e->scratch);
    if (!e || !e->scratch)
        rc = snn_fail(err, SNN_NOMEM, "no memory for the evidence of a run");
    else
        rc = snn_input_strength(&e->input, run, err);
    if (rc != SNN_OK) {
        snn_evidence_free(e);
        return rc;
    }
    e->spec = run->spec;
    e->classes = run->info.classes;
    for (size_t i = 0; i < run->net.n_layers; i++)
        describe(e, &run->net, i);
    e->learning_rate = e->first_loss = e->train_loss = e->train_accuracy = unknown;
    e->norm = e->validation_loss = e->validation_accuracy = e->best_loss = unknown;
    e->test_loss = e->test_accuracy = unknown;
    *out = e;
    return SNN_OK;
}

void snn_evidence_free(struct snn_evidence *e)
{
    if (!e)
        return;
    free(e->scratch);
    free(e);
}

/* ---------------------------------------------------------------------------- of a record -- */

/* Where a point of the layer's goes: "prefix/layer", or with a role "prefix/layer.role". */
static const struct place {
    const char *prefix, *role;
    size_t at, n;
} places[] = {
#define AT(field) offsetof(struct snn_layer_evidence, field)
    {"spike_rate/", NULL, AT(rate), 1},
    {"silent/", NULL, AT(silent), 1},
    {"saturated/", NULL, AT(saturated), 1},
    {"surrogate_active/", NULL, AT(active), 1},
    {"membrane_quantiles/", NULL, AT(quantile), SNN_QUANTILES},
    {"membrane_distance/", NULL, AT(distance), SNN_DISTANCES},
    {"tau/", NULL, AT(tau), 1},
    {"gradient_norm/", ".weight", AT(weight_gradient), 1},
    {"update_ratio/", ".weight", AT(update), 1},
    {"weight_growth/", ".weight", AT(growth), 1},
    {"weight_size/", ".weight", AT(size), 1},
#undef AT
};

/* Whether the point is the prefix's of that layer (and role). */
static bool is_of(const char *point, const char *prefix, const char *layer, const char *role)
{
    const size_t n = strlen(prefix), m = strlen(layer);
    return strncmp(point, prefix, n) == 0 && strncmp(point + n, layer, m) == 0 &&
           strcmp(point + n + m, role ? role : "") == 0;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Norms of dL/du, step by step. */
static void take_steps(struct snn_evidence *e, struct snn_layer_evidence *l,
                       const struct snn_point *p)
{
    const size_t n = p->n < e->spec.time_steps ? p->n : e->spec.time_steps;
    double squares = 0;
    size_t first = 0; /* of those that are not 0 */
    l->early = l->top = 0;
    for (size_t t = 0; t < n; t++) {
        squares += p->values[t] * p->values[t];
        l->top = fmax(l->top, p->values[t]);
        l->early = 4 * t < n ? fmax(l->early, p->values[t]) : l->early;
        e->scratch[t] = p->values[t];
    }
    l->gradient = sqrt(squares / ((double)n * (double)l->neurons));
    qsort(e->scratch, n, sizeof *e->scratch, ascending);
    while (first < n && e->scratch[first] == 0)
        first++;
    l->usual = first < n ? e->scratch[first + (n - first) / 2] : 0;
}

static void take_layer(struct snn_evidence *e, struct snn_layer_evidence *l,
                       const struct snn_point *p)
{
    for (size_t i = 0; i < SNN_COUNT(places); i++)
        if (p->n == places[i].n && is_of(p->name, places[i].prefix, l->name, places[i].role))
            memcpy((char *)l + places[i].at, p->values, p->n * sizeof *p->values);
    if (is_of(p->name, "gradient_norm_by_step/", l->name, NULL))
        take_steps(e, l, p);
}

static void take_common(struct snn_evidence *e, const struct snn_point *p, size_t epoch)
{
    if (strcmp(p->name, "train_loss") == 0)
        e->train_loss = p->values[0];
    else if (strcmp(p->name, "train_accuracy") == 0)
        e->train_accuracy = p->values[0];
    else if (strcmp(p->name, "learning_rate") == 0)
        e->learning_rate = p->values[0];
    else if (strcmp(p->name, "validation_accuracy") == 0)
        e->validation_accuracy = p->values[0];
    else if (strcmp(p->name, "validation_loss") == 0) {
        e->validation_loss = p->values[0];
        e->validated_epoch = epoch;
        if (!(p->values[0] >= e->best_loss)) {
            e->best_loss = p->values[0];
            e->best_epoch = epoch;
        }
    }
}

/* For how long it has looked so, and not better than in the record before. */
static size_t lasting(size_t before, bool is_so, bool improves)
{
    return !is_so || improves ? 0 : before + 1;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void count(struct snn_layer_evidence *l, const struct snn_layer_evidence *before)
{
    const bool is_narrow = !(l->active >= NARROW);
    const bool widens = before->active > 0 && l->active >= WIDENS * before->active;
    l->dead_for =
        lasting(before->dead_for, l->silent >= DEAD, l->silent <= before->silent - RECOVERS);
    l->saturated_for = lasting(before->saturated_for, l->saturated >= SATURATED_LAYER,
                               l->saturated <= before->saturated - RECOVERS);
    l->narrow_for = lasting(before->narrow_for, is_narrow, widens);
#define MOST(what) l->what##_most = most(before->what##_most, l->what##_for);
    MOST(dead)
    MOST(saturated)
    MOST(narrow)
#undef MOST
}

/* A diagnostic record tells of the layers; what is at the end of an epoch alone does not. */
static bool tells_layers(const struct snn_point *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(p[i].name, "gradient_norm/", strlen("gradient_norm/")) == 0)
            return true;
    return false;
}

static void add_layers(struct snn_evidence *e, const struct snn_point *p, size_t n)
{
    double squares = 0;
    for (size_t i = 0; i < e->spec.n_layers; i++) {
        struct snn_layer_evidence *l = &e->layer[i];
        const struct snn_layer_evidence before = *l;
        forget(l);
        for (size_t k = 0; k < n; k++)
            take_layer(e, l, &p[k]);
        l->told = true;
        if (l->neurons)
            count(l, &before);
        if (l->fan_in)
            squares += l->weight_gradient * l->weight_gradient;
    }
    if (e->norm > 0 && isfinite(e->norm)) {
        e->log_norms += log(e->norm);
        e->n_norms++;
    }
    e->norm = sqrt(squares);
    e->records++;
}

void snn_evidence_add(struct snn_evidence *e, size_t step, size_t epoch, const struct snn_point *p,
                      size_t n)
{
    if (step == 0) /* what was before the training: initial rates */
        return;
    e->step = step;
    e->epoch = epoch;
    for (size_t i = 0; i < n; i++)
        take_common(e, &p[i], epoch);
    if (isnan(e->first_loss))
        e->first_loss = e->train_loss;
    if (tells_layers(p, n))
        add_layers(e, p, n);
}

void snn_evidence_end(struct snn_evidence *e, enum snn_code how, const struct snn_metrics *m)
{
    e->over = how == SNN_OK || how == SNN_DIVERGED;
    e->diverged = how == SNN_DIVERGED;
    e->test_loss = m->test_loss;
    e->test_accuracy = m->test_accuracy;
}
