/* SPDX-License-Identifier: MIT */
#include "core/math/approx.h"

#include <float.h>

#include "tests/support/test.h"

/* A walk over the numbers between two bounds, dense and on no lattice. */
#define STEPS 400000

#ifdef SNN_DOUBLE
#define EXP_ERROR 1e-15
#define LOG_ERROR 1e-15
#else
#define EXP_ERROR 1.2e-7 /* relative, as approx.h promises */
#define LOG_ERROR 1e-6   /* absolute, and 1.2e-7 of the value */
#endif

static void exp__whole_range__is_within_its_bound(void **state)
{
    double worst = 0;

    (void)state;
    for (int i = 0; i <= STEPS; i++) {
        real x = (real)(-87.3 + i * (88.3 + 87.3) / STEPS);
        if ((double)x < -87.3 || (double)x > 88.3)
            continue;
        double want = exp((double)x), got = (double)snn_exp(x);
        if (fabs(got - want) / want > worst)
            worst = fabs(got - want) / want;
    }
    assert_true(worst > 0 || sizeof(real) == sizeof(double));
    assert_near(worst, 0, EXP_ERROR);
}

static void exp_double__whole_range__is_within_its_bound(void **state)
{
    double worst = 0;

    (void)state;
    for (int i = 0; i <= STEPS; i++) {
        double x = -708 + i * (709.0 + 708) / STEPS, want = exp(x), got = snn_exp_double(x);
        if (fabs(got - want) / want > worst)
            worst = fabs(got - want) / want;
    }
    assert_near(worst, 0, 5e-16);
    assert_near(snn_exp_double(0), 1, 0);
}

static void exp__special_values__are_exact_or_clamped(void **state)
{
    (void)state;
    assert_near(snn_exp(0), 1, 0);
    assert_near(snn_exp((real)-0.0), 1, 0);
    assert_true(isnan(snn_exp((real)NAN)));
    assert_true(snn_exp(-(real)HUGE_VAL) >= 0 && (double)snn_exp(-(real)HUGE_VAL) < 1.3e-38);
    assert_true((double)snn_exp((real)HUGE_VAL) > 2e38);
    assert_true(snn_exp(-1000) >= 0 && (double)snn_exp(-1000) < 1.3e-38);
    assert_true((double)snn_exp(1000) > 2e38);
}

static void exp__larger_argument__is_no_smaller(void **state)
{
    real before = 0;

    (void)state;
    for (int i = 0; i <= STEPS; i++) {
        real y = snn_exp((real)(-20 + i * 40.0 / STEPS));
        assert_true((double)y >= (double)before * (1 - 2 * EXP_ERROR));
        before = y;
    }
}

static void log__normal_numbers__is_within_its_bound(void **state)
{
    (void)state;
    for (int i = 0; i <= STEPS; i++) {
        real x = (real)exp(-87 + i * (88.7 + 87) / STEPS);
        double want = log((double)x);
        if (fabs((double)snn_log(x) - want) > LOG_ERROR + 1.2e-7 * fabs(want))
            fail_msg("ln %.9g is %.9g, want %.9g", (double)x, (double)snn_log(x), want);
    }
}

/* The noise of `noisy` takes logarithms of halves of odd numbers from 1/2 to 2^23. */
static void log__around_one_and_at_powers_of_two__is_within_its_bound(void **state)
{
    (void)state;
    assert_near(snn_log(1), 0, 0);
    for (int n = -125; n <= 127; n++)
        assert_near(snn_log((real)ldexp(1, n)), n * log(2), LOG_ERROR + 1.2e-7 * fabs((double)n));
    for (int i = -1000; i <= 1000; i++) {
        real x = 1 + (real)i * FLT_EPSILON;
        assert_near(snn_log(x), log((double)x), 1e-9);
    }
    for (int i = 0; i < 1 << 12; i++)
        assert_near(snn_log((real)i + (real)0.5), log(i + 0.5), LOG_ERROR + 1.2e-7 * 9);
}

static void sigmoid__any_number__is_that_of_libm(void **state)
{
    (void)state;
    for (int i = 0; i <= STEPS; i++) {
        real x = (real)(-100 + i * 200.0 / STEPS);
        double want = 1 / (1 + exp(-(double)x)), got = (double)snn_sigmoid(x);
        assert_true(got >= 0 && got <= 1);
        if (fabs(got - want) > 2e-7)
            fail_msg("sigmoid of %g is %.9g, want %.9g", (double)x, got, want);
    }
    assert_near(snn_sigmoid(0), 0.5, 0);
    assert_near(snn_sigmoid((real)HUGE_VAL), 1, 0);
    assert_near(snn_sigmoid(-(real)HUGE_VAL), 0, 1e-37);
    assert_true(isnan(snn_sigmoid((real)NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp__whole_range__is_within_its_bound),
        cmocka_unit_test(exp_double__whole_range__is_within_its_bound),
        cmocka_unit_test(exp__special_values__are_exact_or_clamped),
        cmocka_unit_test(exp__larger_argument__is_no_smaller),
        cmocka_unit_test(log__normal_numbers__is_within_its_bound),
        cmocka_unit_test(log__around_one_and_at_powers_of_two__is_within_its_bound),
        cmocka_unit_test(sigmoid__any_number__is_that_of_libm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
