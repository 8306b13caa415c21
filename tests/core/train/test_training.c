/* SPDX-License-Identifier: MIT */
/* What bends a run's course: clipping, schedules, patience, the penalty on firing rates. That none
 * of them lets threads or stops into the bits is in test_run.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define TRAIN 45
#define TEST 20
#define MOST_PARAMS 128

static struct snn_data *data;

static int setup(void **state)
{
    (void)state;
    data = runs_data(TRAIN, TEST, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    snn_data_free(data);
    return 0;
}

/* --------------------------------------------------------------------------------- clipping -- */

/* The gradient that the first update used. */
static size_t first_gradient(const struct snn_spec *spec, size_t threads, real g[MOST_PARAMS])
{
    struct snn_run *run = runs_new(spec, data, threads);
    const size_t n = run->net.n_params;

    assert_true(n <= MOST_PARAMS);
    runs_train(run, 1);
    memcpy(g, run->grads[0], n * sizeof *g);
    snn_run_free(run);
    return n;
}

static double norm_of(const real *g, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    return sqrt(sum);
}

static double largest_of(const real *g, size_t n)
{
    double largest = 0;

    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)g[i]));
    return largest;
}

static void clip_norm__a_third_of_it__scales_every_entry_by_a_third(void **state)
{
    struct snn_spec spec = runs_spec();
    real whole[MOST_PARAMS], cut[MOST_PARAMS], again[MOST_PARAMS];
    const size_t n = first_gradient(&spec, 1, whole);

    (void)state;
    spec.clip_norm = norm_of(whole, n) / 3;
    assert_true(spec.clip_norm > 0);
    first_gradient(&spec, 1, cut);
    for (size_t i = 0; i < n; i++)
        assert_near(cut[i], (double)whole[i] / 3, 1e-6 * fabs((double)whole[i]));
    assert_near(norm_of(cut, n), spec.clip_norm, 1e-6 * spec.clip_norm);
    for (size_t threads = 2; threads <= 4; threads++) {
        first_gradient(&spec, threads, again);
        assert_memory_equal(again, cut, n * sizeof *cut);
    }
}

static void clip__bounds_that_are_not_reached__leave_the_gradient_alone(void **state)
{
    struct snn_spec spec = runs_spec();
    real whole[MOST_PARAMS], same[MOST_PARAMS];
    const size_t n = first_gradient(&spec, 1, whole);

    (void)state;
    spec.clip_norm = 1.001 * norm_of(whole, n);
    spec.clip_value = 1.001 * largest_of(whole, n);
    first_gradient(&spec, 1, same);
    assert_memory_equal(same, whole, n * sizeof *whole);
}

static void clip_value__a_quarter_of_the_largest__cuts_the_larger_ones_off(void **state)
{
    struct snn_spec spec = runs_spec();
    real whole[MOST_PARAMS], cut[MOST_PARAMS];
    const size_t n = first_gradient(&spec, 1, whole);
    size_t above = 0, below = 0;

    (void)state;
    spec.clip_value = largest_of(whole, n) / 4;
    first_gradient(&spec, 2, cut);
    for (size_t i = 0; i < n; i++) {
        const double bound = (double)(real)spec.clip_value;
        assert_near(cut[i], fmax(-bound, fmin(bound, (double)whole[i])), 0);
        above += (double)whole[i] > bound;
        below += (double)whole[i] < -bound;
    }
    assert_true(above > 0 && below > 0 && above + below < n);
}

/* Values first, then the norm of what is left of them. */
static void clip__both__cuts_values_before_the_norm(void **state)
{
    struct snn_spec spec = runs_spec();
    real values[MOST_PARAMS], both[MOST_PARAMS];
    size_t n = first_gradient(&spec, 1, values);

    (void)state;
    spec.clip_value = largest_of(values, n) / 4;
    n = first_gradient(&spec, 1, values);
    spec.clip_norm = norm_of(values, n) / 2;
    first_gradient(&spec, 1, both);
    for (size_t i = 0; i < n; i++)
        assert_near(both[i], (double)values[i] / 2, 1e-6 * fabs((double)values[i]));
}

/* -------------------------------------------------------------------------------- schedules -- */

struct series {
    const char *name;
    double value[64];
    size_t n;
};

static void collect(void *user, size_t step, size_t epoch, const struct snn_point *p, size_t n)
{
    struct series *s = user;

    (void)step;
    (void)epoch;
    for (size_t i = 0; i < n; i++)
        if (strcmp(p[i].name, s->name) == 0) {
            assert_true(s->n < SNN_COUNT(s->value));
            s->value[s->n++] = p[i].values[0];
        }
}

