/* SPDX-License-Identifier: MIT */
/* The trained bits depend on the job, and on nothing else. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define TRAIN 45 /* the last batch of an epoch has 3 samples */
#define TEST 20
#define MOST_THREADS 4

/* Specs that differ in what could break the rule. */
static struct snn_spec plain(void)
{
    return runs_spec();
}

static struct snn_spec with_rate(void)
{
    struct snn_spec spec = runs_spec();
    spec.encoding = runs_choice(&snn_encoders, "rate");
    return spec;
}

static struct snn_spec with_latency(void)
{
    struct snn_spec spec = runs_spec();
    spec.encoding = runs_choice(&snn_encoders, "latency");
    return spec;
}

static struct snn_spec with_validation(void)
{
    struct snn_spec spec = with_rate();
    spec.validation_fraction = 0.3;
    runs_surrogate(&spec, "noisy");
    return spec;
}

static struct snn_spec with_momentum(void)
{
    struct snn_spec spec = runs_spec();
    spec.optimizer = runs_choice(&snn_optimizers, "sgd");
    spec.optimizer.value[0] = 0.1;
    spec.optimizer.value[1] = 0.9;
    spec.readout = runs_choice(&snn_readouts, "spike_mean");
    runs_reset(&spec, "zero");
    for (size_t i = 0; i < spec.n_layers; i++)
        spec.layers[i].neuron.model.value[SNN_NEURON_DETACH_RESET] = 0;
    return spec;
}

static struct snn_spec with_more_shards_than_samples(void)
{
    struct snn_spec spec = runs_spec();
    spec.shards = 9;
    return spec;
}

static struct snn_spec with_all_that_bends_the_gradient(void)
{
    struct snn_spec spec = with_rate();
    spec.loss = runs_choice(&snn_losses, "cross_entropy_per_step");
    spec.loss.value[0] = 0.1;
    spec.schedule = runs_choice(&snn_schedules, "cosine");
    spec.schedule.value[0] = 4;
    spec.clip_value = 0.05;
    spec.clip_norm = 0.1;
    spec.rate_penalty = 0.5;
    spec.rate_below = 0.2;
    spec.rate_above = 0.6;
    return spec;
}

static struct snn_spec with_populations(void)
{
    struct snn_spec spec = runs_spec();
    spec.readout = runs_choice(&snn_readouts, "spike_count");
    spec.readout.value[SNN_READOUT_POPULATION] = 2;
    spec.layers[1].kind.value[0] *= 2;
    spec.loss = runs_choice(&snn_losses, "mse_count");
    spec.schedule = runs_choice(&snn_schedules, "step");
    spec.sampling = runs_choice(&snn_samplings, "balanced");
    return spec;
}

static struct snn_spec with_recurrence(void)
{
    struct snn_spec spec = with_populations();
    for (size_t i = 0; i < spec.n_layers; i++) {
        const double units = spec.layers[i].kind.value[0];
        spec.layers[i].kind = runs_choice(&snn_layers, "recurrent");
        spec.layers[i].kind.value[0] = units;
        spec.layers[i].kind.value[1] = (double)i;
    }
    spec.patience = 50; /* never used up here: test_training.c */
    spec.validation_fraction = 0.2;
    return spec;
}

static struct snn_spec with_orders_learned(void)
{
    struct snn_spec spec = with_rate();
    runs_orders_learned(&spec);
    return spec;
}

static struct snn_spec with_short_memories(void)
{
    struct snn_spec spec = with_validation();
    runs_surrogate(&spec, "arctan");
    runs_reset(&spec, "subtract");
    runs_short_memories(&spec);
    return spec;
}

static struct snn_spec (*const specs[])(void) = {
    plain,
    with_rate,
    with_latency,
    with_validation,
    with_momentum,
    with_orders_learned,
    with_short_memories,
    with_more_shards_than_samples,
    with_all_that_bends_the_gradient,
    with_populations,
    with_recurrence,
};
#define SPECS (sizeof specs / sizeof specs[0])

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

/* ---------------------------------------------------------------------------------- threads -- */

