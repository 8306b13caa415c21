/* SPDX-License-Identifier: MIT */
/* Runs that start from the weights of another. */
#include <stdlib.h>
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

static struct snn_data *data;
static char *dir;

static int setup(void **state)
{
    (void)state;
    data = runs_data(60, 30, 5);
    dir = tmpdir_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmpdir_remove(dir);
    snn_data_free(data);
    return 0;
}

static struct snn_spec learner(void)
{
    struct snn_spec spec = runs_spec();

    spec.optimizer.value[0] = 0.05;
    spec.layers[0].neuron.learn[SNN_LEARN_tau] = SNN_PER_NEURON;
    return spec;
}

static struct snn_model *model_of(const struct snn_run *run, const char *name)
{
    struct snn_model *model = NULL;
    char *path = runs_save(run, dir, name);

    assert_int_equal(snn_model_open(&model, path, SNN_LAST, NULL), SNN_OK);
    free(path);
    return model;
}

static struct snn_model *trained(const struct snn_spec *spec)
{
    struct snn_run *run = runs_new(spec, data, 1);
    struct snn_model *model;

    runs_train(run, 0);
    model = model_of(run, "source.ckpt");
    snn_run_free(run);
    return model;
}

static void init__same_network__has_the_same_tensors(void **state)
{
    struct snn_spec spec = learner(), other;
    struct snn_model *source = trained(&spec), *copy;

    (void)state;
    other = spec;
    other.seed++;
    other.layers[0].neuron.model.value[0] *= 1.5; /* tau begins elsewhere */
    for (int i = 0; i < 2; i++) {
        struct snn_run *run = runs_new(i ? &other : &spec, data, 1);
        assert_int_equal(snn_run_init_from(run, source, NULL), SNN_OK);
        copy = model_of(run, "copy.ckpt");
        for (size_t k = 0; k < snn_model_count(source); k++) {
            const struct snn_tensor *a = snn_model_tensor(source, k),
                                    *b = snn_model_tensor(copy, k);
            for (size_t n = 0; n < a->count; n++)
                assert_near((double)b->data[n], (double)a->data[n], i ? 1e-5 : 0);
        }
        snn_model_free(copy);
        snn_run_free(run);
    }
    snn_model_free(source);
}

static void init__saved_and_resumed__ends_in_the_same_bits(void **state)
{
    struct snn_spec spec = learner();
    struct snn_model *source = trained(&spec);
    struct snn_run *whole = runs_new(&spec, data, 1), *half = runs_new(&spec, data, 2), *rest;
    char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];
    char *path;

    (void)state;
    assert_int_equal(snn_run_init_from(whole, source, NULL), SNN_OK);
    runs_train(whole, 0);
    runs_digest(whole, want);
    assert_int_equal(snn_run_init_from(half, source, NULL), SNN_OK);
    runs_train(half, 7);
    path = runs_save(half, dir, "half.ckpt");
    rest = runs_new(&spec, data, 1); /* it does not say what it started from: another run */
    assert_int_equal(snn_run_load(rest, path, NULL), SNN_INVALID);
    snn_run_free(rest);
    snn_model_sha256(source, spec.init_sha256);
    rest = runs_new(&spec, data, 1);
    assert_int_equal(snn_run_load(rest, path, NULL), SNN_OK);
    runs_train(rest, 0);
    runs_digest(rest, got);
    assert_string_equal(got, want);
    free(path);
    snn_run_free(whole);
    snn_run_free(half);
    snn_run_free(rest);
    snn_model_free(source);
}

static void init__another_network_or_a_run_under_way__is_refused(void **state)
{
    struct snn_spec spec = runs_spec(), other = spec;
    struct snn_model *source = trained(&spec);
    struct snn_error err = {0};
    struct snn_run *run;

    (void)state;
    other.layers[0].kind.value[0] = 9;
    run = runs_new(&other, data, 1);
    assert_int_equal(snn_run_init_from(run, source, &err), SNN_INVALID);
    assert_non_null(strstr(err.message, "layer1.weight is 8 x 6, want 9 x 6"));
    snn_run_free(run);
    run = runs_new(&spec, data, 1);
    runs_train(run, 2);
    assert_int_equal(snn_run_init_from(run, source, NULL), SNN_INVALID);
    snn_run_free(run);
    snn_model_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init__same_network__has_the_same_tensors),
        cmocka_unit_test(init__saved_and_resumed__ends_in_the_same_bits),
        cmocka_unit_test(init__another_network_or_a_run_under_way__is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
