/* SPDX-License-Identifier: MIT */
/* What a run may be: defaults, limits, and the checks that need more than one value. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "core/base/param.h"
#include "core/layer/layer.h"
#include "core/optim/optim.h"
#include "core/train/spec.h"

/* In the order of enum snn_limit. */
const struct snn_param snn_spec_limits[] = {
    {"time_steps", "steps a sample is shown for", SNN_INTEGER, 16, 1, 100000, false, false, false},
    {"epochs", "passes over the training samples", SNN_INTEGER, 10, 1, 100000, false, false, false},
    {"batch_size", "samples per update", SNN_INTEGER, 64, 1, 65536, false, false, false},
    {"shards", "parts a batch is summed in; part of what fixes the trained bits", SNN_INTEGER, 4, 1,
     64, false, false, false},
    {"validation_fraction", "share of the training samples held out, by seed", SNN_REAL, 0, 0, 0.9,
     false, false, false},
    {"every_steps", "steps between two diagnostic records; 0 = none", SNN_INTEGER, 50, 0, 1000000,
     false, false, false},
};
const size_t snn_spec_limit_count = SNN_COUNT(snn_spec_limits);

static struct snn_choice named(const struct snn_registry *r, const char *name)
{
    return snn_choice_of(snn_registry_find(r, name));
}

struct snn_neuron_spec snn_neuron_spec_default(void)
{
    return (struct snn_neuron_spec){
        .model = named(&snn_neurons, "lif"),
        .surrogate = named(&snn_surrogates, "sigmoid"),
        .reset = named(&snn_resets, "scaled"),
    };
}

struct snn_spec snn_spec_default(void)
{
    return (struct snn_spec){
        .encoding = named(&snn_encoders, "constant"),
        .time_steps = (size_t)snn_spec_limits[SNN_LIMIT_TIME_STEPS].value,
        .readout = named(&snn_readouts, "membrane_mean"),
        .loss = named(&snn_losses, "cross_entropy"),
        .optimizer = named(&snn_optimizers, "adam"),
        .epochs = (size_t)snn_spec_limits[SNN_LIMIT_EPOCHS].value,
        .batch_size = (size_t)snn_spec_limits[SNN_LIMIT_BATCH_SIZE].value,
        .shards = (size_t)snn_spec_limits[SNN_LIMIT_SHARDS].value,
        .validation_fraction = snn_spec_limits[SNN_LIMIT_VALIDATION_FRACTION].value,
        .diagnostics_every = (size_t)snn_spec_limits[SNN_LIMIT_EVERY_STEPS].value,
    };
}

/* ---------------------------------------------------------------------------------- checks -- */

struct report {
    void (*tell)(void *user, const struct snn_error *what);
    void *user;
    enum snn_code first;
};

__attribute__((format(printf, 3, 4))) static void wrong(struct report *r, const char *pointer,
                                                        const char *format, ...)
{
    struct snn_error e = {.code = SNN_INVALID};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e.message, sizeof e.message, format, args);
    va_end(args);
    (void)snprintf(e.pointer, sizeof e.pointer, "%s", pointer);
    if (r->first == SNN_OK)
        r->first = SNN_INVALID;
    if (r->tell)
        r->tell(r->user, &e);
}

static bool check_limit(struct report *r, enum snn_limit which, double value, const char *pointer)
{
    struct snn_error e = {0};
    if (snn_param_check(&snn_spec_limits[which], value, &e) == SNN_OK)
        return true;
    wrong(r, pointer, "%s", e.message);
    return false;
}

static bool check_choice(struct report *r, const struct snn_choice *c, const char *prefix)
{
    bool fits = true;
    for (size_t i = 0; i < c->kind->n_params; i++) {
        struct snn_error e = {0};
        char pointer[96];
        if (snn_param_check(&c->kind->params[i], c->value[i], &e) == SNN_OK)
            continue;
        (void)snprintf(pointer, sizeof pointer, "%s%s", prefix, c->kind->params[i].name);
        wrong(r, pointer, "%s", e.message);
        fits = false;
    }
    return fits;
}

static void check_name(struct report *r, const struct snn_spec *spec, size_t i)
{
    char place[64];
    (void)snprintf(place, sizeof place, "/layers/%zu/name", i);
    for (size_t k = 0; k < i; k++)
        if (strcmp(spec->layers[k].name, spec->layers[i].name) == 0)
            wrong(r, place, "layers %zu and %zu are both called \"%s\", want a name each", k, i,
                  spec->layers[i].name);
}

