/* SPDX-License-Identifier: MIT */
/* What goes into the first layer in a step, and whole runs on sequences. */
#include <string.h>

#include "core/data/data.h"
#include "core/train/net.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

enum { STEPS = 12, WIDTH = 2, SAMPLES = 120 };

static struct snn_data_info info_of(size_t rank, const size_t *shape)
{
    struct snn_data_info info = {.train = 10, .test = 4, .classes = 3, .rank = rank, .features = 1};

    for (size_t i = 0; i < rank; i++) {
        info.shape[i] = shape[i];
        info.features *= shape[i];
    }
    return info;
}

static struct snn_spec sequence_spec(size_t time_steps, size_t step_features)
{
    struct snn_spec spec = runs_spec();

    spec.encoding = runs_choice(&snn_encoders, "delta");
    assert_string_equal(spec.encoding.kind->params[3].name, "step_features");
    spec.encoding.value[3] = (double)step_features;
    spec.time_steps = time_steps;
    return spec;
}

static void input__of_each_shape__is_that_of_a_step(void **state)
{
    static const struct {
        size_t rank, shape[3], time_steps, step_features, want_rank, want[3];
    } rows[] = {
        {1, {24}, 12, 2, 1, {2}},         {1, {24}, 24, 1, 1, {1}},
        {2, {5, 3}, 5, 0, 1, {3}},        {3, {5, 3, 4}, 5, 0, 2, {3, 4}},
        {3, {5, 3, 4}, 5, 12, 2, {3, 4}}, /* as many as there are */
        {3, {1, 8, 6}, 8, 6, 1, {6}},     /* an image row by row */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct snn_data_info info = info_of(rows[i].rank, rows[i].shape);
        const struct snn_spec spec = sequence_spec(rows[i].time_steps, rows[i].step_features);
        const struct snn_shape in = snn_net_input(&spec, &info);

        assert_int_equal(in.rank, rows[i].want_rank);
        assert_memory_equal(in.size, rows[i].want, in.rank * sizeof in.size[0]);
        assert_int_equal(snn_spec_check(&spec, &info, NULL, NULL), SNN_OK);
    }
}

static void keep_first(void *user, const struct snn_error *what)
{
    struct snn_error *first = user;

    if (first->code == SNN_OK)
        *first = *what;
}

static void check__sequence_that_does_not_fit__says_what_would(void **state)
{
    static const struct {
        size_t rank, shape[3], time_steps, step_features;
        const char *pointer, *message;
    } rows[] = {
        {1,
         {24},
         12,
         0,
         "/encoding/step_features",
         "step_features is 0, but a sample is 24 features in one row: want how many"},
        {1, {24}, 12, 7, "/encoding/step_features", "a divisor of 24"},
        {1,
         {24},
         16,
         2,
         "/encoding/time_steps",
         "time_steps is 16, but a sample is 12 steps of 2 features: want 12, or another"},
        {3, {1, 8, 6}, 16, 0, "/encoding/time_steps", "is 1 step of 48 features: want 1, or"},
        {1, {24}, 16, 1, "/encoding/time_steps", "is 24 steps of 1 feature: want 24, or"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct snn_data_info info = info_of(rows[i].rank, rows[i].shape);
        const struct snn_spec spec = sequence_spec(rows[i].time_steps, rows[i].step_features);
        struct snn_error found = {0};

        assert_int_equal(snn_spec_check(&spec, &info, keep_first, &found), SNN_INVALID);
        assert_string_equal(found.pointer, rows[i].pointer);
        assert_contains(found.message, rows[i].message);
    }
}

/* Something happens in some step: feature 0 rises (class 0), feature 1 does (1), or feature 0,
 * which was there, falls (2). The steps before and after alone tell nothing of the last. */
static void fill(float *values, uint32_t *labels)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        const size_t c = i % 3, when = 2 + i / 3 % 8;

        labels[i] = (uint32_t)c;
        for (size_t t = 0; t < STEPS; t++) {
            const bool after = t >= when;

            values[(i * STEPS + t) * WIDTH] = c == 0 ? after : c == 2 ? !after : (float)(i % 2);
            values[(i * STEPS + t) * WIDTH + 1] = c == 1 ? after : (float)(i % 2);
        }
    }
}

static void train__sequences__are_learnt_whatever_the_threads(void **state)
{
    static float values[SAMPLES * STEPS * WIDTH];
    static uint32_t labels[SAMPLES];
    struct snn_data data = {.info = {.train = SAMPLES,
                                     .test = SAMPLES,
                                     .features = STEPS * WIDTH,
                                     .shape = {STEPS * WIDTH},
                                     .rank = 1,
                                     .classes = 3},
                            .train = {.count = SAMPLES,
                                      .shape = {STEPS * WIDTH},
                                      .rank = 1,
                                      .values = values,
                                      .labels = labels}};
    struct snn_spec spec = sequence_spec(STEPS, WIDTH);
    char one[SNN_SHA256_HEX], three[SNN_SHA256_HEX];

    (void)state;
    fill(values, labels);
    data.test = data.train;
    spec.encoding.value[0] = 0.5;
    spec.encoding.value[1] = spec.encoding.value[2] = 1;
    spec.readout = runs_choice(&snn_readouts, "membrane_max");
    spec.epochs = 20;
    spec.batch_size = 16;
    spec.optimizer.value[0] = 0.02;
    struct snn_run *run = runs_new(&spec, &data, 2);
    runs_train(run, 0);
    assert_true(snn_run_progress(run).metrics.test_accuracy > 0.9);
    snn_run_free(run);
    spec.epochs = 2;
    runs_result(&spec, &data, 1, one);
    runs_result(&spec, &data, 3, three);
    assert_string_equal(one, three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input__of_each_shape__is_that_of_a_step),
        cmocka_unit_test(check__sequence_that_does_not_fit__says_what_would),
        cmocka_unit_test(train__sequences__are_learnt_whatever_the_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
