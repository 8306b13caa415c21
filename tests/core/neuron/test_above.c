/* SPDX-License-Identifier: MIT */
/* What a layer above took, left to the neurons' backward pass, gives what the product itself does.
 */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/neuron/neuron.h"
#include "tests/support/test.h"

/* Neither divides by the steps or the neurons that are taken at a time. */
enum { T = 11, N = 601, MOST = SNN_FEW_ABOVE };

static real steps[T], rs[N], thresholds[N], x[T * N], s[T * N], weight[MOST * N], d[T * MOST];
static real wanted[T * N], got[T * N], wanted_sum[N], got_sum[N], wanted_du[T * N], got_du[T * N];

static struct snn_cell cell_of(const char *surrogate)
{
    const struct snn_neuron_spec spec = snn_neuron_spec_default();
    for (size_t t = 0; t < T; t++)
        steps[t] = (real)(1 - 0.01 * (double)t);
    for (size_t i = 0; i < N; i++) {
        rs[i] = (real)(0.4 + 0.0001 * (double)i);
        thresholds[i] = 1;
    }
    for (size_t i = 0; i < T * N; i++) {
        x[i] = (real)(1.5 * sin((double)(i * i)));
        s[i] = x[i] >= 0;
    }
    for (size_t i = 0; i < MOST * N; i++)
        weight[i] = (real)cos((double)(i * i));
    for (size_t i = 0; i < T * MOST; i++)
        d[i] = (real)sin(3 * (double)i);
    return (struct snn_cell){
        .neuron = snn_neuron_of(&spec.model),
        .solver = snn_solver_of(&spec.solver),
        .surrogate = (const void *)snn_registry_find(&snn_surrogates, surrogate),
        .reset = snn_reset_of(&spec.reset),
        .r = rs,
        .threshold = thresholds,
        .scale = 1,
        .detach_reset = true,
        .h = steps,
        .n = N,
        .time_steps = T,
    };
}

/* The layer above has `many` neurons. `sums`: the input is static. */
static void run(const struct snn_cell *c, size_t many, bool sums, bool left, real *g, real *sum,
                real *du)
{
    const struct snn_above above = {d, weight, many};
    static real lambda[N], scratch[4 * N];
    memset(lambda, 0, sizeof lambda);
    memset(sum, 0, N * sizeof *sum);
    memset(g, 0, T * N * sizeof *g);
    for (size_t t = 0; !left && t < T; t++)
        for (size_t k = 0; k < many; k++)
            for (size_t i = 0; i < N; i++)
                g[t * N + i] += d[t * many + k] * weight[k * N + i];
    snn_cell_backward(c, &(struct snn_cell_backward){.to = T,
                                                     .x = x,
                                                     .s = s,
                                                     .g = g,
                                                     .above = left ? &above : NULL,
                                                     .d_membrane = du,
                                                     .d_current_sum = sums ? sum : NULL,
                                                     .lambda = lambda,
                                                     .scratch = scratch});
}

static void assert_alike(const real *a, const real *b, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)b[i]));
    assert_true(most > 0);
    for (size_t i = 0; i < n; i++)
        assert_near(a[i], b[i], (sizeof(real) == 8 ? 1e-13 : 2e-6) * most);
}

static void above__left_to_the_neurons__gives_what_the_product_does(void **state)
{
    static const char *const surrogates[] = {"arctan", "linear", "sigmoid"};
    static const size_t many[] = {1, 10, MOST};
    const char *before = snn_isa();
    (void)state;
    for (size_t i = 0; snn_isa_at(i); i++)
        for (size_t j = 0; j < SNN_COUNT(surrogates); j++)
            for (size_t k = 0; k < SNN_COUNT(many); k++) {
                const struct snn_cell c = cell_of(surrogates[j]);
                assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
                assert_true(snn_cell_takes_above(&c));
                run(&c, many[k], false, false, wanted, wanted_sum, wanted_du);
                run(&c, many[k], false, true, got, got_sum, got_du);
                assert_alike(got, wanted, T * N);
                assert_alike(got_du, wanted_du, T * N);
                run(&c, many[k], true, false, wanted, wanted_sum, wanted_du);
                run(&c, many[k], true, true, got, got_sum, got_du);
                assert_alike(got_sum, wanted_sum, N);
            }
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(above__left_to_the_neurons__gives_what_the_product_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
