/* SPDX-License-Identifier: MIT */
/* What the optimizer moves, and the constant that it stands for. */
#include "core/neuron/learn.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

/* A value that any of them can be learned from, and a lower end below it. */
#define INITIAL 0.7
#define LOW 0.25

static const double ps[] = {-12, -3, -0.5, -0.01, 0, 0.01, 0.5, 3, 12};

static void own__at_its_start__is_the_value_given(void **state)
{
    static const double initials[] = {0.01, 0.3, INITIAL, 0.95, 0.999};

    (void)state;
    for (enum snn_learnable i = 0; i < SNN_LEARNABLE_COUNT; i++)
        for (size_t k = 0; k < SNN_COUNT(initials); k++) {
            const struct snn_transform *t = snn_transform_of(i, false);
            const double p = t->start(initials[k]);

            assert_near(t->value(p, initials[k], 0), initials[k], 1e-15);
        }
}

static void own__tau__starts_at_the_value_given_whatever_its_lower_end(void **state)
{
    const struct snn_transform *t = snn_transform_of(SNN_LEARN_tau, false);

    (void)state;
    assert_near(t->value(t->start(2), 2, 0.5), 2, 0);
    assert_near(t->value(t->start(0.3), 0.3, LOW), 0.3, 0);
    assert_near(t->value(log(2), 2, 0.5), 0.5 + 1.5 * 2, 1e-15);
}

static void slope__every_transform__is_the_difference_of_the_value(void **state)
{
    const double h = 0x1p-10;

    (void)state;
    for (int k = 0; k < 2 * SNN_LEARNABLE_COUNT; k++) {
        const struct snn_transform *t = snn_transform_of((enum snn_learnable)(k / 2), k % 2);

        for (size_t i = 0; i < SNN_COUNT(ps); i++) {
            double sum = 0, slope = t->slope(ps[i], INITIAL, LOW);

            for (int j = -2; j <= 2; j++)
                sum += (double[]){1, -8, 0, 8, -1}[j + 2] * t->value(ps[i] + j * h, INITIAL, LOW);
            assert_near(slope, sum / (12 * h), 1e-10 * fmax(1, fabs(slope)));
        }
    }
}

/* Wherever p goes, the constant stays what the dynamics can bear. */
static void own__any_p__stays_in_range(void **state)
{
    (void)state;
    for (double p = -30; p <= 30; p += 0.5) {
        double tau = snn_transform_of(SNN_LEARN_tau, false)->value(p, 2, LOW);
        double threshold = snn_transform_of(SNN_LEARN_threshold, false)->value(p, 1, 0);
        double alpha = snn_transform_of(SNN_LEARN_alpha, false)->value(p, 0.5, 0);
        double plus = snn_transform_of(SNN_LEARN_coefficients, false)->value(p, 0.5, 0);
        double minus = snn_transform_of(SNN_LEARN_coefficients, false)->value(p, -0.5, 0);

        assert_true(tau > LOW && isfinite(tau));
        assert_true(threshold > 0 && isfinite(threshold));
        assert_true(alpha > 0 && alpha < 1);
        assert_true(plus > 0 && minus < 0 && plus == -minus);
    }
}

static void own__every_transform__grows_with_p(void **state)
{
    (void)state;
    for (enum snn_learnable i = 0; i < SNN_LEARNABLE_COUNT; i++)
        for (size_t k = 0; k < SNN_COUNT(ps); k++)
            assert_true(snn_transform_of(i, false)->slope(ps[k], INITIAL, LOW) > 0);
}

/* tau = tau_0 (1 + e^p) with p at 0, so it begins at twice tau_0; the others are p itself. */
static void spikede__conventions__are_its_own(void **state)
{
    const struct snn_transform *tau = snn_transform_of(SNN_LEARN_tau, true);

    (void)state;
    assert_near(tau->start(1.5), 0, 0);
    assert_near(tau->value(0, 1.5, LOW), 3, 0);
    assert_near(tau->value(log(3), 1.5, LOW), 6, 1e-14);
    for (enum snn_learnable i = 0; i < SNN_LEARNABLE_COUNT; i++) {
        const struct snn_transform *t = snn_transform_of(i, true);

        if (i == SNN_LEARN_tau)
            continue;
        assert_near(t->start(INITIAL), INITIAL, 0);
        assert_near(t->value(1.25, INITIAL, LOW), 1.25, 0);
        assert_near(t->slope(1.25, INITIAL, LOW), 1, 0);
    }
}

