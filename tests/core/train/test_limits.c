/* SPDX-License-Identifier: MIT */
/* The edges of a run: odd sizes, memory, divergence. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/train/runs.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

#define TRAIN 45
#define TEST 20

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

/* ------------------------------------------------------------------------------------ sizes -- */

/* Every batch size from one sample to more than there are, with fewer and more shards. */
static void train__any_batch_and_shards__shows_each_sample_once_an_epoch(void **state)
{
    const size_t batches[] = {1, 2, 7, 15, TRAIN - 1, TRAIN, TRAIN + 1, 200};
    const size_t shards[] = {1, 4, 13, 64};

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(batches) * SNN_COUNT(shards); i++) {
        struct snn_spec spec = runs_spec();
        struct snn_run *run;

        spec.batch_size = batches[i % SNN_COUNT(batches)];
        spec.shards = shards[i / SNN_COUNT(batches)];
        spec.epochs = 2;
        run = runs_new(&spec, data, 2);
        runs_train(run, 0);
        struct snn_progress p = snn_run_progress(run);
        assert_int_equal(p.samples, 2 * TRAIN);
        assert_int_equal(p.steps, 2 * ((TRAIN + spec.batch_size - 1) / spec.batch_size));
        assert_int_equal(p.step, p.steps);
        assert_true(p.metrics.train_loss > 0 && p.metrics.test_accuracy >= 0);
        snn_run_free(run);
    }
}

static void train__batch_beyond_the_set__is_the_set(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_run *whole, *beyond;

    (void)state;
    spec.batch_size = TRAIN;
    whole = runs_new(&spec, data, 1);
    spec.batch_size = 200;
    beyond = runs_new(&spec, data, 1);
    runs_train(whole, 0);
    runs_train(beyond, 0);
    for (size_t i = 0; i < whole->net.n_params; i++)
        assert_near(beyond->params[i], whole->params[i], 0);
    assert_near(beyond->at.metrics.train_loss, whole->at.metrics.train_loss, 0);
    snn_run_free(whole);
    snn_run_free(beyond);
}

/* Batches of 30 and 15: the second is a mean over 15. */
static void train__last_batch_is_smaller__is_weighed_by_its_own_size(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_run *run;
    struct snn_tally tally = {0};
    real want[200] = {0}, grads[200] = {0};

    (void)state;
    spec.optimizer = runs_choice(&snn_optimizers, "sgd");
    spec.optimizer.value[0] = 0.5;
    spec.batch_size = 30;
    spec.shards = 1;
    run = runs_new(&spec, data, 1);
    runs_train(run, 1);
    const double before = run->at.metrics.train_loss; /* of 30 samples */
    const struct snn_shard shard = {
        .data = data, .index = run->order + 30, .n = 15, .training = true, .scale = 1.0 / 15};
    snn_net_prepare(&run->net, run->params);
    snn_shard_run(&run->net, &run->work[0], run->params, grads, &shard, &tally, NULL);
    for (size_t i = 0; i < run->net.n_params; i++)
        want[i] = run->params[i] - (real)0.5 * grads[i];
    runs_train(run, 2);
    for (size_t i = 0; i < run->net.n_params; i++)
        assert_near(run->params[i], want[i], 1e-6);
    assert_int_equal(run->at.samples, TRAIN);
    assert_near(run->at.metrics.train_loss, (30 * before + tally.loss) / TRAIN, 1e-12);
    snn_run_free(run);
}

static void split__each_fraction__is_disjoint_and_whole(void **state)
{
    const double fractions[] = {0, 0.02, 0.1, 0.3, 0.5, 0.9};
    const size_t held[] = {0, 1, 5, 14, 23, 41}; /* round to nearest */

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(fractions); i++) {
        struct snn_spec spec = runs_spec();
        struct snn_run *run;
        size_t seen[TRAIN] = {0};

        spec.validation_fraction = fractions[i];
        run = runs_new(&spec, data, 1);
        assert_int_equal(run->validation, held[i]);
        assert_int_equal(run->train + run->validation, TRAIN);
        for (size_t k = 0; k < run->train; k++)
            seen[run->train_index[k]]++;
        for (size_t k = 0; k < run->validation; k++)
            seen[run->validation_index[k]]++;
        for (size_t k = 0; k < TRAIN; k++)
            assert_int_equal(seen[k], 1);
        snn_run_free(run);
    }
}

static void split__by_seed__is_the_same_for_equal_seeds_alone(void **state)
{
    struct snn_spec spec = runs_spec();
    uint32_t first[14];

    (void)state;
    spec.validation_fraction = 0.3;
    for (size_t i = 0; i < 3; i++) {
        spec.seed = i < 2 ? 5 : 6;
        struct snn_run *run = runs_new(&spec, data, 1);
        assert_int_equal(run->validation, 14);
        if (i == 0)
            memcpy(first, run->validation_index, sizeof first);
        else
            assert_int_equal(memcmp(first, run->validation_index, sizeof first) != 0, i == 2);
        snn_run_free(run);
    }
}

