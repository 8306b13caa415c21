/* SPDX-License-Identifier: MIT */
/* The solvers' tables of weights, and their derivatives. */
#include "core/neuron/solver.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

#define LAGS 6
#define LONG 40 /* lags where digits could be lost */

static const struct snn_solver *solver_named(const char *name)
{
    const struct snn_choice c = {.kind = snn_registry_find(&snn_solvers, name)};

    assert_non_null(c.kind);
    return snn_solver_of(&c);
}

static const struct snn_solver *solver_at(size_t i)
{
    const struct snn_choice c = {.kind = snn_registry_at(&snn_solvers, i)};

    return snn_solver_of(&c);
}

/* A table with room of its own. */
struct table {
    struct snn_weights_table t;
    double w[LONG + 1], dw[2 * SNN_MAX_TERMS][LONG + 1];
};

static void compute(struct table *t, const struct snn_solver *s, const struct snn_orders *o,
                    size_t lags)
{
    *t = (struct table){.t = {.w = t->w, .lags = lags}};
    for (size_t i = 0; i < SNN_COUNT(t->t.dw); i++)
        t->t.dw[i] = t->dw[i];
    s->weights(&t->t, o);
}

static struct snn_orders one_order(double alpha, double h)
{
    return (struct snn_orders){.alpha = {alpha}, .coefficient = {1}, .n = 1, .h = h};
}

static struct snn_orders three_orders(double h)
{
    return (struct snn_orders){
        .alpha = {0.3, 0.7, 0.95}, .coefficient = {1, 0.5, 0.25}, .n = 3, .h = h};
}

static void assert_weights(const struct table *t, const double *want, size_t n, double tolerance)
{
    for (size_t d = 0; d < n; d++)
        assert_near(t->w[d], want[d], tolerance);
}

/* ------------------------------------------------------------------------------- weights -- */

static void gl__published_digits__are_met(void **state)
{
    static const struct {
        double alpha, c[LAGS + 1];
    } rows[] = {
        {.3, {1, -.3, -.105, -.0595, -.0401625, -.0297203, -.0232809}},
        {.5, {1, -.5, -.125, -.0625, -.0390625, -.02734375, -.0205078}},
        {.8, {1, -.8, -.08, -.032, -.0176, -.011264, -.0078848}},
    };
    static const double steps[] = {1, 0.5, 3};
    struct table t;

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++)
        for (size_t k = 0; k < SNN_COUNT(steps); k++) {
            const struct snn_orders o = one_order(rows[i].alpha, steps[k]);

            compute(&t, solver_named("gl"), &o, LAGS);
            assert_near(t.t.a, pow(steps[k], rows[i].alpha), 1e-15);
            assert_weights(&t, rows[i].c, LAGS + 1, 5e-8);
        }
}

/* alpha 1/2: second differences of the square root, and Gamma(3/2) = sqrt(pi)/2. */
static void l1__order_a_half__is_made_of_square_roots(void **state)
{
    const double r2 = sqrt(2), r3 = sqrt(3);
    const double want[] = {0, r2 - 2, r3 - 2 * r2 + 1, 2 - 2 * r3 + r2};
    const struct snn_orders o = one_order(0.5, 0.25);
    struct table t;

    (void)state;
    compute(&t, solver_named("l1"), &o, LAGS);
    assert_near(t.t.a, 0.5 * sqrt(acos(-1)) / 2, 1e-15);
    assert_weights(&t, want, SNN_COUNT(want), 1e-15);
}

static void pred__order_a_half__is_made_of_square_roots(void **state)
{
    const double b = 0.5 * 2 / sqrt(acos(-1)); /* h^(1/2) / Gamma(3/2) */
    const double want[] = {b, b * (sqrt(2) - 1), b * (sqrt(3) - sqrt(2)), b * (2 - sqrt(3))};
    const struct snn_orders o = one_order(0.5, 0.25);
    struct table t;

    (void)state;
    compute(&t, solver_named("pred"), &o, LAGS);
    assert_weights(&t, want, SNN_COUNT(want), 1e-15);
}

