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

static void cross_entropy__loss_near_0__keeps_its_gradient(void **state)
{
    const real z[] = {0, 50, 0};
    real d[3];

    (void)state;
    (void)value_of(d, z, 3, 1, 1);
    assert_near(d[0] / exp(-50), 1, IS_DOUBLE ? 1e-14 : 1e-6);
    assert_near(d[1] / (-2 * exp(-50)), 1, IS_DOUBLE ? 1e-14 : 1e-6);
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

/* ------------------------------------------------------------------------------- smoothing -- */

static struct snn_choice choose(const char *name, double first, double second)
{
    const struct snn_kind *kind = snn_registry_find(&snn_losses, name);

    assert_non_null(kind);
    struct snn_choice c = snn_choice_of(kind);
    c.value[0] = first;
    if (kind->n_params > 1)
        c.value[1] = second;
    return c;
}

/* The loss against q = (1-e) one-hot + e/C: (1-e) L(label) + e/C sum_i L(i). */
static void cross_entropy__smoothing__mixes_the_losses_of_all_labels(void **state)
{
    const real z[] = {(real)0.3, (real)-1.2, (real)2.5, 0, (real)0.7};
    const double smoothing = 0.3;
    struct snn_choice c = choose("cross_entropy", smoothing, 0);

    (void)state;
    for (size_t label = 0; label < 5; label++) {
        double even = 0, want_d[5] = {0};
        real d[5];

        for (size_t i = 0; i < 5; i++) {
            real part[5];
            even += value_of(part, z, 5, i, 1) / 5;
            for (size_t k = 0; k < 5; k++)
                want_d[k] += smoothing / 5 * (double)part[k];
        }
        const double want = (1 - smoothing) * value_of(d, z, 5, label, 1) + smoothing * even;
        for (size_t k = 0; k < 5; k++)
            want_d[k] = 0.5 * (want_d[k] + (1 - smoothing) * (double)d[k]);
        assert_near(snn_loss_of(&c)->value(d, z, 5, label, 0.5, &c), want, 1e-14);
        for (size_t k = 0; k < 5; k++)
            assert_near(d[k], want_d[k], IS_DOUBLE ? 1e-15 : 1e-7);
    }
}

/* At z = ln q the gradient is nought and the loss the entropy of q. */
static void cross_entropy__logits_of_the_target__is_its_entropy(void **state)
{
    struct snn_choice c = choose("cross_entropy", 0.2, 0);
    const real z[] = {(real)log(0.85), (real)log(0.05), (real)log(0.05), (real)log(0.05)};
    real d[4];

    (void)state;
    assert_near(snn_loss_of(&c)->value(d, z, 4, 0, 1, &c), -0.85 * log(0.85) - 0.15 * log(0.05),
                IS_DOUBLE ? 1e-15 : 1e-6);
    for (size_t i = 0; i < 4; i++)
        assert_near(d[i], 0, IS_DOUBLE ? 1e-15 : 1e-7);
}

/* -------------------------------------------------------------------------- of the course -- */

#define T 5
#define C 3

/* Spikes of classes 0, 1 and 2: 4, 1 and 3 of 5 steps. */
static const real course[T * C] = {
    1, 0, 1, /**/
    1, 1, 0, /**/
    0, 0, 1, /**/
    1, 0, 0, /**/
    1, 0, 1,
};

static double of_course(const struct snn_choice *c, real *dy, const real *y, size_t population,
                        size_t label, double scale)
{
    const struct snn_course shape = {T, C, population};

    assert_non_null(snn_loss_of(c)->course);
    return snn_loss_of(c)->course(dy, y, &shape, label, scale, c);
}

static void table__every_row__has_one_of_the_two_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_losses.count; i++) {
        struct snn_choice c = snn_choice_of(snn_registry_at(&snn_losses, i));
        assert_true(!snn_loss_of(&c)->value != !snn_loss_of(&c)->course);
    }
}

static void per_step__any_course__is_the_mean_of_the_steps(void **state)
{
    struct snn_choice c = choose("cross_entropy_per_step", 0, 0);
    real dy[T * C], d[C];
    double want = 0;

    (void)state;
    const double got = of_course(&c, dy, course, 1, 2, 0.5);
    for (size_t t = 0; t < T; t++) {
        want += value_of(d, course + t * C, C, 2, 0.5 / T) / T;
        for (size_t i = 0; i < C; i++)
            assert_near(dy[t * C + i], d[i], 1e-16);
    }
    assert_near(got, want, 1e-15);
}

