/* SPDX-License-Identifier: MIT */
/* The surrogate-bias meter: a known answer in closed form, whose gradient it is that it looks at,
 * and what it refuses. */
#include <math.h>
#include <stdlib.h>

#include "tests/core/bias/exact.h"
#include "tests/core/bias/measure.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

/* --------------------------------------------------------------------------- closed form --- */

/* L = sum_k (k - 0.5) z_k: linear in the spikes, so that each one is worth what it is whatever the
 * others do. */
static double linear(real *dlogits, const real *logits, size_t classes, size_t label, double scale,
                     const struct snn_choice *c)
{
    double sum = 0;
    (void)label;
    (void)c;
    for (size_t k = 0; k < classes; k++) {
        sum += ((double)k - 0.5) * (double)logits[k];
        if (dlogits)
            dlogits[k] = (real)(scale * ((double)k - 0.5));
    }
    return sum;
}

static const struct snn_loss linear_row = {.kind = {"linear", "sum of (k - 0.5) z_k", NULL, 0},
                                           .value = linear};

/* One layer, one step: dE[L]/dx = (k - 0.5) p'(x), which is what the logistic slope of steepness
 * 1/sigma has for the step's derivative. */
static void bias__one_layer_one_step_linear_loss__sigmoid_of_the_noise_is_exact(void **state)
{
    struct exact e;
    const struct snn_bias_options o = {.samples = 3, .repeats = 32, .sigma = 0.25};
    (void)state;
    exact_build(&e, &(struct exact_case){.reset = "none", .readout = "spike_mean"}, 0.25);
    e.spec.n_layers = 1;
    e.spec.layers[0].kind.value[0] = EXACT_OUT;
    e.spec.time_steps = 1;
    e.spec.loss.kind = &linear_row.kind;
    e.spec.layers[0].neuron.surrogate.value[0] = 1 / 0.25;
    measure(&e.spec, &e.data, &o, "linear");
    measure_end();
    assert_near(report.all.cosine, 1, 1e-5);
    assert_near(report.all.ratio, 1, 1e-5);
    assert_near(report.explained, 1, 1e-2); /* but for the ridge: nothing else is random */

    /* Another one is off by what can be told beforehand, too: twice as steep. */
    e.spec.layers[0].neuron.surrogate.value[0] = 2 / 0.25;
    measure(&e.spec, &e.data, &o, "linear, steep");
    double g[2] = {0}, r[2] = {0};
    for (size_t i = 0; i < meter.own.n_params; i++) {
        g[0] += (double)(meter.surrogate[0][i] * meter.surrogate[0][i]);
        r[0] += (double)(meter.reference[0][i] * meter.reference[0][i]);
        r[1] += (double)(meter.surrogate[0][i] * meter.reference[0][i]);
    }
    measure_end();
    assert_near(report.all.cosine, r[1] / sqrt(g[0] * r[0]), 1e-5);
    assert_true(report.all.cosine < 0.9999);
}

/* ------------------------------------------------------------------------------------- rest --- */

static struct snn_spec spec_of(const char *surrogate)
{
    struct snn_spec spec = runs_spec();
    runs_surrogate(&spec, surrogate);
    return spec;
}

static void bias__any_number_of_threads__tells_the_same_bits(void **state)
{
    static const char *const surrogates[] = {"arctan", "noisy"};
    struct snn_data *data = runs_data(24, 4, 3);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct snn_spec spec = spec_of(surrogates[i]);
        struct snn_bias_options o = {.samples = 5, .repeats = 64, .sigma = 0.2, .seed = 3};
        static struct snn_bias_report one, two;
        o.threads = 1;
        assert_int_equal(snn_bias(&one, &spec, data, NULL, &o, NULL), SNN_OK);
        o.threads = 3;
        assert_int_equal(snn_bias(&two, &spec, data, NULL, &o, NULL), SNN_OK);
        assert_memory_equal(&one, &two, sizeof one);
        assert_true(one.all.cosine > 0.3 && one.all.cosine < 1);
        assert_int_equal(one.n_layers, 2);
        assert_string_equal(one.layer[1].name, spec.layers[1].name);
        assert_int_equal(one.all.count, one.layer[0].count + one.layer[1].count);
    }
    snn_data_free(data);
}

/* The norm that training's own pass has is the one that is told. */
static void bias__the_surrogates_side__is_the_gradient_of_training(void **state)
{
    struct snn_data *data = runs_data(12, 4, 3);
    const struct snn_spec spec = spec_of("arctan");
    const struct snn_bias_options o = {.samples = 12, .repeats = 32};
    const struct snn_gradcheck_options all = {.samples = 12};
    static struct snn_gradcheck_report check;
    (void)state;
    measure(&spec, data, &o, "norms");
    measure_end();
    assert_int_equal(snn_gradcheck(&check, &spec, data, NULL, &all, NULL), SNN_OK);
    assert_int_equal(report.n_tensors, check.n);
    assert_near(report.loss, check.loss, 1e-5);
    for (size_t i = 0; i < check.n; i++) {
        assert_string_equal(report.tensor[i].name, check.row[i].name);
        assert_near(report.tensor[i].surrogate_norm, check.row[i].norm, 1e-4 * check.row[i].norm);
    }
    snn_data_free(data);
}