static void trap__any_order__is_l1(void **state)
{
    struct table l1, trap;

    (void)state;
    for (double alpha = 0.05; alpha <= 1; alpha += 0.05) {
        const struct snn_orders o = one_order(alpha, 0.5);

        compute(&l1, solver_named("l1"), &o, LAGS);
        compute(&trap, solver_named("trap"), &o, LAGS);
        assert_true(l1.t.a == trap.t.a && l1.t.da[0] == trap.t.da[0]);
        assert_memory_equal(l1.w, trap.w, sizeof l1.w);
        assert_memory_equal(l1.dw, trap.dw, sizeof l1.dw);
    }
}

/* C_d = sum_i q_i h^-a_i c_d(a_i), from the tables of single terms. */
static void gl__several_terms__are_the_sum_of_single_ones(void **state)
{
    const struct snn_orders all = three_orders(0.5);
    struct table t, single;
    double sum[LAGS + 1] = {0};

    (void)state;
    compute(&t, solver_named("gl"), &all, LAGS);
    for (size_t i = 0; i < all.n; i++) {
        const struct snn_orders o = one_order(all.alpha[i], all.h);

        compute(&single, solver_named("gl"), &o, LAGS);
        for (size_t d = 0; d <= LAGS; d++)
            sum[d] += all.coefficient[i] * single.w[d] / single.t.a;
    }
    assert_near(t.t.a, 1 / sum[0], 1e-15);
    for (size_t d = 0; d <= LAGS; d++)
        assert_near(t.w[d], sum[d] / sum[0], 1e-15);
}

static void gl__a_single_term__has_its_coefficient_for_spikede_only(void **state)
{
    struct snn_orders o = one_order(0.6, 0.5);
    struct table t;

    (void)state;
    o.coefficient[0] = 4;
    compute(&t, solver_named("gl"), &o, LAGS);
    assert_near(t.t.a, pow(0.5, 0.6), 1e-15);
    assert_near(t.t.da[1], 0, 0);
    o.spikede = true;
    compute(&t, solver_named("gl"), &o, LAGS);
    assert_near(t.t.a, pow(0.5, 0.6) / 4, 1e-15);
    assert_near(t.t.da[1], -pow(0.5, 0.6) / 16, 1e-15);
}

/* ------------------------------------------------------------------------------- order 1 -- */

/* y_{k+1} = y_k + h f_k: nothing else of the past with weights of states, all of it alike with
 * weights of f. */
static void assert_euler(const struct table *t, const struct snn_solver *s, double h)
{
    if (!s->sums_f)
        assert_near(t->t.a, h, 1e-14);
    for (size_t d = s->sums_f ? 0 : 1; d <= LONG; d++)
        assert_near(t->w[d], s->sums_f ? h : d == 1 ? -1 : 0, 1e-13);
}

static void weights__order_1__are_eulers(void **state)
{
    static const double steps[] = {0.25, 1, 3};
    struct table t;

    (void)state;
    for (size_t i = 0; i < snn_solvers.count; i++)
        for (size_t k = 0; k < SNN_COUNT(steps) && solver_at(i)->has_history; k++) {
            const struct snn_orders o = one_order(1, steps[k]);

            compute(&t, solver_at(i), &o, LONG);
            assert_euler(&t, solver_at(i), steps[k]);
        }
}

static void weights__near_order_1__are_near_eulers(void **state)
{
    const struct snn_orders o = one_order(1 - 1e-9, 0.5), exact = one_order(1, 0.5);
    struct table t, want;

    (void)state;
    for (size_t i = 0; i < snn_solvers.count; i++) {
        if (!solver_at(i)->has_history)
            continue;
        compute(&t, solver_at(i), &o, LONG);
        compute(&want, solver_at(i), &exact, LONG);
        assert_near(t.t.a, want.t.a, 1e-8);
        assert_weights(&t, want.w, LONG + 1, 1e-8);
    }
}

