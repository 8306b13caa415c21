/* SPDX-License-Identifier: MIT */
/* What an epoch shows. That it does not depend on threads or stops is in test_run.c. */
#include <string.h>

#include "core/base/param.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define TRAIN 50
#define CLASSES 3

static struct snn_data *data;

/* Of 50 samples 40 of class 0, 3 of class 1, 7 of class 2. */
static int setup(void **state)
{
    (void)state;
    data = runs_data(TRAIN, 5, 1);
    for (size_t i = 0; i < TRAIN; i++)
        data->train.labels[i] = i % 5 ? 0 : i % 20 == 15 || i == 0 ? 1 : 2;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    snn_data_free(data);
    return 0;
}

static struct snn_run *run_of(const char *sampling)
{
    struct snn_spec spec = runs_spec();

    spec.sampling = runs_choice(&snn_samplings, sampling);
    return runs_new(&spec, data, 1);
}

/* How often each sample, and each class, is in the epoch's order. */
struct seen {
    size_t sample[TRAIN], class[CLASSES];
};

static struct seen look(struct snn_run *run, uint64_t epoch)
{
    struct seen s = {0};

    run->at.epoch = epoch;
    snn_run_shuffle(run);
    for (size_t i = 0; i < TRAIN; i++) {
        assert_true(run->order[i] < TRAIN);
        s.sample[run->order[i]]++;
        s.class[data->train.labels[run->order[i]]]++;
    }
    return s;
}

static void shuffled__each_epoch__shows_each_sample_once(void **state)
{
    struct snn_run *run = run_of("shuffled");

    (void)state;
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        const struct seen s = look(run, epoch);
        for (size_t i = 0; i < TRAIN; i++)
            assert_int_equal(s.sample[i], 1);
    }
    snn_run_free(run);
}

/* 50 over 3 classes: 16 of each and 17 of two, another two in each of three epochs; within a class
 * no sample more than once oftener than another. */
static void balanced__each_epoch__shows_each_class_equally_often(void **state)
{
    struct snn_run *run = run_of("balanced");
    size_t of_class[CLASSES] = {0};

    (void)state;
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        const struct seen s = look(run, epoch);
        for (size_t c = 0; c < CLASSES; c++) {
            size_t least = TRAIN, most = 0;

            assert_true(s.class[c] == 16 || s.class[c] == 17);
            of_class[c] += s.class[c];
            for (size_t i = 0; i < TRAIN; i++)
                if (data->train.labels[i] == c) {
                    least = s.sample[i] < least ? s.sample[i] : least;
                    most = s.sample[i] > most ? s.sample[i] : most;
                }
            assert_true(most - least <= 1);
        }
    }
    for (size_t c = 0; c < CLASSES; c++)
        assert_int_equal(of_class[c], TRAIN);
    snn_run_free(run);
}

/* Whatever was asked for before: a resume comes to the epoch from nowhere. */
static void balanced__an_epoch__depends_on_its_number_alone(void **state)
{
    struct snn_run *run = run_of("balanced"), *fresh = run_of("balanced");
    uint32_t first[TRAIN];

    (void)state;
    (void)look(run, 0);
    memcpy(first, run->order, sizeof first);
    (void)look(run, 1);
    assert_memory_not_equal(run->order, first, sizeof first);
    (void)look(fresh, 1);
    assert_memory_equal(run->order, fresh->order, sizeof first);
    (void)look(run, 0);
    assert_memory_equal(run->order, first, sizeof first);
    snn_run_free(fresh);
    snn_run_free(run);
}

/* Every sample of a large class gets its turn in some epoch. */
static void balanced__many_epochs__show_every_sample(void **state)
{
    struct snn_run *run = run_of("balanced");
    size_t sum[TRAIN] = {0};

    (void)state;
    for (uint64_t epoch = 0; epoch < 40; epoch++) {
        const struct seen s = look(run, epoch);
        for (size_t i = 0; i < TRAIN; i++)
            sum[i] += s.sample[i];
    }
    for (size_t i = 0; i < TRAIN; i++)
        assert_true(sum[i] > 0);
    snn_run_free(run);
}

static void balanced__a_class_without_samples__leaves_its_share_to_the_others(void **state)
{
    uint32_t kept[TRAIN];
    struct snn_run *run = run_of("balanced");

    (void)state;
    memcpy(kept, data->train.labels, sizeof kept);
    for (size_t i = 0; i < TRAIN; i++)
        data->train.labels[i] = kept[i] == 1 ? 2 : kept[i];
    const struct seen s = look(run, 0);
    memcpy(data->train.labels, kept, sizeof kept);
    assert_int_equal(s.class[0], 25);
    assert_int_equal(s.class[1], 0);
    assert_int_equal(s.class[2], 25);
    snn_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuffled__each_epoch__shows_each_sample_once),
        cmocka_unit_test(balanced__each_epoch__shows_each_class_equally_often),
        cmocka_unit_test(balanced__an_epoch__depends_on_its_number_alone),
        cmocka_unit_test(balanced__many_epochs__show_every_sample),
        cmocka_unit_test(balanced__a_class_without_samples__leaves_its_share_to_the_others),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