/* Counts 4, 1, 3 against 4 of the label and 1 of the others. */
static void mse_count__known_counts__has_the_known_value(void **state)
{
    struct snn_choice c = choose("mse_count", 0.8, 0.2);
    real dy[T * C];

    (void)state;
    assert_near(of_course(&c, dy, course, 1, 0, 1), 4.0 / (T * C), 1e-15);
    for (size_t t = 0; t < T; t++) {
        assert_near(dy[t * C], 0, 0);
        assert_near(dy[t * C + 1], 0, 0);
        assert_near(dy[t * C + 2], 4.0 / (T * C), IS_DOUBLE ? 1e-16 : 1e-7);
    }
    assert_near(of_course(&c, NULL, course, 1, 1, 1), (9.0 + 9 + 4) / (T * C), 1e-15);
    /* 0.9 of 5 steps is 4.5, cut to 4; 0.3 is 1.5, cut to 1 */
    c = choose("mse_count", 0.9, 0.3);
    assert_near(of_course(&c, NULL, course, 1, 0, 1), 4.0 / (T * C), 1e-15);
}

/* Each class's course the sum of three neurons: targets are of 15 neuron-steps. */
static void mse_count__population__wants_spikes_of_every_neuron(void **state)
{
    struct snn_choice c = choose("mse_count", 0.9, 0.1);

    (void)state;
    assert_near(of_course(&c, NULL, course, 3, 0, 1), ((13.0 - 4) * (13 - 4) + 0 + 4) / (T * C),
                1e-15);
}

static void mse_membrane__known_course__has_the_known_value(void **state)
{
    struct snn_choice c = choose("mse_membrane", 1, 0);
    real dy[T * C];

    (void)state;
    assert_near(of_course(&c, dy, course, 1, 0, 1), 5.0 / (T * C), 1e-15);
    for (size_t k = 0; k < T * C; k++)
        assert_near(dy[k], 2 * ((double)course[k] - (k % C == 0)) / (T * C),
                    IS_DOUBLE ? 1e-16 : 1e-7);
    /* a negative wish for the others is nought while the label's is larger, and else itself */
    c = choose("mse_membrane", 1, -3);
    assert_near(of_course(&c, NULL, course, 1, 0, 1), 5.0 / (T * C), 1e-15);
    c = choose("mse_membrane", -3, -3);
    assert_near(of_course(&c, NULL, course, 1, 0, 1), (8 * 16.0 + 7 * 9) / (T * C), 1e-14);
}

/* Every loss of the course, every entry of it: quadratic, or a softmax whose third derivative is
 * below 0.1. */
static void course__gradient__is_the_central_difference(void **state)
{
    const double scale = 1.0 / 7, h = 1.0 / 1024;
    size_t seen = 0;

    (void)state;
    for (size_t k = 0; k < snn_losses.count; k++) {
        struct snn_choice c = snn_choice_of(snn_registry_at(&snn_losses, k));
        if (!snn_loss_of(&c)->course)
            continue;
        seen++;
        for (size_t i = 0; i < T * C; i++) {
            real y[T * C], dy[T * C];

            for (size_t j = 0; j < T * C; j++)
                y[j] = course[j] + (real)0.125 * (real)(j % 5);
            of_course(&c, dy, y, 1, 1, scale);
            const real centre = y[i];
            y[i] = centre + (real)h;
            const double up = (double)y[i], high = of_course(&c, NULL, y, 1, 1, 1);
            y[i] = centre - (real)h;
            const double down = (double)y[i], low = of_course(&c, NULL, y, 1, 1, 1);
            assert_near(dy[i], scale * (high - low) / (up - down), IS_DOUBLE ? 1e-8 : 1e-7);
        }
    }
    assert_int_equal(seen, 3);
}

static void course__not_finite__is_not_finite(void **state)
{
    (void)state;
    for (size_t k = 0; k < snn_losses.count; k++) {
        struct snn_choice c = snn_choice_of(snn_registry_at(&snn_losses, k));
        real y[T * C] = {0};

        y[4] = (real)NAN;
        if (!snn_loss_of(&c)->course)
            continue;
        const bool finite = isfinite(of_course(&c, NULL, y, 1, 1, 1));
        assert_false(finite);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(argmax__equal_logits__is_the_first),
        cmocka_unit_test(cross_entropy__known_logits__has_the_known_value),
        cmocka_unit_test(cross_entropy__huge_logits__neither_overflow_nor_lose_the_small_one),
        cmocka_unit_test(cross_entropy__loss_near_0__keeps_its_gradient),
        cmocka_unit_test(cross_entropy__gradient__is_the_central_difference),
        cmocka_unit_test(cross_entropy__logits_not_finite__is_not_finite),
        cmocka_unit_test(cross_entropy__smoothing__mixes_the_losses_of_all_labels),
        cmocka_unit_test(cross_entropy__logits_of_the_target__is_its_entropy),
        cmocka_unit_test(table__every_row__has_one_of_the_two_functions),
        cmocka_unit_test(per_step__any_course__is_the_mean_of_the_steps),
        cmocka_unit_test(mse_count__known_counts__has_the_known_value),
        cmocka_unit_test(mse_count__population__wants_spikes_of_every_neuron),
        cmocka_unit_test(mse_membrane__known_course__has_the_known_value),
        cmocka_unit_test(course__gradient__is_the_central_difference),
        cmocka_unit_test(course__not_finite__is_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