/* 0^0 = 1 there, so w_1 = 2^0 - 2 + 0^0 = 0: the state before is forgotten. */
static void weights__order_1_of_spikede__differ_in_l1_only(void **state)
{
    struct table own, theirs;

    (void)state;
    for (size_t i = 0; i < snn_solvers.count; i++) {
        const bool is_l1 =
            solver_at(i) == solver_named("l1") || solver_at(i) == solver_named("trap");
        struct snn_orders o = one_order(1, 0.5);

        if (!solver_at(i)->has_history)
            continue;
        compute(&own, solver_at(i), &o, LAGS);
        o.spikede = true;
        compute(&theirs, solver_at(i), &o, LAGS);
        assert_true(own.t.a == theirs.t.a);
        if (is_l1) {
            assert_near(theirs.w[1], 0, 0);
            theirs.w[1] = -1;
        }
        assert_memory_equal(own.w, theirs.w, sizeof own.w);
    }
}

/* --------------------------------------------------------------------------- derivatives -- */

/* d/d*number of a and of every weight, from five points. */
static void differences(struct table *out, const struct snn_solver *s, struct snn_orders *o,
                        double *number)
{
    static const double factors[] = {1, -8, 0, 8, -1};
    const double h = 0x1p-10, middle = *number;
    struct table t;

    *out = (struct table){0};
    for (int p = 0; p < 5; p++) {
        *number = middle + (p - 2) * h;
        compute(&t, s, o, LONG);
        out->t.a += factors[p] * t.t.a / (12 * h);
        for (size_t d = 0; d <= LONG; d++)
            out->w[d] += factors[p] * t.w[d] / (12 * h);
    }
    *number = middle;
}

static void assert_derivatives(const struct snn_solver *s, struct snn_orders *o)
{
    struct table t, want;

    compute(&t, s, o, LONG);
    for (size_t p = 0; p < (o->n > 1 ? 2 : 1) * o->n; p++) {
        differences(&want, s, o, p < o->n ? &o->alpha[p] : &o->coefficient[p - o->n]);
        assert_near(t.t.da[p], want.t.a, 2e-9);
        for (size_t d = s->sums_f ? 0 : 1; d <= LONG; d++)
            assert_near(t.dw[p][d], want.w[d], 2e-9);
    }
}

static void derivatives__every_solver__are_differences_of_the_weights(void **state)
{
    static const double steps[] = {0.25, 1, 2.5}, alphas[] = {0.1, 0.35, 0.5, 0.8, 0.99};

    (void)state;
    for (size_t i = 0; i < snn_solvers.count; i++)
        for (size_t k = 0; k < SNN_COUNT(steps) && solver_at(i)->has_history; k++) {
            struct snn_orders many = three_orders(steps[k]);

            for (size_t j = 0; j < SNN_COUNT(alphas); j++) {
                struct snn_orders o = one_order(alphas[j], steps[k]);
                assert_derivatives(solver_at(i), &o);
            }
            if (solver_at(i)->many_terms)
                assert_derivatives(solver_at(i), &many);
        }
}

/* spikeDE holds Gamma(2 - alpha) and Gamma(alpha) constant: the rest of the derivative is the same.
 */
