/* SPDX-License-Identifier: MIT */
#include "tests/core/train/runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define FEATURES 6
#define CLASSES 3
#define TEXT_SIZE 65536 /* of a file of events */

static double scattered(size_t i)
{
    double x = (double)(i + 1) * 0.61803398874989485;

    return x - floor(x);
}

/* Class c lights every third feature from the c-th on; the rest is noise up to a half. */
static struct snn_samples samples_of(size_t count, size_t seed)
{
    struct snn_samples s = {.count = count, .shape = {FEATURES}, .rank = 1};

    s.values = calloc(count * FEATURES + 1, sizeof *s.values);
    s.labels = calloc(count + 1, sizeof *s.labels);
    assert_non_null(s.values);
    assert_non_null(s.labels);
    for (size_t i = 0; i < count; i++) {
        s.labels[i] = (uint32_t)(scattered(7 * i + seed) * CLASSES);
        for (size_t k = 0; k < FEATURES; k++)
            s.values[i * FEATURES + k] = (float)((k % CLASSES == s.labels[i] ? 0.75 : 0) +
                                                 0.5 * scattered(seed + 11 * (i * FEATURES + k)));
    }
    return s;
}

struct snn_data *runs_data(size_t train, size_t test, size_t seed)
{
    struct snn_data *d = calloc(1, sizeof *d);
    struct snn_digest digest;

    assert_non_null(d);
    d->train = samples_of(train, seed);
    d->test = samples_of(test, seed + 1000003);
    d->info = (struct snn_data_info){.train = train,
                                     .test = test,
                                     .features = FEATURES,
                                     .shape = {FEATURES},
                                     .rank = 1,
                                     .classes = CLASSES,
                                     .bytes = (train + test) * (FEATURES + 1) * 4};
    snn_digest_init(&digest);
    snn_digest_add(&digest, d->train.values, train * FEATURES * sizeof(float));
    snn_digest_hex(&digest, d->info.sha256);
    return d;
}

/* Class c: each unit has one event, at a time that depends on both, and a jitter; sample i of class
 * i mod 3 ends early where a unit is left out. */
static size_t write_events(char *text, size_t samples, size_t seed)
{
    size_t n = 0;

    for (size_t i = 0; i < samples; i++) {
        const size_t c = i % CLASSES;

        n += (size_t)snprintf(text + n, TEXT_SIZE - n, "%zu,%zu\n", i, c);
        for (size_t u = 0; u < FEATURES; u++)
            if ((i + u + seed) % 7)
                n += (size_t)snprintf(text + n, TEXT_SIZE - n, "%zu,%zu,%zu\n", i,
                                      (c + 1) * (u + 1) * 37 % 100 * 10 + (i * 7 + seed) % 30, u);
    }
    return n;
}

struct snn_data *runs_events(void)
{
    struct snn_data_source source = {.format = snn_registry_find(&snn_formats, "events")};
    static const char *const names[] = {"train", "test"};
    static char text[TEXT_SIZE];
    char *dir = tmpdir_create(), *paths[2];
    struct snn_data *data = NULL;
    struct snn_error err = {0};

    for (size_t i = 0; i < 2; i++) {
        const size_t n = write_events(text, i ? 60 : 240, i);

        source.paths[i] = paths[i] = tmpdir_write(dir, names[i], text, n);
    }
    if (snn_data_open(&data, &source, &err) != SNN_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < 2; i++)
        free(paths[i]);
    tmpdir_remove(dir);
    return data;
}

struct snn_choice runs_choice(const struct snn_registry *r, const char *name)
{
    const struct snn_kind *kind = snn_registry_find(r, name);

    if (!kind)
        fail_msg("no %s is called '%s'", r->noun, name);
    return snn_choice_of(kind);
}

double *runs_parameter(struct snn_choice *c, const char *name)
{
    for (size_t i = 0; i < c->kind->n_params; i++)
        if (strcmp(c->kind->params[i].name, name) == 0)
            return &c->value[i];
    fail_msg("%s has no %s", c->kind->name, name);
    return NULL;
}

struct snn_spec runs_spec(void)
{
    struct snn_spec spec = snn_spec_default();

    spec.seed = 5;
    spec.time_steps = 5;
    spec.epochs = 3;
    spec.batch_size = 7;
    spec.diagnostics_every = 3;
    spec.optimizer.value[0] = 0.02;
    spec.n_layers = 2;
    for (size_t i = 0; i < spec.n_layers; i++) {
        struct snn_layer_spec *l = &spec.layers[i];

        (void)snprintf(l->name, sizeof l->name, "layer%zu", i + 1);
        l->kind = runs_choice(&snn_layers, "dense");
        l->kind.value[0] = i ? CLASSES : 8;
        l->neuron = snn_neuron_spec_default();
        l->neuron.model.value[SNN_NEURON_THRESHOLD] = 0.4;
    }
    return spec;
}