static void shuffle__each_epoch__is_another_order_of_the_same_samples(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_run *run = runs_new(&spec, data, 1);
    uint32_t first[TRAIN];
    size_t seen[TRAIN] = {0};

    (void)state;
    snn_run_shuffle(run);
    memcpy(first, run->order, sizeof first);
    run->at.epoch = 1;
    snn_run_shuffle(run);
    assert_memory_not_equal(first, run->order, sizeof first);
    for (size_t i = 0; i < TRAIN; i++)
        seen[run->order[i]]++;
    for (size_t i = 0; i < TRAIN; i++)
        assert_int_equal(seen[i], 1);
    run->at.epoch = 0;
    snn_run_shuffle(run);
    assert_memory_equal(first, run->order, sizeof first);
    snn_run_free(run);
}

/* ----------------------------------------------------------------------------------- memory -- */

static void estimate__any_spec__is_what_the_run_takes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 32; i++) {
        struct snn_spec spec = runs_spec();
        struct snn_estimate e;
        struct snn_run *run;
        size_t threads = 1 + i % 5;

        spec.encoding = runs_choice(&snn_encoders, i & 1 ? "rate" : "constant");
        spec.readout = runs_choice(&snn_readouts, i & 2 ? "spike_count" : "membrane_max");
        spec.validation_fraction = i & 4 ? 0.2 : 0;
        spec.diagnostics_every = i & 8 ? 4 : 0;
        spec.layers[1].neuron.model.value[SNN_NEURON_DETACH_RESET] = 0;
        runs_reset(&spec, i & 16 ? "zero" : "scaled");
        assert_int_equal(snn_run_estimate(&e, &spec, snn_data_describe(data), threads, NULL),
                         SNN_OK);
        run = runs_new(&spec, data, threads);
        assert_int_equal(run->arena.used, run->arena.capacity);
        assert_int_equal(e.bytes, sizeof *run + snn_team_bytes(run->threads) + run->arena.capacity +
                                      data->info.bytes);
        assert_int_equal(e.parameters, 6 * 8 + 8 + 8 * 3 + 3);
        assert_int_equal(e.parameters, run->net.n_params);
        assert_int_equal(e.train, run->train);
        assert_int_equal(e.validation, run->validation);
        assert_int_equal(e.steps, snn_run_progress(run).steps);
        assert_int_equal(e.steps, 3 * e.steps_per_epoch);
        /* 2 products of the static layer in all; 3 per step elsewhere, 2 in a first layer */
        assert_near(e.multiply_adds, (i & 1 ? 5 * 2 : 2) * 48 + 5 * 3 * 24, 1e-9);
        snn_run_free(run);
    }
}

static void estimate__sizes_beyond_memory__are_refused(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_estimate e = {.parameters = 77};
    struct snn_data_info info = *snn_data_describe(data);
    struct snn_error err = {0};

    (void)state;
    info.features = info.shape[0] = SIZE_MAX / 1000;
    info.rank = 1;
    spec.layers[0].kind.value[0] = 1 << 20;
    assert_int_equal(snn_run_estimate(&e, &spec, &info, 1, &err), SNN_LIMIT);
    assert_int_equal(err.code, SNN_LIMIT);
    assert_contains(err.message, "layer 0");
    assert_int_equal(e.parameters, 77);
}

static void run_new__each_allocation_refused__fails_and_leaks_nothing(void **state)
{
    struct snn_spec spec = runs_spec();
    unsigned long n = 0;

    (void)state;
    spec.validation_fraction = 0.2;
    for (;; n++) {
        struct snn_run *run = NULL;
        struct snn_error err = {0};

        oom_fail_at(n);
        enum snn_code rc = snn_run_new(&run, &spec, data, 2, &err);
        if (!oom_off()) {
            assert_int_equal(rc, SNN_OK);
            snn_run_free(run);
            break;
        }
        assert_int_equal(rc, SNN_NOMEM);
        assert_int_equal(err.code, SNN_NOMEM);
        assert_contains(err.message, "memory");
        assert_null(run);
    }
    assert_true(n >= 2);
    struct snn_estimate e;
    oom_fail_at(0);
    assert_int_equal(snn_run_estimate(&e, &spec, snn_data_describe(data), 2, NULL), SNN_NOMEM);
    assert_true(oom_off());
    snn_run_free(NULL);
}

/* From the first step on the project's code takes no memory, diagnostics and validation included:
 * every allocation is refused, and none is asked for. */
