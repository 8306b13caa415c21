/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

static struct {
    struct snn_data *data;
    struct snn_run *run; /* stopped in its third epoch: the best is one before */
    char *dir, *path;
} all;

static int setup(void **state)
{
    struct snn_spec spec = runs_spec();

    (void)state;
    all.data = runs_data(45, 10, 1);
    spec.validation_fraction = 0.3;
    all.run = runs_new(&spec, all.data, 1);
    runs_train(all.run, 2 * snn_run_steps_per_epoch(all.run) + 1);
    all.dir = tmpdir_create();
    all.path = runs_save(all.run, all.dir, "saved");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    snn_run_free(all.run);
    snn_data_free(all.data);
    free(all.path);
    tmpdir_remove(all.dir);
    return 0;
}

static struct snn_model *open_model(const char *path, enum snn_weights which)
{
    struct snn_model *m = NULL;
    struct snn_error err = {0};

    if (snn_model_open(&m, path, which, &err) != SNN_OK)
        fail_msg("%s", err.message);
    return m;
}

static void open__last__has_the_weights_names_and_shapes(void **state)
{
    static const struct {
        const char *name, *role;
        size_t layer, rank, shape[2], offset;
    } want[] = {
        {"layer1.weight", "weight", 0, 2, {8, 6}, 0},
        {"layer1.bias", "bias", 0, 1, {8}, 48},
        {"layer2.weight", "weight", 1, 2, {3, 8}, 56},
        {"layer2.bias", "bias", 1, 1, {3}, 80},
    };
    struct snn_model *m = open_model(all.path, SNN_LAST);

    (void)state;
    assert_int_equal(snn_model_count(m), 4);
    assert_int_equal(snn_model_step(m), all.run->at.step);
    for (size_t i = 0; i < 4; i++) {
        const struct snn_tensor *t = snn_model_tensor(m, i);
        size_t count = 1;

        assert_string_equal(t->name, want[i].name);
        assert_string_equal(t->role, want[i].role);
        assert_int_equal(t->layer, want[i].layer);
        assert_int_equal(t->rank, want[i].rank);
        for (size_t k = 0; k < t->rank; k++) {
            assert_int_equal(t->shape[k], want[i].shape[k]);
            count *= t->shape[k];
        }
        assert_int_equal(t->count, count);
        for (size_t k = 0; k < count; k++)
            assert_true(t->data[k] == (float)all.run->params[want[i].offset + k]);
    }
    snn_model_free(m);
}

static void open__best__has_the_weights_of_the_best_epoch(void **state)
{
    struct snn_model *m = open_model(all.path, SNN_BEST);

    (void)state;
    assert_true(all.run->at.best_step < all.run->at.step);
    assert_int_equal(snn_model_step(m), all.run->at.best_step);
    for (size_t i = 0, at = 0; i < snn_model_count(m); i++)
        for (size_t k = 0; k < snn_model_tensor(m, i)->count; k++, at++)
            assert_true(snn_model_tensor(m, i)->data[k] == (float)all.run->best[at]);
    snn_model_free(m);
}

static void open__best_without_a_validation_split__is_the_last(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_run *run = runs_new(&spec, all.data, 1);
    char best[SNN_SHA256_HEX], last[SNN_SHA256_HEX];

    (void)state;
    runs_train(run, 5);
    char *path = runs_save(run, all.dir, "unsplit");
    struct snn_model *m = open_model(path, SNN_BEST);
    assert_int_equal(snn_model_step(m), 5);
    snn_model_sha256(m, best);
    snn_model_free(m);
    m = open_model(path, SNN_LAST);
    snn_model_sha256(m, last);
    snn_model_free(m);
    assert_string_equal(best, last);
    free(path);
    snn_run_free(run);
}

/* The digest is that of the tensors' bytes one after the other, and of nothing else: equal weights
 * saved twice are one model. */
static void sha256__of_tensors__is_over_their_bytes_in_order(void **state)
{
    struct snn_model *m = open_model(all.path, SNN_LAST);
    struct snn_digest d;
    char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];

    (void)state;
    snn_digest_init(&d);
    for (size_t i = 0; i < all.run->net.n_params; i++) {
        float v = (float)all.run->params[i];
        snn_digest_add(&d, &v, sizeof v);
    }
    snn_digest_hex(&d, want);
    snn_model_sha256(m, got);
    assert_string_equal(got, want);
    snn_model_free(m);
}

static void open__damaged_or_missing__is_refused(void **state)
{
    struct snn_model *m = NULL;
    struct snn_error err = {0};
    char *bad = tmpdir_write(all.dir, "bad", "SPIKEDCK and then nothing of use", 32);

    (void)state;
    assert_int_equal(snn_model_open(&m, bad, SNN_LAST, &err), SNN_FORMAT);
    assert_contains(err.message, "not a checkpoint");
    assert_int_equal(snn_model_open(&m, "/nonexistent", SNN_LAST, NULL), SNN_IO);
    assert_null(m);
    snn_model_free(NULL);
    free(bad);
}

static void open__each_allocation_refused__fails_and_leaks_nothing(void **state)
{
    unsigned long n = 0;

    (void)state;
    for (;; n++) {
        struct snn_model *m = NULL;
        struct snn_error err = {0};

        oom_fail_at(n);
        enum snn_code rc = snn_model_open(&m, all.path, SNN_BEST, &err);
        if (!oom_off()) {
            assert_int_equal(rc, SNN_OK);
            snn_model_free(m);
            break;
        }
        assert_int_equal(rc, SNN_NOMEM);
        assert_contains(err.message, "no memory");
        assert_null(m);
    }
    assert_true(n >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__last__has_the_weights_names_and_shapes),
        cmocka_unit_test(open__best__has_the_weights_of_the_best_epoch),
        cmocka_unit_test(open__best_without_a_validation_split__is_the_last),
        cmocka_unit_test(sha256__of_tensors__is_over_their_bytes_in_order),
        cmocka_unit_test(open__damaged_or_missing__is_refused),
        cmocka_unit_test(open__each_allocation_refused__fails_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
