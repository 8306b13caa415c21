/* SPDX-License-Identifier: MIT */
/*
 * What a run is said to need is what it takes, of networks of everything a job can choose: bytes as
 * they are asked for, parameters as they are in the file of the trained model. Products are counted
 * by hand in test_conv_net.c (each kind of layer), test_limits.c and test_spec.c (history).
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/train/every.h"
#include "tests/core/train/runs.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define THREADS 3

static struct snn_samples copy_of(const struct snn_samples *from, size_t features)
{
    struct snn_samples s = *from;

    s.values = malloc(s.count * features * sizeof *s.values);
    s.labels = malloc(s.count * sizeof *s.labels);
    assert_non_null(s.values);
    assert_non_null(s.labels);
    memcpy(s.values, from->values, s.count * features * sizeof *s.values);
    memcpy(s.labels, from->labels, s.count * sizeof *s.labels);
    return s;
}

/* The samples again for the test. */
static struct snn_data *data_new(void)
{
    struct snn_data *d = every_data_new();

    d->test = copy_of(&d->train, d->info.features);
    d->info.test = d->test.count;
    d->info.bytes = 1000;
    return d;
}

/* How a run goes, in turn. */
static void vary(struct snn_spec *spec, size_t turn)
{
    spec->epochs = 1;
    spec->batch_size = 1 + turn % 6;
    spec->shards = 1 + turn % 4;
    spec->validation_fraction = turn % 2 ? 0.3 : 0;
    spec->diagnostics_every = turn % 3;
    spec->optimizer = snn_choice_of(snn_registry_at(&snn_optimizers, turn % snn_optimizers.count));
    spec->optimizer.value[0] = 1e-30; /* it need not learn, and must not diverge */
    spec->sampling = snn_choice_of(snn_registry_at(&snn_samplings, turn % snn_samplings.count));
}

static size_t values_in_file(const struct snn_run *run, const char *dir)
{
    char *path = runs_save(run, dir, "run.ckpt");
    struct snn_model *model = NULL;
    struct snn_error err = {0};
    size_t n = 0;

    if (snn_model_open(&model, path, SNN_BEST, &err) != SNN_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < snn_model_count(model); i++)
        n += snn_model_tensor(model, i)->count;
    snn_model_free(model);
    free(path);
    return n;
}

/* All that is asked for from the begin of a run to its end, but for what it draws the held-out
 * samples from and gives back before the first step. */
static void check(const struct snn_spec *spec, const struct snn_data *data, const char *dir)
{
    const struct snn_data_info *info = snn_data_describe(data);
    const size_t before = oom_asked();
    struct snn_run *run = runs_new(spec, data, THREADS);
    struct snn_estimate e;
    char name[EVERY_NAME];

    runs_train(run, 0);
    const size_t taken = oom_asked() - before - info->train * sizeof(uint32_t);
    assert_int_equal(snn_run_estimate(&e, spec, info, THREADS, NULL), SNN_OK);
    every_name(name, spec);
    if (e.bytes != taken + info->bytes || run->arena.used != run->arena.capacity)
        fail_msg("%zu bytes, took %zu + %zu: %s", e.bytes, taken, info->bytes, name);
    if (e.parameters != values_in_file(run, dir))
        fail_msg("%zu parameters, the file has others: %s", e.parameters, name);
    assert_int_equal(e.train + e.validation, info->train);
    assert_int_equal(e.train, run->train);
    assert_int_equal(e.steps, snn_run_progress(run).step);
    snn_run_free(run);
}

/* The first loss and readout, from `turn` on, that such a network can have. */
static bool choose(struct snn_spec *spec, struct every *e)
{
    const size_t pairs = snn_losses.count * snn_readouts.count;

    for (size_t i = 0; i < pairs; i++) {
        const size_t k = (e->turn + i) % pairs;

        e->loss = k / snn_readouts.count;
        e->readout = k % snn_readouts.count;
        if (every_spec(spec, e))
            return true;
    }
    return false;
}

static void estimate__whatever_a_job_can_choose__is_what_its_run_takes(void **state)
{
    const size_t pairs = snn_neurons.count * snn_solvers.count, all = every_forms() * pairs;
    struct snn_data *data = data_new();
    char *dir = tmpdir_create();
    size_t turn = 0;

    (void)state;
    for (size_t i = 0; i < all; i++) {
        struct every e = {.form = i / pairs,
                          .neuron = i % pairs / snn_solvers.count,
                          .solver = i % snn_solvers.count,
                          .reset = turn % snn_resets.count,
                          .surrogate = turn % snn_surrogates.count,
                          .detach_reset = turn % 2,
                          .turn = turn};
        struct snn_spec spec;

        if (!choose(&spec, &e))
            continue;
        vary(&spec, turn++);
        check(&spec, data, dir);
    }
    assert_true(turn >= every_neutral_forms() * every_neuron_and_solver());
    tmpdir_remove(dir);
    snn_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimate__whatever_a_job_can_choose__is_what_its_run_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
