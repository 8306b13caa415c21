/* SPDX-License-Identifier: MIT */
/* What a run may be: defaults, limits, and the checks that need more than one value. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "core/base/param.h"
#include "core/layer/layer.h"
#include "core/loss/loss.h"
#include "core/loss/readout.h"
#include "core/optim/optim.h"
#include "core/train/net.h"
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
    {"clip_norm", "largest norm of the whole gradient; 0 = not clipped", SNN_REAL, 0, 0, 1e12,
     false, false, false},
    {"clip_value", "largest magnitude of a gradient's entry; 0 = not clipped", SNN_REAL, 0, 0, 1e12,
     false, false, false},
    {"patience", "epochs without a better validation before it stops; 0 = never", SNN_INTEGER, 0, 0,
     100000, false, false, false},
    {"rate_penalty", "strength of the penalty on firing rates out of bounds", SNN_REAL, 0, 0, 1e9,
     false, false, false},
    {"rate_below", "firing rate per step below which a neuron is penalised", SNN_REAL, 0, 0, 1,
     false, false, false},
    {"rate_above", "firing rate per step above which a neuron is penalised", SNN_REAL, 1, 0, 1,
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
        .solver = named(&snn_solvers, "euler"),
        .surrogate = named(&snn_surrogates, "sigmoid"),
        .reset = named(&snn_resets, "scaled"),
        .alpha = {1},
        .coefficients = {1},
        .n_terms = 1,
        .memory = SNN_ALL_STATES,
    };
}

struct snn_spec snn_spec_default(void)
{
    struct snn_spec spec = {
        .encoding = named(&snn_encoders, "constant"),
        .time_steps = (size_t)snn_spec_limits[SNN_LIMIT_TIME_STEPS].value,
        .readout = named(&snn_readouts, "membrane_mean"),
        .loss = named(&snn_losses, "cross_entropy"),
        .optimizer = named(&snn_optimizers, "adam"),
        .schedule = named(&snn_schedules, "constant"),
        .sampling = named(&snn_samplings, "shuffled"),
        .rate_above = snn_spec_limits[SNN_LIMIT_RATE_ABOVE].value,
        .epochs = (size_t)snn_spec_limits[SNN_LIMIT_EPOCHS].value,
        .batch_size = (size_t)snn_spec_limits[SNN_LIMIT_BATCH_SIZE].value,
        .shards = (size_t)snn_spec_limits[SNN_LIMIT_SHARDS].value,
        .validation_fraction = snn_spec_limits[SNN_LIMIT_VALIDATION_FRACTION].value,
        .diagnostics_every = (size_t)snn_spec_limits[SNN_LIMIT_EVERY_STEPS].value,
    };
    for (size_t i = 0; i < SNN_MAX_LAYERS; i++)
        spec.layers[i].initialiser = named(&snn_initialisers, "uniform");
    return spec;
}

/* ---------------------------------------------------------------------------------- checks -- */

void snn_wrong(struct snn_check *c, const char *pointer, const char *format, ...)
{
    struct snn_error e = {.code = SNN_INVALID};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e.message, sizeof e.message, format, args);
    va_end(args);
    (void)snprintf(e.pointer, sizeof e.pointer, "%s", pointer);
    if (c->first == SNN_OK)
        c->first = SNN_INVALID;
    if (c->tell)
        c->tell(c->user, &e);
}

static bool check_limit(struct snn_check *r, enum snn_limit which, double value,
                        const char *pointer)
{
    struct snn_error e = {0};
    if (snn_param_check(&snn_spec_limits[which], value, &e) == SNN_OK)
        return true;
    snn_wrong(r, pointer, "%s", e.message);
    return false;
}

static bool check_choice(struct snn_check *r, const struct snn_choice *c, const char *prefix)
{
    bool fits = true;
    for (size_t i = 0; i < c->kind->n_params; i++) {
        struct snn_error e = {0};
        char pointer[96];
        if (snn_param_check(&c->kind->params[i], c->value[i], &e) == SNN_OK)
            continue;
        (void)snprintf(pointer, sizeof pointer, "%s%s", prefix, c->kind->params[i].name);
        snn_wrong(r, pointer, "%s", e.message);
        fits = false;
    }
    return fits;
}

