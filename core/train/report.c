/* SPDX-License-Identifier: MIT */
/* What a run tells of a step: metric points and histograms, under the names of the documentation.
 */
#include <math.h>
#include <stdarg.h>

#include "core/diag/quantile.h"
#include "core/math/vec.h"
#include "core/train/run.h"

#define COMMON_POINTS                                                                              \
    5 /* train_loss train_accuracy learning_rate validation_loss validation_accuracy */
/* spike_rate silent saturated surrogate_active gradient_norm_by_step membrane_quantiles
 * membrane_distance */
#define LAYER_POINTS 7
#define TENSOR_POINTS 4    /* gradient_norm update_ratio weight_growth weight_size */
#define LAYER_HISTOGRAMS 3 /* gradients/....membrane activity membrane */
#define SATURATED 0.95     /* share of its steps in which a saturated neuron fires */

size_t snn_report_histograms(const struct snn_net *net)
{
    return 2 * net->n_tensors + LAYER_HISTOGRAMS * net->n_layers;
}

/* A point for each constant that is learned. */
static size_t learned_points(const struct snn_net *net)
{
    size_t n = 0;
    for (size_t i = 0; i < net->n_layers; i++)
        n += net->layer[i].n_learned;
    return n;
}

size_t snn_report_points(const struct snn_net *net)
{
    return COMMON_POINTS + TENSOR_POINTS * net->n_tensors + LAYER_POINTS * net->n_layers +
           learned_points(net);
}

size_t snn_report_values(const struct snn_net *net)
{
    return snn_report_points(net) +
           net->n_layers * (net->time_steps + SNN_QUANTILES + SNN_DISTANCES) +
           learned_points(net) * (SNN_MAX_TERMS - 1);
}

/* The record being put together in the run's own room. */
struct record {
    struct snn_run *r;
    size_t n_points, n_values, n_histograms;
};

__attribute__((format(printf, 3, 4))) static double *add_points(struct record *rec, size_t n,
                                                                const char *format, ...)
{
    struct snn_point *p = &rec->r->points[rec->n_points++];
    double *values = rec->r->values + rec->n_values;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(p->name, sizeof p->name, format, args);
    va_end(args);
    p->values = values;
    p->n = n;
    rec->n_values += n;
    return values;
}

__attribute__((format(printf, 2, 3))) static struct snn_histogram *
add_histogram(struct record *rec, const char *format, ...)
{
    struct snn_histogram *h = &rec->r->histograms[rec->n_histograms++];
    va_list args;
    snn_histogram_clear(h);
    va_start(args, format);
    (void)vsnprintf(h->name, sizeof h->name, format, args);
    va_end(args);
    return h;
}

/* The constants as they are now: every term's, the mean of the neurons'. */
static void tell_learned(struct record *rec, const struct snn_layer *l)
{
    for (size_t i = 0; i < l->n_learned; i++) {
        const struct snn_learned *k = &l->learned[i];
        const size_t count = l->tensor[k->tensor].count;
        const size_t n = snn_learnable_by_term(k->which) ? count : 1;
        double *values = add_points(rec, n, "%s/%s", snn_learnable_name(k->which), l->name);
        for (size_t j = 0; j < n; j++)
            values[j] = 0;
        for (size_t j = 0; j < count; j++)
            values[n == 1 ? 0 : j] += snn_learned_value(l, k, rec->r->params, j);
        if (n == 1)
            values[0] /= (double)count;
    }
}

/* What a learned tensor's numbers stand for, and else the weights themselves. */
static void add_values(struct snn_histogram *h, const struct snn_run *r,
                       const struct snn_tensor_place *t)
{
    const struct snn_layer *l = &r->net.layer[t->layer];
    const struct snn_learned *k = snn_learned_of(l, (size_t)(t - l->tensor));
    if (!k)
        snn_histogram_add(h, r->params + t->offset, t->count);
    for (size_t i = 0; k && i < t->count; i++) {
        const real value = (real)snn_learned_value(l, k, r->params, i);
        snn_histogram_add(h, &value, 1);
    }
}

/* How far the update moved a tensor, and how large it is by now: by its own beginning, and by the
 * default initialisation of as many inputs, U(+-1/sqrt(fan_in)). Not of learned constants, whose
 * numbers are small by no fault of the learning rate. */
static void tell_update(struct record *rec, const struct snn_tensor_place *t, size_t i)
{
    const struct snn_run *r = rec->r;
    const struct snn_layer *l = &r->net.layer[t->layer];
    const double rms = sqrt(snn_sum_squares(r->params + t->offset, t->count) / (double)t->count);
    if (snn_learned_of(l, (size_t)(t - l->tensor)))
        return;
    *add_points(rec, 1, "update_ratio/%s.%s", l->name, t->role) = r->update_ratio[i];
    if (t->is_bias || t->fan_in == 0)
        return;
    *add_points(rec, 1, "weight_growth/%s.%s", l->name, t->role) = rms / r->initial_rms[i];
    *add_points(rec, 1, "weight_size/%s.%s", l->name, t->role) = rms * sqrt(3 * (double)t->fan_in);
}

