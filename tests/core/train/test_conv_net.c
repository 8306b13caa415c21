/* SPDX-License-Identifier: MIT */
/* Whole runs of networks with convolutions, pools, dropout and layers without neurons, on the
 * digits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/ckpt/format.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

static struct snn_data *data;

static int setup(void **state)
{
    const struct snn_data_source digits = {.format = snn_registry_find(&snn_formats, "digits")};
    (void)state;
    return snn_data_open(&data, &digits, NULL) == SNN_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    snn_data_free(data);
    return 0;
}

struct layer {
    const char *kind;
    double value[3];
    enum snn_presence neurons;
};

/* `layers` ends with one without a kind. */
static struct snn_spec spec_of(const struct layer *layers)
{
    struct snn_spec spec = snn_spec_default();
    spec.seed = 3;
    spec.time_steps = 4;
    spec.epochs = 1;
    spec.diagnostics_every = 10;
    spec.optimizer.value[0] = 0.01;
    for (; layers->kind; layers++) {
        struct snn_layer_spec *l = &spec.layers[spec.n_layers++];
        (void)snprintf(l->name, sizeof l->name, "layer%zu", spec.n_layers);
        l->kind = runs_choice(&snn_layers, layers->kind);
        memcpy(l->kind.value, layers->value,
               (l->kind.kind->n_params < 2 ? l->kind.kind->n_params : 2) * sizeof(double));
        l->neurons = layers->neurons;
        l->neuron = snn_neuron_spec_default();
        l->neuron.surrogate = runs_choice(&snn_surrogates, "arctan");
    }
    return spec;
}

/* 8C3 - MP2 - flatten - dropout - 10 */
static const struct layer small_net[] = {
    {"conv2d", {8, 3}, SNN_BY_KIND},    {"max_pool2d", {2, 0}, SNN_BY_KIND}, {.kind = "flatten"},
    {"dropout", {0.2, 0}, SNN_BY_KIND}, {"dense", {10, 1}, SNN_BY_KIND},     {.kind = NULL},
};

static void train__conv_net__learns_the_digits(void **state)
{
    struct snn_spec spec = spec_of(small_net);
    struct snn_run *run;

    (void)state;
    spec.epochs = 8;
    spec.layers[0].kind.value[6] = 5; /* weight_scale: else its filters begin almost silent */
    run = runs_new(&spec, data, 2);
    runs_train(run, 0);
    assert_true(snn_run_progress(run).metrics.test_accuracy >= 0.93);
    snn_run_free(run);
}

/* A layer that carries its currents on is a linear one: between pools, and as the last. */
static void train__layers_without_neurons__learn_the_digits(void **state)
{
    static const struct layer layers[] = {
        {"conv2d", {6, 3}, SNN_ABSENT},
        {"avg_pool2d", {2, 0}, SNN_BY_KIND},
        {"dense", {32, 2}, SNN_BY_KIND},
        {"dense", {10, 1}, SNN_ABSENT},
        {.kind = NULL},
    };
    struct snn_spec spec = spec_of(layers);
    struct snn_run *run;

    (void)state;
    spec.epochs = 6;
    run = runs_new(&spec, data, 2);
    runs_train(run, 0);
    assert_true(snn_run_progress(run).metrics.test_accuracy >= 0.93);
    snn_run_free(run);
}

/* 8C3 - MP2 with the neurons behind the pool - 10 */
static const struct layer pooled_net[] = {
    {"conv2d", {8, 3}, SNN_ABSENT},
    {"max_pool2d", {2, 0}, .neurons = SNN_PRESENT},
    {"dense", {10, 1}, SNN_BY_KIND},
    {.kind = NULL},
};

