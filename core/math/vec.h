/* SPDX-License-Identifier: MIT */
/* Small vector helpers. */
#ifndef SPIKED_CORE_MATH_VEC_H
#define SPIKED_CORE_MATH_VEC_H

#include "core/snn.h"

/* Every row of c [m, n] becomes row [n]. */
void snn_rows_fill(real *c, const real *row, size_t m, size_t n);
/* sum [n] += the sum of the rows of a [m, n], in their order. */
void snn_rows_sum(real *sum, const real *a, size_t m, size_t n);
/* a[i] += b[i]. */
void snn_add(real *a, const real *b, size_t n);
/* s[i] = 1 where x[i] >= 0, else 0. */
void snn_steps_of(real *s, const real *x, size_t n);
/* a [m, n] = the transpose of b [n, m], or is added it; b's rows are ldb apart. */
void snn_transpose(real *a, const real *b, size_t ldb, size_t m, size_t n);
void snn_add_transposed(real *a, const real *b, size_t ldb, size_t m, size_t n);
/* Whether all are finite, and small enough to be squared: a gradient beyond that stops Adam for
 * good. */
bool snn_squares_finite(const real *a, size_t n);
/* The sum of a[i]^2, in double; of floats the same bits on every instruction set. NaN where one is.
 */
double snn_sum_squares(const real *a, size_t n);
/* Of each row of z [rows, n] the sum of exp(z[i] - top), which go to e [rows, n] where that is not
 * NULL; top [rows] are the rows' largest. */
void snn_exp_sums(double *sum, real *e, const real *z, const real *top, size_t rows, size_t n);

#endif
