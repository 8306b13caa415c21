/* SPDX-License-Identifier: MIT */
#include "tests/core/train/every.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/layer/layer.h"
#include "core/loss/loss.h"
#include "core/loss/readout.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define SMALL 2 /* units, filters, windows */
#define MIDDLE 1

const struct snn_data_info every_data = {
    .train = 7, .features = 9, .shape = {1, 3, 3}, .rank = 3, .classes = 2};

struct snn_data *every_data_new(void)
{
    struct snn_data *d = calloc(1, sizeof *d);
    assert_non_null(d);
    const size_t n = every_data.train, features = every_data.features;
    d->info = every_data;
    d->train = (struct snn_samples){.count = n, .rank = every_data.rank};
    memcpy(d->train.shape, every_data.shape, sizeof every_data.shape);
    d->train.values = calloc(n * features, sizeof *d->train.values);
    d->train.labels = calloc(n, sizeof *d->train.labels);
    assert_non_null(d->train.values);
    assert_non_null(d->train.labels);
    for (size_t i = 0; i < n * features; i++)
        d->train.values[i] = (float)(i * 7 % 11) / 10;
    for (size_t i = 0; i < n; i++)
        d->train.labels[i] = i * 5 % 3 > 0;
    return d;
}

/* One of n by the turn; another `salt` is another sequence. */
static size_t pick(const struct every *e, size_t salt, size_t n)
{
    uint64_t x = (e->turn * 64 + salt + 1) * 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 29) * 0xBF58476D1CE4E5B9u;
    return (x >> 33) % n;
}

static struct snn_choice row_of(const struct snn_registry *r, size_t i)
{
    return snn_choice_of(snn_registry_at(r, i));
}

static void set(struct snn_choice *c, const char *name, double value)
{
    for (size_t i = 0; i < c->kind->n_params; i++)
        if (strcmp(c->kind->params[i].name, name) == 0)
            c->value[i] = value;
}

/* ----------------------------------------------------------------------------------- forms -- */

struct form {
    size_t kind, switches; /* a bit for each boolean of the kind */
    bool has_neurons, is_last;
};

static size_t switches_of(size_t kind)
{
    const struct snn_kind *k = snn_registry_at(&snn_layers, kind);
    size_t n = 0;
    for (size_t i = 0; i < k->n_params; i++)
        n += k->params[i].type == SNN_BOOLEAN;
    return n;
}

static struct form form_of(size_t i)
{
    struct form f = {.has_neurons = i & 1, .is_last = i & 2};
    for (i /= 4; i >= (size_t)1 << switches_of(f.kind); f.kind++)
        i -= (size_t)1 << switches_of(f.kind);
    f.switches = i;
    return f;
}

size_t every_forms(void)
{
    size_t n = 0;
    for (size_t k = 0; k < snn_layers.count; k++)
        n += (size_t)4 << switches_of(k);
    return n;
}

size_t every_neutral_forms(void)
{
    size_t n = 0;
    for (size_t i = 0; i < every_forms(); i++)
        n += form_of(i).has_neurons || !form_of(i).is_last;
    return n;
}

size_t every_neuron_and_solver(void)
{
    size_t n = 0;
    for (size_t i = 0; i < snn_neurons.count * snn_solvers.count; i++) {
        const struct snn_choice neuron = row_of(&snn_neurons, i / snn_solvers.count);
        const struct snn_choice solver = row_of(&snn_solvers, i % snn_solvers.count);
        n += !snn_neuron_of(&neuron)->own_steps || !snn_solver_of(&solver)->has_history;
    }
    return n;
}

size_t every_loss_and_readout(void)
{
    size_t n = 0;
    for (size_t i = 0; i < snn_losses.count * snn_readouts.count; i++) {
        const struct snn_choice loss = row_of(&snn_losses, i / snn_readouts.count);
        const struct snn_choice readout = row_of(&snn_readouts, i % snn_readouts.count);
        const enum snn_loss_reads reads = snn_loss_of(&loss)->reads;
        n += reads == SNN_READS_EITHER ||
             (reads == SNN_READS_MEMBRANE) == snn_readout_of(&readout)->reads_membrane;
    }
    return n;
}

/* ------------------------------------------------------------------------------------ spec -- */

/* Every parameter that the kind has: what must be given is small, and what need not be goes round
 * between its default and the next number. */
static struct snn_choice kind_of(const struct every *e, size_t kind, size_t switches, bool varies)
{
    struct snn_choice c = row_of(&snn_layers, kind);
    for (size_t i = 0; i < c.kind->n_params; i++) {
        const struct snn_param *p = &c.kind->params[i];
        if (p->type == SNN_BOOLEAN) {
            c.value[i] = (double)(switches & 1);
            switches >>= 1;
        } else if (p->required) {
            c.value[i] = fmax(p->min, SMALL);
        } else if (varies && p->type == SNN_INTEGER) {
            c.value[i] = p->value + (double)pick(e, 10 + i, 2);
        }
    }
    set(&c, "kernel", SMALL);
    set(&c, "weight_scale", 4); /* so that something fires before anything is learned */
    return c;
}