static struct series series_of(const struct snn_spec *spec, const char *name)
{
    struct series s = {.name = name};
    const struct snn_hooks hooks = {.user = &s, .points = collect};
    struct snn_run *run = runs_new(spec, data, 2);

    assert_int_equal(snn_run_train(run, &hooks, NULL), SNN_OK);
    snn_run_free(run);
    return s;
}

/* 3 epochs of 7 steps at 0.02, the rate told at each step. */
static void schedule__cosine_after_a_warmup__is_what_the_series_tells(void **state)
{
    struct snn_spec spec = runs_spec();

    (void)state;
    spec.diagnostics_every = 1;
    spec.schedule = runs_choice(&snn_schedules, "cosine");
    spec.schedule.value[0] = 4;
    spec.schedule.value[1] = 0.1;
    const struct series s = series_of(&spec, "learning_rate");
    assert_int_equal(s.n, 21);
    for (size_t k = 0; k < s.n; k++) {
        const double part = 0.55 + 0.45 * cos(acos(-1) * (double)k / 21);
        const double rise = k < 4 ? (double)(k + 1) / 4 : 1;
        assert_near(s.value[k], 0.02 * part * rise, 1e-15);
    }
}

static void schedule__step__drops_at_the_epochs_that_it_names(void **state)
{
    struct snn_spec spec = runs_spec();

    (void)state;
    spec.epochs = 6;
    spec.diagnostics_every = 1;
    spec.schedule = runs_choice(&snn_schedules, "step");
    spec.schedule.value[1] = 2;
    spec.schedule.value[2] = 0.5;
    const struct series s = series_of(&spec, "learning_rate");
    assert_int_equal(s.n, 42);
    for (size_t k = 0; k < s.n; k++)
        assert_near(s.value[k], 0.02 / (k < 14 ? 1 : k < 28 ? 2 : 4), 1e-16);
}

/* The update itself follows it: plain SGD moves by rate times gradient. */
static void schedule__warmup__scales_the_update(void **state)
{
    struct snn_spec spec = runs_spec();
    real before[MOST_PARAMS];

    (void)state;
    spec.optimizer = runs_choice(&snn_optimizers, "sgd");
    spec.optimizer.value[0] = 0.5;
    spec.schedule = runs_choice(&snn_schedules, "constant");
    spec.schedule.value[0] = 10;
    struct snn_run *run = runs_new(&spec, data, 1);
    memcpy(before, run->params, run->net.n_params * sizeof *before);
    runs_train(run, 1);
    for (size_t i = 0; i < run->net.n_params; i++)
        assert_near(run->params[i], (double)before[i] - 0.05 * (double)run->grads[0][i], 1e-6);
    snn_run_free(run);
}

/* --------------------------------------------------------------------------------- patience -- */

/* A rate so small that nothing moves: the first epoch stays the best. */
static struct snn_spec stuck(void)
{
    struct snn_spec spec = runs_spec();
    spec.optimizer.value[0] = 1e-30;
    spec.validation_fraction = 0.3;
    spec.epochs = 10;
    spec.patience = 3;
    return spec;
}

static void patience__no_better_epoch__ends_after_so_many_more(void **state)
{
    const struct snn_spec spec = stuck();
    struct snn_run *run = runs_new(&spec, data, 1);
    const size_t per_epoch = snn_run_steps_per_epoch(run);

    (void)state;
    runs_train(run, 0);
    const struct snn_progress p = snn_run_progress(run);
    assert_int_equal(run->at.best_epoch, 1);
    assert_int_equal(p.epoch, 4);
    assert_true(p.step == 4 * per_epoch);
    assert_int_equal(p.epochs, 10); /* what was asked for */
    assert_true(p.steps == 10 * per_epoch);
    assert_true(p.epoch_end);
    assert_true(p.metrics.test_accuracy >= 0); /* not NaN: it has been tested */
    snn_run_free(run);
}

