/* SPDX-License-Identifier: MIT */
/* Who fires is told while it fires, as lists: they are what a look at the spikes finds, on every
 * instruction set. */
#include <math.h>
#include <stdlib.h>

#include "core/base/param.h"
#include "core/neuron/neuron.h"
#include "tests/support/test.h"

enum { T = 10, N = 37 };

static real steps[T], rs[N], thresholds[N], current[T * N], x[T * N], s[T * N];
static uint32_t start[T + 1], indices[(T + 1) * N];

static struct snn_cell cell_of(void)
{
    const struct snn_neuron_spec spec = snn_neuron_spec_default();
    for (size_t t = 0; t < T; t++)
        steps[t] = 1;
    for (size_t i = 0; i < N; i++) {
        rs[i] = (real)0.5;
        thresholds[i] = 1;
    }
    for (size_t i = 0; i < T * N; i++)
        current[i] = (real)(1 + 2 * sin((double)(i * i)));
    return (struct snn_cell){
        .neuron = snn_neuron_of(&spec.model),
        .solver = snn_solver_of(&spec.solver),
        .surrogate = snn_surrogate_of(&spec.surrogate),
        .reset = snn_reset_of(&spec.reset),
        .r = rs,
        .threshold = thresholds,
        .scale = 5,
        .detach_reset = true,
        .h = steps,
        .n = N,
        .time_steps = T,
    };
}

static void run(struct snn_sparse *fired, size_t most)
{
    const struct snn_cell c = cell_of();
    real membrane[N] = {0};
    *fired = (struct snn_sparse){.start = start, .index = indices};
    start[0] = 0;
    snn_cell_forward(&c, &(struct snn_cell_forward){.to = T,
                                                    .current = current,
                                                    .current_stride = N,
                                                    .x = x,
                                                    .s = s,
                                                    .state = membrane,
                                                    .fired = fired,
                                                    .most_fired = most});
}

static void check(const struct snn_sparse *fired)
{
    size_t k = 0;
    for (size_t i = 0; i < fired->rows * N; i++) {
        if (s[i] == 0)
            continue;
        assert_true(start[i / N] <= k && k < start[i / N + 1]);
        assert_int_equal(indices[k++], i % N);
    }
    assert_true(k > 0);
    assert_int_equal(start[fired->rows], k);
}

static void forward__room_for_all__lists_each_step(void **state)
{
    const char *before = snn_isa();
    struct snn_sparse fired;
    (void)state;
    for (size_t i = 0; snn_isa_at(i); i++) {
        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        run(&fired, T * N);
        assert_int_equal(fired.rows, T);
        check(&fired);
    }
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
}

static void forward__too_many__ends_behind_the_first_row_that_is(void **state)
{
    struct snn_sparse fired;
    (void)state;
    run(&fired, T * N);
    const size_t most = start[4];
    run(&fired, most - 1);
    assert_int_equal(fired.rows, 4);
    check(&fired);
    run(&fired, most);
    assert_true(fired.rows > 4);
}

static void forward__spikes_not_wanted__leaves_the_rest_as_it_is(void **state)
{
    const char *before = snn_isa();
    const struct snn_cell c = cell_of();
    static real only_x[T * N];
    (void)state;
    assert_true(snn_cell_spikes_are_x(&c));
    for (size_t i = 0; snn_isa_at(i); i++) {
        struct snn_sparse fired;
        real membrane[N] = {0};
        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        run(&fired, T * N);
        snn_cell_forward(
            &c,
            &(struct snn_cell_forward){
                .to = T, .current = current, .current_stride = N, .x = only_x, .state = membrane});
        assert_memory_equal(only_x, x, sizeof x);
        for (size_t k = 0; k < SNN_COUNT(x); k++)
            assert_true(s[k] == (real)(x[k] >= 0));
    }
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
}

/* More neurons than who fires is kept of on the stack, even of one step. */
static void forward__wide_layer__lists_each_step(void **state)
{
    enum { STEPS = 2, MANY = 70001 };
    struct snn_cell c = cell_of();
    real *rows = calloc((size_t)MANY * (STEPS * 3 + 3), sizeof *rows);
    uint32_t *found = calloc((size_t)MANY * STEPS, sizeof *found), ends[STEPS + 1] = {0};
    struct snn_sparse fired = {.start = ends, .index = found};
    (void)state;
    assert_true(rows && found);
    real *in = rows, *outs = in + (size_t)MANY * STEPS, *spikes = outs + (size_t)MANY * STEPS;
    real *r = spikes + (size_t)MANY * STEPS, *threshold = r + MANY, *membrane = threshold + MANY;
    for (size_t i = 0; i < (size_t)MANY * STEPS; i++)
        in[i] = (real)(i % 7 == 0 ? 5 : 0);
    for (size_t i = 0; i < MANY; i++) {
        r[i] = (real)0.5;
        threshold[i] = 1;
    }
    c.r = r;
    c.threshold = threshold;
    c.n = MANY;
    snn_cell_forward(&c, &(struct snn_cell_forward){.to = STEPS,
                                                    .current = in,
                                                    .current_stride = MANY,
                                                    .x = outs,
                                                    .s = spikes,
                                                    .state = membrane,
                                                    .fired = &fired,
                                                    .most_fired = (size_t)MANY * (STEPS - 1)});
    assert_int_equal(fired.rows, STEPS);
    size_t k = 0;
    for (size_t i = 0; i < (size_t)MANY * STEPS; i++)
        if (spikes[i] != 0)
            assert_int_equal(found[k++], i % MANY);
    assert_int_equal(k, ends[STEPS]);
    assert_true(k > MANY / 8);
    free(rows);
    free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward__room_for_all__lists_each_step),
        cmocka_unit_test(forward__spikes_not_wanted__leaves_the_rest_as_it_is),
        cmocka_unit_test(forward__wide_layer__lists_each_step),
        cmocka_unit_test(forward__too_many__ends_behind_the_first_row_that_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