static void train__neurons_behind_a_pool__learn_the_digits(void **state)
{
    struct snn_spec spec = spec_of(pooled_net);
    char *dir = tmpdir_create(), all[SNN_SHA256_HEX], resumed[SNN_SHA256_HEX];
    struct snn_run *run;

    (void)state;
    spec.epochs = 5;
    spec.layers[0].kind.value[6] = 5;
    spec.layers[1].neuron.learn[SNN_LEARN_tau] = SNN_PER_NEURON; /* the pool's own tensor */
    run = runs_new(&spec, data, 2);
    runs_train(run, 0);
    assert_true(snn_run_progress(run).metrics.test_accuracy >= 0.93);
    runs_digest(run, all);
    snn_run_free(run);

    run = runs_new(&spec, data, 1);
    runs_train(run, 9);
    char *path = runs_save(run, dir, "pooled");
    snn_run_free(run);
    run = runs_new(&spec, data, 3);
    assert_int_equal(snn_run_load(run, path, NULL), SNN_OK);
    runs_train(run, 0);
    runs_digest(run, resumed);
    assert_string_equal(all, resumed);
    snn_run_free(run);
    free(path);
    tmpdir_remove(dir);
}

static void train__conv_net__does_not_depend_on_threads_or_stops(void **state)
{
    char *dir = tmpdir_create();
    char alone[SNN_SHA256_HEX], many[SNN_SHA256_HEX], resumed[SNN_SHA256_HEX];
    struct snn_spec spec = spec_of(small_net);
    struct snn_error err = {0};

    (void)state;
    spec.layers[0].neuron.surrogate = runs_choice(&snn_surrogates, "noisy");
    spec.layers[3].kind.value[1] = 1; /* masks per step */
    runs_result(&spec, data, 1, alone);
    runs_result(&spec, data, 4, many);
    assert_string_equal(alone, many);

    struct snn_run *run = runs_new(&spec, data, 2);
    runs_train(run, 9);
    char *path = runs_save(run, dir, "conv");
    snn_run_free(run);
    run = runs_new(&spec, data, 3);
    assert_int_equal(snn_run_load(run, path, &err), SNN_OK);
    runs_train(run, 0);
    runs_digest(run, resumed);
    assert_string_equal(alone, resumed);
    snn_run_free(run);
    free(path);
    tmpdir_remove(dir);
}

/* -------------------------------------------------------------------------------- what it tells
 */

static struct {
    char names[80][2 * SNN_NAME_SIZE];
    size_t n;
} told;

static void hear_points(void *user, size_t step, size_t epoch, const struct snn_point *p, size_t n)
{
    (void)user;
    (void)step;
    (void)epoch;
    for (size_t i = 0; i < n && told.n < 80; i++)
        memcpy(told.names[told.n++], p[i].name, sizeof p[i].name);
}

static void hear_histograms(void *user, size_t step, size_t epoch, const struct snn_histogram *h,
                            size_t n)
{
    (void)user;
    (void)step;
    (void)epoch;
    for (size_t i = 0; i < n && told.n < 80; i++)
        memcpy(told.names[told.n++], h[i].name, sizeof h[i].name);
}

static size_t names_with(const char *part)
{
    size_t n = 0;
    for (size_t i = 0; i < told.n; i++)
        n += strstr(told.names[i], part) != NULL;
    return n;
}

static bool stop(void *user, struct snn_run *run, const struct snn_progress *p)
{
    (void)user;
    (void)run;
    return p->step < 10;
}

static void records__layers_without_neurons__are_left_out(void **state)
{
    static const struct layer layers[] = {
        {"conv2d", {4, 3}, SNN_BY_KIND}, {"max_pool2d", {2, 0}, SNN_BY_KIND},
        {"dense", {12, 2}, SNN_ABSENT},  {"dropout", {0.2, 0}, SNN_BY_KIND},
        {"dense", {10, 1}, SNN_BY_KIND}, {.kind = NULL},
    };
    const struct snn_hooks hooks = {
        .progress = stop, .points = hear_points, .histograms = hear_histograms};
    struct snn_spec spec = spec_of(layers);
    struct snn_run *run = runs_new(&spec, data, 1);

    (void)state;
    told.n = 0;
    assert_int_equal(snn_run_train(run, &hooks, NULL), SNN_STOPPED);
    /* 7 metrics, 3 histograms of the neurons; for each tensor 2 histograms, 2 metrics, and of the
     * weights 2 more */
    assert_int_equal(names_with("layer1"), 7 + 3 + 10);
    assert_int_equal(names_with("layer2"), 0);
    assert_int_equal(names_with("layer3"), 10);
    assert_int_equal(names_with("layer4"), 0);
    assert_int_equal(names_with("layer5"), 7 + 3 + 10);
    snn_run_free(run);
}

