/* SPDX-License-Identifier: MIT */
/* How initial weights are spread, and layers that are initialised to a firing rate. */
#include "core/train/initialise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/ckpt/format.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

static struct snn_data *digits;

static int setup(void **state)
{
    const struct snn_data_source source = {.format = snn_registry_find(&snn_formats, "digits")};

    (void)state;
    return snn_data_open(&digits, &source, NULL) == SNN_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    snn_data_free(digits);
    return 0;
}

static struct snn_layer_spec *add(struct snn_spec *spec, const char *kind, double size)
{
    struct snn_layer_spec *l = &spec->layers[spec->n_layers++];

    (void)snprintf(l->name, sizeof l->name, "layer%zu", spec->n_layers);
    l->kind = runs_choice(&snn_layers, kind);
    l->kind.value[0] = size;
    l->neuron = snn_neuron_spec_default();
    return l;
}

static void to_rate(struct snn_layer_spec *l, double target)
{
    l->initialiser = runs_choice(&snn_initialisers, "rate");
    l->initialiser.value[SNN_INITIALISER_TARGET] = target;
}

static void set(struct snn_layer_spec *l, const char *param, double value)
{
    for (size_t i = 0; i < l->kind.kind->n_params; i++)
        if (strcmp(l->kind.kind->params[i].name, param) == 0)
            l->kind.value[i] = value;
}

static struct snn_spec digits_spec(void)
{
    struct snn_spec spec = snn_spec_default();

    spec.seed = 4;
    spec.time_steps = 8;
    spec.epochs = 1;
    spec.diagnostics_every = 0;
    return spec;
}

/* ----------------------------------------------------------------------------------- draws -- */

static double rms(const real *p, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)p[i] * (double)p[i];
    return sqrt(sum / (double)n);
}

static double most(const real *p, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)p[i]));
    return largest;
}

static void initialise__each_way__spreads_weights_as_its_formula_says(void **state)
{
    static const struct {
        const char *name;
        double gain;
        bool counts_out, normal;
    } rows[] = {{"uniform", 1, false, false},       {"kaiming_uniform", 6, false, false},
                {"kaiming_normal", 2, false, true}, {"xavier_uniform", 6, true, false},
                {"xavier_normal", 2, true, true},   {"rate", 1, false, false}};

    (void)state;
    assert_int_equal(SNN_COUNT(rows), snn_initialisers.count);
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        const bool is_rate = strcmp(rows[i].name, "rate") == 0;
        struct snn_spec spec = digits_spec();
        set(add(&spec, "conv2d", 60), "kernel", 3);
        set(add(&spec, "recurrent", 70), "weight_scale", 2);
        for (size_t k = 0; k < 2; k++)
            spec.layers[k].initialiser = runs_choice(&snn_initialisers, rows[i].name);
        struct snn_run *run = runs_new(&spec, digits, 1);
        for (size_t k = 0; k < run->net.n_tensors; k++) {
            const struct snn_tensor_place *t = snn_net_tensor(&run->net, k);
            const double out = t->layer == 0 ? 60 * 9 : 70, scale = t->layer == 0 ? 1 : 2;
            const double fan = (double)t->fan_in + (rows[i].counts_out ? out : 0);
            const double b = scale * sqrt(rows[i].gain / fan);
            const real *p = run->params + t->offset;
            if (strcmp(t->role, "bias") == 0) {
                assert_true(most(p, t->count) <= 1 / sqrt((double)t->fan_in));
                assert_true((most(p, t->count) == 0) == is_rate);
                continue;
            }
            assert_true(rows[i].normal || most(p, t->count) <= b * (1 + 1e-6));
            assert_true(most(p, t->count) > 0.98 * b);
            assert_near(rms(p, t->count), rows[i].normal ? b : b / sqrt(3.0),
                        2 * b / sqrt((double)t->count));
        }
        snn_run_free(run);
    }
}

/* ----------------------------------------------------------------------------------- rates -- */

static struct {
    struct snn_point point[8];
    double value[8];
    size_t n, calls, warnings;
    struct snn_error warning;
} told;