/* The last epoch is the first that is so far from the best before it. */
static void patience__any__ends_at_the_first_epoch_that_uses_it_up(void **state)
{
    struct snn_spec spec = stuck();

    (void)state;
    spec.optimizer.value[0] = 0.02;
    spec.readout = runs_choice(&snn_readouts, "spike_count");
    spec.loss = runs_choice(&snn_losses, "mse_count"); /* whole numbers: they stand still */
    spec.epochs = 200;
    for (spec.patience = 1; spec.patience <= 4; spec.patience++) {
        char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];
        struct snn_run *run = runs_new(&spec, data, 2);
        struct snn_spec plain = spec;

        runs_train(run, 0);
        assert_true(run->at.epoch < 200);
        assert_int_equal(run->at.epoch - run->at.best_epoch, spec.patience);
        plain.patience = 0;
        plain.epochs = (size_t)run->at.epoch;
        runs_result(&plain, data, 1, want);
        runs_digest(run, got);
        assert_string_equal(got, want);
        snn_run_free(run);
    }
}

/* Saved at every step, the last included, and loaded into a run of its own. */
static void patience__saved_and_loaded_at_any_step__ends_at_the_same_epoch(void **state)
{
    char *dir = tmpdir_create(), want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];
    const struct snn_spec spec = stuck();
    struct snn_run *first = runs_new(&spec, data, 1);
    const size_t last = 4 * snn_run_steps_per_epoch(first);

    (void)state;
    runs_result(&spec, data, 2, want);
    for (size_t step = 1; step <= last; step++) {
        struct snn_run *second = runs_new(&spec, data, 2);
        struct snn_error err = {0};

        runs_train(first, step);
        char *path = runs_save(first, dir, "saved");
        if (snn_run_load(second, path, &err) != SNN_OK)
            fail_msg("%s", err.message);
        runs_train(second, 0);
        assert_int_equal(snn_run_progress(second).step, last);
        runs_digest(second, got);
        assert_string_equal(got, want);
        snn_run_free(second);
        free(path);
    }
    snn_run_free(first);
    tmpdir_remove(dir);
}

/* --------------------------------------------------------------------------------- penalty -- */

static double last_of(const struct series *s)
{
    assert_true(s->n > 0);
    return s->value[s->n - 1];
}

static void penalty__bounds__draws_the_firing_rates_towards_them(void **state)
{
    struct snn_spec spec = runs_spec();

    (void)state;
    spec.epochs = 9;
    spec.diagnostics_every = 100;
    const struct series free_rate = series_of(&spec, "spike_rate/layer1");
    spec.rate_penalty = 100;
    spec.rate_above = 0.1;
    const struct series low = series_of(&spec, "spike_rate/layer1");
    spec.rate_below = 0.9;
    spec.rate_above = 1;
    const struct series high = series_of(&spec, "spike_rate/layer1");
    assert_true(last_of(&low) < 0.7 * last_of(&free_rate));
    assert_true(last_of(&high) > 1.3 * last_of(&free_rate));
}

/* It is part of the loss that is trained on, and of no other. */
static void penalty__strength__raises_the_training_loss_alone(void **state)
{
    struct snn_spec spec = stuck();

    (void)state;
    spec.epochs = 1;
    spec.patience = 0;
    const struct series plain = series_of(&spec, "train_loss");
    const struct series plain_validation = series_of(&spec, "validation_loss");
    spec.rate_penalty = 8;
    spec.rate_below = spec.rate_above = 0.5;
    const struct series once = series_of(&spec, "train_loss");
    const struct series validation = series_of(&spec, "validation_loss");
    spec.rate_penalty = 16;
    const struct series twice = series_of(&spec, "train_loss");
    assert_true(last_of(&once) > last_of(&plain));
    assert_near(last_of(&twice) - last_of(&once), last_of(&once) - last_of(&plain), 1e-5);
    assert_near(last_of(&validation), last_of(&plain_validation), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clip_norm__a_third_of_it__scales_every_entry_by_a_third),
        cmocka_unit_test(clip__bounds_that_are_not_reached__leave_the_gradient_alone),
        cmocka_unit_test(clip_value__a_quarter_of_the_largest__cuts_the_larger_ones_off),
        cmocka_unit_test(clip__both__cuts_values_before_the_norm),
        cmocka_unit_test(schedule__cosine_after_a_warmup__is_what_the_series_tells),
        cmocka_unit_test(schedule__step__drops_at_the_epochs_that_it_names),
        cmocka_unit_test(schedule__warmup__scales_the_update),
        cmocka_unit_test(patience__no_better_epoch__ends_after_so_many_more),
        cmocka_unit_test(patience__any__ends_at_the_first_epoch_that_uses_it_up),
        cmocka_unit_test(patience__saved_and_loaded_at_any_step__ends_at_the_same_epoch),
        cmocka_unit_test(penalty__bounds__draws_the_firing_rates_towards_them),
        cmocka_unit_test(penalty__strength__raises_the_training_loss_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
