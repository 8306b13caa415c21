/* SPDX-License-Identifier: MIT */
/* Whole runs on lists of events. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/data/data.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define STEPS 10

static struct snn_spec spec_of(void)
{
    struct snn_spec spec = runs_spec();

    spec.encoding = runs_choice(&snn_encoders, "events");
    spec.time_steps = STEPS;
    spec.epochs = 12;
    spec.optimizer.value[0] = 0.01;
    spec.layers[0].kind.value[0] = 32;
    return spec;
}

static void train__events__are_learnt(void **state)
{
    struct snn_data *data = runs_events();
    const struct snn_spec spec = spec_of();
    struct snn_run *run = runs_new(&spec, data, 2);

    (void)state;
    runs_train(run, 0);
    assert_true(snn_run_progress(run).metrics.test_accuracy > 0.9);
    snn_run_free(run);
    snn_data_free(data);
}

static void train__events__do_not_depend_on_threads(void **state)
{
    struct snn_data *data = runs_events();
    const struct snn_spec spec = spec_of();
    char one[SNN_SHA256_HEX], three[SNN_SHA256_HEX];

    (void)state;
    runs_result(&spec, data, 1, one);
    runs_result(&spec, data, 3, three);
    assert_string_equal(one, three);
    snn_data_free(data);
}

/* Each sample's events in the order of their time: then they go to the first layer as lists. */
static void sort_events(struct snn_samples *s)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t k = s->first[i] + 1; k < s->first[i + 1]; k++)
            for (size_t j = k; j > s->first[i] && s->times[j] < s->times[j - 1]; j--) {
                const uint32_t time = s->times[j];
                const uint16_t unit = s->units[j];
                s->times[j] = s->times[j - 1];
                s->units[j] = s->units[j - 1];
                s->times[j - 1] = time;
                s->units[j - 1] = unit;
            }
}

static void train__events_in_order_or_not__learn_the_same(void **state)
{
    struct snn_data *as_written = runs_events(), *sorted = runs_events();
    struct snn_spec spec = spec_of();

    (void)state;
    sort_events(&sorted->train);
    spec.epochs = 1;
    struct snn_run *a = runs_new(&spec, as_written, 1), *b = runs_new(&spec, sorted, 1);
    runs_train(a, 0);
    runs_train(b, 0);
    assert_near(snn_run_progress(a).metrics.train_loss, snn_run_progress(b).metrics.train_loss,
                1e-5);
    for (size_t i = 0; i < a->net.n_params; i++)
        assert_near(a->params[i], b->params[i], 1e-4);
    snn_run_free(a);
    snn_run_free(b);
    snn_data_free(as_written);
    snn_data_free(sorted);
}

/* ------------------------------------------------------------------------------------- mask -- */

static double loss_of(const struct snn_spec *spec, const struct snn_data *data, uint32_t sample)
{
    struct snn_run *run = runs_new(spec, data, 1);
    struct snn_error err = {0};
    double loss, accuracy;

    assert_int_equal(snn_run_evaluate(run, run->params, &sample, 1, false, &loss, &accuracy, &err),
                     SNN_OK);
    snn_run_free(run);
    return loss;
}

/* In how many steps of a hundred ticks the sample has ended. */
static size_t steps_of(const struct snn_data *data, size_t i)
{
    const struct snn_events e = snn_data_events(data, false, i);
    uint32_t last = 0;

    for (size_t k = 0; k < e.n; k++)
        last = e.times[k] > last ? e.times[k] : last;
    return last / 100 + 1;
}

/* A sample read up to its end is what it is in a job that is over with it. */
static void evaluate__masked__is_a_run_of_so_many_steps(void **state)
{
    static const char *const pairs[][2] = {
        {"membrane_mean", "cross_entropy"}, {"membrane_last", "cross_entropy"},
        {"membrane_max", "cross_entropy"},  {"spike_mean", "cross_entropy"},
        {"spike_count", "mse_count"},       {"spike_count", "cross_entropy_per_step"},
        {"membrane_mean", "mse_membrane"}};
    struct snn_data *data = runs_events();
    size_t shorter = 0;

    (void)state;
    for (size_t p = 0; p < sizeof pairs / sizeof pairs[0]; p++)
        for (uint32_t i = 0; i < 30; i++) {
            struct snn_spec masked = spec_of();
            const size_t steps = steps_of(data, i);

            assert_true(steps <= 11);
            masked.time_steps = 11;
            *runs_parameter(&masked.encoding, "duration") = 1100;
            masked.readout = runs_choice(&snn_readouts, pairs[p][0]);
            masked.loss = runs_choice(&snn_losses, pairs[p][1]);
            struct snn_spec over = masked;
            const double whole = loss_of(&masked, data, i);
            *runs_parameter(&masked.encoding, "mask") = 1;
            *runs_parameter(&over.encoding, "duration") = (double)steps * 100;
            over.time_steps = steps;
            assert_near(loss_of(&masked, data, i), loss_of(&over, data, i), 1e-6);
            shorter += fabs(whole - loss_of(&masked, data, i)) > 1e-4;
        }
    assert_true(shorter > 70); /* it makes a difference */
    snn_data_free(data);
}

