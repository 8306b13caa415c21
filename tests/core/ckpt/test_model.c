/* SPDX-License-Identifier: MIT */
/* The model in a saved run: its tensors as they were trained, learned constants as themselves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/ckpt/format.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

struct bench {
    char *dir;
    struct snn_data *data;
    struct snn_spec spec;
    struct snn_run *run;
};

/* Learns everything that can be learned, each in both ways it can be. */
static struct snn_spec learner(void)
{
    struct snn_spec spec = runs_spec();
    struct snn_neuron_spec *first = &spec.layers[0].neuron, *second = &spec.layers[1].neuron;

    first->solver = runs_choice(&snn_solvers, "gl");
    first->n_terms = 2;
    first->alpha[0] = 0.5;
    first->alpha[1] = 0.75;
    first->coefficients[0] = 2;
    first->coefficients[1] = 0.5;
    first->learn[SNN_LEARN_tau] = SNN_PER_NEURON;
    first->learn[SNN_LEARN_threshold] = SNN_PER_LAYER;
    first->learn[SNN_LEARN_alpha] = first->learn[SNN_LEARN_coefficients] = SNN_PER_LAYER;
    second->learn[SNN_LEARN_tau] = SNN_PER_LAYER;
    second->learn[SNN_LEARN_threshold] = SNN_PER_NEURON;
    return spec;
}

static int setup(void **state)
{
    static struct bench b;

    b.dir = tmpdir_create();
    b.data = runs_data(45, 20, 1);
    b.spec = learner();
    b.run = runs_new(&b.spec, b.data, 1);
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    snn_run_free(b->run);
    snn_data_free(b->data);
    tmpdir_remove(b->dir);
    return 0;
}

static struct snn_model *open_model(const char *path, enum snn_weights which)
{
    struct snn_model *model = NULL;
    struct snn_error err = {0};

    if (snn_model_open(&model, path, which, &err) != SNN_OK)
        fail_msg("%s", err.message);
    return model;
}

static const struct snn_tensor *tensor_of(const struct snn_model *m, const char *name)
{
    for (size_t i = 0; i < snn_model_count(m); i++)
        if (strcmp(snn_model_tensor(m, i)->name, name) == 0)
            return snn_model_tensor(m, i);
    fail_msg("the model has no %s", name);
    return NULL;
}

static void check_all(const struct snn_model *m, const char *name, size_t count, double value)
{
    const struct snn_tensor *t = tensor_of(m, name);

    assert_int_equal(t->count, count);
    for (size_t i = 0; i < count; i++)
        assert_near(t->data[i], value, 1e-6);
}

static void model__of_a_fresh_run__has_the_constants_of_the_spec(void **state)
{
    struct bench *b = *state;
    char *path = runs_save(b->run, b->dir, "fresh");
    struct snn_model *m = open_model(path, SNN_LAST);

    check_all(m, "layer1.tau", 8, 2);
    check_all(m, "layer1.threshold", 1, 0.4);
    check_all(m, "layer2.tau", 1, 2);
    check_all(m, "layer2.threshold", 3, 0.4);
    assert_near(tensor_of(m, "layer1.alpha")->data[0], 0.5, 1e-6);
    assert_near(tensor_of(m, "layer1.alpha")->data[1], 0.75, 1e-6);
    assert_near(tensor_of(m, "layer1.coefficients")->data[0], 2, 1e-6);
    assert_near(tensor_of(m, "layer1.coefficients")->data[1], 0.5, 1e-6);
    snn_model_free(m);
    free(path);
}

/* The constants by the formulas of core/neuron/learn.h, from the numbers in the run. */
static double constant(const char *role, double p, double initial)
{
    const double low = 0.5; /* step / 2 */

    if (strcmp(role, "tau") == 0)
        return low + (initial - low) * exp(p);
    if (strcmp(role, "alpha") == 0)
        return 1 / (1 + exp(-p));
    if (strcmp(role, "threshold") == 0 || strcmp(role, "coefficients") == 0)
        return initial * exp(p);
    return p;
}

static double initial_of(const struct bench *b, const struct snn_tensor *t, size_t i)
{
    const struct snn_neuron_spec *n = &b->spec.layers[t->layer].neuron;

    if (strcmp(t->role, "coefficients") == 0)
        return n->coefficients[i];
    return n->model.value[strcmp(t->role, "tau") == 0 ? SNN_NEURON_TAU : SNN_NEURON_THRESHOLD];
}

static void model__of_a_trained_run__has_the_constants_that_were_learned(void **state)
{
    struct bench *b = *state;
    struct snn_digest digest;
    char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];

    runs_train(b->run, 0);
    char *path = runs_save(b->run, b->dir, "trained");
    struct snn_model *m = open_model(path, SNN_LAST);

    assert_int_equal(snn_model_count(m), b->run->net.n_tensors);
    snn_digest_init(&digest);
    for (size_t i = 0; i < snn_model_count(m); i++) {
        const struct snn_tensor *t = snn_model_tensor(m, i);
        const real *p = b->run->params + snn_net_tensor(&b->run->net, i)->offset;
        size_t moved = 0;

        for (size_t k = 0; k < t->count; k++) {
            const double value = constant(t->role, (double)p[k], initial_of(b, t, k));

            assert_near(t->data[k], value, 1e-6 * (1 + fabs(value)));
            moved += p[k] != 0;
        }
        assert_true(moved > 0);
        snn_digest_add(&digest, t->data, t->count * sizeof *t->data);
    }
    snn_digest_hex(&digest, want);
    snn_model_sha256(m, got);
    assert_string_equal(got, want); /* over the bytes that are written */
    snn_model_free(m);
    free(path);
}

