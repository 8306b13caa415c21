/* SPDX-License-Identifier: MIT */
/* Whole runs on every instruction set: alike but for rounding, and each with itself to the bit for
 * any number of threads. */
#include <math.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"

/* A far past of decaying states, whose order is learned. */
static struct snn_spec of_states(void)
{
    struct snn_spec spec = runs_spec();

    spec.time_steps = 40;
    for (size_t i = 0; i < spec.n_layers; i++) {
        spec.layers[i].neuron.solver = runs_choice(&snn_solvers, i ? "pred" : "gl");
        spec.layers[i].neuron.alpha[0] = 0.5;
        spec.layers[i].neuron.exponentials = 8;
        spec.layers[i].neuron.learn[SNN_LEARN_alpha] = SNN_PER_LAYER;
    }
    return spec;
}

/* Of a run that is too short for a rounding to become another spike. */
static double loss_after_a_step(const struct snn_spec *spec, const struct snn_data *data)
{
    struct snn_run *run = runs_new(spec, data, 1);
    double loss;

    runs_train(run, 1);
    loss = run->at.metrics.train_loss;
    snn_run_free(run);
    return loss;
}

static void assert_alike(const struct snn_spec *spec)
{
    const double tolerance = sizeof(real) == sizeof(double) ? 1e-12 : 1e-5;
    struct snn_data *data = runs_data(30, 8, 3);
    const char *before = snn_isa();
    double first = 0;

    for (size_t i = 0; snn_isa_at(i); i++) {
        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        const double loss = loss_after_a_step(spec, data);
        first = i == 0 ? loss : first;
        assert_near(loss, first, tolerance);
    }
    assert_true(first > 0 && isfinite(first));
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
    snn_data_free(data);
}

static void isa__each_there__trains_alike(void **state)
{
    const struct snn_spec plain = runs_spec(), states = of_states();

    (void)state;
    assert_alike(&plain);
    assert_alike(&states);
}

static void assert_same_bits(const struct snn_spec *spec)
{
    struct snn_data *data = runs_data(30, 8, 3);
    const char *before = snn_isa();

    for (size_t i = 0; snn_isa_at(i); i++) {
        char one[SNN_SHA256_HEX], other[SNN_SHA256_HEX];

        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        runs_result(spec, data, 1, one);
        for (size_t threads = 2; threads <= 4; threads++) {
            runs_result(spec, data, threads, other);
            assert_string_equal(other, one);
        }
    }
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
    snn_data_free(data);
}

static void isa__each_there__has_the_same_bits_for_any_threads(void **state)
{
    const struct snn_spec plain = runs_spec(), states = of_states();

    (void)state;
    assert_same_bits(&plain);
    assert_same_bits(&states);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isa__each_there__trains_alike),
        cmocka_unit_test(isa__each_there__has_the_same_bits_for_any_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
