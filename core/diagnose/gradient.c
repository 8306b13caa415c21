/* SPDX-License-Identifier: MIT */
/* Gradients that get lost, or out of hand, on their way from the last layer to the first and from
 * the last step to the first. */
#include <math.h>
#include <string.h>

#include "core/diagnose/rule.h"

/* The first and the last layer with neurons, and how many lie between them. */
struct way {
    const struct snn_layer_evidence *first, *last;
    size_t first_at, layers;
};

static struct way way_of(const struct snn_evidence *e)
{
    struct way w = {.layers = 0};
    for (size_t i = 0; i < e->spec.n_layers; i++) {
        const struct snn_layer_evidence *l = &e->layer[i];
        if (l->neurons == 0 || !l->told)
            continue;
        w.first = w.first ? w.first : l;
        w.first_at = w.layers == 0 ? i : w.first_at;
        w.last = l;
        w.layers++;
    }
    return w;
}

/* dL/du of the first layer by that of the last; NaN where there is no way. */
static double ratio_of(const struct way *w)
{
    return w->layers < 2 ? (double)NAN : w->first->gradient / w->last->gradient;
}

static double per_layer(const struct way *w, double ratio)
{
    return pow(ratio, 1 / (double)(w->layers - 1));
}

/* What dL/du becomes on its way down; `does`: "falls" or "grows". */
static void tell_way(struct snn_finding *f, const struct way *w, double ratio, const char *does)
{
    snn_fact_add(f, "first_over_last", ratio);
    snn_fact_add(f, "per_layer", per_layer(w, ratio));
    snn_fact_add(f, "first", w->first->gradient);
    snn_fact_add(f, "last", w->last->gradient);
    snn_say(f,
            "dL/du is %.2g in %s and %.2g in %s: over %zu layers it %s by a factor of %.2g, "
            "%.2g a layer",
            w->first->gradient, w->first->name, w->last->gradient, w->last->name, w->layers, does,
            ratio, per_layer(w, ratio));
}

/* ------------------------------------------------------------------------------- vanishing -- */

static void vanish_over_layers(struct snn_verdict *v, const struct snn_evidence *e)
{
    const struct way w = way_of(e);
    const double ratio = ratio_of(&w);
    if (!(ratio <= VANISHED))
        return;
    struct snn_finding *f = snn_find(
        v, "vanishing_gradient",
        ratio <= VANISHED_WHOLLY ? SNN_SEVERITY_critical : SNN_SEVERITY_warning, w.first->name);
    tell_way(f, &w, ratio, "falls");
    snn_suggest_word(f, e->spec.layers[w.first->weights].initialiser.kind->name, "rate",
                     "/initialisation/kind",
                     "with first weights that let every layer fire a spike in ten steps the "
                     "membranes are near the threshold, where the surrogate is steep");
    if (strcmp(e->spec.layers[w.first->weights].initialiser.kind->name, "rate") == 0)
        f->change.pointer[0] = '\0';
}

/* What is left of a membrane after `steps` is LEFT_IN_TIME. */
static void suggest_memory(struct snn_finding *f, const struct snn_evidence *e, size_t i,
                           double steps)
{
    const struct snn_choice *model = &e->spec.layers[i].neuron.model;
    const double left = pow(LEFT_IN_TIME, 1 / steps), h = model->value[SNN_NEURON_STEP];
    const bool by_beta = snn_neuron_of(model)->own_steps;
    const char *name = by_beta ? "beta" : "tau";
    char pointer[64];
    snn_neuron_place(pointer, e, i, name);
    snn_suggest(f, snn_choice_value(model, name, (double)NAN), by_beta ? left : h / (1 - left),
                pointer,
                "a tenth of what a step leaves in the membrane is then still there after %.0f "
                "steps",
                steps);
}

/* In the layer below the last one: what reaches it at a step has come back in time through the
 * membranes of the last, into which the loss comes by itself. */
static void vanish_over_time(struct snn_verdict *v, const struct snn_evidence *e)
{
    const struct snn_layer_evidence *l = NULL, *last = NULL;
    const double steps = (double)e->spec.time_steps;
    size_t at = 0;
    for (size_t i = 0; i < e->spec.n_layers; i++)
        if (e->layer[i].neurons && e->layer[i].told) {
            l = last;
            last = &e->layer[i];
            at = i;
        }
    if (!l || steps < 8 || !(l->top > 0) || !(l->early <= VANISHED_IN_TIME * l->top))
        return;
    const double ratio = l->early / l->top, per_step = pow(ratio, 1 / (0.75 * steps));
    struct snn_finding *f = snn_find(v, "vanishing_gradient", SNN_SEVERITY_warning, l->name);
    snn_fact_add(f, "early_over_largest", ratio);
    snn_fact_add(f, "per_step", per_step);
    snn_fact_add(f, "time_steps", steps);
    snn_say(f,
            "dL/du of %s in the first quarter of the %g steps is at most %.2g of what it is at its "
            "largest, a factor of %.2g a step: what happens early cannot be learned",
            l->name, steps, ratio, per_step);
    suggest_memory(f, e, at, steps - 1);
}

