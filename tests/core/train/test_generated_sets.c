/* SPDX-License-Identifier: MIT */
/* Whole runs on the data sets that are computed. */
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

static double accuracy(const struct snn_spec *spec, const char *set)
{
    const struct snn_data_source source = {.format = snn_registry_find(&snn_formats, set)};
    struct snn_data *data = NULL;
    struct snn_metrics m;

    assert_int_equal(snn_data_open(&data, &source, NULL), SNN_OK);
    struct snn_run *run = runs_new(spec, data, 2);
    runs_train(run, 0);
    m = snn_run_progress(run).metrics;
    snn_run_free(run);
    snn_data_free(data);
    return m.test_accuracy;
}

static struct snn_spec spec_of(const char *encoding, size_t steps, size_t hidden, size_t classes)
{
    struct snn_spec spec = runs_spec();

    spec.encoding = runs_choice(&snn_encoders, encoding);
    spec.time_steps = steps;
    spec.batch_size = 64;
    spec.diagnostics_every = 0;
    spec.optimizer.value[0] = 0.01;
    spec.layers[0].kind.value[0] = (double)hidden;
    spec.layers[1].kind.value[0] = (double)classes;
    return spec;
}

/* A linear classifier reaches 64 % (Kriener, Goeltz, Petrovici 2022). */
static void train__yinyang__is_learnt(void **state)
{
    struct snn_spec spec = spec_of("constant", 10, 120, 3);

    (void)state;
    spec.epochs = 12;
    assert_true(accuracy(&spec, "yinyang") > 0.92);
}

/* Nothing but the time of each unit's one spike tells the classes apart. */
static void train__randman__is_learnt_from_spike_times(void **state)
{
    struct snn_spec spec = spec_of("time", 32, 64, 10);

    (void)state;
    spec.epochs = 2;
    assert_true(accuracy(&spec, "randman") > 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train__yinyang__is_learnt),
        cmocka_unit_test(train__randman__is_learnt_from_spike_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