static void find__every_name__is_that_transform(void **state)
{
    (void)state;
    for (int k = 0; k < 2 * SNN_LEARNABLE_COUNT; k++) {
        const struct snn_transform *t = snn_transform_of((enum snn_learnable)(k / 2), k % 2);

        assert_ptr_equal(snn_transform_find(t->name), t);
    }
    assert_null(snn_transform_find("abov"));
    assert_null(snn_transform_find(""));
}

static void name__every_learnable__is_its_rows(void **state)
{
    (void)state;
    assert_int_equal(snn_learnables.count, SNN_LEARNABLE_COUNT);
    for (enum snn_learnable i = 0; i < SNN_LEARNABLE_COUNT; i++)
        assert_string_equal(snn_learnable_name(i), snn_registry_at(&snn_learnables, i)->name);
#define IS_NAMED(id) assert_string_equal(snn_learnable_name(SNN_LEARN_##id), #id);
    SNN_LEARNABLES(IS_NAMED)
#undef IS_NAMED
}

static void allows__per_neuron__where_there_is_no_term(void **state)
{
    (void)state;
    for (enum snn_learnable i = 0; i < SNN_LEARNABLE_COUNT; i++) {
        const bool by_term = i == SNN_LEARN_alpha || i == SNN_LEARN_coefficients;

        assert_int_equal(snn_learnable_by_term(i), by_term);
        assert_true(snn_learnable_allows(i, SNN_FIXED));
        assert_true(snn_learnable_allows(i, SNN_PER_LAYER));
        assert_int_equal(snn_learnable_allows(i, SNN_PER_NEURON), !by_term);
    }
}

static void check__a_value_without_a_p__is_refused(void **state)
{
    static const struct {
        enum snn_learnable which;
        double value;
        const char *says; /* NULL = allowed */
    } rows[] = {
        {SNN_LEARN_alpha, 1, "alpha is 1"},
        {SNN_LEARN_alpha, 0, "alpha is 0"},
        {SNN_LEARN_alpha, -0.5, "alpha is -0.5"},
        {SNN_LEARN_alpha, NAN, "alpha is"},
        {SNN_LEARN_alpha, 0.999, NULL},
        {SNN_LEARN_threshold, 0, "threshold is 0"},
        {SNN_LEARN_threshold, -1, "threshold is -1"},
        {SNN_LEARN_threshold, NAN, "threshold is"},
        {SNN_LEARN_threshold, 1e-6, NULL},
        {SNN_LEARN_coefficients, 0, "coefficient is 0"},
        {SNN_LEARN_coefficients, -2, NULL},
        {SNN_LEARN_tau, 1e-3, NULL},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        struct snn_error err = {0};
        const enum snn_code rc = snn_learnable_check(rows[i].which, rows[i].value, &err);

        assert_int_equal(rc, rows[i].says ? SNN_INVALID : SNN_OK);
        assert_contains(err.message, rows[i].says ? rows[i].says : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own__at_its_start__is_the_value_given),
        cmocka_unit_test(own__tau__starts_at_the_value_given_whatever_its_lower_end),
        cmocka_unit_test(slope__every_transform__is_the_difference_of_the_value),
        cmocka_unit_test(own__any_p__stays_in_range),
        cmocka_unit_test(own__every_transform__grows_with_p),
        cmocka_unit_test(spikede__conventions__are_its_own),
        cmocka_unit_test(find__every_name__is_that_transform),
        cmocka_unit_test(name__every_learnable__is_its_rows),
        cmocka_unit_test(allows__per_neuron__where_there_is_no_term),
        cmocka_unit_test(check__a_value_without_a_p__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
