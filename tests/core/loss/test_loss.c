/* SPDX-License-Identifier: MIT */
#include "core/loss/loss.h"

#include <math.h>

#include "core/base/param.h"
#include "tests/support/test.h"

#define IS_DOUBLE (sizeof(real) == sizeof(double))

static double value_of(real *dlogits, const real *logits, size_t classes, size_t label,
                       double scale)
{
    const struct snn_kind *kind = snn_registry_find(&snn_losses, "cross_entropy");

    assert_non_null(kind);
    struct snn_choice c = snn_choice_of(kind);
    return snn_loss_of(&c)->value(dlogits, logits, classes, label, scale, &c);
}

static void argmax__equal_logits__is_the_first(void **state)
{
    (void)state;
    assert_int_equal(snn_argmax((const real[]){1, 3, 3, 2}, 4), 1);
    assert_int_equal(snn_argmax((const real[]){0, 0, 0}, 3), 0);
    assert_int_equal(snn_argmax((const real[]){-3, -2, -1}, 3), 2);
    assert_int_equal(snn_argmax((const real[]){5}, 1), 0);
}

static void cross_entropy__known_logits__has_the_known_value(void **state)
{
    const real even[] = {2, 2, 2, 2}, odds[] = {0, (real)log(3)};

    (void)state;
    assert_near(value_of(NULL, even, 4, 3, 1), log(4), 1e-15);
    assert_near(value_of(NULL, odds, 2, 0, 1), log(4), IS_DOUBLE ? 1e-15 : 1e-7);
    assert_near(value_of(NULL, odds, 2, 1, 1), log(4.0 / 3), IS_DOUBLE ? 1e-15 : 1e-7);
    assert_near(value_of(NULL, even, 1, 0, 1), 0, 0);
}

static void cross_entropy__huge_logits__neither_overflow_nor_lose_the_small_one(void **state)
{
    const real z[] = {10000, 9999, -10000};
    real d[3];

    (void)state;
    assert_near(value_of(d, z, 3, 1, 1), 1 + log1p(exp(-1)), 1e-12);
    assert_near(value_of(NULL, z, 3, 2, 1), 20000 + log1p(exp(-1)), 1e-11);
    assert_near(d[0], 1 / (1 + exp(-1)), 1e-7);
    assert_near(d[2], 0, 0);
}

static void cross_entropy__gradient__is_the_central_difference(void **state)
{
    const double z[] = {0.3, -1.2, 2.5, 0.0, 0.7}, scale = 1.0 / 7, h = 1.0 / 1024;

    (void)state;
    for (size_t label = 0; label < 5; label++) {
        real at[5], d[5];
        double sum = 0;

        for (size_t i = 0; i < 5; i++)
            at[i] = (real)z[i];
        value_of(d, at, 5, label, scale);
        for (size_t i = 0; i < 5; i++) {
            double centre = (double)at[i];
            at[i] = (real)(centre + h);
            double up = (double)at[i], high = value_of(NULL, at, 5, label, scale);
            at[i] = (real)(centre - h);
            double down = (double)at[i], low = value_of(NULL, at, 5, label, scale);
            at[i] = (real)centre;
            /* the third derivative is below 0.1: error h^2 / 60 */
            assert_near(d[i], scale * (high - low) / (up - down), h * h / 60);
            sum += (double)d[i];
        }
        assert_near(sum, 0, IS_DOUBLE ? 1e-16 : 1e-7); /* softmax sums to one */
    }
}

static void cross_entropy__logits_not_finite__is_not_finite(void **state)
{
    const real rows[][2] = {{(real)NAN, 0},
                            {0, (real)NAN},
                            {(real)HUGE_VAL, 0},
                            {0, (real)-HUGE_VAL},
                            {(real)-HUGE_VAL, 0}};

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++)
        for (size_t label = 0; label < 2; label++) {
            real d[2] = {0, 0};
            bool finite = isfinite(value_of(d, rows[i], 2, label, 1));
            assert_false(finite);
            finite = isfinite(d[0]) && isfinite(d[1]);
            assert_false(finite);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(argmax__equal_logits__is_the_first),
        cmocka_unit_test(cross_entropy__known_logits__has_the_known_value),
        cmocka_unit_test(cross_entropy__huge_logits__neither_overflow_nor_lose_the_small_one),
        cmocka_unit_test(cross_entropy__gradient__is_the_central_difference),
        cmocka_unit_test(cross_entropy__logits_not_finite__is_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