void runs_surrogate(struct snn_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_layers; i++)
        spec->layers[i].neuron.surrogate = runs_choice(&snn_surrogates, name);
}

void runs_reset(struct snn_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_layers; i++)
        spec->layers[i].neuron.reset = runs_choice(&snn_resets, name);
}

void runs_orders_learned(struct snn_spec *spec)
{
    for (size_t i = 0; i < spec->n_layers; i++) {
        struct snn_neuron_spec *n = &spec->layers[i].neuron;

        n->solver = runs_choice(&snn_solvers, "gl");
        n->n_terms = 2;
        n->alpha[0] = 0.4;
        n->alpha[1] = 0.8;
        n->coefficients[0] = 1;
        n->coefficients[1] = 0.5;
        n->learn[SNN_LEARN_tau] = n->learn[SNN_LEARN_threshold] = SNN_PER_NEURON;
        n->learn[SNN_LEARN_alpha] = n->learn[SNN_LEARN_coefficients] = SNN_PER_LAYER;
    }
}

void runs_short_memories(struct snn_spec *spec)
{
    for (size_t i = 0; i < spec->n_layers; i++) {
        struct snn_neuron_spec *n = &spec->layers[i].neuron;

        n->solver = runs_choice(&snn_solvers, i % 2 ? "l1" : "pred");
        n->alpha[0] = 0.7;
        n->memory = 2;
        n->learn[SNN_LEARN_tau] = n->learn[SNN_LEARN_alpha] = SNN_PER_LAYER;
    }
}

struct snn_run *runs_new(const struct snn_spec *spec, const struct snn_data *data, size_t threads)
{
    struct snn_run *run = NULL;
    struct snn_error err = {0};

    if (snn_spec_check(spec, snn_data_describe(data), NULL, NULL) != SNN_OK)
        fail_msg("the spec of the test is not valid");
    if (snn_run_new(&run, spec, data, threads, &err) != SNN_OK)
        fail_msg("%s", err.message);
    return run;
}

static bool go_on(void *user, struct snn_run *run, const struct snn_progress *p)
{
    (void)run;
    return p->step != *(const size_t *)user;
}

void runs_train(struct snn_run *run, size_t after)
{
    const struct snn_hooks hooks = {.user = &after, .progress = go_on};
    struct snn_error err = {0};
    enum snn_code rc = snn_run_train(run, &hooks, &err);

    if (rc != (after ? SNN_STOPPED : SNN_OK))
        fail_msg("training ended with %s: %s", snn_code_name(rc), err.message);
    if (after)
        assert_int_equal(snn_run_progress(run).step, after);
}

void runs_note_lists(struct runs_lists *met, const struct snn_lists_count *layer)
{
    met->all |= layer->listed > 0 && layer->listed == layer->blocks;
    met->some |= layer->listed > 0 && layer->listed < layer->blocks;
    met->none |= layer->listed == 0 && layer->blocks > 0;
    met->silent |= layer->listed > 0 && layer->entries == 0;
}

void runs_digest(const struct snn_run *run, char hex[SNN_SHA256_HEX])
{
    const size_t bytes = run->net.n_params * sizeof(real);
    struct snn_digest d;

    snn_digest_init(&d);
    snn_digest_add(&d, run->params, bytes);
    if (run->best)
        snn_digest_add(&d, run->best, bytes);
    for (size_t i = 0; i < run->n_slots; i++)
        snn_digest_add(&d, run->slot[i], bytes);
    snn_digest_add(&d, run->initial_rms, run->net.n_tensors * sizeof *run->initial_rms);
    snn_digest_add(&d, &run->at, sizeof run->at); /* 64-bit fields: no padding */
    snn_digest_hex(&d, hex);
}

void runs_result(const struct snn_spec *spec, const struct snn_data *data, size_t threads,
                 char hex[SNN_SHA256_HEX])
{
    struct snn_run *run = runs_new(spec, data, threads);

    runs_train(run, 0);
    runs_digest(run, hex);
    snn_run_free(run);
}

char *runs_save(const struct snn_run *run, const char *dir, const char *name)
{
    const size_t size = strlen(dir) + strlen(name) + 2;
    char *path = malloc(size);
    struct snn_error err = {0};

    assert_non_null(path);
    (void)snprintf(path, size, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    if (snn_run_save(run, f, &err) != SNN_OK)
        fail_msg("%s", err.message);
    assert_int_equal(fclose(f), 0);
    return path;
}
