/* SPDX-License-Identifier: MIT */
/* What of a spec is legal and probably not meant: dynamics that grow, and values without effect. */
#include <stdio.h>

#include "core/base/param.h"
#include "core/train/net.h"
#include "core/train/spec.h"

/* A learning rate for constants, and none is learned anywhere: the optimizer's was meant. */
static void warn_rates(struct snn_check *c, const struct snn_spec *spec)
{
    size_t with = SNN_MAX_LAYERS;
    for (size_t i = 0; i < spec->n_layers; i++) {
        const struct snn_neuron_spec *n = &spec->layers[i].neuron;
        if (!snn_layer_has_neuron(&spec->layers[i]))
            continue;
        for (size_t k = 0; k < SNN_LEARNABLE_COUNT; k++)
            if (n->learn[k] != SNN_FIXED)
                return;
        if (n->learning_rate > 0 && with == SNN_MAX_LAYERS)
            with = i;
    }
    char place[64];
    (void)snprintf(place, sizeof place, "/layers/%zu/neuron/learning_rate", with);
    if (with < SNN_MAX_LAYERS)
        snn_wrong(c, place,
                  "learning_rate %g is of learned constants, and no layer learns one: the weights' "
                  "is training.optimizer.learning_rate",
                  spec->layers[with].neuron.learning_rate);
}

/* Bounds that nothing holds rates to, and a penalty where nothing fires. */
static void warn_penalty(struct snn_check *c, const struct snn_spec *spec)
{
    const struct {
        enum snn_limit limit;
        double value;
    } bounds[] = {{SNN_LIMIT_RATE_BELOW, spec->rate_below},
                  {SNN_LIMIT_RATE_ABOVE, spec->rate_above}};
    bool fires = false;
    char place[64];
    for (size_t i = 0; i < spec->n_layers; i++)
        fires = fires || snn_layer_has_neuron(&spec->layers[i]);
    if (spec->rate_penalty > 0 && !fires)
        snn_wrong(c, "/training/rate_penalty",
                  "rate_penalty %g is on the firing of neurons, and no layer has any",
                  spec->rate_penalty);
    for (size_t i = 0; i < SNN_COUNT(bounds) && spec->rate_penalty <= 0; i++) {
        const struct snn_param *p = &snn_spec_limits[bounds[i].limit];
        (void)snprintf(place, sizeof place, "/training/%s", p->name);
        if (bounds[i].value < p->value || bounds[i].value > p->value)
            snn_wrong(c, place,
                      "%s is %g, but rate_penalty is 0: nothing holds the rates to it; want a "
                      "rate_penalty above 0",
                      p->name, bounds[i].value);
    }
}

/* A learning rate that is still rising when the job ends. */
static void warn_warmup(struct snn_check *c, const struct snn_spec *spec,
                        const struct snn_data_info *data)
{
    const size_t train = data->train - snn_spec_validation(spec, data->train);
    const size_t steps = spec->epochs * ((train + spec->batch_size - 1) / spec->batch_size);
    const double warmup = snn_choice_value(&spec->schedule, "warmup_steps", 0);
    if (warmup > (double)steps)
        snn_wrong(c, "/training/schedule/warmup_steps",
                  "warmup_steps is %.0f, but the job has %zu step%s: the learning rate never rises "
                  "to its value; want at most %zu",
                  warmup, steps, steps == 1 ? "" : "s", steps);
}

void snn_spec_warn(const struct snn_spec *spec, const struct snn_data_info *data,
                   void (*report)(void *user, const struct snn_error *what), void *user)
{
    struct snn_check c = {.tell = report, .user = user};
    for (size_t i = 0; i < spec->n_layers; i++) {
        const struct snn_neuron_spec *n = &spec->layers[i].neuron;
        const double threshold = n->model.value[SNN_NEURON_THRESHOLD];
        char neuron[64], place[80];
        if (!snn_layer_has_neuron(&spec->layers[i]))
            continue;
        (void)snprintf(neuron, sizeof neuron, "/layers/%zu/neuron/", i);
        (void)snprintf(place, sizeof place, "%sthreshold", neuron);
        snn_warn_dynamics(&c, n, spec->time_steps, neuron);
        if (threshold <= 0)
            snn_wrong(&c, place,
                      "threshold %g is not above zero: a neuron at rest fires at every step",
                      threshold);
    }
    warn_rates(&c, spec);
    warn_penalty(&c, spec);
    warn_warmup(&c, spec, data);
}