static void records__neurons_behind_a_pool__are_told_as_the_pools(void **state)
{
    const struct snn_hooks hooks = {
        .progress = stop, .points = hear_points, .histograms = hear_histograms};
    struct snn_spec spec = spec_of(pooled_net);
    struct snn_run *run = runs_new(&spec, data, 1);

    (void)state;
    told.n = 0;
    assert_int_equal(snn_run_train(run, &hooks, NULL), SNN_STOPPED);
    assert_int_equal(names_with("layer1"), 10);
    assert_int_equal(names_with("layer2"), 7 + 3);
    assert_int_equal(names_with("spike_rate/layer2"), 1);
    assert_int_equal(names_with("activity/layer2"), 1);
    snn_run_free(run);
}

/* ------------------------------------------------------------------------------------- checks */

static struct snn_error found;

static void keep_first(void *user, const struct snn_error *e)
{
    (void)user;
    if (found.code == SNN_OK)
        found = *e;
}

static void check__what_layers_cannot_follow__is_said_where_it_is(void **state)
{
    static const struct {
        struct layer layers[5];
        const char *readout, *pointer, *message;
    } rows[] = {
        {{{"dense", {10, 1}, SNN_BY_KIND}, {"conv2d", {2, 3}, SNN_BY_KIND}},
         "membrane_mean",
         "/layers/1",
         "but what comes in is 10 values without a shape"},
        {{{.kind = "flatten"}, {"max_pool2d", {2, 0}, SNN_BY_KIND}},
         "membrane_mean",
         "/layers/1",
         "but what comes in is 64 values without a shape"},
        {{{"conv2d", {2, 9}, SNN_BY_KIND}},
         "membrane_mean",
         "/layers/0",
         "window 9 high, but its input is 8 high"},
        {{{"dense", {10, 1}, SNN_ABSENT}},
         "spike_mean",
         "/readout/kind",
         "spike_mean reads spikes, but the last layer has no"},
        {{{"dense", {10, 1}, SNN_BY_KIND}, {"dropout", {0.5, 0}, SNN_BY_KIND}},
         "spike_count",
         "/readout/kind",
         "spike_count reads spikes, but the last layer has no"},
        {{{"max_pool2d", {2, 0}, SNN_BY_KIND}}, "membrane_mean", "/layers", "no layer has weights"},
        {{{"conv2d", {2, 7}, SNN_BY_KIND}, {"avg_pool2d", {2, 0}, SNN_BY_KIND}},
         "membrane_mean",
         "/layers/1",
         "has 2 units, but the labels go up to 9"},
        {{{"dropout", {1, 0}, SNN_BY_KIND}, {"dense", {10, 1}, SNN_BY_KIND}},
         "membrane_mean",
         "/layers/0/rate",
         "rate is 1"},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        struct snn_spec spec = spec_of(rows[i].layers);
        spec.readout = runs_choice(&snn_readouts, rows[i].readout);
        found = (struct snn_error){0};
        assert_int_equal(snn_spec_check(&spec, snn_data_describe(data), keep_first, NULL),
                         SNN_INVALID);
        assert_string_equal(found.pointer, rows[i].pointer);
        assert_contains(found.message, rows[i].message);
    }
}

