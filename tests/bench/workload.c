/* SPDX-License-Identifier: MIT */
#include "tests/bench/workload.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/train/initialise.h"
#include "core/train/segments.h"

#define SEED 1
#define LABELS 1 /* keys of the draws' `layer` */
#define PIXELS 2
#define ZEROS 3
#define EVENTS 4

#define FRACTIONAL(its_name, steps)                                                                \
    {                                                                                              \
        .name = (its_name), .features = 784, .units = {256, 10}, .n_layers = 2,                    \
        .time_steps = (steps), .batch = 64, .event_rate = 0.13, .event_size = 10,                  \
        .readout = "spike_mean", .solver = "gl", .reset = "scaled", .arctan = 5                    \
    }

static const struct workload workloads[] = {
    {.name = "W1",
     .features = 784,
     .units = {1000, 10},
     .n_layers = 2,
     .time_steps = 25,
     .batch = 128,
     .hidden_rate = 0.14,
     .loss = "cross_entropy_per_step"},
    {.name = "W2",
     .features = 700,
     .units = {256, 256, 20},
     .n_layers = 3,
     .time_steps = 100,
     .batch = 128,
     .event_rate = 0.02,
     .hidden_rate = 0.1},
    FRACTIONAL("W3-T8", 8),
    FRACTIONAL("W3-T32", 32),
    FRACTIONAL("W3-T64", 64),
    FRACTIONAL("W3-T100", 100),
    FRACTIONAL("W3-T300", 300),
    FRACTIONAL("W3-T1000", 1000),
    {.name = "W4",
     .features = 784,
     .shape = {1, 28, 28},
     .layers = {{"conv2d", {12, 5}, SNN_ABSENT},
                {"max_pool2d", {2}, SNN_PRESENT},
                {"conv2d", {64, 5}, SNN_ABSENT},
                {"max_pool2d", {2}, SNN_PRESENT}},
     .units = {[4] = 10},
     .n_layers = 5,
     .time_steps = 10,
     .batch = 128,
     .hidden_rate = 0.15,
     .loss = "cross_entropy_per_step"},
    {.name = "fashion",
     .features = 784,
     .units = {256, 10},
     .n_layers = 2,
     .time_steps = 10,
     .batch = 128,
     .hidden_rate = 0.14},
    {.name = "digits",
     .features = 64,
     .units = {128, 10},
     .n_layers = 2,
     .time_steps = 25,
     .batch = 64,
     .hidden_rate = 0.14,
     .data = "digits"},
};
#define WORKLOADS (sizeof workloads / sizeof workloads[0])

const struct workload *workload_find(const char *name)
{
    for (size_t i = 0; i < WORKLOADS; i++)
        if (strcmp(workloads[i].name, name) == 0)
            return &workloads[i];
    return NULL;
}

void workload_names(char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < WORKLOADS && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s", i ? " " : "", workloads[i].name);
}

/* ------------------------------------------------------------------------------------- data -- */

static struct snn_rng_key key_of(uint32_t what, size_t sample)
{
    return (struct snn_rng_key){
        .seed = SEED, .stream = SNN_STREAM_ENCODE, .layer = what, .sample = (uint32_t)sample};
}

/* A list of events for each sample, in the order of their steps. */
static bool draw_events(struct snn_data *d, const struct workload *w)
{
    const size_t size = w->features * w->time_steps;
    const size_t room = (size_t)(2 * w->event_rate * (double)(w->batch * size)) + size;
    real *u = malloc(size * sizeof *u);
    size_t n = 0;

    d->info.events = true;
    d->info.duration = w->time_steps;
    d->train.first = calloc(w->batch + 1, sizeof *d->train.first);
    d->train.times = calloc(room, sizeof *d->train.times);
    d->train.units = calloc(room, sizeof *d->train.units);
    const bool is_there = u && d->train.first && d->train.times && d->train.units;
    for (size_t i = 0; is_there && i < w->batch; i++) {
        const struct snn_rng_key key = key_of(EVENTS, i);
        snn_rng_uniform(u, size, &key);
        for (size_t k = 0; k < size && n < room; k++) {
            if (!(u[k] < (real)w->event_rate))
                continue;
            d->train.times[n] = (uint32_t)(k / w->features);
            d->train.units[n++] = (uint16_t)(k % w->features);
        }
        d->train.first[i + 1] = n;
    }
    free(u);
    return is_there;
}

static void draw_pixels(float *pixels, const struct workload *w, size_t sample, real *scratch)
{
    const struct snn_rng_key value = key_of(PIXELS, sample), zero = key_of(ZEROS, sample);

    snn_rng_uniform(scratch, w->features, &value);
    for (size_t k = 0; k < w->features; k++)
        pixels[k] = (float)scratch[k];
    snn_rng_uniform(scratch, w->features, &zero);
    for (size_t k = 0; k < w->features; k++)
        pixels[k] *= scratch[k] < (real)0.5 ? 0 : 1;
}

