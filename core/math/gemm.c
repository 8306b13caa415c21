/* SPDX-License-Identifier: MIT */
/* Dense products by CBLAS (OpenBLAS). */
#include "core/math/gemm.h"

#include <cblas.h>

#ifdef SNN_DOUBLE
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

/* Threads belong to the run (a shard each): a product that spread over cores would change its bits
 * with their number and fight the other shards for them. */
__attribute__((constructor)) static void single_threaded(void)
{
    openblas_set_num_threads(1);
}

const char *snn_blas(void)
{
    return openblas_get_corename();
}

/* CBLAS counts in int; a spec's limits keep every size far below that. */
static void product(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, real *c, const real *a, size_t lda,
                    const real *b, size_t ldb, const size_t size[3], real beta)
{
    if (size[0] == 0 || size[1] == 0)
        return;
    GEMM(CblasRowMajor, ta, tb, (blasint)size[0], (blasint)size[1], (blasint)size[2], 1, a,
         (blasint)lda, b, (blasint)ldb, beta, c, (blasint)size[1]);
}

void snn_gemm_nt(real *c, const real *a, const real *b, size_t m, size_t n, size_t k, real beta)
{
    product(CblasNoTrans, CblasTrans, c, a, k, b, k, (const size_t[]){m, n, k}, beta);
}

void snn_gemm_nn(real *c, const real *a, const real *b, size_t m, size_t n, size_t k, real beta)
{
    product(CblasNoTrans, CblasNoTrans, c, a, k, b, n, (const size_t[]){m, n, k}, beta);
}

void snn_gemm_tn(real *c, const real *a, const real *b, size_t m, size_t n, size_t k, real beta)
{
    product(CblasTrans, CblasNoTrans, c, a, m, b, n, (const size_t[]){m, n, k}, beta);
}

void snn_gemm_nt_rows(real *c, size_t ldc, const real *a, size_t lda, const real *b, size_t m,
                      size_t n, size_t k)
{
    GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n, (blasint)k, 1, a,
         (blasint)lda, b, (blasint)k, 1, c, (blasint)ldc);
}

void snn_gemm_nn_rows(real *c, size_t ldc, const real *a, size_t lda, const real *b, size_t m,
                      size_t n, size_t k)
{
    GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, 1, a,
         (blasint)lda, b, (blasint)n, 1, c, (blasint)ldc);
}

void snn_gemm_tt(real *c, const real *a, const real *b, size_t m, size_t n, size_t k, real beta)
{
    product(CblasTrans, CblasTrans, c, a, m, b, k, (const size_t[]){m, n, k}, beta);
}

void snn_gemm_tn_part(real *c, const real *a, size_t lda, const real *b, size_t m, size_t n,
                      size_t k)
{
    if (m == 0)
        return;
    GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, 1, a,
         (blasint)lda, b, (blasint)n, 0, c, (blasint)n);
}