/* A gradient of zero has no direction; a reference that is lost in its noise is not told. */
static void bias__nothing_flows__there_is_no_cosine(void **state)
{
    struct snn_data *data = runs_data(12, 4, 3);
    struct snn_spec spec = spec_of("linear");
    const struct snn_bias_options o = {.samples = 2, .repeats = 32, .sigma = 0.5};
    (void)state;
    for (size_t i = 0; i < spec.n_layers; i++)
        spec.layers[i].neuron.surrogate.value[0] = 1e-6;
    spec.readout = runs_choice(&snn_readouts, "spike_mean");
    measure(&spec, data, &o, "dead");
    measure_end();
    assert_true(report.all.surrogate_norm == 0);
    assert_true(report.all.reference_norm > 0);
    assert_true(report.all.ratio == 0);
    assert_true(isnan(report.all.cosine) && isnan(report.all.cosine_error));
    snn_data_free(data);
}

static bool at_once(void *user)
{
    (void)user;
    return true;
}

static void bias__what_cannot_be_measured__is_refused_in_words(void **state)
{
    struct snn_data *data = runs_data(24, 4, 3);
    struct snn_spec spec = spec_of("sigmoid");
    struct snn_bias_options o = {.samples = 24, .repeats = 64};
    struct snn_error err = {0};
    (void)state;

    o.most = 1000;
    assert_int_equal(snn_bias(&report, &spec, data, NULL, &o, &err), SNN_LIMIT);
    assert_string_equal(err.pointer, "/repeats");
    assert_contains(err.message, "24 samples with 64 repeats cost about");

    o.most = 0;
    o.memory = 1000;
    err = (struct snn_error){0};
    assert_int_equal(snn_bias(&report, &spec, data, NULL, &o, &err), SNN_LIMIT);
    assert_contains(err.message, "bytes of memory to measure, want at most 1000");

    o.memory = 0;
    o.stop = at_once;
    err = (struct snn_error){0};
    assert_int_equal(snn_bias(&report, &spec, data, NULL, &o, &err), SNN_STOPPED);

    o.stop = NULL;
    spec.layers[1].neuron.model = runs_choice(&snn_neurons, "leaky");
    err = (struct snn_error){0};
    assert_int_equal(snn_bias(&report, &spec, data, NULL, &o, &err), SNN_INVALID);
    assert_contains(err.message, "reset by their membrane");

    spec.layers[0].neurons = spec.layers[1].neurons = SNN_ABSENT;
    err = (struct snn_error){0};
    assert_int_equal(snn_bias(&report, &spec, data, NULL, &o, &err), SNN_INVALID);
    assert_contains(err.message, "has no neurons");
    snn_data_free(data);
}

/* Left to itself it takes fewer samples and repeats before it refuses. */
static void bias__usual_size_costs_too_much__it_is_cut_down(void **state)
{
    struct snn_data *data = runs_data(240, 4, 3);
    const struct snn_spec spec = spec_of("sigmoid");
    struct snn_bias_options o = {.most = 1e6};
    (void)state;
    measure(&spec, data, &o, "cut down");
    measure_end();
    assert_true(report.samples < 128 && report.samples >= 16);
    assert_true(report.repeats <= 128 && report.repeats >= 64);
    snn_data_free(data);
}

static void bias__another_ones_weights__are_refused(void **state)
{
    struct snn_data *data = runs_data(24, 4, 3);
    const struct snn_spec spec = spec_of("sigmoid");
    const struct snn_bias_options o = {.samples = 2, .repeats = 32};
    struct snn_spec wider = spec;
    struct snn_model *model = NULL;
    struct snn_error err = {0};
    (void)state;
    wider.layers[0].kind.value[0] += 1;
    struct snn_run *run = runs_new(&wider, data, 1);
    char *dir = tmpdir_create(), *path = runs_save(run, dir, "run");
    assert_int_equal(snn_model_open(&model, path, SNN_LAST, &err), SNN_OK);
    assert_int_equal(snn_bias(&report, &spec, data, model, &o, &err), SNN_INVALID);
    assert_contains(err.message, "layer1.weight");
    assert_int_equal(snn_bias(&report, &wider, data, model, &o, NULL), SNN_OK);
    snn_model_free(model);
    free(path);
    tmpdir_remove(dir);
    snn_run_free(run);
    snn_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bias__one_layer_one_step_linear_loss__sigmoid_of_the_noise_is_exact),
        cmocka_unit_test(bias__any_number_of_threads__tells_the_same_bits),
        cmocka_unit_test(bias__the_surrogates_side__is_the_gradient_of_training),
        cmocka_unit_test(bias__nothing_flows__there_is_no_cosine),
        cmocka_unit_test(bias__what_cannot_be_measured__is_refused_in_words),
        cmocka_unit_test(bias__usual_size_costs_too_much__it_is_cut_down),
        cmocka_unit_test(bias__another_ones_weights__are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
