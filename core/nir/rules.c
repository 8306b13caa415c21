/* SPDX-License-Identifier: MIT */
/* What a NIR graph cannot say of a network. Its neurons are differential equations that fire above
 * their threshold and are set to v_reset; its output is the spikes of the last layer. */
#include <string.h>

#include "core/layer/layer.h"
#include "core/loss/readout.h"
#include "core/nir/nir.h"

struct reasons {
    void (*report)(void *user, const char *reason);
    void *user;
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void say(struct reasons *r, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->n++;
    if (r->report)
        r->report(r->user, text);
}

static void judge_neuron(struct reasons *r, const struct snn_layer_spec *l)
{
    const struct snn_neuron_spec *n = &l->neuron;
    const char *model = n->model.kind->name;
    const bool leaky = strcmp(model, "leaky") == 0 || strcmp(model, "synaptic") == 0;
    const double step = snn_choice_value(&n->model, "step", 1);
    if (strcmp(model, "alif") == 0)
        say(r, "%s: NIR has no neuron whose threshold adapts (alif)", l->name);
    if (leaky && snn_choice_value(&n->model, "reset_delay", 1) != 0)
        say(r, "%s: a spike of %s resets in the step after, NIR's at once", l->name, model);
    if (strcmp(n->reset.kind->name, "zero") != 0)
        say(r, "%s: reset is %s, NIR's neurons are set to v_reset", l->name, n->reset.kind->name);
    if (strcmp(n->solver.kind->name, "euler") != 0)
        say(r, "%s: solver is %s, NIR's equations are of first order", l->name,
            n->solver.kind->name);
    if (step != 1)
        say(r, "%s: a step is %g of the time that a spike is tested after", l->name, step);
}

size_t snn_nir_reasons(const struct snn_spec *spec, void (*report)(void *user, const char *reason),
                       void *user)
{
    struct reasons r = {.report = report, .user = user};
    const struct snn_layer_spec *last = &spec->layers[spec->n_layers - 1];
    for (size_t i = 0; i < spec->n_layers; i++) {
        const struct snn_layer_spec *l = &spec->layers[i];
        if (strcmp(l->kind.kind->name, "max_pool2d") == 0)
            say(&r, "%s: NIR has no max_pool2d; written as a sum", l->name);
        if (snn_layer_has_neuron(l))
            judge_neuron(&r, l);
    }
    if (snn_choice_value(&spec->encoding, "mask", 0) != 0)
        say(&r, "mask: a sample is read until its last event, NIR knows no end of it");
    if (snn_layer_has_neuron(last) && snn_readout_of(&spec->readout)->reads_membrane)
        say(&r, "readout %s reads membranes, NIR's output is spikes", spec->readout.kind->name);
    return r.n;
}