static void check_name(struct snn_check *r, const struct snn_spec *spec, size_t i)
{
    char place[64];
    (void)snprintf(place, sizeof place, "/layers/%zu/name", i);
    for (size_t k = 0; k < i; k++)
        if (strcmp(spec->layers[k].name, spec->layers[i].name) == 0)
            snn_wrong(r, place, "layers %zu and %zu are both called \"%s\", want a name each", k, i,
                      spec->layers[i].name);
}

/* One neuron for each class, or a population of them. */
static void check_outputs(struct snn_check *r, const struct snn_spec *spec, size_t outputs,
                          size_t classes)
{
    const size_t population = (size_t)spec->readout.value[SNN_READOUT_POPULATION];
    const struct snn_loss *loss = snn_loss_of(&spec->loss);
    const bool membrane = snn_readout_of(&spec->readout)->reads_membrane;
    const struct snn_layer_spec *last = &spec->layers[spec->n_layers - 1];
    const bool has_units = snn_choice_value(&last->kind, "units", -1) > 0;
    char place[64];
    (void)snprintf(place, sizeof place, "/layers/%zu%s", spec->n_layers - 1,
                   has_units ? "/units" : "");
    if (!snn_layer_has_neuron(last) && !membrane)
        snn_wrong(r, "/readout/kind",
                  "%s reads spikes, but the last layer has no neurons: want membrane_mean, "
                  "membrane_max or membrane_last, or neurons there",
                  spec->readout.kind->name);
    if (outputs / population < classes)
        snn_wrong(r, place,
                  "the last layer has %zu units, but the labels go up to %zu: want at least %zu",
                  outputs, classes - 1, classes * population);
    else if (outputs % population != 0)
        snn_wrong(r, place,
                  "the last layer has %zu units, want a multiple of readout.population %zu",
                  outputs, population);
    if (loss->reads == SNN_READS_SPIKES && membrane)
        snn_wrong(r, "/training/loss/kind",
                  "%s is of spikes, but readout %s reads the membrane: want spike_count or "
                  "spike_mean",
                  loss->kind.name, spec->readout.kind->name);
    if (loss->reads == SNN_READS_MEMBRANE && !membrane)
        snn_wrong(r, "/training/loss/kind",
                  "%s is of the membrane, but readout %s reads spikes: want membrane_mean, "
                  "membrane_max or membrane_last",
                  loss->kind.name, spec->readout.kind->name);
}

/* The layer's own parameters and its neurons'. False where a parameter is out of range. */
static bool check_layer(struct snn_check *r, const struct snn_spec *spec, size_t i)
{
    const struct snn_layer_spec *l = &spec->layers[i];
    char place[64], neuron[80], surrogate[96], initialiser[96];
    (void)snprintf(place, sizeof place, "/layers/%zu/", i);
    (void)snprintf(neuron, sizeof neuron, "%sneuron/", place);
    (void)snprintf(surrogate, sizeof surrogate, "%ssurrogate_", neuron);
    (void)snprintf(initialiser, sizeof initialiser, "%sinitialisation/", place);
    const bool fits = check_choice(r, &l->kind, place);
    check_name(r, spec, i);
    check_choice(r, &l->initialiser, initialiser);
    if (!snn_layer_has_neuron(l))
        return fits;
    check_choice(r, &l->neuron.model, neuron);
    check_choice(r, &l->neuron.surrogate, surrogate);
    snn_check_dynamics(r, &l->neuron, neuron);
    return fits;
}

/* What comes out of the i-th layer when `shape` comes in. */
static bool follow_shape(struct snn_check *r, const struct snn_spec *spec, size_t i,
                         struct snn_shape *shape)
{
    const struct snn_choice *kind = &spec->layers[i].kind;
    struct snn_layer l = {.type = snn_layer_type_of(kind)};
    struct snn_error e = {0};
    char place[64];
    if (snn_layer_resolve(&l, kind, shape, &e) == SNN_OK) {
        *shape = l.out_shape;
        return true;
    }
    (void)snprintf(place, sizeof place, "/layers/%zu", i);
    snn_wrong(r, place, "%s", e.message);
    return false;
}

