/* SPDX-License-Identifier: MIT */
/* A training step allocates nothing and takes no lock, whatever it trains. */
#include "tests/support/calls.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/param.h"
#include "core/train/run.h"
#include "tests/bench/workload.h"
#include "tests/core/train/every.h"
#include "tests/support/test.h"

#define WARM_UP 2
#define STEPS 3

/* A plain step, or one that is looked at and told of. */
static enum snn_code step(struct snn_run *r, bool probed, struct snn_error *err)
{
    enum snn_code rc;

    r->at.epoch_step = 0;
    rc = snn_run_step(r, probed, err);
    if (rc == SNN_OK && probed)
        snn_report(r, &(struct snn_hooks){.user = NULL}, true, false);
    return rc;
}

/* What steps of the run called, after those that a library may set itself up in. */
static struct calls of_steps(struct snn_run *r, bool probed)
{
    struct snn_error err = {0};
    struct calls before;

    snn_run_shuffle(r);
    for (size_t i = 0; i < WARM_UP + STEPS; i++) {
        if (i == WARM_UP)
            before = calls_so_far();
        if (step(r, probed, &err) != SNN_OK)
            fail_msg("%s", err.message);
    }
    return calls_since(&before);
}

static void expect_none(struct snn_run *r, bool probed, const char *name)
{
    const struct calls c = of_steps(r, probed);

    if (!calls_none(&c))
        fail_msg("%lu allocations, %lu locks, %lu statements in %d steps: %s", c.allocations,
                 c.locks, c.statements, STEPS, name);
}

static void step__bench_networks__calls_nothing(void **state)
{
    static const struct {
        const char *workload, *surrogate;
    } rows[] = {{"W1", "arctan"},    {"W2", "arctan"}, {"W2", "linear"},
                {"W3-T8", "arctan"}, {"W4", "arctan"}, {"W4", "linear"}};

    (void)state;
    if (!calls_are_counted())
        skip();
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        const struct workload *found = workload_find(rows[i].workload);
        struct workload w;
        struct snn_error err = {0};
        struct bench b;

        assert_non_null(found);
        w = *found;
        w.batch = 16; /* four samples a shard are enough to go all ways */
        if (bench_open(&b, &w, rows[i].surrogate, 1, true, &err) != SNN_OK)
            fail_msg("%s", err.message);
        expect_none(b.run, false, rows[i].workload);
        expect_none(b.run, true, rows[i].workload);
        bench_free(&b);
    }
}

/* The forms of a layer, neurons, solvers, losses and readouts that go with each other: each pair of
 * a form and a neuron's row, and with it the others in turn. */
static void step__whatever_a_job_can_choose__calls_nothing(void **state)
{
    struct snn_data *data = every_data_new();
    size_t seen = 0;

    (void)state;
    if (!calls_are_counted()) {
        snn_data_free(data);
        skip();
    }
    for (size_t turn = 0; turn < every_forms() * snn_neurons.count * snn_solvers.count; turn++) {
        const struct every e = {.form = turn / (snn_neurons.count * snn_solvers.count),
                                .neuron = turn / snn_solvers.count % snn_neurons.count,
                                .solver = turn % snn_solvers.count,
                                .reset = turn % snn_resets.count,
                                .surrogate = turn % snn_surrogates.count,
                                .readout = turn % snn_readouts.count,
                                .loss = turn / 3 % snn_losses.count,
                                .turn = turn};
        struct snn_spec spec;
        struct snn_error err = {0};
        struct snn_run *run = NULL;
        char name[EVERY_NAME];

        if (!every_spec(&spec, &e))
            continue;
        spec.diagnostics_every = 1;
        every_name(name, &spec);
        if (snn_run_new(&run, &spec, data, 1, &err) != SNN_OK)
            fail_msg("%s: %s", err.message, name);
        expect_none(run, false, name);
        expect_none(run, true, name);
        snn_run_free(run);
        seen++;
    }
    assert_true(seen >= every_neutral_forms());
    snn_data_free(data);
}

/* That they are counted: the test above could not fail else. */
static void calls__allocation_and_lock__are_counted(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    const struct calls before = calls_so_far();
    struct calls c;
    void *block;

    (void)state;
    if (!calls_are_counted())
        skip();
    block = malloc(100);
    assert_non_null(block);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    c = calls_since(&before);
    free(block);
    assert_int_equal(c.allocations, 1);
    assert_int_equal(c.locks, 1);
    assert_false(calls_none(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls__allocation_and_lock__are_counted),
        cmocka_unit_test(step__bench_networks__calls_nothing),
        cmocka_unit_test(step__whatever_a_job_can_choose__calls_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