static void hear_points(void *user, size_t step, size_t epoch, const struct snn_point *p, size_t n)
{
    (void)user;
    (void)epoch;
    if (step > 0)
        return;
    told.calls++;
    told.n = n;
    for (size_t i = 0; i < n; i++) {
        told.point[i] = p[i];
        told.value[i] = p[i].values[0];
    }
}

static void hear_warning(void *user, const struct snn_error *what)
{
    (void)user;
    told.warning = *what;
    told.warnings++;
}

static const struct snn_hooks hooks = {.points = hear_points, .warn = hear_warning};

/* A convolution whose pool fires, one with neurons of its own, recurrence, an output. */
static struct snn_spec mixed(void)
{
    struct snn_spec spec = digits_spec();
    struct snn_layer_spec *l = add(&spec, "conv2d", 6);

    set(l, "kernel", 3);
    set(l, "weight_scale", 0.01);
    l->neurons = SNN_ABSENT;
    to_rate(l, 0.2);
    add(&spec, "max_pool2d", 2)->neurons = SNN_PRESENT;
    l = add(&spec, "conv2d", 5);
    set(l, "kernel", 2);
    set(l, "weight_scale", 300);
    to_rate(l, 0.05);
    to_rate(add(&spec, "recurrent", 30), 0.15);
    to_rate(add(&spec, "dense", 10), 0.1);
    return spec;
}

static void reach_rates__every_kind_of_layer__fires_as_wanted(void **state)
{
    static const double want[] = {0, 0.2, 0.05, 0.15, 0.1};
    static const char *const names[] = {"initial_rate/layer2", "initial_rate/layer3",
                                        "initial_rate/layer4", "initial_rate/layer5"};
    const struct snn_spec spec = mixed();
    struct snn_run *run = runs_new(&spec, digits, 2);
    double rate[SNN_MAX_LAYERS];

    (void)state;
    memset(&told, 0, sizeof told);
    snn_run_reach_rates(run, &hooks);
    snn_run_rates(run, run->order, 128, rate);
    assert_int_equal(told.n, 4);
    assert_int_equal(told.warnings, 0);
    for (size_t i = 1; i < 5; i++) {
        assert_near(rate[i], want[i], 0.0051 * want[i]);
        assert_near(told.value[i - 1], rate[i], 0);
        assert_string_equal(told.point[i - 1].name, names[i - 1]);
    }
    for (size_t i = 0; i < run->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&run->net, i);
        assert_near(run->initial_rms[i], rms(run->params + t->offset, t->count), 1e-9);
    }
    snn_run_free(run);
}

static void reach_rates__any_threads__are_the_same_bits(void **state)
{
    struct snn_spec spec = mixed();
    char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX], *dir = tmpdir_create();
    struct snn_error err = {0};

    (void)state;
    spec.encoding = runs_choice(&snn_encoders, "rate");
    spec.layers[3].neuron.surrogate = runs_choice(&snn_surrogates, "noisy");
    runs_result(&spec, digits, 1, want);
    runs_result(&spec, digits, 4, got);
    assert_string_equal(got, want);

    /* and a run that goes on does not begin again */
    struct snn_run *run = runs_new(&spec, digits, 1);
    runs_train(run, 5);
    char *path = runs_save(run, dir, "rates");
    snn_run_free(run);
    run = runs_new(&spec, digits, 2);
    if (snn_run_load(run, path, &err) != SNN_OK)
        fail_msg("%s", err.message);
    memset(&told, 0, sizeof told);
    assert_int_equal(snn_run_train(run, &hooks, &err), SNN_OK);
    assert_int_equal(told.calls, 0);
    runs_digest(run, got);
    assert_string_equal(got, want);

    /* nor one that starts from another's weights */
    struct snn_model *model;
    struct snn_run *warm = runs_new(&spec, digits, 1);
    assert_int_equal(snn_model_open(&model, path, SNN_LAST, &err), SNN_OK);
    assert_int_equal(snn_run_init_from(warm, model, &err), SNN_OK);
    assert_int_equal(snn_run_train(warm, &hooks, &err), SNN_OK);
    assert_int_equal(told.calls, 0);
    snn_model_free(model);
    snn_run_free(warm);
    snn_run_free(run);
    free(path);
    tmpdir_remove(dir);
}