static void assert_threads_leave_no_trace(const struct snn_spec *spec)
{
    char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];

    runs_result(spec, data, 1, want);
    for (size_t threads = 2; threads <= MOST_THREADS; threads++) {
        runs_result(spec, data, threads, got);
        assert_string_equal(got, want);
    }
}

static void train__any_number_of_threads__gives_the_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPECS; i++) {
        struct snn_spec spec = specs[i]();
        assert_threads_leave_no_trace(&spec);
    }
}

static void train__each_surrogate__gives_the_same_bits_on_any_number_of_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_surrogates.count; i++) {
        struct snn_spec spec = runs_spec();
        runs_surrogate(&spec, snn_registry_at(&snn_surrogates, i)->name);
        assert_threads_leave_no_trace(&spec);
    }
}

/* ----------------------------------------------------------------------------------- resume -- */

static size_t steps_of(const struct snn_spec *spec)
{
    struct snn_estimate e;

    assert_int_equal(snn_run_estimate(&e, spec, snn_data_describe(data), 1, NULL), SNN_OK);
    return e.steps;
}

static void train__stopped_after_each_step_and_continued__is_as_if_never_stopped(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPECS; i++) {
        struct snn_spec spec = specs[i]();
        char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];
        struct snn_run *run = runs_new(&spec, data, 2);

        runs_result(&spec, data, 1, want);
        for (size_t step = 1; step <= steps_of(&spec); step++)
            runs_train(run, step);
        runs_train(run, 0);
        runs_digest(run, got);
        snn_run_free(run);
        assert_string_equal(got, want);
    }
}

/* Saved mid-epoch and at epochs' ends, the last included; loaded into a run of its own. */
static void load__saved_at_any_step__goes_on_to_the_same_bits(void **state)
{
    char *dir = tmpdir_create();

    (void)state;
    for (size_t i = 0; i < SPECS; i++) {
        struct snn_spec spec = specs[i]();
        char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX], before[SNN_SHA256_HEX];
        struct snn_run *first = runs_new(&spec, data, 1);
        struct snn_error err = {0};

        runs_result(&spec, data, 1, want);
        for (size_t step = 1; step <= steps_of(&spec); step += i == 3 ? 1 : 4) {
            struct snn_run *second = runs_new(&spec, data, 3);
            runs_train(first, step);
            char *path = runs_save(first, dir, "saved");
            if (snn_run_load(second, path, &err) != SNN_OK)
                fail_msg("%s", err.message);
            runs_digest(first, before);
            runs_digest(second, got);
            assert_string_equal(got, before);
            assert_int_equal(snn_run_progress(second).step, step);
            runs_train(second, 0);
            runs_digest(second, got);
            assert_string_equal(got, want);
            snn_run_free(second);
            free(path);
        }
        snn_run_free(first);
    }
    tmpdir_remove(dir);
}

/* ------------------------------------------------------------------------------ differences -- */

static void weights(const struct snn_spec *spec, real *to, size_t size)
{
    struct snn_run *run = runs_new(spec, data, 1);

    runs_train(run, 0);
    assert_true(run->net.n_params * sizeof(real) <= size);
    memcpy(to, run->params, run->net.n_params * sizeof(real));
    snn_run_free(run);
}

