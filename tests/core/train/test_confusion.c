/* SPDX-License-Identifier: MIT */
/* The test set's answers, counted. */
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define TEST 40

static struct snn_data *data;

static int setup(void **state)
{
    (void)state;
    data = runs_data(60, TEST, 3);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    snn_data_free(data);
    return 0;
}

static void check_sums(const struct snn_run *run, const struct snn_confusion *m)
{
    size_t samples = 0, correct = 0;

    for (size_t i = 0; i < m->classes; i++) {
        size_t row = 0;
        for (size_t k = 0; k < m->classes; k++)
            row += m->matrix[i * m->classes + k];
        assert_int_equal(row, m->samples[i]);
        assert_int_equal(m->matrix[i * m->classes + i], m->correct[i]);
        samples += m->samples[i];
        correct += m->correct[i];
    }
    assert_int_equal(samples, TEST);
    assert_near((double)correct / TEST, snn_run_progress(run).metrics.test_accuracy, 0);
}

static void confusion__of_a_run_that_is_over__adds_up_to_its_accuracy(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_run *run = runs_new(&spec, data, 2);
    struct snn_confusion m;
    size_t want[3] = {0};

    (void)state;
    runs_train(run, 0);
    assert_true(snn_run_confusion(run, &m));
    assert_int_equal(m.classes, 3);
    check_sums(run, &m);
    for (size_t i = 0; i < TEST; i++)
        want[snn_data_label(data, true, i)]++;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(m.samples[i], want[i]);
    snn_run_free(run);
}

/* Each sample asked alone gives the answer that was counted. */
static void confusion__each_sample_alone__has_the_same_answer(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_run *run;
    uint32_t said[TEST];
    double loss, accuracy;

    (void)state;
    spec.epochs = 1; /* before it knows all */
    run = runs_new(&spec, data, 1);
    runs_train(run, 0);
    memcpy(said, run->predicted, sizeof said);
    for (size_t i = 0; i < TEST; i++) {
        const uint32_t index = (uint32_t)i;
        snn_run_evaluate(run, run->best ? run->best : run->params, &index, 1, true, &loss,
                         &accuracy, NULL);
        assert_int_equal(accuracy == 1, said[i] == snn_data_label(data, true, i));
        assert_int_equal(run->predicted[0], said[i]);
    }
    snn_run_free(run);
}

static void confusion__before_the_end__is_not_there(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_run *run = runs_new(&spec, data, 1);
    struct snn_confusion m;

    (void)state;
    assert_false(snn_run_confusion(run, &m));
    runs_train(run, 5);
    assert_false(snn_run_confusion(run, &m));
    snn_run_free(run);
}

static void confusion__too_many_classes__keeps_the_counts_alone(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_run *run;
    struct snn_confusion m;
    size_t samples = 0;

    (void)state;
    spec.layers[1].kind.value[0] = SNN_CONFUSION_CLASSES + 1;
    spec.epochs = 1;
    run = runs_new(&spec, data, 1);
    runs_train(run, 0);
    assert_true(snn_run_confusion(run, &m));
    assert_int_equal(m.classes, SNN_CONFUSION_CLASSES + 1);
    assert_null(m.matrix);
    for (size_t i = 0; i < m.classes; i++)
        samples += m.samples[i];
    assert_int_equal(samples, TEST);
    snn_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confusion__of_a_run_that_is_over__adds_up_to_its_accuracy),
        cmocka_unit_test(confusion__each_sample_alone__has_the_same_answer),
        cmocka_unit_test(confusion__before_the_end__is_not_there),
        cmocka_unit_test(confusion__too_many_classes__keeps_the_counts_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
