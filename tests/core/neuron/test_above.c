/* SPDX-License-Identifier: MIT */
/* What a layer above took, left to the neurons' backward pass, gives what the product itself does;
 * and a readout's gradient, which joins all steps at once, what it does step by step. */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/neuron/neuron.h"
#include "tests/support/test.h"

/* No number of neurons that are taken at a time divides N. */
enum { T = 11, N = 601, MOST = SNN_FEW_ABOVE };

static _Alignas(64) real panels[MOST * (N + SNN_PANEL)];
static real steps[T], rs[N], thresholds[N], x[T * N], s[T * N], weight[MOST * N], d[T * MOST];
static real read[T * N];
static double d_threshold[N];
static real wanted[T * N], got[T * N], wanted_sum[N], got_sum[N], wanted_du[T * N], got_du[T * N];

static struct snn_cell cell_of(const char *surrogate, const char *reset)
{
    const struct snn_neuron_spec spec = snn_neuron_spec_default();
    for (size_t t = 0; t < T; t++)
        steps[t] = (real)(1 - 0.01 * (double)t);
    for (size_t i = 0; i < N; i++) {
        rs[i] = (real)(0.4 + 0.0001 * (double)i);
        thresholds[i] = 1;
    }
    const struct snn_surrogate *row = (const void *)snn_registry_find(&snn_surrogates, surrogate);
    for (size_t i = 0; i < T * N; i++) {
        x[i] = (real)(1.5 * sin((double)(i * i)));
        s[i] = row->training == SNN_SPIKE_HARD ? x[i] >= 0 : (real)(0.5 + 0.3 * sin((double)i));
    }
    for (size_t i = 0; i < MOST * N; i++)
        weight[i] = (real)cos((double)(i * i));
    for (size_t i = 0; i < T * MOST; i++)
        d[i] = (real)sin(3 * (double)i);
    for (size_t i = 0; i < T * N; i++)
        read[i] = (real)cos(5 * (double)i);
    return (struct snn_cell){
        .neuron = snn_neuron_of(&spec.model),
        .solver = snn_solver_of(&spec.solver),
        .surrogate = row,
        .reset = (const void *)snn_registry_find(&snn_resets, reset),
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
struct how {
    size_t many;
    bool sums, left;
    size_t cut;    /* undone in two calls, the second from this step on; 0: in one */
    bool readout;  /* of the membrane, which has a gradient of its own */
    bool by_steps; /* as a learned threshold wants it */
};

/* du NULL: nobody looks at it. */
static void run(const struct snn_cell *c, const struct how *how, real *g, real *sum, real *du)
{
    const struct snn_above above = {d, panels, how->many};
    static real lambda[N], scratch[4 * N];
    memset(lambda, 0, sizeof lambda);
    memset(sum, 0, N * sizeof *sum);
    memset(g, 0, T * N * sizeof *g);
    snn_above_fill(panels, weight, how->many, N);
    for (size_t t = 0; !how->left && t < T; t++)
        for (size_t k = 0; k < how->many; k++)
            for (size_t i = 0; i < N; i++)
                g[t * N + i] += d[t * how->many + k] * weight[k * N + i];
    for (size_t to = T, from = how->cut;; to = from, from = 0) {
        snn_cell_backward(
            c, &(struct snn_cell_backward){.from = from,
                                           .to = to,
                                           .x = x,
                                           .s = s,
                                           .g = g,
                                           .above = how->left ? &above : NULL,
                                           .g_membrane = how->readout ? read : NULL,
                                           .d_membrane = du,
                                           .d_current_sum = how->sums ? sum : NULL,
                                           .lambda = lambda,
                                           .scratch = scratch,
                                           .d.threshold = how->by_steps ? d_threshold : NULL});
        if (from == 0)
            return;
    }
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

/* On every instruction set, for surrogates of each kind, with resets that are products and not. */
static void for_each(void (*look)(const struct snn_cell *c, size_t many))
{
    static const char *const surrogates[] = {"arctan", "linear", "sigmoid", "noisy"};
    static const char *const reset[] = {"scaled", "zero"};
    static const size_t many[] = {1, 10, MOST};
    const char *before = snn_isa();
    for (size_t i = 0; snn_isa_at(i); i++) {
        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        for (size_t j = 0; j < SNN_COUNT(surrogates) * SNN_COUNT(reset) * SNN_COUNT(many); j++) {
            const struct snn_cell c = cell_of(surrogates[j % SNN_COUNT(surrogates)],
                                              reset[j / SNN_COUNT(surrogates) % SNN_COUNT(reset)]);
            assert_true(snn_cell_takes_above(&c));
            look(&c, many[j / SNN_COUNT(surrogates) / SNN_COUNT(reset)]);
        }
    }
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
}

static void look_at_product(const struct snn_cell *c, size_t many)
{
    run(c, &(struct how){.many = many}, wanted, wanted_sum, wanted_du);
    run(c, &(struct how){.many = many, .left = true}, got, got_sum, got_du);
    assert_alike(got, wanted, T * N);
    assert_alike(got_du, wanted_du, T * N);
    run(c, &(struct how){.many = many, .sums = true}, wanted, wanted_sum, wanted_du);
    run(c, &(struct how){.many = many, .sums = true, .left = true}, got, got_sum, got_du);
    assert_alike(got_sum, wanted_sum, N);
    assert_alike(got_du, wanted_du, T * N);
    if (c->reset->b == 0) { /* the same, though nobody leaves it to such */
        struct snn_cell attached = *c;
        attached.detach_reset = false;
        run(&attached, &(struct how){.many = many}, wanted, wanted_sum, wanted_du);
        run(&attached, &(struct how){.many = many, .left = true}, got, got_sum, got_du);
        assert_alike(got, wanted, T * N);
    }
}

static void above__left_to_the_neurons__gives_what_the_product_does(void **state)
{
    (void)state;
    for_each(look_at_product);
}

/* In one call with du, and in two without, from step T / 2 on and before it. */
static void look_at_bits(const struct snn_cell *c, size_t many)
{
    for (int k = 0; k < 4; k++) {
        struct how how = {.many = many, .left = true, .sums = k % 2, .readout = k / 2};
        run(c, &how, wanted, wanted_sum, wanted_du);
        how.cut = T / 2;
        run(c, &how, got, got_sum, NULL);
        if (how.sums)
            assert_memory_equal(got_sum, wanted_sum, sizeof got_sum);
        else
            assert_memory_equal(got, wanted, sizeof got);
        run(c, &how, got, got_sum, got_du);
        assert_memory_equal(got_du, wanted_du, sizeof got_du);
    }
}

static void look_at_readout(const struct snn_cell *c, size_t many)
{
    for (int k = 0; k < 4; k++) {
        struct how how = {.many = many, .left = k / 2, .sums = k % 2, .readout = true};
        run(c, &how, got, got_sum, got_du);
        how.by_steps = true;
        run(c, &how, wanted, wanted_sum, wanted_du);
        assert_alike(got_du, wanted_du, T * N);
        if (how.sums)
            assert_alike(got_sum, wanted_sum, N);
        else
            assert_alike(got, wanted, T * N);
    }
}

static void readout__joins_all_steps_at_once__gives_what_it_does_step_by_step(void **state)
{
    (void)state;
    for_each(look_at_readout);
}

static void above__looked_at_or_cut__is_the_same_to_the_bit(void **state)
{
    (void)state;
    for_each(look_at_bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(above__left_to_the_neurons__gives_what_the_product_does),
        cmocka_unit_test(above__looked_at_or_cut__is_the_same_to_the_bit),
        cmocka_unit_test(readout__joins_all_steps_at_once__gives_what_it_does_step_by_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
