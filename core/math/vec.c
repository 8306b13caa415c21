/* SPDX-License-Identifier: MIT */
#include "core/math/vec.h"

#include <math.h>
#include <string.h>

#include "core/math/approx.h"

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

void snn_steps_of(real *restrict s, const real *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s[i] = x[i] >= 0;
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

double snn_exp_sum(real *e, const real *z, real top, size_t n)
{
    enum { LANES = 16 }; /* a fixed number, of which compilers make vectors */
    double sum = 0;

    for (size_t from = 0; from < n; from += LANES) {
        const size_t left = n - from < LANES ? n - from : LANES;
        double d[LANES], x[LANES];

        for (size_t i = 0; i < LANES; i++)
            d[i] = -HUGE_VAL;
        for (size_t i = 0; i < left; i++)
            d[i] = (double)z[from + i] - (double)top;
        for (size_t i = 0; i < LANES; i++)
            x[i] = d[i] > -708 ? d[i] : -708;
        for (size_t i = 0; i < LANES; i++)
            x[i] = snn_exp_double(x[i]);
        for (size_t i = 0; i < LANES; i++)
            x[i] = d[i] > -708 ? x[i] : 0; /* beside e^0, which is there, nothing */
        for (size_t i = 0; e && i < left; i++)
            e[from + i] = (real)x[i];
        for (size_t half = LANES / 2; half > 0; half /= 2)
            for (size_t i = 0; i < half; i++)
                x[i] += x[i + half];
        sum += x[0];
    }
    return sum;
}
