/* SPDX-License-Identifier: MIT */
/* Whole runs on every instruction set: alike but for rounding, and each with itself to the bit for
 * any number of threads. */
#include <math.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"

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

static void isa__each_there__trains_alike(void **state)
{
    const double tolerance = sizeof(real) == sizeof(double) ? 1e-12 : 1e-5;
    struct snn_data *data = runs_data(30, 8, 3);
    const struct snn_spec spec = runs_spec();
    const char *before = snn_isa();
    double first = 0;

    (void)state;
    for (size_t i = 0; snn_isa_at(i); i++) {
        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        const double loss = loss_after_a_step(&spec, data);
        first = i == 0 ? loss : first;
        assert_near(loss, first, tolerance);
    }
    assert_true(first > 0 && isfinite(first));
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
    snn_data_free(data);
}

static void isa__each_there__has_the_same_bits_for_any_threads(void **state)
{
    struct snn_data *data = runs_data(30, 8, 3);
    const struct snn_spec spec = runs_spec();
    const char *before = snn_isa();

    (void)state;
    for (size_t i = 0; snn_isa_at(i); i++) {
        char one[SNN_SHA256_HEX], other[SNN_SHA256_HEX];

        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        runs_result(&spec, data, 1, one);
        for (size_t threads = 2; threads <= 4; threads++) {
            runs_result(&spec, data, threads, other);
            assert_string_equal(other, one);
        }
    }
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
    snn_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isa__each_there__trains_alike),
        cmocka_unit_test(isa__each_there__has_the_same_bits_for_any_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
