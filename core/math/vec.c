/* SPDX-License-Identifier: MIT */
#include "core/math/vec.h"

#include <math.h>
#include <string.h>

#include "core/math/approx.h"
#include "core/math/lanes.h"

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

/* The halves of two vectors, number by number in turn: a0 b0 a1 b1 ... */
#define LOW(a, b) __builtin_shufflevector(a, b, LOW_ORDER)
#define HIGH(a, b) __builtin_shufflevector(a, b, HIGH_ORDER)
#define LANES_ARE(lanes) (SNN_VECTOR_BYTES == (lanes) * (SNN_IS_DOUBLE ? 8 : 4))
#if LANES_ARE(16)
#define LOW_ORDER 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_ORDER 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif LANES_ARE(8)
#define LOW_ORDER 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_ORDER 4, 12, 5, 13, 6, 14, 7, 15
#elif LANES_ARE(4)
#define LOW_ORDER 0, 4, 1, 5
#define HIGH_ORDER 2, 6, 3, 7
#else
#define LOW_ORDER 0, 2
#define HIGH_ORDER 1, 3
#endif

/* A square as wide as a vector, in registers: so often as 2 goes into its width, its upper rows are
 * shuffled with its lower ones like a pack of cards. */
__attribute__((always_inline)) static inline void transpose_square(real *a, size_t n, const real *b,
                                                                   size_t ldb, bool add)
{
    SNN_VECTOR row[SNN_LANES], next[SNN_LANES];
    SNN_UNROLL for (size_t l = 0; l < SNN_LANES; l++) row[l] = snn_load(b + l * ldb);
    SNN_UNROLL for (size_t width = SNN_LANES; width > 1; width /= 2)
    {
        SNN_UNROLL for (size_t i = 0; i < SNN_LANES / 2; i++)
        {
            next[2 * i] = LOW(row[i], row[i + SNN_LANES / 2]);
            next[2 * i + 1] = HIGH(row[i], row[i + SNN_LANES / 2]);
        }
        SNN_UNROLL for (size_t l = 0; l < SNN_LANES; l++) row[l] = next[l];
    }
    SNN_UNROLL for (size_t k = 0; k < SNN_LANES; k++)
        snn_store(a + k * n, add ? snn_load(a + k * n) + row[k] : row[k]);
}

/* Rows k .. k+rows-1 of columns l .. l+columns-1, one by one. */
static void transpose_rest(real *a, const real *b, size_t ldb, size_t n, size_t rows,
                           size_t columns, bool add)
{
    for (size_t k = 0; k < rows; k++)
        for (size_t l = 0; l < columns; l++)
            a[k * n + l] = (add ? a[k * n + l] : 0) + b[l * ldb + k];
}

__attribute__((always_inline)) static inline void transpose(real *a, const real *b, size_t ldb,
                                                            size_t m, size_t n, bool add)
{
    const size_t whole_m = m / SNN_LANES * SNN_LANES, whole_n = n / SNN_LANES * SNN_LANES;
    for (size_t i = 0; i < whole_m; i += SNN_LANES)
        for (size_t j = 0; j < whole_n; j += SNN_LANES)
            transpose_square(a + i * n + j, n, b + j * ldb + i, ldb, add);
    transpose_rest(a + whole_n, b + whole_n * ldb, ldb, n, whole_m, n - whole_n, add);
    transpose_rest(a + whole_m * n, b + whole_m, ldb, n, m - whole_m, n, add);
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
    enum { SUMS = 32 }; /* that need not wait for each other */
    double sum[SUMS] = {0}, all = 0;
    size_t i = 0;

    for (; i + SUMS <= n; i += SUMS)
        for (size_t j = 0; j < SUMS; j++)
            sum[j] += (double)a[i + j] * (double)a[i + j];
    for (size_t j = 0; i + j < n; j++)
        sum[j] += (double)a[i + j] * (double)a[i + j];
    for (size_t j = 0; j < SUMS; j++)
        all += sum[j];
    return all;
}

/* A loop of a fixed length that is to become vectors: gcc would make single steps of it first. */
#ifdef __clang__
#define AS_VECTORS
#else
#define AS_VECTORS _Pragma("GCC unroll 1")
#endif

__attribute__((always_inline)) static inline double exp_sum(real *e, const real *z, real top,
                                                            size_t n)
{
    enum { MANY = 16 }; /* at a time, whatever there is */
    double sum = 0;

    for (size_t from = 0; from < n; from += MANY) {
        const size_t left = n - from;
        real part[MANY];
        double d[MANY], x[MANY];

        SNN_UNROLL for (size_t k = 0; k < MANY / SNN_LANES; k++) snn_store(
            part + k * SNN_LANES, snn_load_upto(z + from + k * SNN_LANES, snn_upto(left, k)));
        AS_VECTORS for (size_t i = 0; i < MANY; i++) d[i] =
            i < left ? (double)part[i] - (double)top : -HUGE_VAL;
        AS_VECTORS for (size_t i = 0; i < MANY; i++) x[i] =
            snn_exp_double(d[i] > -708 ? d[i] : -708);
        AS_VECTORS for (size_t i = 0; i < MANY; i++) x[i] =
            d[i] > -708 ? x[i] : 0; /* beside e^0, which is there, nothing */
        AS_VECTORS for (size_t i = 0; i < MANY; i++) part[i] = (real)x[i];
        SNN_UNROLL for (size_t k = 0; e && k < MANY / SNN_LANES; k++) snn_store_upto(
            e + from + k * SNN_LANES, snn_load(part + k * SNN_LANES), snn_upto(left, k));
        SNN_UNROLL for (size_t half = MANY / 2; half > 0; half /= 2)
            SNN_UNROLL for (size_t i = 0; i < half; i++) x[i] += x[i + half];
        sum += x[0];
    }
    return sum;
}

void snn_exp_sums(double *sum, real *e, const real *z, const real *top, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++)
        sum[r] = exp_sum(e ? e + r * n : NULL, z + r * n, top[r], n);
}