static void train__masked__is_learnt_whatever_the_threads(void **state)
{
    struct snn_data *data = runs_events();
    struct snn_spec spec = spec_of();
    char one[SNN_SHA256_HEX], three[SNN_SHA256_HEX];

    (void)state;
    *runs_parameter(&spec.encoding, "mask") = 1;
    spec.rate_penalty = 0.1;
    spec.rate_above = 0.3;
    struct snn_run *run = runs_new(&spec, data, 2);
    runs_train(run, 0);
    assert_true(snn_run_progress(run).metrics.test_accuracy > 0.9);
    snn_run_free(run);
    spec.epochs = 2;
    runs_result(&spec, data, 1, one);
    runs_result(&spec, data, 3, three);
    assert_string_equal(one, three);
    snn_data_free(data);
}

/* ---------------------------------------------------------------------------------- changes -- */

/* Every change there is. */
static void augment(struct snn_spec *spec)
{
    static const struct {
        const char *name;
        double value;
    } all[] = {{"time_shift", 30}, {"time_scale", 0.1}, {"time_jitter", 20},
               {"unit_shift", 1},  {"unit_jitter", 1},  {"drop", 0.2}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        *runs_parameter(&spec->encoding, all[i].name) = all[i].value;
}

/* Saves after a step, and goes on in a run of its own. */
static void resumed_result(const struct snn_spec *spec, const struct snn_data *data, size_t after,
                           char hex[SNN_SHA256_HEX])
{
    char *dir = tmpdir_create(), *path;
    struct snn_run *run = runs_new(spec, data, 1);
    struct snn_error err = {0};

    runs_train(run, after);
    path = runs_save(run, dir, "run.ckpt");
    snn_run_free(run);
    run = runs_new(spec, data, 3);
    if (snn_run_load(run, path, &err) != SNN_OK)
        fail_msg("%s", err.message);
    runs_train(run, 0);
    runs_digest(run, hex);
    snn_run_free(run);
    free(path);
    tmpdir_remove(dir);
}

static void train__changed_events__do_not_depend_on_threads_or_resumes(void **state)
{
    struct snn_data *data = runs_events();
    struct snn_spec spec = spec_of();
    char plain[SNN_SHA256_HEX], one[SNN_SHA256_HEX], other[SNN_SHA256_HEX];

    (void)state;
    spec.epochs = 2;
    runs_result(&spec, data, 1, plain);
    augment(&spec);
    runs_result(&spec, data, 1, one);
    assert_string_not_equal(plain, one);
    runs_result(&spec, data, 3, other);
    assert_string_equal(one, other);
    resumed_result(&spec, data, 40, other);
    assert_string_equal(one, other);
    snn_data_free(data);
}

/* The test set is shown as it is: what a run says of it before it has learnt anything. */
static void evaluate__changed_events__are_those_of_training_alone(void **state)
{
    struct snn_data *data = runs_events();
    struct snn_spec spec = spec_of(), changed = spec;
    double loss[2], accuracy[2];
    struct snn_error err = {0};

    (void)state;
    augment(&changed);
    for (size_t i = 0; i < 2; i++) {
        struct snn_run *run = runs_new(i ? &changed : &spec, data, 1);
        assert_int_equal(snn_run_evaluate(run, run->params, run->test_index, run->info.test, true,
                                          &loss[i], &accuracy[i], &err),
                         SNN_OK);
        snn_run_free(run);
    }
    assert_true(loss[0] == loss[1]);
    snn_data_free(data);
}

static void keep_first(void *user, const struct snn_error *what)
{
    struct snn_error *first = user;

    if (first->code == SNN_OK)
        *first = *what;
}

static void check__encoding_of_other_data__is_refused(void **state)
{
    struct snn_data *events = runs_events(), *features = runs_data(45, 20, 1);

    (void)state;
    for (size_t i = 0; i < snn_encoders.count; i++) {
        const struct snn_kind *kind = snn_registry_at(&snn_encoders, i);
        const bool for_events = strcmp(kind->name, "events") == 0;
        struct snn_spec spec = spec_of();
        struct snn_error found = {0};

        spec.encoding = snn_choice_of(kind);
        if (snn_choice_value(&spec.encoding, "step_features", -1) == 0) {
            spec.encoding.value[3] = (double)snn_data_describe(features)->features;
            spec.time_steps = 1;
        }
        assert_int_equal(
            snn_spec_check(&spec, snn_data_describe(for_events ? events : features), NULL, NULL),
            SNN_OK);
        assert_int_equal(snn_spec_check(&spec, snn_data_describe(for_events ? features : events),
                                        keep_first, &found),
                         SNN_INVALID);
        assert_string_equal(found.pointer, "/encoding/kind");
        assert_contains(found.message, for_events ? "is for lists of events" : "want events");
    }
    snn_data_free(features);
    snn_data_free(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train__events__are_learnt),
        cmocka_unit_test(train__events__do_not_depend_on_threads),
        cmocka_unit_test(train__events_in_order_or_not__learn_the_same),
        cmocka_unit_test(evaluate__masked__is_a_run_of_so_many_steps),
        cmocka_unit_test(train__masked__is_learnt_whatever_the_threads),
        cmocka_unit_test(train__changed_events__do_not_depend_on_threads_or_resumes),
        cmocka_unit_test(evaluate__changed_events__are_those_of_training_alone),
        cmocka_unit_test(check__encoding_of_other_data__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
