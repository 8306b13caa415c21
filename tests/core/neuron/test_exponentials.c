/* SPDX-License-Identifier: MIT */
/* The fit of decaying exponentials to the weights of a solver: how near it comes, that what it
 * makes of a derivative is the derivative of what it makes, and what its arrays say. That the
 * states sum what the weights do is in test_history.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/neuron/neuron.h"
#include "tests/support/test.h"

#define LONG 10000

/* A solver's table with exponentials, of one block. */
struct fixture {
    struct snn_weights_table t;
    const struct snn_solver *solver;
    struct snn_arena arena;
};

static struct snn_orders orders_of(double alpha, size_t terms)
{
    return (struct snn_orders){
        .alpha = {alpha, 0.3}, .coefficient = {1, 0.5}, .n = terms, .h = 0.75};
}

static void build(struct fixture *f, const char *solver, const struct snn_orders *o, size_t lags,
                  size_t count)
{
    const struct snn_choice c = {.kind = snn_registry_find(&snn_solvers, solver)};

    *f = (struct fixture){.solver = snn_solver_of(&c)};
    for (int pass = 0; pass < 2; pass++) {
        snn_weights_place(&f->t, &f->arena, lags, o->n, true);
        snn_weights_approximate(&f->t, &f->arena, f->solver, o, count, true);
        if (pass == 0)
            assert_true(snn_arena_build(&f->arena));
    }
    assert_false(f->arena.failed);
    snn_weights_fill(&f->t, f->solver, o);
}

static void exact(double w[LONG + 1], const struct fixture *f, const struct snn_orders *o)
{
    struct snn_weights_table t = {.w = w, .lags = f->t.lags};

    f->solver->weights(&t, o);
}

/* What is missed of the weights, of what they are: the largest of orders 0.1 .. 0.95, as computed
 * apart from this program, by another language's matrices of all lags; and a tenth more. What is
 * below 1e-8 is left to roundings. */
static void error__each_solver__is_within_what_was_measured(void **state)
{
    static const struct {
        const char *solver;
        size_t steps, count;
        double most;
    } rows[] = {
        {"gl", 100, 4, 1.60e-03},     {"gl", 100, 8, 7.10e-06},     {"gl", 100, 12, 2.24e-08},
        {"gl", 100, 24, 1e-8},        {"gl", 1000, 4, 1.32e-02},    {"gl", 1000, 8, 2.07e-04},
        {"gl", 1000, 12, 4.74e-06},   {"gl", 1000, 16, 6.36e-08},   {"gl", 10000, 8, 1.54e-03},
        {"gl", 10000, 12, 7.12e-05},  {"gl", 10000, 16, 2.71e-06},  {"gl", 10000, 24, 1e-8},
        {"l1", 100, 4, 1.46e-03},     {"l1", 100, 8, 6.34e-06},     {"l1", 100, 12, 1.98e-08},
        {"l1", 1000, 8, 1.93e-04},    {"l1", 1000, 12, 4.36e-06},   {"l1", 1000, 16, 5.81e-08},
        {"l1", 10000, 24, 1e-8},      {"pred", 100, 4, 1.35e-03},   {"pred", 100, 8, 6.63e-06},
        {"pred", 100, 12, 2.73e-08},  {"pred", 1000, 4, 1.58e-02},  {"pred", 1000, 8, 2.11e-04},
        {"pred", 1000, 12, 3.25e-06}, {"pred", 1000, 16, 6.24e-08}, {"pred", 10000, 24, 1e-8},
    };
    static const double alphas[] = {0.1, 0.3, 0.5, 0.7, 0.95};
    static double w[LONG + 1];

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        double before = 0;

        for (size_t k = 0; k < SNN_COUNT(alphas); k++) {
            const struct snn_orders o = orders_of(alphas[k], 1);
            double missed = 0, whole = 0;
            struct fixture f;

            build(&f, rows[i].solver, &o, rows[i].steps - 1, rows[i].count);
            exact(w, &f, &o);
            for (size_t d = 0; d <= SNN_NEAR; d++)
                assert_true(f.t.w[d] == w[d]);
            for (size_t d = 1; d < rows[i].steps; d++) {
                missed += fabs(f.t.w[d] - w[d]);
                whole += fabs(w[d]);
            }
            assert_near(f.t.exponentials.error, missed / whole, 1e-12);
            assert_true(missed / whole <= 1.1 * rows[i].most);
            before = fmax(before, missed / whole);
            snn_arena_free(&f.arena);
        }
        assert_true(before > 0);
    }
}

/* An order that has been learned away from where the decays were chosen: computed apart as above,
 * at most 1.34e-6 (gl, order 0.05), and a tenth more. */
static void error__order_learned_since__stays_small(void **state)
{
    static const char *const solvers[] = {"gl", "l1", "pred"};

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(solvers); i++)
        for (double alpha = 0.05; alpha < 0.99; alpha += 0.1) {
            const struct snn_orders first = orders_of(0.5, 1), then = orders_of(alpha, 1);
            struct fixture f;

            build(&f, solvers[i], &first, 299, 12);
            snn_weights_fill(&f.t, f.solver, &then);
            assert_true(f.t.exponentials.error < 1.48e-6);
            snn_arena_free(&f.arena);
        }
}