static void run__with_learned_constants__goes_on_to_the_same_bits(void **state)
{
    struct bench *b = *state;
    struct snn_run *second = runs_new(&b->spec, b->data, 2);
    struct snn_error err = {0};
    char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];

    runs_train(b->run, 5);
    char *path = runs_save(b->run, b->dir, "half");
    if (snn_run_load(second, path, &err) != SNN_OK)
        fail_msg("%s", err.message);
    runs_train(b->run, 0);
    runs_train(second, 0);
    runs_digest(b->run, want);
    runs_digest(second, got);
    assert_string_equal(got, want);
    snn_run_free(second);
    free(path);
}

/* ---------------------------------------------------------------------------- other versions -- */

static unsigned char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = malloc(1 << 20);

    assert_non_null(f);
    assert_non_null(bytes);
    *n = fread(bytes, 1, 1 << 20, f);
    (void)fclose(f);
    return bytes;
}

/* Writes the bytes with a digest that is theirs; the path is the caller's to free. */
static char *seal(const struct bench *b, const char *name, unsigned char *bytes, size_t n)
{
    struct snn_digest d;
    char hex[SNN_SHA256_HEX];

    snn_digest_init(&d);
    snn_digest_add(&d, bytes, n - (SNN_SHA256_HEX - 1));
    snn_digest_hex(&d, hex);
    memcpy(bytes + n - (SNN_SHA256_HEX - 1), hex, SNN_SHA256_HEX - 1);
    return tmpdir_write(b->dir, name, bytes, n);
}

#define VERSION_AT 8

/* A file as version 1 wrote it: without the text that names a transform, empty in these tensors. */
static char *as_version_1(const struct bench *b, const char *path)
{
    size_t n, at;
    unsigned char *bytes = slurp(path, &n), *end;
    char *old;

    bytes[VERSION_AT] = 1;
    at = VERSION_AT + 16 + 2 * (8 + 64) + 8 + strlen(snn_isa()) + 8 + strlen(snn_blas()) + 8;
    for (size_t i = 0; i < b->run->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&b->run->net, i);
        char name[SNN_NAME_SIZE * 2];

        snn_net_tensor_name(&b->run->net, t, name);
        at += 8 + strlen(name) + 8 + strlen(t->role) + 16 + 8 * t->rank;
        end = bytes + n;
        memmove(bytes + at, bytes + at + 8, (size_t)(end - (bytes + at + 8)));
        n -= 8;
    }
    old = seal(b, "old", bytes, n);
    free(bytes);
    return old;
}

static void model__of_version_1__is_read_but_not_trained_on(void **state)
{
    struct bench *b = *state;
    struct snn_error err = {0};
    struct snn_spec spec = runs_spec();
    char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];

    snn_run_free(b->run);
    b->run = runs_new(&spec, b->data, 1);
    runs_train(b->run, 4);
    char *path = runs_save(b->run, b->dir, "new"), *old = as_version_1(b, path);
    struct snn_model *a = open_model(path, SNN_LAST), *m = open_model(old, SNN_LAST);

    snn_model_sha256(a, want);
    snn_model_sha256(m, got);
    assert_string_equal(got, want);
    assert_int_equal(snn_model_step(m), 4);
    assert_int_equal(snn_run_load(b->run, old, &err), SNN_FORMAT);
    assert_contains(err.message, "version 1, want 2");
    snn_model_free(a);
    snn_model_free(m);
    free(path);
    free(old);
}

static void refuse(const struct bench *b, unsigned char *bytes, size_t n, const char *why)
{
    struct snn_model *m = NULL;
    struct snn_error err = {0};
    char *path = seal(b, "other", bytes, n);

    assert_int_equal(snn_model_open(&m, path, SNN_LAST, &err), SNN_FORMAT);
    assert_contains(err.message, why);
    assert_null(m);
    free(path);
}

static void model__of_another_version_or_transform__is_refused(void **state)
{
    struct bench *b = *state;
    char *path = runs_save(b->run, b->dir, "good");
    size_t n;
    unsigned char *bytes = slurp(path, &n), *name;

    bytes[VERSION_AT] = SNN_CKPT_VERSION + 1;
    refuse(b, bytes, n, "version 3, want 1 to 2");
    bytes[VERSION_AT] = 0;
    refuse(b, bytes, n, "version 0, want 1 to 2");
    bytes[VERSION_AT] = SNN_CKPT_VERSION;
    name = memmem(bytes, n, "logistic", 8);
    assert_non_null(name);
    name[0] = 'L';
    refuse(b, bytes, n, "its header makes no sense");
    free(bytes);
    free(path);
}

/* Names become keys of the files that a model is exported to. */
static void model__names_that_are_no_keys__is_refused(void **state)
{
    struct bench *b = *state;
    char *path = runs_save(b->run, b->dir, "good");
    size_t n;
    unsigned char *bytes = slurp(path, &n), *name, *second;

    name = memmem(bytes, n, "layer1.weight", 13);
    second = memmem(bytes, n, "layer2.weight", 13);
    assert_non_null(name);
    assert_non_null(second);
    name[0] = 0x98;
    refuse(b, bytes, n, "its header makes no sense");
    name[0] = '\n';
    refuse(b, bytes, n, "its header makes no sense");
    name[0] = 'l';
    second[5] = '1';
    refuse(b, bytes, n, "its header makes no sense");
    free(bytes);
    free(path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(model__of_a_fresh_run__has_the_constants_of_the_spec),
        TEST(model__of_a_trained_run__has_the_constants_that_were_learned),
        TEST(run__with_learned_constants__goes_on_to_the_same_bits),
        TEST(model__of_version_1__is_read_but_not_trained_on),
        TEST(model__of_another_version_or_transform__is_refused),
        TEST(model__names_that_are_no_keys__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