static struct snn_neuron_spec neuron_of(const struct every *e, size_t layer)
{
    struct snn_neuron_spec n = snn_neuron_spec_default();
    n.model = row_of(&snn_neurons, e->neuron);
    n.solver = row_of(&snn_solvers, e->solver);
    n.reset = row_of(&snn_resets, e->reset);
    n.surrogate = row_of(&snn_surrogates, e->surrogate);
    set(&n.model, "threshold", 0.5);
    set(&n.model, "tau", 2 + 0.75 * (double)layer);
    set(&n.model, "step", pick(e, 1, 2) ? 1 : 0.75);
    set(&n.model, "tau_syn", 3);
    set(&n.model, "tau_adapt", 4);
    set(&n.model, "beta_adapt", 0.3);
    set(&n.model, "detach_reset", e->detach_reset);
    set(&n.model, "reset_delay", (double)pick(e, 2, 2));
    if (!snn_solver_of(&n.solver)->has_history)
        return n;
    static const size_t memories[] = {SNN_ALL_STATES, 2, 0};
    n.memory = memories[pick(e, 3, 3)];
    n.n_terms = snn_solver_of(&n.solver)->many_terms && pick(e, 4, 2) ? 2 : 1;
    n.alpha[0] = 0.6 + 0.15 * (double)layer;
    n.alpha[1] = 0.3;
    n.coefficients[1] = 0.5;
    return n;
}

static struct snn_layer_spec *add(struct snn_spec *spec, const struct every *e)
{
    struct snn_layer_spec *l = &spec->layers[spec->n_layers];
    l->neuron = neuron_of(e, spec->n_layers++);
    (void)snprintf(l->name, sizeof l->name, "layer%zu", spec->n_layers);
    return l;
}

static void add_layers(struct snn_spec *spec, const struct every *e, bool varies)
{
    const struct form f = form_of(e->form);
    struct snn_layer_spec *l = add(spec, e);
    l->kind = runs_choice(&snn_layers, "conv2d");
    set(&l->kind, "filters", SMALL);
    set(&l->kind, "kernel", SMALL);
    set(&l->kind, "weight_scale", 4);
    l->neurons = pick(e, 5, 3) ? SNN_PRESENT : SNN_ABSENT;
    l = add(spec, e);
    l->kind = kind_of(e, f.kind, f.switches, varies);
    l->neurons = f.has_neurons ? SNN_PRESENT : SNN_ABSENT;
    if (f.is_last)
        return;
    l = add(spec, e);
    l->kind = runs_choice(&snn_layers, "dense");
    set(&l->kind, "units", 2 * spec->readout.value[SNN_READOUT_POPULATION]);
    set(&l->kind, "weight_scale", 4);
    l->neurons = snn_readout_of(&spec->readout)->reads_membrane && pick(e, 6, 3) == 0 ? SNN_ABSENT
                                                                                      : SNN_PRESENT;
}

/* Whatever the layers' neurons can learn; every neuron its own where it can be. */
static void learn(struct snn_spec *spec, enum snn_learn how)
{
    for (size_t i = 0; i < spec->n_layers; i++)
        for (enum snn_learnable w = 0; w < SNN_LEARNABLE_COUNT && how != SNN_FIXED; w++) {
            enum snn_learn *to = &spec->layers[i].neuron.learn[w];
            *to = snn_learnable_allows(w, how) ? how : SNN_PER_LAYER;
            if (snn_spec_check(spec, &every_data, NULL, NULL) != SNN_OK)
                *to = SNN_FIXED;
        }
}

static struct snn_spec task_of(const struct every *e)
{
    struct snn_spec spec = snn_spec_default();
    spec.seed = 23;
    spec.time_steps = 5;
    spec.encoding = runs_choice(&snn_encoders, pick(e, 7, 3) ? "rate" : "constant");
    spec.readout = row_of(&snn_readouts, e->readout);
    if (!form_of(e->form).is_last)
        spec.readout.value[SNN_READOUT_POPULATION] = 1 + (double)pick(e, 8, 2);
    spec.loss = row_of(&snn_losses, e->loss);
    set(&spec.loss, "label_smoothing", 0.2 * (double)pick(e, 9, 2));
    spec.rate_penalty = 0.5 * (double)pick(e, 20, 2);
    spec.rate_below = spec.rate_above = 0.4; /* one parabola, without a kink */
    return spec;
}

bool every_spec(struct snn_spec *spec, const struct every *e)
{
    for (int varies = 1; varies >= 0; varies--) {
        *spec = task_of(e);
        add_layers(spec, e, varies);
        if (snn_spec_check(spec, &every_data, NULL, NULL) == SNN_OK) {
            learn(spec, (enum snn_learn)(e->turn % 3));
            return true;
        }
    }
    return false;
}

void every_name(char text[EVERY_NAME], const struct snn_spec *spec)
{
    const struct snn_layer_spec *l = &spec->layers[MIDDLE];
    const struct snn_neuron_spec *n = &l->neuron;
    const char *const learns[] = {"", ", learned per layer", ", learned per neuron"};
    (void)snprintf(
        text, EVERY_NAME, "%s (%s, layer 2 of %zu), %s, %s (%zu terms)%s, %s, %s, %s, %s, %s",
        l->kind.kind->name, snn_layer_has_neuron(l) ? "neurons" : "no neurons", spec->n_layers,
        n->model.kind->name, n->solver.kind->name, n->n_terms,
        learns[n->learn[SNN_LEARN_threshold]], n->reset.kind->name, n->surrogate.kind->name,
        spec->readout.kind->name, spec->loss.kind->name, spec->encoding.kind->name);
}
