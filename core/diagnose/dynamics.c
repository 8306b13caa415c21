/* SPDX-License-Identifier: MIT */
/* Time constants that are too short for the step: what should decay swings and grows. */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/diagnose/rule.h"

/* A constant, and the least that it may be. */
struct constant {
    const char *name;
    double value, least;
};

static void judge(struct snn_verdict *v, const struct snn_evidence *e, size_t i,
                  const struct constant *k)
{
    const struct snn_layer_evidence *l = &e->layer[i];
    const double h = e->spec.layers[i].neuron.model.value[SNN_NEURON_STEP];
    const double range = fmax(fabs(l->quantile[1]), fabs(l->quantile[SNN_QUANTILES - 2]));
    char pointer[64];
    struct snn_finding *f;
    if (!(k->value <= k->least))
        return;
    f = snn_find(v, "unstable_dynamics", SNN_SEVERITY_critical, l->name);
    snn_fact_add(f, "step", h);
    snn_fact_add(f, k->name, k->value);
    snn_fact_add(f, "step_over_tau", h / k->value);
    snn_fact_add(f, "least_stable", k->least);
    snn_fact_add(f, "membrane_range", range);
    snn_say(f,
            "%s of %s is %.3g with a step of %.3g: below %.3g it swings from step to step without "
            "decay; 5%% of the membranes are farther than %.3g from the threshold of %.3g",
            k->name, l->name, k->value, h, k->least, range, snn_threshold_of(e, i));
    snn_neuron_place(pointer, e, i, k->name);
    snn_suggest(f, k->value, fmax(2 * h, 2 * k->least), pointer,
                "twice the step: half of the membrane is left after each, and nothing swings");
}

void snn_rule_dynamics(struct snn_verdict *v, const struct snn_evidence *e)
{
    for (size_t i = 0; i < e->spec.n_layers; i++) {
        const struct snn_neuron_spec *n = &e->spec.layers[i].neuron;
        const double h = n->model.value[SNN_NEURON_STEP];
        if (e->layer[i].neurons == 0 || snn_neuron_of(&n->model)->own_steps)
            continue;
        const bool learned = isfinite(e->layer[i].tau);
        const struct constant all[] = {
            {"tau", learned ? e->layer[i].tau : n->model.value[SNN_NEURON_TAU],
             e->layer[i].least_tau},
            {"tau_syn", snn_choice_value(&n->model, "tau_syn", HUGE_VAL), h / 2},
            {"tau_adapt", snn_choice_value(&n->model, "tau_adapt", HUGE_VAL), h / 2},
        };
        for (size_t k = 0; k < SNN_COUNT(all); k++)
            judge(v, e, i, &all[k]);
    }
}