static bool watch(void *user, struct snn_run *run, const struct snn_progress *p)
{
    (void)user;
    (void)run;
    if (p->step == 1)
        oom_fail_at(0);
    return true;
}

static void train__after_the_first_step__allocates_nothing(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_run *run;

    (void)state;
    spec.validation_fraction = 0.2;
    spec.diagnostics_every = 2;
    spec.encoding = runs_choice(&snn_encoders, "rate");
    runs_surrogate(&spec, "noisy");
    run = runs_new(&spec, data, 2);
    enum snn_code rc = snn_run_train(run, &(struct snn_hooks){.progress = watch}, NULL);
    assert_false(oom_off());
    assert_int_equal(rc, SNN_OK);
    snn_run_free(run);
}

/* ------------------------------------------------------------------------------- divergence -- */

static void assert_diverges(const char *optimizer, const char *readout, const char *surrogate,
                            double rate)
{
    struct snn_spec spec = runs_spec();
    struct snn_error err = {0};
    struct snn_run *run;

    spec.epochs = 30;
    spec.optimizer = runs_choice(&snn_optimizers, optimizer);
    spec.optimizer.value[0] = rate;
    spec.readout = runs_choice(&snn_readouts, readout);
    runs_surrogate(&spec, surrogate);
    run = runs_new(&spec, data, 1);
    enum snn_code rc = snn_run_train(run, NULL, &err);
    if (rc != SNN_DIVERGED || err.code != SNN_DIVERGED || !strstr(err.message, " step "))
        fail_msg("%s with learning rate %g, %s and %s ends with %s: \"%s\"", optimizer, rate,
                 readout, surrogate, snn_code_name(rc), err.message);
    snn_run_free(run);
}

/* Where sgd's gradients are of order one; the peers' fast sigmoids give next to none away from the
 * threshold, and sgd then stands still at any rate. */
static bool moves_sgd(const char *surrogate)
{
    return strcmp(surrogate, "fast_sigmoid") != 0 && strcmp(surrogate, "superspike") != 0;
}

static void train__learning_rate_of_a_million__is_told_as_divergence(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_surrogates.count * snn_readouts.count; i++) {
        const char *surrogate = snn_registry_at(&snn_surrogates, i % snn_surrogates.count)->name;
        const char *readout = snn_registry_at(&snn_readouts, i / snn_surrogates.count)->name;

        assert_diverges("adam", readout, surrogate, 1e6);
        assert_diverges("adamw", readout, surrogate, 1e6);
        if (moves_sgd(surrogate))
            assert_diverges("sgd", readout, surrogate, 1e6);
    }
}

static void train__learning_rate_beyond_float__is_told_as_divergence(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_readouts.count; i++)
        assert_diverges("adam", snn_registry_at(&snn_readouts, i)->name, "sigmoid", 1e9);
}

/* A weight that is no number, as a cosmic ray would leave it. */
static void train__weight_not_a_number__is_told_as_divergence(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_surrogates.count * snn_readouts.count; i++) {
        struct snn_spec spec = runs_spec();
        struct snn_error err = {0};
        struct snn_run *run;

        runs_surrogate(&spec, snn_registry_at(&snn_surrogates, i % snn_surrogates.count)->name);
        spec.readout = snn_choice_of(snn_registry_at(&snn_readouts, i / snn_surrogates.count));
        run = runs_new(&spec, data, 1);
        run->params[3] = (real)(i & 1 ? NAN : HUGE_VAL);
        assert_int_equal(snn_run_train(run, NULL, &err), SNN_DIVERGED);
        assert_int_equal(err.code, SNN_DIVERGED);
        assert_true(run->at.epoch == 0);
        snn_run_free(run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train__any_batch_and_shards__shows_each_sample_once_an_epoch),
        cmocka_unit_test(train__batch_beyond_the_set__is_the_set),
        cmocka_unit_test(train__last_batch_is_smaller__is_weighed_by_its_own_size),
        cmocka_unit_test(split__each_fraction__is_disjoint_and_whole),
        cmocka_unit_test(split__by_seed__is_the_same_for_equal_seeds_alone),
        cmocka_unit_test(shuffle__each_epoch__is_another_order_of_the_same_samples),
        cmocka_unit_test(estimate__any_spec__is_what_the_run_takes),
        cmocka_unit_test(estimate__sizes_beyond_memory__are_refused),
        cmocka_unit_test(run_new__each_allocation_refused__fails_and_leaks_nothing),
        cmocka_unit_test(train__after_the_first_step__allocates_nothing),
        cmocka_unit_test(train__learning_rate_of_a_million__is_told_as_divergence),
        cmocka_unit_test(train__learning_rate_beyond_float__is_told_as_divergence),
        cmocka_unit_test(train__weight_not_a_number__is_told_as_divergence),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
