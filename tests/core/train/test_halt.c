/* SPDX-License-Identifier: MIT */
/* A run that is broken off in the middle of a step or an evaluation. */
#include <stdatomic.h>
#include <stdlib.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

/* Plain; with validation, patience and noise; with a state in every part of the dynamics. */
static struct snn_spec spec_of(size_t i)
{
    struct snn_spec spec = runs_spec();

    if (i == 1) {
        spec.encoding = runs_choice(&snn_encoders, "rate");
        spec.validation_fraction = 0.3;
        spec.patience = 2;
        runs_surrogate(&spec, "noisy");
    }
    if (i == 2)
        runs_orders_learned(&spec);
    return spec;
}

struct asking {
    atomic_long left; /* asks before the run is to stop, counted down by whichever thread asks */
    enum snn_stop how;
    size_t records;
};

static enum snn_stop stop_at_zero(void *user)
{
    struct asking *a = user;

    return atomic_fetch_sub(&a->left, 1) <= 0 ? a->how : SNN_GO_ON;
}

static void count_record(void *user, size_t step, size_t epoch, const struct snn_histogram *h,
                         size_t n)
{
    (void)step;
    (void)epoch;
    (void)h;
    (void)n;
    ((struct asking *)user)->records++;
}

static size_t records_of(const struct snn_spec *spec, const struct snn_data *data)
{
    struct snn_run *run = runs_new(spec, data, 1);
    struct asking a = {.records = 0};
    struct snn_hooks hooks = {.user = &a, .histograms = count_record};

    assert_int_equal(snn_run_train(run, &hooks, NULL), SNN_OK);
    snn_run_free(run);
    return a.records;
}

/* Halted at the first, second... time that anybody asks, until nobody is left to ask; saved there,
 * and gone on with both in the same run and in a fresh one. */
static void check_halts(enum snn_stop how)
{
    struct snn_data *data = runs_data(45, 20, 1);
    char *dir = tmpdir_create();

    for (size_t i = 0; i < 3; i++) {
        struct snn_spec spec = spec_of(i);
        char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];
        struct snn_run *run = runs_new(&spec, data, 1 + i % 2);
        enum snn_code rc = SNN_STOPPED;
        long halts = 0;
        size_t records = 0;

        runs_result(&spec, data, 1, want);
        for (; rc == SNN_STOPPED; halts++) {
            struct asking a = {.left = halts, .how = how};
            struct snn_hooks hooks = {.user = &a, .stop = stop_at_zero, .histograms = count_record};
            struct snn_error err = {0};

            rc = snn_run_train(run, &hooks, &err);
            records += a.records;
            if (rc != SNN_OK && rc != SNN_STOPPED)
                fail_msg("%s", err.message);
            if (rc == SNN_STOPPED && halts % 3 == 0) {
                char *path = runs_save(run, dir, "halted");
                struct snn_run *fresh = runs_new(&spec, data, 1);

                if (snn_run_load(fresh, path, &err) != SNN_OK)
                    fail_msg("after %ld: %s", halts, err.message);
                snn_run_free(run);
                run = fresh;
                free(path);
            }
        }
        assert_true(halts > 10);
        if (how == SNN_STOP_SOON) /* nothing is told twice, nothing is lost */
            assert_int_equal(records, records_of(&spec, data));
        runs_digest(run, got);
        snn_run_free(run);
        assert_string_equal(got, want);
    }
    snn_data_free(data);
    tmpdir_remove(dir);
}

static void train__halted_anywhere__goes_on_to_the_same_bits(void **state)
{
    (void)state;
    check_halts(SNN_STOP_NOW);
}

static void train__halted_where_nothing_is_lost__tells_all(void **state)
{
    (void)state;
    check_halts(SNN_STOP_SOON);
}

/* A halt in the last evaluation leaves the job's end to be reached again. */
static void train__halted_in_the_final_test__tests_anew(void **state)
{
    struct snn_data *data = runs_data(45, 20, 1);
    struct snn_spec spec = runs_spec();
    struct snn_run *run = runs_new(&spec, data, 1);
    struct snn_confusion confusion;
    struct asking a = {.how = SNN_STOP_SOON};
    struct snn_hooks hooks = {.user = &a, .stop = stop_at_zero};

    (void)state;
    runs_train(run, snn_run_progress(run).steps);
    assert_int_equal(snn_run_train(run, &hooks, NULL), SNN_STOPPED);
    assert_false(snn_run_confusion(run, &confusion));
    assert_int_equal(snn_run_train(run, NULL, NULL), SNN_OK);
    assert_true(snn_run_confusion(run, &confusion));
    snn_run_free(run);
    snn_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train__halted_anywhere__goes_on_to_the_same_bits),
        cmocka_unit_test(train__halted_where_nothing_is_lost__tells_all),
        cmocka_unit_test(train__halted_in_the_final_test__tests_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
