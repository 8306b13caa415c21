/* SPDX-License-Identifier: MIT */
#include "core/math/gemm.h"

#include <math.h>
#include <string.h>

#include "tests/support/test.h"

#define MOST 40

/* Small integers: sums are exact, so that any order of them gives the same bits. */
static real number(size_t i)
{
    return (real)((double)(i * 7919 % 17) - 8);
}

static void fill(real *a, size_t n, size_t seed)
{
    for (size_t i = 0; i < n; i++)
        a[i] = number(i + seed);
}

/* C [m, n] = beta C + sum_k A B, an element at a time; strides say where A's and B's (i, k) is. */
static void multiply(double *c, const real *a, const size_t as[2], const real *b,
                     const size_t bs[2], const size_t size[3], double beta)
{
    for (size_t i = 0; i < size[0]; i++)
        for (size_t j = 0; j < size[1]; j++) {
            double sum = beta * c[i * size[1] + j];
            for (size_t k = 0; k < size[2]; k++)
                sum += (double)a[i * as[0] + k * as[1]] * (double)b[k * bs[0] + j * bs[1]];
            c[i * size[1] + j] = sum;
        }
}

static void check(size_t m, size_t n, size_t k, double beta)
{
    static real a[MOST * MOST], b[MOST * MOST], c[MOST * MOST + 1], first[MOST * MOST];
    static double want[MOST * MOST];
    const struct {
        void (*gemm)(real *c, const real *a, const real *b, size_t m, size_t n, size_t k,
                     real beta);
        size_t as[2], bs[2];
    } rows[] = {
        {snn_gemm_nt, {k, 1}, {1, k}},
        {snn_gemm_nn, {k, 1}, {n, 1}},
        {snn_gemm_tn, {1, m}, {n, 1}},
        {snn_gemm_tt, {1, m}, {1, k}},
    };

    fill(a, m * k, 3);
    fill(b, n * k, 5);
    fill(first, m * n, 11);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (size_t i = 0; i < m * n; i++)
            want[i] = (double)first[i];
        memcpy(c, first, m * n * sizeof *c);
        c[m * n] = 77;
        if (beta == 0) /* what was there is not looked at */
            for (size_t i = 0; i < m * n; i++)
                c[i] = (real)NAN;
        multiply(want, a, rows[r].as, b, rows[r].bs, (const size_t[]){m, n, k}, beta);
        rows[r].gemm(c, a, b, m, n, k, (real)beta);
        for (size_t i = 0; i < m * n; i++)
            assert_near(c[i], want[i], 0);
        assert_near(c[m * n], 77, 0);
    }
}

static void gemm__every_shape__is_the_sum_of_products(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 8, 17, MOST};
    enum { n = sizeof sizes / sizeof sizes[0] };

    (void)state;
    for (size_t i = 0; i < n * n * n; i++)
        for (int beta = 0; beta <= 1; beta++)
            check(sizes[i % n], sizes[i / n % n], sizes[i / n / n], beta);
}

/* Rows that lie apart: what is between them is left alone, and NaN in A is not read. */
static void gemm_rows__strides__are_left_out(void **state)
{
    enum { M = 3, N = 5, K = 4, LD = 9 };
    real a[M * LD], c[M * LD], tight[MOST];
    double want[MOST];

    (void)state;
    for (size_t i = 0; i < M * LD; i++)
        a[i] = i % LD < K ? number(i) : (real)NAN;
    fill(tight, MOST, 5);

    for (int is_nt = 0; is_nt < 2; is_nt++) { /* C += A B, C += A B^T */
        for (size_t i = 0; i < M * LD; i++)
            c[i] = number(i + 7);
        for (size_t i = 0; i < M * N; i++)
            want[i] = (double)c[i / N * LD + i % N];
        multiply(want, a, (const size_t[]){LD, 1}, tight,
                 is_nt ? (const size_t[]){1, K} : (const size_t[]){N, 1}, (const size_t[]){M, N, K},
                 1);
        (is_nt ? snn_gemm_nt_rows : snn_gemm_nn_rows)(c, LD, a, LD, tight, M, N, K);
        for (size_t i = 0; i < M * LD; i++)
            assert_near(c[i], i % LD < N ? want[i / LD * N + i % LD] : (double)number(i + 7), 0);
    }
}

static void gemm__no_rows__touches_nothing(void **state)
{
    real a[4] = {1, 2, 3, 4}, c[4] = {5, 6, 7, 8};

    (void)state;
    snn_gemm_nt(c, a, a, 0, 2, 2, 0);
    snn_gemm_nn(c, a, a, 0, 2, 2, 0);
    snn_gemm_tn(c, a, a, 2, 0, 2, 0);
    for (size_t i = 0; i < 4; i++)
        assert_near(c[i], 5 + (double)i, 0);
}

static void gemm__the_same_twice__is_the_same_bits(void **state)
{
    static real a[MOST * MOST], b[MOST * MOST], c[2][MOST * MOST];

    (void)state;
    for (size_t i = 0; i < MOST * MOST; i++) {
        a[i] = (real)sin((double)i);
        b[i] = (real)cos((double)i);
    }
    for (size_t i = 0; i < 2; i++)
        snn_gemm_nt(c[i], a, b, MOST, MOST, MOST, 0);
    assert_memory_equal(c[0], c[1], sizeof c[0]);
    assert_true(strlen(snn_blas()) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gemm__every_shape__is_the_sum_of_products),
        cmocka_unit_test(gemm_rows__strides__are_left_out),
        cmocka_unit_test(gemm__no_rows__touches_nothing),
        cmocka_unit_test(gemm__the_same_twice__is_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