static void train__another_seed__gives_other_weights(void **state)
{
    struct snn_spec spec = runs_spec();
    real a[256] = {0}, b[256] = {0};

    (void)state;
    weights(&spec, a, sizeof a);
    spec.seed = 6;
    weights(&spec, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    spec.seed = 5 + ((uint64_t)1 << 40); /* the high half counts */
    weights(&spec, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void train__diagnostics_on_or_off__leave_the_weights_alone(void **state)
{
    const size_t every[] = {0, 1, 2, 50};

    (void)state;
    for (size_t i = 0; i < SPECS; i++) {
        struct snn_spec spec = specs[i]();
        real a[256] = {0}, b[256] = {0};

        weights(&spec, a, sizeof a);
        for (size_t k = 0; k < sizeof every / sizeof every[0]; k++) {
            spec.diagnostics_every = every[k];
            weights(&spec, b, sizeof b);
            assert_memory_equal(a, b, sizeof a);
        }
    }
}

/* Shards are part of the job: another number sums in another order, which is the same but for
 * rounding. */
static void train__another_number_of_shards__is_the_same_but_for_rounding(void **state)
{
    struct snn_spec spec = runs_spec();
    real a[256] = {0}, b[256] = {0};

    (void)state;
    spec.epochs = 1;
    weights(&spec, a, sizeof a);
    for (spec.shards = 1; spec.shards <= 8; spec.shards++) {
        weights(&spec, b, sizeof b);
        for (size_t i = 0; i < 256; i++)
            assert_near(b[i], a[i], sizeof(real) == sizeof(double) ? 1e-9 : 1e-3);
    }
}

/* ---------------------------------------------------------------------------------- results -- */

static void train__classes_that_can_be_told_apart__are(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPECS; i++) {
        struct snn_spec spec = specs[i]();
        struct snn_run *run;

        spec.epochs = 20;
        run = runs_new(&spec, data, 2);
        runs_train(run, 0);
        struct snn_metrics m = snn_run_progress(run).metrics;
        assert_true(m.test_accuracy >= 0.8);
        assert_true(m.test_loss < 1.1);
        assert_int_equal(isnan(m.validation_accuracy), spec.validation_fraction == 0);
        snn_run_free(run);
    }
}

static void train__digits__are_learnt(void **state)
{
    struct snn_data_source source = {.format = snn_registry_find(&snn_formats, "digits")};
    struct snn_data *digits = NULL;
    struct snn_spec spec = runs_spec();
    struct snn_run *run;

    (void)state;
    assert_int_equal(snn_data_open(&digits, &source, NULL), SNN_OK);
    spec.time_steps = 8;
    spec.batch_size = 64;
    spec.epochs = 3;
    spec.optimizer.value[0] = 0.005;
    spec.layers[0].kind.value[0] = 64;
    spec.layers[1].kind.value[0] = 10;
    run = runs_new(&spec, digits, 2);
    runs_train(run, 0);
    assert_true(snn_run_progress(run).metrics.test_accuracy > 0.85);
    snn_run_free(run);
    snn_data_free(digits);
}

/* The weights reported are the best epoch's: those of the highest validation accuracy. */
static bool note_best(void *user, struct snn_run *run, const struct snn_progress *p)
{
    double *best = user;

    (void)run;
    if (p->epoch_end && p->metrics.validation_accuracy > *best)
        *best = p->metrics.validation_accuracy;
    return true;
}

static void train__validation_split__keeps_the_best_epoch(void **state)
{
    struct snn_spec spec = with_validation();
    struct snn_run *run;
    double best = -1, loss, accuracy;

    (void)state;
    spec.epochs = 6;
    run = runs_new(&spec, data, 1);
    assert_int_equal(
        snn_run_train(run, &(struct snn_hooks){.user = &best, .progress = note_best}, NULL),
        SNN_OK);
    assert_near(run->at.best_accuracy, best, 0);
    snn_run_evaluate(run, run->best, run->validation_index, run->validation, false, &loss,
                     &accuracy, NULL);
    assert_near(accuracy, best, 0);
    assert_near(loss, run->at.best_loss, 0);
    snn_run_evaluate(run, run->best, run->test_index, TEST, true, &loss, &accuracy, NULL);
    assert_near(loss, run->at.metrics.test_loss, 0);
    assert_near(accuracy, run->at.metrics.test_accuracy, 0);
    snn_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train__any_number_of_threads__gives_the_same_bits),
        cmocka_unit_test(train__each_surrogate__gives_the_same_bits_on_any_number_of_threads),
        cmocka_unit_test(train__stopped_after_each_step_and_continued__is_as_if_never_stopped),
        cmocka_unit_test(load__saved_at_any_step__goes_on_to_the_same_bits),
        cmocka_unit_test(train__another_seed__gives_other_weights),
        cmocka_unit_test(train__diagnostics_on_or_off__leave_the_weights_alone),
        cmocka_unit_test(train__another_number_of_shards__is_the_same_but_for_rounding),
        cmocka_unit_test(train__classes_that_can_be_told_apart__are),
        cmocka_unit_test(train__digits__are_learnt),
        cmocka_unit_test(train__validation_split__keeps_the_best_epoch),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
