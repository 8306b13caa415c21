/* SPDX-License-Identifier: MIT */
#include "core/math/vec.h"

#include <math.h>
#include <string.h>

void snn_rows_fill(real *c, const real *row, size_t m, size_t n)
{
    for (size_t i = 0; i < m; i++)
        memcpy(c + i * n, row, n * sizeof *row);
}

void snn_rows_sum(real *restrict sum, const real *restrict a, size_t m, size_t n)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            sum[j] += a[i * n + j];
}

void snn_add(real *restrict a, const real *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] += b[i];
}

/* Square by square, so that the lines of both stay in the cache. */
enum { SQUARE = 16 };

static inline void transpose(real *restrict a, const real *restrict b, size_t ldb, size_t m,
                             size_t n, bool add)
{
    for (size_t i = 0; i < m; i += SQUARE)
        for (size_t j = 0; j < n; j += SQUARE) {
            const size_t last_i = i + SQUARE < m ? i + SQUARE : m;
            const size_t last_j = j + SQUARE < n ? j + SQUARE : n;
            for (size_t k = i; k < last_i; k++)
                for (size_t l = j; l < last_j; l++)
                    a[k * n + l] = (add ? a[k * n + l] : 0) + b[l * ldb + k];
        }
}

void snn_transpose(real *a, const real *b, size_t ldb, size_t m, size_t n)
{
    transpose(a, b, ldb, m, n, false);
}

void snn_add_transposed(real *a, const real *b, size_t ldb, size_t m, size_t n)
{
    transpose(a, b, ldb, m, n, true);
}

bool snn_squares_finite(const real *a, size_t n)
{
    enum { LANES = 32 }; /* sums that need not wait for each other */
    real zero[LANES] = {0}, all = 0;
    size_t i = 0;

    /* x x 0 is 0 where x x is finite and NaN where not: no branch in the loop */
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            zero[k] += a[i + k] * a[i + k] * 0;
    for (; i < n; i++)
        all += a[i] * a[i] * 0;
    for (size_t k = 0; k < LANES; k++)
        all += zero[k];
    return isfinite(all);
}

double snn_sum_squares(const real *a, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)a[i];
    return sum;
}