static void reach_rates__out_of_reach__is_warned_of_and_goes_on(void **state)
{
    struct snn_spec spec = digits_spec();
    struct snn_run *run;
    struct snn_error err = {0};

    (void)state;
    set(add(&spec, "dense", 12), "weight_scale", 0);
    to_rate(&spec.layers[0], 0.25);
    add(&spec, "dense", 10);
    run = runs_new(&spec, digits, 1);
    memset(&told, 0, sizeof told);
    assert_int_equal(snn_run_train(run, &hooks, &err), SNN_OK);
    assert_int_equal(told.warnings, 1);
    assert_string_equal(told.warning.pointer, "/layers/0/initialisation");
    assert_contains(told.warning.message, "layer1 fires 0 spikes");
    assert_contains(told.warning.message, "want 0.25");
    assert_near(told.value[0], 0, 0);
    snn_run_free(run);
}

/* Without neurons before the next weights there is no rate to scale to. */
static void reach_rates__layers_whose_currents_go_on__are_left_as_drawn(void **state)
{
    struct snn_spec spec = digits_spec();
    struct snn_run *run, *fresh;

    (void)state;
    to_rate(add(&spec, "dense", 12), 0.25);
    spec.layers[0].neurons = SNN_ABSENT;
    add(&spec, "flatten", 0);
    add(&spec, "dense", 20);
    to_rate(add(&spec, "dense", 10), 0.25);
    spec.layers[3].neurons = SNN_ABSENT;
    run = runs_new(&spec, digits, 1);
    fresh = runs_new(&spec, digits, 1);
    memset(&told, 0, sizeof told);
    snn_run_reach_rates(run, &hooks);
    assert_int_equal(told.calls + told.warnings, 0);
    assert_memory_equal(run->params, fresh->params, run->net.n_params * sizeof *run->params);
    snn_run_free(run);
    snn_run_free(fresh);
}

/* Weights so small that no membrane comes near the window of its surrogate: nothing is learned. */
static void train__network_that_starts_dead__learns_once_it_fires(void **state)
{
    double accuracy[2];

    (void)state;
    for (size_t alive = 0; alive < 2; alive++) {
        struct snn_spec spec = digits_spec();
        spec.epochs = 8;
        spec.optimizer.value[0] = 0.005;
        for (size_t i = 0; i < 2; i++) {
            struct snn_layer_spec *l = add(&spec, "dense", i ? 10 : 64);
            set(l, "weight_scale", 0.01);
            l->neuron.surrogate = runs_choice(&snn_surrogates, "linear");
            l->neuron.surrogate.value[0] = 0.5;
            if (alive)
                to_rate(l, 0.1);
        }
        struct snn_run *run = runs_new(&spec, digits, 2);
        runs_train(run, 0);
        accuracy[alive] = snn_run_progress(run).metrics.test_accuracy;
        snn_run_free(run);
    }
    assert_true(accuracy[0] < 0.2);
    assert_true(accuracy[1] > 0.92);
}

static void digest__another_initialisation__is_another_job(void **state)
{
    struct snn_spec spec = mixed();
    char one[SNN_SHA256_HEX], other[SNN_SHA256_HEX];

    (void)state;
    snn_spec_digest(&spec, one);
    spec.layers[0].initialiser.value[SNN_INITIALISER_TARGET] = 0.3;
    snn_spec_digest(&spec, other);
    assert_string_not_equal(one, other);
    spec.layers[0].initialiser = runs_choice(&snn_initialisers, "uniform");
    snn_spec_digest(&spec, one);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initialise__each_way__spreads_weights_as_its_formula_says),
        cmocka_unit_test(reach_rates__every_kind_of_layer__fires_as_wanted),
        cmocka_unit_test(reach_rates__any_threads__are_the_same_bits),
        cmocka_unit_test(reach_rates__out_of_reach__is_warned_of_and_goes_on),
        cmocka_unit_test(reach_rates__layers_whose_currents_go_on__are_left_as_drawn),
        cmocka_unit_test(train__network_that_starts_dead__learns_once_it_fires),
        cmocka_unit_test(digest__another_initialisation__is_another_job),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
