/* SPDX-License-Identifier: MIT */
/* Surrogates that are elsewhere than the membranes. What a scale means differs from row to row, so
 * width and scale are brought together by the curve itself. */
#include <math.h>

#include "core/diagnose/rule.h"

#define FARTHEST 1e12
#define HALVINGS 60

static double slope_at(const struct snn_choice *surrogate, double x)
{
    double spike, derivative;
    snn_surrogate_curve(surrogate, &x, 1, &spike, &derivative);
    return derivative;
}

double snn_peak(const struct snn_choice *surrogate)
{
    return slope_at(surrogate, 0);
}

double snn_half_width(const struct snn_choice *surrogate)
{
    const double half = snn_peak(surrogate) / 2;
    double inside = 0, outside = 1 / FARTHEST;
    while (outside < FARTHEST && slope_at(surrogate, outside) > half) {
        inside = outside;
        outside *= 2;
    }
    if (outside >= FARTHEST)
        return HUGE_VAL;
    for (int i = 0; i < HALVINGS; i++) {
        const double middle = (inside + outside) / 2;
        *(slope_at(surrogate, middle) > half ? &inside : &outside) = middle;
    }
    return inside;
}

double snn_scale_for(const struct snn_choice *surrogate, double half_width)
{
    struct snn_choice twice = *surrogate;
    const double width = snn_half_width(surrogate);
    twice.value[0] *= 2;
    /* A scale is a width, or one over a width. */
    const bool widens = snn_half_width(&twice) > width;
    return surrogate->value[0] * (widens ? half_width / width : width / half_width);
}

static void suggest(struct snn_finding *f, const struct snn_evidence *e, size_t i)
{
    const struct snn_layer_evidence *l = &e->layer[i];
    const struct snn_choice *surrogate = &e->spec.layers[i].neuron.surrogate;
    char pointer[64];
    snn_neuron_place(pointer, e, i, "surrogate_scale");
    snn_suggest(f, surrogate->value[0], snn_scale_for(surrogate, l->distance[2]), pointer,
                "makes %s half its peak at %.3g, the median distance of the membranes of %s from "
                "the threshold",
                surrogate->kind->name, l->distance[2], l->name);
}

static void tell(struct snn_finding *f, const struct snn_layer_evidence *l, double width)
{
    snn_fact_add(f, "surrogate_active", l->active);
    snn_fact_add(f, "half_width", width);
    snn_fact_add(f, "distance_median", l->distance[2]);
    snn_fact_add(f, "distance_95", l->distance[4]);
}

void snn_rule_narrow(struct snn_verdict *v, const struct snn_evidence *e)
{
    for (size_t i = 0; i < e->spec.n_layers; i++) {
        const struct snn_layer_evidence *l = &e->layer[i];
        const struct snn_choice *surrogate = &e->spec.layers[i].neuron.surrogate;
        if (!l->matters || !l->told || !snn_lasts(e, l->narrow_for, l->narrow_most))
            continue;
        const double width = l->half_width;
        if (!(width < l->distance[2])) /* the membranes are within it, and it is not to be blamed */
            continue;
        struct snn_finding *f = snn_find(
            v, "surrogate_narrow",
            l->active < VERY_NARROW ? SNN_SEVERITY_critical : SNN_SEVERITY_warning, l->name);
        tell(f, l, width);
        snn_say(f,
                "%s lets gradient through at %.2g%% of the neuron-steps of %s: it is half its peak "
                "at %.3g from the threshold, and half of the membranes are farther than %.3g",
                surrogate->kind->name, 100 * l->active, l->name, width, l->distance[2]);
        suggest(f, e, i);
    }
}

void snn_rule_wide(struct snn_verdict *v, const struct snn_evidence *e)
{
    for (size_t i = 0; i < e->spec.n_layers; i++) {
        const struct snn_layer_evidence *l = &e->layer[i];
        const struct snn_choice *surrogate = &e->spec.layers[i].neuron.surrogate;
        if (!l->matters || !l->told)
            continue;
        const double width = l->half_width;
        /* One without an end is meant to be the same everywhere. */
        if (!(width < HUGE_VAL && width >= WIDE * l->distance[4]))
            continue;
        struct snn_finding *f = snn_find(v, "surrogate_wide", SNN_SEVERITY_warning, l->name);
        tell(f, l, width);
        snn_say(f,
                "%s is much the same for all membranes of %s: it is half its peak at %.3g from the "
                "threshold, and 95%% of them are within %.3g",
                surrogate->kind->name, l->name, width, l->distance[4]);
        suggest(f, e, i);
    }
}
