/* SPDX-License-Identifier: MIT */
#include "core/math/vec.h"

#include <math.h>

#include "core/base/param.h"
#include "tests/support/test.h"

#define N 131 /* more than a round of any vector, and no multiple */

static void rows_fill__each_row__is_the_row(void **state)
{
    const real row[3] = {1, 2, 3};
    real c[13];

    (void)state;
    c[12] = 7;
    snn_rows_fill(c, row, 4, 3);
    for (size_t i = 0; i < 12; i++)
        assert_near(c[i], row[i % 3], 0);
    assert_near(c[12], 7, 0);
    snn_rows_fill(c, row + 2, 0, 3);
    assert_near(c[0], 1, 0);
}

static void rows_sum__each_column__is_added_to_what_was_there(void **state)
{
    const real a[6] = {1, 2, 3, 10, 20, 30};
    real sum[3] = {100, 200, 300};

    (void)state;
    snn_rows_sum(sum, a, 2, 3);
    for (size_t i = 0; i < 3; i++)
        assert_near(sum[i], 111 * (double)(i + 1), 0);
    snn_rows_sum(sum, a, 0, 3);
    assert_near(sum[0], 111, 0);
}

static void add__each_element__is_the_sum(void **state)
{
    real a[N], b[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        a[i] = (real)i;
        b[i] = (real)(2 * i);
    }
    snn_add(a, b, N - 1);
    for (size_t i = 0; i < N; i++)
        assert_near(a[i], (double)(i < N - 1 ? 3 * i : i), 0);
}

static void squares_finite__one_number_that_is_none__is_found_at_any_place(void **state)
{
    const bool wide = sizeof(real) == sizeof(double);
    const real most = (real)(wide ? 1.3e154 : 1.8e19), beyond = (real)(wide ? 1.4e154 : 1.9e19);
    const real bad[] = {(real)NAN, (real)HUGE_VAL, -(real)HUGE_VAL, beyond, -beyond};
    real a[N];

    (void)state;
    for (size_t i = 0; i < N; i++)
        a[i] = i % 2 ? most : -most;
    for (size_t n = 0; n <= N; n++)
        assert_true(snn_squares_finite(a, n));
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
        for (size_t i = 0; i < N; i++) {
            const real was = a[i];
            a[i] = bad[k];
            assert_false(snn_squares_finite(a, N));
            assert_false(snn_squares_finite(a, i + 1));
            assert_true(snn_squares_finite(a, i));
            a[i] = was;
        }
}

static void sum_squares__of_large_and_small__is_summed_in_double(void **state)
{
    real a[N];

    (void)state;
    for (size_t i = 0; i < N; i++)
        a[i] = i ? (real)0x1p-10 : 4096;
    assert_near(snn_sum_squares(a, N), 0x1p24 + (N - 1) * 0x1p-20, 0);
    a[0] = (real)1e30; /* its square is beyond float */
    assert_near(snn_sum_squares(a, 1) / 1e60, 1, 1e-6);
    assert_near(snn_sum_squares(a, 0), 0, 0);
}

/* a [m, n] of b [n, m] with rows a little further apart, and the number behind a left alone. */
static void check_transposed(size_t m, size_t n)
{
    static real a[40 * 40 + 1], b[40 * 43];
    const size_t ldb = m + 3;

    for (size_t i = 0; i < SNN_COUNT(b); i++)
        b[i] = (real)i;
    a[m * n] = -7;
    snn_transpose(a, b, ldb, m, n);
    for (size_t k = 0; k < m; k++)
        for (size_t l = 0; l < n; l++)
            assert_near(a[k * n + l], (double)(l * ldb + k), 0);
    snn_add_transposed(a, b, ldb, m, n);
    for (size_t k = 0; k < m; k++)
        for (size_t l = 0; l < n; l++)
            assert_near(a[k * n + l], 2 * (double)(l * ldb + k), 0);
    assert_near(a[m * n], -7, 0);
}

static void transpose__any_size__puts_each_number_in_its_place(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 32, 35, 40};
    const char *before = snn_isa();

    (void)state;
    for (size_t i = 0; snn_isa_at(i); i++) {
        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        for (size_t k = 0; k < SNN_COUNT(sizes); k++)
            for (size_t l = 0; l < SNN_COUNT(sizes); l++)
                check_transposed(sizes[k], sizes[l]);
    }
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
}

/* So many at a time, and one more; two rows, of which one has an exponential that is 0. */
static void exp_sums__any_number__are_those_of_libm(void **state)
{
    real z[2 * 40], e[2 * 40], top[2];

    (void)state;
    for (size_t n = 1; n <= SNN_COUNT(z) / 2; n++) {
        double sum[2] = {0}, got[2];
        for (size_t r = 0; r < 2; r++) {
            top[r] = -1000;
            for (size_t k = r * n; k < (r + 1) * n; k++) {
                z[k] = (real)(k == 5 ? -2000 : 30 * sin((double)(k * k)));
                top[r] = z[k] > top[r] ? z[k] : top[r];
            }
            for (size_t k = r * n; k < (r + 1) * n; k++)
                sum[r] += exp((double)z[k] - (double)top[r]);
        }
        snn_exp_sums(got, e, z, top, 2, n);
        for (size_t k = 0; k < 2 * n; k++)
            assert_near(e[k], exp((double)z[k] - (double)top[k / n]),
                        sizeof(real) == 8 ? 1e-15 : 6e-8);
        for (size_t r = 0; r < 2; r++)
            assert_near(got[r], sum[r], 1e-14 * sum[r]);
        snn_exp_sums(got, NULL, z, top, 2, n);
        for (size_t r = 0; r < 2; r++)
            assert_near(got[r], sum[r], 1e-14 * sum[r]);
    }
    assert_near(e[5], 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_fill__each_row__is_the_row),
        cmocka_unit_test(rows_sum__each_column__is_added_to_what_was_there),
        cmocka_unit_test(add__each_element__is_the_sum),
        cmocka_unit_test(transpose__any_size__puts_each_number_in_its_place),
        cmocka_unit_test(exp_sums__any_number__are_those_of_libm),
        cmocka_unit_test(squares_finite__one_number_that_is_none__is_found_at_any_place),
        cmocka_unit_test(sum_squares__of_large_and_small__is_summed_in_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