static void check_layers(struct snn_check *r, const struct snn_spec *spec,
                         const struct snn_data_info *data, bool takes_input)
{
    if (spec->n_layers == 0 || spec->n_layers > SNN_MAX_LAYERS) {
        snn_wrong(r, "/layers", "%zu layers, want 1 to %d", spec->n_layers, SNN_MAX_LAYERS);
        return;
    }
    struct snn_shape shape = snn_shape_flat(1);
    bool fits = takes_input, learns = false;
    if (takes_input)
        shape = snn_net_input(spec, data);
    for (size_t i = 0; i < spec->n_layers; i++) {
        fits = check_layer(r, spec, i) && fits; /* a size out of range is none to go on with */
        fits = fits && follow_shape(r, spec, i, &shape);
        learns = learns || snn_layer_type_of(&spec->layers[i].kind)->carries_neuron;
    }
    if (!learns)
        snn_wrong(r, "/layers",
                  "no layer has weights, want one that does: dense, recurrent, conv2d");
    if (fits && spec->readout.value[SNN_READOUT_POPULATION] >= 1)
        check_outputs(r, spec, snn_shape_count(&shape), data->classes);
}

size_t snn_spec_validation(const struct snn_spec *spec, size_t train)
{
    return (size_t)floor(spec->validation_fraction * (double)train + 0.5);
}

static void check_split(struct snn_check *r, const struct snn_spec *spec,
                        const struct snn_data_info *data)
{
    const size_t held = snn_spec_validation(spec, data->train);
    const char *place = "/training/validation_fraction";
    if (data->train == 0)
        snn_wrong(r, "/dataset", "the data set has no training samples");
    else if (spec->validation_fraction > 0 && held == 0)
        snn_wrong(r, place, "%g of %zu training samples is none, want at least one",
                  spec->validation_fraction, data->train);
    else if (held >= data->train)
        snn_wrong(r, place, "%g of %zu training samples leaves none to train on",
                  spec->validation_fraction, data->train);
}

static void check_training(struct snn_check *r, const struct snn_spec *spec)
{
    check_limit(r, SNN_LIMIT_CLIP_NORM, spec->clip_norm, "/training/clip_norm");
    check_limit(r, SNN_LIMIT_CLIP_VALUE, spec->clip_value, "/training/clip_value");
    check_limit(r, SNN_LIMIT_PATIENCE, (double)spec->patience, "/training/patience");
    check_limit(r, SNN_LIMIT_RATE_PENALTY, spec->rate_penalty, "/training/rate_penalty");
    check_limit(r, SNN_LIMIT_RATE_BELOW, spec->rate_below, "/training/rate_below");
    check_limit(r, SNN_LIMIT_RATE_ABOVE, spec->rate_above, "/training/rate_above");
    if (spec->patience && spec->validation_fraction <= 0)
        snn_wrong(
            r, "/training/patience",
            "patience is %zu, but nothing is held out to validate on: want a validation_fraction "
            "above 0",
            spec->patience);
    if (spec->rate_below > spec->rate_above)
        snn_wrong(r, "/training/rate_below", "rate_below is %g, want at most rate_above, %g",
                  spec->rate_below, spec->rate_above);
}

enum snn_code snn_spec_check(const struct snn_spec *spec, const struct snn_data_info *data,
                             void (*report)(void *user, const struct snn_error *what), void *user)
{
    struct snn_check r = {.tell = report, .user = user};
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
    bool takes_input = !snn_encoder_of(&spec->encoding)->is_sequence;
    if (check_choice(&r, &spec->encoding, "/encoding/"))
        takes_input = snn_check_input(&r, spec, data);
    check_choice(&r, &spec->readout, "/readout/");
    check_choice(&r, &spec->loss, "/training/loss/");
    check_choice(&r, &spec->optimizer, "/training/optimizer/");
    check_choice(&r, &spec->schedule, "/training/schedule/");
    check_training(&r, spec);
    if (optimizer->check && optimizer->check(&spec->optimizer, &e) != SNN_OK)
        snn_wrong(&r, "/training/optimizer", "%s", e.message);
    check_layers(&r, spec, data, takes_input);
    if (splits)
        check_split(&r, spec, data);
    return r.first;
}
