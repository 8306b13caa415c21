/* SPDX-License-Identifier: MIT */
/* What a run says of the way its products went. */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/data/data.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

static void name__each_path__has_one(void **state)
{
    (void)state;
    for (enum snn_path p = 0; p < SNN_PATH_COUNT; p++)
        assert_true(strlen(snn_path_name(p)) > 0);
    assert_string_equal(snn_path_name(SNN_PATH_lists), "lists");
    assert_string_equal(snn_path_name(SNN_PATH_COUNT), "unknown");
}

static size_t plan_of(const struct snn_spec *spec, size_t after,
                      struct snn_plan_layer out[SNN_MAX_LAYERS])
{
    struct snn_data *data = runs_data(40, 5, 1);
    struct snn_run *run = runs_new(spec, data, 1);
    if (after)
        runs_train(run, after);
    const size_t n = snn_run_plan(run, out);
    snn_run_free(run);
    snn_data_free(data);
    return n;
}

static void plan__before_the_first_step__knows_only_what_is_static(void **state)
{
    struct snn_plan_layer plan[SNN_MAX_LAYERS];
    const struct snn_spec spec = runs_spec();
    (void)state;
    assert_int_equal(plan_of(&spec, 0, plan), 2);
    assert_int_equal(plan[1].input.path, SNN_PATH_none);
    assert_true(isnan(plan[1].input.density));
    assert_int_equal(plan[1].input.blocks, 0);
}

/* A threshold that nobody reaches: the second layer's lists are all empty. */
static void plan__silent_neurons__are_heard_as_lists(void **state)
{
    struct snn_plan_layer plan[SNN_MAX_LAYERS];
    struct snn_spec spec = runs_spec();
    (void)state;
    spec.encoding = runs_choice(&snn_encoders, "constant");
    spec.layers[0].neuron.model.value[SNN_NEURON_THRESHOLD] = 1e6;
    assert_int_equal(plan_of(&spec, 2, plan), 2);
    assert_int_equal(plan[0].input.path, SNN_PATH_once);
    assert_true(isnan(plan[0].input.crossover));
    assert_int_equal(plan[1].input.path, SNN_PATH_lists);
    assert_true(plan[1].input.blocks > 0);
    assert_int_equal(plan[1].input.listed, plan[1].input.blocks);
    assert_near(plan[1].input.density, 0, 0);
    assert_true(plan[1].input.crossover > 0 && plan[1].input.crossover < 1);
}

/* A threshold that all pass at each step. */
static void plan__neurons_that_always_fire__are_heard_as_they_are(void **state)
{
    struct snn_plan_layer plan[SNN_MAX_LAYERS];
    struct snn_spec spec = runs_spec();
    (void)state;
    spec.layers[0].neuron.model.value[SNN_NEURON_THRESHOLD] = -1e6;
    spec.layers[0].neuron.reset = runs_choice(&snn_resets, "none");
    plan_of(&spec, 2, plan);
    assert_int_equal(plan[1].input.path, SNN_PATH_dense);
    assert_true(plan[1].input.blocks > 0);
    assert_int_equal(plan[1].input.listed, 0);
    assert_true(isnan(plan[1].input.density));
}

/* A window that no neuron is in, in layers that have one below: nothing goes back. */
static void plan__narrow_surrogate__goes_back_by_lists(void **state)
{
    struct snn_plan_layer plan[SNN_MAX_LAYERS];
    struct snn_spec spec = runs_spec();
    (void)state;
    runs_surrogate(&spec, "linear");
    spec.readout = runs_choice(&snn_readouts, "spike_mean");
    for (size_t i = 0; i < spec.n_layers; i++) {
        spec.layers[i].neuron.model.value[SNN_NEURON_THRESHOLD] = 1e6;
        spec.layers[i].neuron.surrogate.value[0] = (double)0.5;
    }
    plan_of(&spec, 2, plan);
    assert_int_equal(plan[0].back.path, SNN_PATH_none);
    assert_int_equal(plan[1].back.path, SNN_PATH_lists);
    assert_near(plan[1].back.density, 0, 0);
}

/* States where they are worth it; sums with few steps, or taken one by one. */
static void plan__fractional_order__says_how_the_past_is_summed(void **state)
{
    static const struct {
        const char *kind;
        size_t steps, count;
    } rows[] = {{"dense", 40, 8}, {"dense", 23, 0}, {"dense", 24, 8}, {"recurrent", 40, 0}};
    struct snn_plan_layer plan[SNN_MAX_LAYERS];

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        struct snn_spec spec = runs_spec();
        struct snn_choice kind = runs_choice(&snn_layers, rows[i].kind);

        kind.value[0] = spec.layers[0].kind.value[0];
        spec.layers[0].kind = kind;
        spec.layers[0].neuron.solver = runs_choice(&snn_solvers, "gl");
        spec.layers[0].neuron.alpha[0] = 0.5;
        spec.layers[0].neuron.exponentials = 8;
        spec.time_steps = rows[i].steps;
        assert_int_equal(plan_of(&spec, 1, plan), 2);
        assert_true(plan[0].history.kept && !plan[1].history.kept);
        assert_int_equal(plan[0].history.exponentials, rows[i].count);
        assert_true(plan[0].history.error < 1e-5);
        assert_int_equal(plan[0].history.error > 0, rows[i].count > 0);
        assert_int_equal(plan[1].history.exponentials, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name__each_path__has_one),
        cmocka_unit_test(plan__before_the_first_step__knows_only_what_is_static),
        cmocka_unit_test(plan__silent_neurons__are_heard_as_lists),
        cmocka_unit_test(plan__neurons_that_always_fire__are_heard_as_they_are),
        cmocka_unit_test(plan__narrow_surrogate__goes_back_by_lists),
        cmocka_unit_test(plan__fractional_order__says_how_the_past_is_summed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