void snn_rule_vanishing(struct snn_verdict *v, const struct snn_evidence *e)
{
    vanish_over_layers(v, e);
    vanish_over_time(v, e);
}

/* ------------------------------------------------------------------------------- exploding -- */

static void suggest_clip(struct snn_finding *f, const struct snn_evidence *e, double norm)
{
    if (e->spec.clip_norm == 0 || e->spec.clip_norm > norm)
        snn_suggest(f, e->spec.clip_norm, norm, "/training/clip_norm",
                    "the norm that the gradient has where it is in hand");
}

/* A surrogate whose peak goes with its scale is what multiplies from layer to layer. */
static bool suggest_peak(struct snn_finding *f, const struct snn_evidence *e, size_t i,
                         double factor)
{
    const struct snn_choice *now = &e->spec.layers[i].neuron.surrogate;
    struct snn_choice twice = *now;
    const double peak = snn_peak(now);
    char pointer[64];
    twice.value[0] *= 2;
    const double rises = snn_peak(&twice) / peak;
    if (peak <= 1 || fabs(rises - 1) < 0.1)
        return false;
    snn_neuron_place(pointer, e, i, "surrogate_scale");
    snn_suggest(f, now->value[0], rises > 1 ? now->value[0] / factor : now->value[0] * factor,
                pointer, "makes the derivative of %s at most %.2g, a factor of about 1 a layer",
                now->kind->name, peak / factor);
    return true;
}

static void explode_over_layers(struct snn_verdict *v, const struct snn_evidence *e)
{
    const struct way w = way_of(e);
    const double ratio = ratio_of(&w);
    if (!(ratio >= EXPLODED))
        return;
    struct snn_finding *f = snn_find(v, "exploding_gradient", SNN_SEVERITY_critical, w.first->name);
    tell_way(f, &w, ratio, "grows");
    if (!suggest_peak(f, e, w.first_at, per_layer(&w, ratio)))
        suggest_clip(f, e, e->norm / ratio * (double)w.layers);
}

static void explode_over_time(struct snn_verdict *v, const struct snn_evidence *e)
{
    for (size_t i = 0; i < e->spec.n_layers; i++) {
        const struct snn_layer_evidence *l = &e->layer[i];
        if (l->neurons == 0 || !l->told || e->spec.time_steps < 8 || !(l->usual > 0) ||
            !(l->early >= EXPLODED_IN_TIME * l->usual))
            continue;
        struct snn_finding *f = snn_find(v, "exploding_gradient", SNN_SEVERITY_critical, l->name);
        snn_fact_add(f, "early_over_median", l->early / l->usual);
        snn_fact_add(f, "time_steps", (double)e->spec.time_steps);
        snn_say(f,
                "dL/du of %s grows backwards in time: in the first quarter of the steps it comes "
                "to %.2g, %.2g times the median step's",
                l->name, l->early, l->early / l->usual);
        suggest_clip(f, e, e->norm * l->usual / l->early);
    }
}

static void explode_at_once(struct snn_verdict *v, const struct snn_evidence *e)
{
    const double usual = exp(e->log_norms / (double)e->n_norms);
    if (e->n_norms < LASTING || !(e->norm >= BURST * usual) || e->norm < LARGE_NORM)
        return;
    struct snn_finding *f = snn_find(v, "exploding_gradient", SNN_SEVERITY_critical, "");
    snn_fact_add(f, "norm", e->norm);
    snn_fact_add(f, "norm_so_far", usual);
    snn_say(f,
            "the norm of the weights' gradient is %.2g, %.2g times what it was in the %zu records "
            "before (%.2g, geometric mean)",
            e->norm, e->norm / usual, e->n_norms, usual);
    suggest_clip(f, e, usual);
}

void snn_rule_exploding(struct snn_verdict *v, const struct snn_evidence *e)
{
    const size_t before = v->n;
    explode_over_layers(v, e);
    explode_over_time(v, e);
    if (v->n == before)
        explode_at_once(v, e);
}