/* One batch of random samples, labels uniform. */
static enum snn_code make_data(struct bench *b, struct snn_error *err)
{
    const struct workload *w = b->w;
    const size_t classes = w->units[w->n_layers - 1];
    struct snn_data *d = b->data = calloc(1, sizeof *d);
    real *scratch = malloc(w->features * sizeof *scratch);
    enum snn_code rc = SNN_NOMEM;

    if (!d || !scratch)
        goto out;
    d->info = (struct snn_data_info){.train = w->batch,
                                     .features = w->features,
                                     .shape = {w->features},
                                     .rank = 1,
                                     .classes = classes};
    if (w->shape[0]) {
        d->info.rank = 3;
        memcpy(d->info.shape, w->shape, sizeof d->info.shape);
    }
    d->train = (struct snn_samples){.count = w->batch, .rank = d->info.rank};
    memcpy(d->train.shape, d->info.shape, sizeof d->train.shape);
    d->train.labels = calloc(w->batch, sizeof *d->train.labels);
    if (w->event_rate <= 0)
        d->train.values = calloc(w->batch * w->features, sizeof *d->train.values);
    if (!d->train.labels || !(w->event_rate > 0 ? draw_events(d, w) : d->train.values != NULL))
        goto out;
    for (size_t i = 0; i < w->batch; i++) {
        const struct snn_rng_key key = key_of(LABELS, i);
        d->train.labels[i] = (uint32_t)snn_rng_below(classes, 0, &key);
        if (w->event_rate <= 0)
            draw_pixels(d->train.values + i * w->features, w, i, scratch);
    }
    rc = SNN_OK;
out:
    free(scratch);
    return rc == SNN_OK ? rc : snn_fail(err, rc, "no memory for the data of %s", w->name);
}

static enum snn_code open_data(struct bench *b, struct snn_error *err)
{
    struct snn_data_source source = {.format = NULL};

    if (!b->w->data)
        return make_data(b, err);
    source.format = snn_registry_find(&snn_formats, b->w->data);
    return snn_data_open(&b->data, &source, err);
}

/* -------------------------------------------------------------------------------------- run -- */

static struct snn_choice choice(const struct snn_registry *r, const char *name)
{
    return snn_choice_of(snn_registry_find(r, name));
}

static struct snn_neuron_spec neuron_of(const struct workload *w, const struct snn_kind *surrogate)
{
    struct snn_neuron_spec n = snn_neuron_spec_default();

    n.reset = choice(&snn_resets, w->reset ? w->reset : "subtract");
    n.surrogate = snn_choice_of(surrogate);
    if (strcmp(surrogate->name, "linear") == 0)
        n.surrogate.value[0] = 0.5;
    if (strcmp(surrogate->name, "arctan") == 0 && w->arctan > 0)
        n.surrogate.value[0] = w->arctan;
    if (w->solver) {
        n.solver = choice(&snn_solvers, w->solver);
        n.exponentials = w->exponentials;
        n.alpha[0] = 0.5;
    }
    return n;
}

static enum snn_code describe(struct bench *b, const char *surrogate, bool looks,
                              struct snn_error *err)
{
    const struct workload *w = b->w;
    struct snn_spec *spec = &b->spec;
    const struct snn_kind *kind = NULL;
    enum snn_code rc = snn_registry_get(&kind, &snn_surrogates, surrogate, err);

    if (rc != SNN_OK)
        return rc;
    *spec = snn_spec_default();
    spec->seed = SEED;
    spec->time_steps = w->time_steps;
    spec->batch_size = w->batch;
    spec->epochs = 1;
    spec->diagnostics_every = looks;
    spec->n_layers = w->n_layers;
    for (size_t i = 0; i < w->n_layers; i++) {
        struct snn_layer_spec *l = &spec->layers[i];
        (void)snprintf(l->name, sizeof l->name, "layer%zu", i + 1);
        l->kind = choice(&snn_layers, w->units[i] ? "dense" : w->layers[i].kind);
        l->kind.value[0] = w->units[i] ? (double)w->units[i] : w->layers[i].value[0];
        if (!w->units[i] && l->kind.kind->n_params > 1)
            l->kind.value[1] = w->layers[i].value[1];
        l->neurons = w->layers[i].neurons;
        l->neuron = neuron_of(w, kind);
        if (w->hidden_rate > 0 && i + 1 < w->n_layers) {
            l->initialiser = choice(&snn_initialisers, "rate");
            l->initialiser.value[SNN_INITIALISER_TARGET] = w->hidden_rate;
        }
    }
    if (w->loss)
        spec->loss = choice(&snn_losses, w->loss);
    if (w->readout)
        spec->readout = choice(&snn_readouts, w->readout);
    if (w->event_rate > 0) {
        spec->encoding = choice(&snn_encoders, "events");
        spec->encoding.value[1] = w->event_size > 0 ? w->event_size : 1;
    }
    return SNN_OK;
}

