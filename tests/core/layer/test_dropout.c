/* SPDX-License-Identifier: MIT */
/* What is dropped, by which draws, and that the gradient goes where the values went. */
#include "core/layer/dropout.h"

#include <math.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/core/layer/stack.h"
#include "tests/support/test.h"

#define STEPS 3
#define N 40

static struct stack_case dropping(double rate, bool per_step, size_t block)
{
    return (struct stack_case){
        .in = PLANES(2, 4, 5),
        .layer = {{"dropout", {{"rate", rate}, {"per_step", per_step}}, SNN_BY_KIND}},
        .encoding = "constant",
        .time_steps = STEPS,
        .block = block,
        .records = true};
}

/* The documented draw: uniform below `rate` drops. */
static double factor(double rate, bool per_step, size_t sample, size_t t, size_t i, uint32_t epoch)
{
    const struct snn_rng_key key = {.seed = 23,
                                    .stream = SNN_STREAM_DROPOUT,
                                    .layer = 0,
                                    .epoch = epoch,
                                    .sample = (uint32_t)sample,
                                    .step = per_step ? (uint32_t)t : 0};
    real u[N];
    snn_rng_uniform(u, N, &key);
    return u[i] < (real)rate ? 0 : 1 / (1 - rate);
}

static void dropout__training__multiplies_values_and_gradients_by_the_mask(void **state)
{
    static const double rates[] = {0, 0.25, 0.5, 0.9};

    (void)state;
    for (size_t k = 0; k < 8; k++) {
        const double rate = rates[k / 2];
        const bool per_step = k % 2;
        const struct stack_case c = dropping(rate, per_step, STACK_SAMPLES);
        size_t kept = 0;
        struct stack s;
        stack_build(&s, &c);
        stack_run(&s);
        for (size_t i = 0; i < STACK_SAMPLES * STEPS * N; i++) {
            const size_t sample = i / N / STEPS, t = i / N % STEPS;
            const double m = factor(rate, per_step, s.shard.index[sample], t, i % N, s.shard.epoch);
            assert_near(s.work.layer[0].s[i], (double)s.work.input[i] * m, 1e-5);
            assert_near(s.work.d_input[i], (double)s.work.layer[0].g[i] * m, 1e-6);
            kept += m > 0;
        }
        /* 480 draws, or 160 that count three times: within 3.5 standard deviations */
        const double draws = STACK_SAMPLES * N * (per_step ? STEPS : 1);
        assert_near((double)kept / (STACK_SAMPLES * STEPS * N), 1 - rate,
                    3.5 * sqrt(rate * (1 - rate) / draws));
        stack_free(&s);
    }
}

static void dropout__evaluation__passes_everything_on(void **state)
{
    struct stack_case c = dropping(0.9, true, STACK_SAMPLES);
    struct stack s;

    (void)state;
    c.evaluates = true;
    stack_build(&s, &c);
    stack_run(&s);
    for (size_t i = 0; i < STACK_SAMPLES * STEPS * N; i++) {
        assert_near(s.work.layer[0].s[i], s.work.input[i], 0);
        assert_near(s.work.d_input[i], s.work.layer[0].g[i], 0);
    }
    stack_free(&s);
}

/* One mask holds for all steps of a sample, or each has its own; samples and epochs differ. */
static void dropout__masks__belong_to_their_sample_step_and_epoch(void **state)
{
    (void)state;
    for (int per_step = 0; per_step < 2; per_step++) {
        const struct stack_case c = dropping(0.5, per_step, STACK_SAMPLES);
        const size_t bytes = N * sizeof(real), masks = per_step ? STEPS : 1;
        struct stack s;
        real before[N];
        stack_build(&s, &c);
        stack_run(&s);
        const real *mask = s.work.layer[0].own;
        assert_int_equal(s.net.layer[0].type->room(&s.net.layer[0], STACK_SAMPLES),
                         STACK_SAMPLES * masks * N);
        for (size_t i = 0; i < STACK_SAMPLES * masks; i++)
            for (size_t k = 0; k < i; k++)
                assert_true(memcmp(mask + i * N, mask + k * N, bytes) != 0);
        memcpy(before, mask, bytes);
        stack_run(&s);
        assert_memory_equal(mask, before, bytes);
        s.shard.epoch++;
        stack_run(&s);
        assert_true(memcmp(mask, before, bytes) != 0);
        stack_free(&s);
    }
}

static void dropout__other_block_size__draws_the_same(void **state)
{
    static const size_t blocks[] = {STACK_SAMPLES, 3, 1};
    double loss[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct stack_case c = dropping(0.5, true, blocks[i]);
        struct stack s;
        stack_build(&s, &c);
        loss[i] = stack_run(&s);
        stack_free(&s);
    }
    assert_near(loss[1], loss[0], 0);
    assert_near(loss[2], loss[0], 0);
}

#ifdef SNN_DOUBLE
static void backward__nets_with_dropout__is_the_derivative_of_the_loss(void **state)
{
    (void)state;
    for (int per_step = 0; per_step < 2; per_step++) {
        const double p = per_step;
        const struct stack_case c = {
            .in = PLANES(1, 4, 4),
            .block = 3,
            .layer = {{"dropout", {{"rate", 0.3}, {"per_step", p}}, SNN_BY_KIND},
                      {"conv2d", {{"filters", 2}, {"kernel", 2}}, SNN_BY_KIND},
                      {"dropout", {{"rate", 0.5}, {"per_step", p}}, SNN_BY_KIND},
                      {"dense", {{"units", 3}}, SNN_BY_KIND}}};
        struct stack s;
        stack_build(&s, &c);
        stack_check_gradient(&s);
        stack_free(&s);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout__training__multiplies_values_and_gradients_by_the_mask),
        cmocka_unit_test(dropout__evaluation__passes_everything_on),
        cmocka_unit_test(dropout__masks__belong_to_their_sample_step_and_epoch),
        cmocka_unit_test(dropout__other_block_size__draws_the_same),
#ifdef SNN_DOUBLE
        cmocka_unit_test(backward__nets_with_dropout__is_the_derivative_of_the_loss),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
