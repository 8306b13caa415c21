/* SPDX-License-Identifier: MIT */
/* Dense products, row-major, one thread per call: a thin face on CBLAS, so that only gemm.c knows
 * it. */
#ifndef SPIKED_CORE_MATH_GEMM_H
#define SPIKED_CORE_MATH_GEMM_H

#include "core/snn.h"

/* C [m, n] = beta C + A [m, k] B [n, k]^T: a layer's forward product, W as B. */
void snn_gemm_nt(real *c, const real *a, const real *b, size_t m, size_t n, size_t k, real beta);
/* C [m, n] = beta C + A [m, k] B [k, n]: the gradient of a layer's input. */
void snn_gemm_nn(real *c, const real *a, const real *b, size_t m, size_t n, size_t k, real beta);
/* C [m, n] = beta C + A [k, m]^T B [k, n]: the gradient of a layer's weights. */
void snn_gemm_tn(real *c, const real *a, const real *b, size_t m, size_t n, size_t k, real beta);

/* C [m, n] += A [m, k] B [n, k]^T and C [m, n] += A [m, k] B [k, n], with rows of C and A that lie
 * ldc and lda apart: one step of every sample. */
void snn_gemm_nt_rows(real *c, size_t ldc, const real *a, size_t lda, const real *b, size_t m,
                      size_t n, size_t k);
void snn_gemm_nn_rows(real *c, size_t ldc, const real *a, size_t lda, const real *b, size_t m,
                      size_t n, size_t k);
/* C [m, n] = A [k, m]^T B [k, n], with rows of A that lie lda apart. */
void snn_gemm_tn_part(real *c, const real *a, size_t lda, const real *b, size_t m, size_t n,
                      size_t k);
/* C [m, n] = beta C + A [k, m]^T B [n, k]^T. */
void snn_gemm_tt(real *c, const real *a, const real *b, size_t m, size_t n, size_t k, real beta);

#endif