static void tell_tensors(struct record *rec)
{
    struct snn_run *r = rec->r;
    for (size_t i = 0; i < r->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&r->net, i);
        const char *layer = r->net.layer[t->layer].name;
        const real *g = r->grads[0] + t->offset;
        snn_histogram_add(add_histogram(rec, "gradients/%s.%s", layer, t->role), g, t->count);
        add_values(add_histogram(rec, "weights/%s.%s", layer, t->role), r, t);
        *add_points(rec, 1, "gradient_norm/%s.%s", layer, t->role) =
            sqrt(snn_sum_squares(g, t->count));
        tell_update(rec, t, i);
    }
}

/* Firing rates: a histogram over neurons, their mean, and the shares of the two ways to be useless.
 */
static void tell_activity(struct record *rec, const struct snn_probe_layer *p, const char *name)
{
    struct snn_histogram *h = add_histogram(rec, "activity/%s", name);
    const double steps = (double)p->samples * (double)p->time_steps;
    double sum = 0;
    size_t silent = 0, saturated = 0;
    for (size_t i = 0; i < p->n; i++) {
        const double rate = (double)p->spikes[i] / steps;
        const real value = (real)rate;
        snn_histogram_add(h, &value, 1);
        sum += rate;
        silent += p->spikes[i] == 0;
        saturated += rate >= SATURATED;
    }
    *add_points(rec, 1, "spike_rate/%s", name) = sum / (double)p->n;
    *add_points(rec, 1, "silent/%s", name) = (double)silent / (double)p->n;
    *add_points(rec, 1, "saturated/%s", name) = (double)saturated / (double)p->n;
    *add_points(rec, 1, "surrogate_active/%s", name) = (double)p->active / (steps * (double)p->n);
}

/* Where the membranes stand, and how far from the threshold. */
static void tell_membrane(struct record *rec, const struct snn_histogram *h, const char *name)
{
    double *at = add_points(rec, SNN_QUANTILES, "membrane_quantiles/%s", name);
    for (size_t i = 0; i < SNN_QUANTILES; i++)
        at[i] = snn_histogram_quantile(h, snn_quantile_share[i]);
    at = add_points(rec, SNN_DISTANCES, "membrane_distance/%s", name);
    for (size_t i = 0; i < SNN_DISTANCES; i++)
        at[i] = snn_histogram_distance(h, snn_distance_share[i]);
}

static void tell_layers(struct record *rec)
{
    struct snn_run *r = rec->r;
    for (size_t i = 0; i < r->net.n_layers; i++) {
        const struct snn_probe_layer *p = &r->probe[0].layer[i];
        const char *name = r->net.layer[i].name;
        if (!r->net.layer[i].has_neuron)
            continue;
        snn_histogram_merge(add_histogram(rec, "gradients/%s.membrane", name), &p->gradient);
        tell_activity(rec, p, name);
        snn_histogram_merge(add_histogram(rec, "membrane/%s", name), &p->membrane);
        tell_membrane(rec, &p->membrane, name);
        double *norm = add_points(rec, p->time_steps, "gradient_norm_by_step/%s", name);
        for (size_t t = 0; t < p->time_steps; t++)
            norm[t] = sqrt(p->squares[t]);
    }
}

/* Of the epoch so far: at its end, of the whole. */
static void tell_training(struct record *rec)
{
    const struct snn_cursor *at = &rec->r->at;
    *add_points(rec, 1, "train_loss") = at->metrics.train_loss;
    *add_points(rec, 1, "train_accuracy") = at->metrics.train_accuracy;
    *add_points(rec, 1, "learning_rate") = snn_run_learning_rate(rec->r, at->step - 1);
}

void snn_report(struct snn_run *r, const struct snn_hooks *hooks, bool probed, bool epoch_end)
{
    struct record rec = {.r = r};
    tell_training(&rec);
    for (size_t i = 0; i < r->net.n_layers; i++)
        tell_learned(&rec, &r->net.layer[i]);
    if (epoch_end && r->validation) {
        *add_points(&rec, 1, "validation_loss") = r->at.metrics.validation_loss;
        *add_points(&rec, 1, "validation_accuracy") = r->at.metrics.validation_accuracy;
    }
    if (probed) {
        tell_tensors(&rec);
        tell_layers(&rec);
    }
    if (hooks->points)
        hooks->points(hooks->user, r->at.step, r->at.epoch, r->points, rec.n_points);
    if (hooks->histograms && rec.n_histograms)
        hooks->histograms(hooks->user, r->at.step, r->at.epoch, r->histograms, rec.n_histograms);
}