static void error__several_terms__is_small(void **state)
{
    struct snn_orders o = orders_of(0.9, 2);
    struct fixture f;

    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        o.coefficient[1] = 0.5 * sign;
        build(&f, "gl", &o, 299, 12);
        assert_true(f.t.exponentials.error < 1e-6);
        snn_arena_free(&f.arena);
    }
}

/* The map from weights to what the exponentials make of them is linear, so a difference of two
 * tables is the table of their difference. */
static void derivatives__each_solver_and_term__are_of_the_weights_made(void **state)
{
    static const struct {
        const char *solver;
        size_t terms;
    } rows[] = {{"gl", 1}, {"gl", 2}, {"l1", 1}, {"pred", 1}};
    const double e = 1e-5;

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        const struct snn_orders o = orders_of(0.6, rows[i].terms);
        struct fixture f, up, down;

        build(&f, rows[i].solver, &o, 199, 8);
        build(&up, rows[i].solver, &o, 199, 8);
        build(&down, rows[i].solver, &o, 199, 8);
        for (size_t p = 0; p < 2 * rows[i].terms; p++) {
            struct snn_orders more = o, less = o;
            const bool is_order = p < rows[i].terms;

            *(is_order ? &more.alpha[p] : &more.coefficient[p - rows[i].terms]) += e;
            *(is_order ? &less.alpha[p] : &less.coefficient[p - rows[i].terms]) -= e;
            snn_weights_fill(&up.t, up.solver, &more);
            snn_weights_fill(&down.t, down.solver, &less);
            for (size_t d = 0; d <= f.t.lags && (is_order || rows[i].terms > 1); d++)
                assert_near(f.t.dw[p][d], (up.t.w[d] - down.t.w[d]) / (2 * e), 1e-8);
            for (size_t d = SNN_NEAR + 1; d <= f.t.lags; d++) {
                double sum = 0;
                for (size_t m = 0; m < f.t.exponentials.count; m++)
                    sum += f.t.exponentials.dc[p][m] *
                           pow(f.t.exponentials.lambda[m], (double)(d - SNN_NEAR - 1));
                assert_near(f.t.dw[p][d], sum, 1e-12);
            }
        }
        snn_arena_free(&f.arena);
        snn_arena_free(&up.arena);
        snn_arena_free(&down.arena);
    }
}

/* What the states are multiplied by, a block at a time, and that none grows. */
static void arrays__of_the_states__are_powers_of_the_decays(void **state)
{
    const struct snn_orders o = orders_of(0.5, 1);
    const double near = sizeof(real) == sizeof(double) ? 1e-14 : 1e-7;
    struct fixture f;

    (void)state;
    build(&f, "gl", &o, 999, 24);
    for (size_t m = 0; m < f.t.exponentials.count; m++) {
        const struct snn_exponentials *e = &f.t.exponentials;
        const real *keep = e->keeps + m * (1 + SNN_HISTORY_STEPS);
        const double lambda = e->lambda[m];

        assert_true(lambda > 0 && lambda < 1 && (m == 0 || lambda > e->lambda[m - 1]));
        assert_near(keep[0], pow(lambda, SNN_HISTORY_STEPS), near * 1e-6);
        assert_near(e->decays[m], lambda, near);
        for (size_t j = 0; j < SNN_HISTORY_STEPS; j++) {
            assert_near(keep[1 + j], pow(lambda, (double)(SNN_HISTORY_STEPS - 1 - j)), near);
            assert_near(e->gives[m * SNN_HISTORY_STEPS + j], e->c[m] * pow(lambda, (double)j),
                        near);
        }
    }
    snn_arena_free(&f.arena);
}

static void approximate__few_lags__leaves_the_sums(void **state)
{
    const struct snn_orders o = orders_of(0.5, 1);

    (void)state;
    for (size_t lags = 0; lags < 40; lags++) {
        static double w[LONG + 1];
        struct fixture f;

        build(&f, "gl", &o, lags, 8);
        exact(w, &f, &o);
        assert_int_equal(f.t.exponentials.count, lags > SNN_NEAR + 16 ? 8 : 0);
        if (f.t.exponentials.count == 0)
            assert_memory_equal(f.t.w, w, (lags + 1) * sizeof *w);
        snn_arena_free(&f.arena);
    }
    assert_false(snn_exponentials_fit(0, LONG));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error__each_solver__is_within_what_was_measured),
        cmocka_unit_test(error__order_learned_since__stays_small),
        cmocka_unit_test(error__several_terms__is_small),
        cmocka_unit_test(derivatives__each_solver_and_term__are_of_the_weights_made),
        cmocka_unit_test(arrays__of_the_states__are_powers_of_the_decays),
        cmocka_unit_test(approximate__few_lags__leaves_the_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