static void derivatives__of_spikede__lack_the_digamma_term(void **state)
{
    struct snn_orders own = one_order(0.6, 0.5), theirs = own;
    struct table a, b;

    (void)state;
    theirs.spikede = true;
    compute(&a, solver_named("l1"), &own, LAGS);
    compute(&b, solver_named("l1"), &theirs, LAGS);
    assert_near(b.t.da[0] - a.t.da[0], a.t.a * snn_digamma(1.4), 1e-15);
    assert_memory_equal(a.dw, b.dw, sizeof a.dw);
    compute(&a, solver_named("pred"), &own, LAGS);
    compute(&b, solver_named("pred"), &theirs, LAGS);
    for (size_t d = 0; d <= LAGS; d++)
        assert_near(b.dw[0][d] - a.dw[0][d], a.w[d] * snn_digamma(0.6), 1e-15);
    compute(&a, solver_named("gl"), &own, LAGS);
    compute(&b, solver_named("gl"), &theirs, LAGS);
    assert_memory_equal(a.dw[0], b.dw[0], sizeof a.dw[0]);
}

static void weights__derivatives_not_wanted__are_the_same(void **state)
{
    const struct snn_orders o = three_orders(0.5), one = one_order(0.4, 0.5);
    struct table with;
    double w[LAGS + 1];

    (void)state;
    for (size_t i = 0; i < snn_solvers.count; i++) {
        const struct snn_orders *orders = solver_at(i)->many_terms ? &o : &one;
        struct snn_weights_table without = {.w = w, .lags = LAGS};

        if (!solver_at(i)->has_history)
            continue;
        compute(&with, solver_at(i), orders, LAGS);
        solver_at(i)->weights(&without, orders);
        assert_true(with.t.a == without.a);
        assert_memory_equal(with.w, w, sizeof w);
    }
}

/* -------------------------------------------------------------------------------- memory -- */

static void lags__memory_and_steps__give_the_lesser(void **state)
{
    static const struct {
        size_t memory, steps, own, spikede;
    } rows[] = {
        {SNN_ALL_STATES, 8, 7, 7},
        {SNN_ALL_STATES, 1, 0, 0},
        {0, 8, 0, 0},
        {1, 8, 1, 0},
        {2, 8, 2, 1},
        {7, 8, 7, 6},
        {8, 8, 7, 7},
        {9, 8, 7, 7},
        {100, 8, 7, 7},
        {3, 1, 0, 0},
        {3, 0, 0, 0},
        {4, 4, 3, 3},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        assert_int_equal(snn_solver_lags(rows[i].memory, rows[i].steps, false), rows[i].own);
        assert_int_equal(snn_solver_lags(rows[i].memory, rows[i].steps, true), rows[i].spikede);
    }
}

static void place__arrays__are_those_asked_for(void **state)
{
    struct snn_arena arena = {0};
    struct snn_weights_table t;

    (void)state;
    for (int pass = 0; pass < 2; pass++) {
        snn_weights_place(&t, &arena, LAGS, 2, true);
        if (pass == 0)
            assert_true(snn_arena_build(&arena));
    }
    assert_int_equal(t.lags, LAGS);
    assert_non_null(t.w);
    for (size_t p = 0; p < SNN_COUNT(t.dw); p++)
        assert_int_equal(t.dw[p] != NULL, p < 4);
    assert_false(arena.failed);
    snn_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gl__published_digits__are_met),
        cmocka_unit_test(l1__order_a_half__is_made_of_square_roots),
        cmocka_unit_test(pred__order_a_half__is_made_of_square_roots),
        cmocka_unit_test(trap__any_order__is_l1),
        cmocka_unit_test(gl__several_terms__are_the_sum_of_single_ones),
        cmocka_unit_test(gl__a_single_term__has_its_coefficient_for_spikede_only),
        cmocka_unit_test(weights__order_1__are_eulers),
        cmocka_unit_test(weights__near_order_1__are_near_eulers),
        cmocka_unit_test(weights__order_1_of_spikede__differ_in_l1_only),
        cmocka_unit_test(derivatives__every_solver__are_differences_of_the_weights),
        cmocka_unit_test(derivatives__of_spikede__lack_the_digamma_term),
        cmocka_unit_test(weights__derivatives_not_wanted__are_the_same),
        cmocka_unit_test(lags__memory_and_steps__give_the_lesser),
        cmocka_unit_test(place__arrays__are_those_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
