/* SPDX-License-Identifier: MIT */
/* Every instruction set's kernels compute the same network, and no set can be asked for that is not
 * there. That each is right by itself is what the rest of the suite tells, built with ISA=... */
#include <math.h>
#include <string.h>

#include "core/kernel/kernels.h"
#include "tests/support/test.h"

enum { N = 67, STEPS = 9 }; /* no multiple of any vector's width */

static const double tolerance = sizeof(real) == sizeof(double) ? 1e-12 : 2e-5;

static void isa__each_there__selected_and_named(void **state)
{
    struct snn_error err = {0};
    const char *best = snn_isa(), *last = NULL;
    (void)state;
    for (size_t i = 0; snn_isa_at(i); i++) {
        last = snn_isa_at(i);
        assert_int_equal(snn_isa_select(last, &err), SNN_OK);
        assert_string_equal(snn_isa(), last);
    }
    assert_string_equal(best, last); /* what is chosen by itself is the best */
}

static void isa__none_of_that_name__refused_with_those_there(void **state)
{
    struct snn_error err = {0};
    const char *before = snn_isa();
    (void)state;
    assert_int_equal(snn_isa_select("sse9", &err), SNN_NOT_FOUND);
    assert_non_null(strstr(err.message, "sse9"));
    for (size_t i = 0; snn_isa_at(i); i++)
        assert_non_null(strstr(err.message, snn_isa_at(i)));
    assert_string_equal(snn_isa(), before);
}

/* A wave around zero, another for each seed. */
static void wave(real *out, size_t n, double seed)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (real)(1.5 * sin(0.37 * (double)i + seed) + 0.2 * cos(3.1 * (double)i * seed));
}

static void assert_close(const real *a, const real *b, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)(a[i] - b[i])) <= tolerance * fmax(1, fabs((double)a[i]))))
            fail_msg("%s: [%zu] is %.9g on the plainest set and %.9g on %s", what, i, (double)a[i],
                     (double)b[i], snn_isa());
}

/* Runs `fill` on every set; each must give what the first gave. */
static void on_each(void (*fill)(real *out), size_t n, const char *what)
{
    static real first[STEPS * N * 4], now[STEPS * N * 4];
    const char *before = snn_isa();
    for (size_t i = 0; snn_isa_at(i); i++) {
        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        memset(now, 0, sizeof now);
        fill(now);
        if (i == 0)
            memcpy(first, now, sizeof now);
        assert_close(first, now, n, what);
    }
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
}

static size_t row_now;

static void slopes(real *out)
{
    real x[N], s[N], g[N];
    wave(x, N, 1);
    wave(g, N, 2);
    for (size_t i = 0; i < N; i++)
        s[i] = 1 / (1 + (real)exp(-(double)x[i]));
    snn_surrogate_gradient(row_now, out, g, x, s, N, 2);
}

static void kernels__every_surrogate__alike_on_every_set(void **state)
{
    (void)state;
    for (row_now = 0; row_now < snn_surrogates.count; row_now++)
        on_each(slopes, N, snn_registry_at(&snn_surrogates, row_now)->name);
}

static void adam(real *out)
{
    const struct snn_choice c = snn_choice_of(snn_registry_find(&snn_optimizers, "adam"));
    real g[N], m[N] = {0}, v[N] = {0}, *const slot[SNN_MAX_SLOTS] = {m, v};
    wave(out, N, 3);
    for (size_t t = 1; t <= 3; t++) {
        wave(g, N, (double)t);
        snn_optimizer_of(&c)->update(out, g, slot, N, t, &c);
    }
}

static void sums(real *out)
{
    static real a[STEPS * N];
    wave(a, STEPS * N, 4);
    snn_rows_fill(out + N, a, 2, N);
    snn_rows_sum(out, a, STEPS, N);
    snn_add(out, a + N, N);
    out[3 * N] = (real)snn_sum_squares(a, STEPS * N);
    out[3 * N + 1] = snn_squares_finite(a, STEPS * N);
}

static void kernels__sums_and_adam__alike_on_every_set(void **state)
{
    (void)state;
    on_each(sums, 3 * N + 2, "sums");
    on_each(adam, N, "adam");
}

/* Forward and backward of a layer of neurons; x, dL/dI behind each other. No x is near a tie. */
static void neurons(real *out)
{
    static real r[N], threshold[N], h[STEPS], current[STEPS * N], s[STEPS * N];
    struct snn_neuron_spec spec = snn_neuron_spec_default();
    real state[N] = {0}, lambda[N] = {0}, scratch[4 * N];
    for (size_t i = 0; i < N; i++) {
        r[i] = (real)0.5;
        threshold[i] = 1;
    }
    for (size_t t = 0; t < STEPS; t++)
        h[t] = 1;
    wave(current, STEPS * N, 5);
    spec.surrogate = snn_choice_of(snn_registry_find(&snn_surrogates, "arctan"));
    const struct snn_cell c = {.neuron = snn_neuron_of(&spec.model),
                               .solver = snn_solver_of(&spec.solver),
                               .surrogate = snn_surrogate_of(&spec.surrogate),
                               .reset = snn_reset_of(&spec.reset),
                               .r = r,
                               .threshold = threshold,
                               .scale = 2,
                               .detach_reset = true,
                               .h = h,
                               .n = N,
                               .time_steps = STEPS};
    real *x = out, *g = out + STEPS * N;
    const struct snn_cell_forward f = {
        .to = STEPS, .current = current, .current_stride = N, .x = x, .s = s, .state = state};
    snn_cell_forward(&c, &f);
    wave(g, STEPS * N, 6);
    const struct snn_cell_backward b = {
        .to = STEPS, .x = x, .s = s, .g = g, .lambda = lambda, .scratch = scratch};
    snn_cell_backward(&c, &b);
}

static void kernels__neurons_there_and_back__alike_on_every_set(void **state)
{
    (void)state;
    on_each(neurons, 2 * STEPS * N, "neurons");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isa__each_there__selected_and_named),
        cmocka_unit_test(isa__none_of_that_name__refused_with_those_there),
        cmocka_unit_test(kernels__every_surrogate__alike_on_every_set),
        cmocka_unit_test(kernels__sums_and_adam__alike_on_every_set),
        cmocka_unit_test(kernels__neurons_there_and_back__alike_on_every_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