/* What is wrong with neurons that are not there is nothing. */
static void check__neurons_that_are_not_there__are_not_looked_at(void **state)
{
    struct snn_spec spec = spec_of(small_net);
    char with[SNN_SHA256_HEX], without[SNN_SHA256_HEX];

    (void)state;
    snn_spec_digest(&spec, with);
    spec.layers[1].neuron.model.value[SNN_NEURON_TAU] = -1; /* a pool's */
    assert_int_equal(snn_spec_check(&spec, snn_data_describe(data), NULL, NULL), SNN_OK);
    snn_spec_digest(&spec, without);
    assert_string_equal(with, without);
    spec.layers[4].neuron.model.value[SNN_NEURON_THRESHOLD] = -1;
    found = (struct snn_error){0};
    snn_spec_warn(&spec, snn_data_describe(data), keep_first, NULL);
    assert_string_equal(found.pointer, "/layers/4/neuron/threshold");
    spec.layers[4].neurons = SNN_ABSENT;
    found = (struct snn_error){0};
    snn_spec_warn(&spec, snn_data_describe(data), keep_first, NULL);
    assert_int_equal(found.code, SNN_OK);
    snn_spec_digest(&spec, without);
    assert_string_not_equal(with, without);
}

static void estimate__each_kind__counts_what_it_multiplies(void **state)
{
    /* images [1, 8, 8], 4 steps; all steps but where the input is static (as it stays behind layers
     * without neurons), 3 products but of the first layer 2 */
    static const struct {
        struct layer layers[5];
        double want;
        size_t parameters;
    } rows[] = {
        {{{"dense", {10, 1}, SNN_BY_KIND}}, 640 * 2, 650},
        {{{"dense", {12, 1}, SNN_BY_KIND}, {"dense", {10, 1}, SNN_BY_KIND}},
         768 * 2 + 120 * 12,
         910},
        {{{"recurrent", {10, 0}, SNN_BY_KIND}}, 640 * 2 * 4 + 100 * 3 * 3, 750},
        {{{"conv2d", {4, 7}, SNN_BY_KIND}, {"dense", {10, 1}, SNN_BY_KIND}},
         4 * 4 * 49 * 2 + 160 * 12,
         4 * 50 + 170},
        {{{"conv2d", {4, 7}, SNN_BY_KIND}, {"conv2d", {10, 2}, SNN_BY_KIND}},
         4 * 4 * 49 * 2 + 10 * 16 * 12,
         4 * 50 + 170},
        {{{"max_pool2d", {2, 0}, SNN_BY_KIND}, {"dense", {10, 1}, SNN_BY_KIND}}, 160 * 3, 170},
        {{{"avg_pool2d", {2, 0}, SNN_BY_KIND}, {"dense", {10, 1}, SNN_BY_KIND}}, 64 + 160 * 3, 170},
        {{{"avg_pool2d", {2, 0}, SNN_PRESENT}, {"dense", {10, 1}, SNN_BY_KIND}},
         64 + 160 * 12,
         170},
        {{{"dense", {10, 1}, SNN_BY_KIND}, {"dropout", {0.5, 0}, SNN_BY_KIND}},
         640 * 2 + 10 * 8,
         650},
        {{{.kind = "flatten"}, {"dense", {10, 1}, SNN_BY_KIND}}, 640 * 2, 650},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        const struct snn_spec spec = spec_of(rows[i].layers);
        struct snn_estimate e;
        assert_int_equal(snn_run_estimate(&e, &spec, snn_data_describe(data), 1, NULL), SNN_OK);
        assert_near(e.multiply_adds, rows[i].want, 0);
        assert_int_equal(e.parameters, rows[i].parameters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train__conv_net__learns_the_digits),
        cmocka_unit_test(train__layers_without_neurons__learn_the_digits),
        cmocka_unit_test(train__neurons_behind_a_pool__learn_the_digits),
        cmocka_unit_test(train__conv_net__does_not_depend_on_threads_or_stops),
        cmocka_unit_test(records__layers_without_neurons__are_left_out),
        cmocka_unit_test(records__neurons_behind_a_pool__are_told_as_the_pools),
        cmocka_unit_test(check__what_layers_cannot_follow__is_said_where_it_is),
        cmocka_unit_test(check__neurons_that_are_not_there__are_not_looked_at),
        cmocka_unit_test(estimate__each_kind__counts_what_it_multiplies),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