/* Share of neuron-steps that fire, and that lie within linear's window, of one layer with neurons.
 */
static void look(struct bench *b, size_t layer, double *rate, double *active)
{
    struct snn_run *r = b->run;
    const struct snn_layer_work *lw = &r->work[0].layer[layer];
    /* where samples are cut, the arrays hold their last steps */
    const size_t rest = r->net.all_steps % r->net.segment, steps = rest ? rest : r->net.segment;
    const size_t per_sample = steps * r->net.layer[layer].out, block = r->work[0].size.block;
    double spikes = 0, inside = 0;

    snn_net_prepare(&r->net, r->params);
    for (size_t i = 0; i < b->w->batch; i += block) {
        const size_t left = b->w->batch - i;
        const struct snn_shard shard = {
            .data = r->data, .index = r->order + i, .n = left < block ? left : block, .scale = 1};
        struct snn_tally tally = {0};
        snn_shard_run(&r->net, &r->work[0], r->params, NULL, &shard, &tally, NULL);
        for (size_t k = 0; k < shard.n * per_sample; k++) {
            spikes += (double)lw->s[k];
            inside += fabs((double)lw->x[k]) <= 0.5;
        }
    }
    *rate = spikes / (double)(b->w->batch * per_sample);
    *active = inside / (double)(b->w->batch * per_sample);
}

static void settle(struct bench *b)
{
    struct snn_run *r = b->run;
    const size_t bytes = r->net.n_params * sizeof(real);

    for (size_t i = 0; i < r->net.n_layers; i++) {
        const struct snn_tensor_place *bias = &r->net.layer[i].tensor[1];
        if (r->net.layer[i].n_tensors == 0)
            continue;
        memset(r->params + bias->offset, 0, bias->count * sizeof(real));
    }
    snn_run_reach_rates(r, NULL);
    memcpy(b->start, r->params, bytes);
    for (size_t i = 0; i < r->net.n_layers; i++)
        if (r->net.layer[i].has_neuron) {
            look(b, i, &b->rate[b->n_rates], &b->active[b->n_rates]);
            b->n_rates++;
        }
}

enum snn_code bench_open(struct bench *b, const struct workload *w, const char *surrogate,
                         size_t threads, bool looks, struct snn_error *err)
{
    *b = (struct bench){.w = w};
    enum snn_code rc = describe(b, surrogate, looks, err);
    if (rc == SNN_OK)
        rc = open_data(b, err);
    if (rc == SNN_OK)
        rc = snn_run_new(&b->run, &b->spec, b->data, threads, err);
    if (rc == SNN_OK && !(b->start = malloc(b->run->net.n_params * sizeof *b->start)))
        rc = snn_fail(err, SNN_NOMEM, "no memory for the weights of %s", w->name);
    if (rc == SNN_OK)
        settle(b);
    return rc;
}

void bench_free(struct bench *b)
{
    snn_run_free(b->run);
    snn_data_free(b->data);
    free(b->start);
}

void bench_restart(struct bench *b)
{
    struct snn_run *r = b->run;
    const size_t bytes = r->net.n_params * sizeof(real);

    memcpy(r->params, b->start, bytes);
    for (size_t i = 0; i < r->n_slots; i++)
        memset(r->slot[i], 0, bytes);
    r->at.step = 0;
}

enum snn_code bench_step(struct bench *b, struct snn_error *err)
{
    b->run->at.epoch_step = 0; /* the epoch's first batch each time */
    return snn_run_step(b->run, false, err);
}

enum snn_code bench_look(struct bench *b, struct snn_error *err)
{
    b->run->at.epoch_step = 0;
    const enum snn_code rc = snn_run_step(b->run, true, err);
    if (rc == SNN_OK)
        snn_report(b->run, &(struct snn_hooks){.user = NULL}, true, false);
    return rc;
}

void bench_encode(struct bench *b)
{
    struct snn_run *r = b->run;
    struct snn_work *w = &r->work[0];
    const struct snn_net segment = snn_segment_of(&r->net, r->net.segment);
    const size_t most = r->net.static_input ? w->size.shard : w->size.block;
    const struct snn_shard all = {.data = r->data, .index = r->order, .n = b->w->batch};

    for (size_t i = 0; i < b->w->batch; i += most)
        for (size_t from = 0; from + segment.time_steps <= r->net.all_steps;
             from += segment.time_steps)
            snn_shard_encode(&segment, w, &all, i, b->w->batch - i < most ? b->w->batch - i : most,
                             from);
}
