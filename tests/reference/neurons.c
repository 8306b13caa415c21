/* SPDX-License-Identifier: MIT */
#include "tests/reference/neurons.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name, *model, *reset;
    bool order_one;
} neurons[] = {
    {"LIFNeuron", "lif", "scaled", false},
    {"IFNeuron", "if", "scaled", false},
    {"LIFNeuron_OrderOne", "lif", "subtract", true},
};

static bool choose_model(struct ref_case *c, struct ref_neuron *out, const char *name)
{
    for (size_t i = 0; i < sizeof neurons / sizeof neurons[0]; i++) {
        if (strcmp(neurons[i].name, name) != 0)
            continue;
        out->spec.model = snn_choice_of(snn_registry_find(&snn_neurons, neurons[i].model));
        out->spec.reset = snn_choice_of(snn_registry_find(&snn_resets, neurons[i].reset));
        out->order_one = neurons[i].order_one;
        return true;
    }
    ref_fail(c, "neuron %s is not known", name);
    return false;
}

static bool choose_surrogate(struct ref_case *c, struct ref_neuron *out, const char *name)
{
    out->mean_field = strcmp(name, "noisy_meanfield") == 0;
    const struct snn_kind *kind =
        snn_registry_find(&snn_surrogates, out->mean_field ? "noisy" : name);
    if (!kind) {
        ref_fail(c, "surrogate %s is not known", name);
        return false;
    }
    out->spec.surrogate = snn_choice_of(kind);
    out->soft = snn_surrogate_of(&out->spec.surrogate)->training == SNN_SPIKE_SOFT;
    return true;
}

bool ref_neuron_of(struct ref_case *c, struct ref_neuron *out, const json_t *from)
{
    *out = (struct ref_neuron){.spec = snn_neuron_spec_default(),
                               .learns_tau = ref_number_or(c, from, "tau_learnable", 0) != 0,
                               .tau_param = ref_number_or(c, from, "tau_param", 0)};
    if (!choose_model(c, out, ref_text(c, from, "neuron")) ||
        !choose_surrogate(c, out, ref_text(c, from, "surrogate")))
        return false;
    double tau = ref_number(c, from, "tau");
    out->spec.model.value[SNN_NEURON_TAU] = tau;
    out->spec.model.value[SNN_NEURON_THRESHOLD] = ref_number(c, from, "threshold");
    out->spec.surrogate.value[0] = ref_number(c, from, "scale");
    out->tau = tau;
    if (out->learns_tau) {
        out->spec.learn[SNN_LEARN_tau] = SNN_PER_LAYER;
        out->tau = snn_transform_of(SNN_LEARN_tau, true)->value(out->tau_param, tau, 0);
    }
    return !c->failed;
}

void ref_noise(real *out, const double *u, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double clamped = fmin(fmax(u[i], 1e-6), 1 - 1e-6);
        out[i] = (real)(log(clamped) - log1p(-clamped));
    }
}
