/* SPDX-License-Identifier: MIT */
/* W^T filter(dL/du) and filter(W^T dL/du) are the same gradient. */
#include "core/layer/narrow.h"

#include <math.h>
#include <string.h>

#include "core/neuron/neuron.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

enum { SAMPLES = 3, STEPS = 11, IN = 21, OUT = 19, ROWS = SAMPLES * STEPS };

static real h[STEPS], r[OUT];

static struct snn_cell cell_of(const char *surrogate, const char *reset, const char *solver,
                               const char *neuron)
{
    static struct snn_choice model, solve, window, take;
    model = runs_choice(&snn_neurons, neuron);
    solve = runs_choice(&snn_solvers, solver);
    window = runs_choice(&snn_surrogates, surrogate);
    take = runs_choice(&snn_resets, reset);
    for (size_t t = 0; t < STEPS; t++)
        h[t] = (real)(1 - 0.03 * (double)t); /* steps may differ, neurons may not */
    for (size_t i = 0; i < OUT; i++)
        r[i] = (real)0.4;
    return (struct snn_cell){.neuron = snn_neuron_of(&model),
                             .solver = snn_solver_of(&solve),
                             .surrogate = snn_surrogate_of(&window),
                             .reset = snn_reset_of(&take),
                             .r = r,
                             .h = h,
                             .n = OUT,
                             .time_steps = STEPS};
}

static double some(size_t i)
{
    return sin(12.9 * (double)i) + 0.3 * cos(3.7 * (double)(i * i));
}

/* By the definition, in double: dL/dI of each neuron, then its weights. */
static void want_of(double *want, const real *du, const real *weight, const struct snn_cell *c)
{
    memset(want, 0, sizeof(double) * ROWS * IN);
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t j = 0; j < OUT; j++) {
            double lambda = 0;
            for (size_t t = STEPS; t-- > 0;) {
                const size_t row = i * STEPS + t;
                const double d = (double)du[row * OUT + j];
                const double d_input = (d + (double)h[t] * lambda) * (double)r[j];
                lambda = d + lambda - (double)c->neuron->leak * d_input;
                for (size_t k = 0; k < IN; k++)
                    want[row * IN + k] += d_input * (double)weight[j * IN + k];
            }
        }
}

/* The gradient of lists, of dL/du where one of `gap` is not 0; false where it refused. */
static bool check(const struct snn_cell *c, size_t gap)
{
    static double want[ROWS * IN];
    static real du[ROWS * OUT], weight[OUT * IN], got[ROWS * IN];
    struct snn_arena a = {0};
    struct snn_narrow n;
    snn_narrow_place(&n, &a, ROWS, IN, OUT);
    assert_true(snn_arena_build(&a));
    snn_narrow_place(&n, &a, ROWS, IN, OUT);
    for (size_t i = 0; i < ROWS * OUT; i++)
        du[i] = i % gap ? 0 : (real)some(i);
    for (size_t i = 0; i < OUT * IN; i++)
        weight[i] = (real)some(i + 7);
    for (size_t i = 0; i < ROWS * IN; i++)
        got[i] = 99;
    const bool is_listed = snn_narrow_back(&n, got, du, weight, c, IN, SAMPLES);
    want_of(want, du, weight, c);
    for (size_t i = 0; i < ROWS * IN; i++)
        assert_near(got[i], is_listed ? want[i] : 99,
                    sizeof(real) == sizeof(double) ? 1e-13 : 1e-5);
    snn_arena_free(&a);
    return is_listed;
}

static void back__few_with_a_gradient__is_that_of_all(void **state)
{
    const struct snn_cell lif = cell_of("linear", "subtract", "euler", "lif");
    (void)state;
    assert_true(check(&lif, 5));
    assert_true(check(&lif, 1000));
    assert_false(check(&lif, 2)); /* many: a dense product is faster, and is left to the caller */
    const struct snn_cell if_ = cell_of("triangular", "none", "euler", "if");
    assert_true(check(&if_, 7));
}

static void suits__what_does_not_filter_alike__no(void **state)
{
    const struct snn_cell cells[] = {
        cell_of("sigmoid", "subtract", "euler", "lif"), /* a gradient everywhere */
    };
    (void)state;
    assert_false(snn_narrow_suits(&cells[0]));
    const struct snn_cell zero = cell_of("linear", "zero", "euler", "lif");
    assert_false(snn_narrow_suits(&zero));
    const struct snn_cell gl = cell_of("linear", "subtract", "gl", "lif");
    assert_false(snn_narrow_suits(&gl));
    const struct snn_cell alif = cell_of("linear", "subtract", "euler", "alif");
    assert_false(snn_narrow_suits(&alif));
    const struct snn_cell lif = cell_of("boxcar", "scaled", "euler", "lif");
    assert_true(snn_narrow_suits(&lif));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(back__few_with_a_gradient__is_that_of_all),
        cmocka_unit_test(suits__what_does_not_filter_alike__no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