static void check_layers(struct report *r, const struct snn_spec *spec,
                         const struct snn_data_info *data)
{
    if (spec->n_layers == 0 || spec->n_layers > SNN_MAX_LAYERS) {
        wrong(r, "/layers", "%zu layers, want 1 to %d", spec->n_layers, SNN_MAX_LAYERS);
        return;
    }
    size_t in = data->features;
    bool fits = true;
    for (size_t i = 0; i < spec->n_layers; i++) {
        const struct snn_layer_spec *l = &spec->layers[i];
        struct snn_error e = {0};
        char place[64], neuron[80], surrogate[96];
        (void)snprintf(place, sizeof place, "/layers/%zu/", i);
        (void)snprintf(neuron, sizeof neuron, "%sneuron/", place);
        (void)snprintf(surrogate, sizeof surrogate, "%ssurrogate_", neuron);
        fits = check_choice(r, &l->kind, place) && fits;
        check_choice(r, &l->neuron.model, neuron);
        check_choice(r, &l->neuron.surrogate, surrogate);
        check_name(r, spec, i);
        if (!fits)
            continue; /* a size out of range is no number to go on with */
        in = snn_layer_type_of(&l->kind)->out_size(&l->kind, in, &e);
        if (e.code != SNN_OK) {
            place[strlen(place) - 1] = '\0'; /* the layer itself */
            wrong(r, place, "%s", e.message);
        }
    }
    if (fits && in < data->classes) {
        char place[64];
        (void)snprintf(place, sizeof place, "/layers/%zu/units", spec->n_layers - 1);
        wrong(r, place,
              "the last layer has %zu units, but the labels go up to %zu: want at least %zu", in,
              data->classes - 1, data->classes);
    }
}

size_t snn_spec_validation(const struct snn_spec *spec, size_t train)
{
    return (size_t)floor(spec->validation_fraction * (double)train + 0.5);
}

static void check_split(struct report *r, const struct snn_spec *spec,
                        const struct snn_data_info *data)
{
    const size_t held = snn_spec_validation(spec, data->train);
    const char *place = "/training/validation_fraction";
    if (data->train == 0)
        wrong(r, "/dataset", "the data set has no training samples");
    else if (spec->validation_fraction > 0 && held == 0)
        wrong(r, place, "%g of %zu training samples is none, want at least one",
              spec->validation_fraction, data->train);
    else if (held >= data->train)
        wrong(r, place, "%g of %zu training samples leaves none to train on",
              spec->validation_fraction, data->train);
}

enum snn_code snn_spec_check(const struct snn_spec *spec, const struct snn_data_info *data,
                             void (*report)(void *user, const struct snn_error *what), void *user)
{
    struct report r = {.tell = report, .user = user};
    struct snn_error e = {0};
    const struct snn_optimizer *optimizer = snn_optimizer_of(&spec->optimizer);

    check_limit(&r, SNN_LIMIT_TIME_STEPS, (double)spec->time_steps, "/encoding/time_steps");
    check_limit(&r, SNN_LIMIT_EPOCHS, (double)spec->epochs, "/training/epochs");
    check_limit(&r, SNN_LIMIT_BATCH_SIZE, (double)spec->batch_size, "/training/batch_size");
    check_limit(&r, SNN_LIMIT_SHARDS, (double)spec->shards, "/training/shards");
    const bool splits = check_limit(&r, SNN_LIMIT_VALIDATION_FRACTION, spec->validation_fraction,
                                    "/training/validation_fraction");
    check_limit(&r, SNN_LIMIT_EVERY_STEPS, (double)spec->diagnostics_every,
                "/diagnostics/every_steps");
    check_choice(&r, &spec->encoding, "/encoding/");
    check_choice(&r, &spec->readout, "/readout/");
    check_choice(&r, &spec->loss, "/training/loss/");
    check_choice(&r, &spec->optimizer, "/training/optimizer/");
    if (optimizer->check && optimizer->check(&spec->optimizer, &e) != SNN_OK)
        wrong(&r, "/training/optimizer", "%s", e.message);
    check_layers(&r, spec, data);
    if (splits)
        check_split(&r, spec, data);
    return r.first;
}

void snn_spec_warn(const struct snn_spec *spec,
                   void (*report)(void *user, const struct snn_error *what), void *user)
{
    struct report r = {.tell = report, .user = user};
    for (size_t i = 0; i < spec->n_layers; i++) {
        const struct snn_neuron_spec *n = &spec->layers[i].neuron;
        const double tau = n->model.value[SNN_NEURON_TAU], h = n->model.value[SNN_NEURON_STEP];
        char place[64];
        (void)snprintf(place, sizeof place, "/layers/%zu/neuron/tau", i);
        if (snn_neuron_of(&n->model)->leak != 0 && fabs(1 - h / tau) >= 1)
            wrong(
                &r, place,
                "step/tau is %g: the membrane's factor 1 - step/tau is %g a step, so it oscillates "
                "without decay; want tau above step/2",
                h / tau, 1 - h / tau);
        if (n->model.value[SNN_NEURON_THRESHOLD] <= 0) {
            (void)snprintf(place, sizeof place, "/layers/%zu/neuron/threshold", i);
            wrong(&r, place, "threshold %g is not above zero: a neuron at rest fires at every step",
                  n->model.value[SNN_NEURON_THRESHOLD]);
        }
    }
}
