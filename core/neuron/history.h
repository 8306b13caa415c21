/* SPDX-License-Identifier: MIT */
/*
 * Weighted sums over a neuron's past, for the kernels of fractional order. A past is rows of
 * values, neurons side by side; each sum is taken from the row farthest in time to the nearest,
 * whatever is computed together with it, so that its bits do not depend on how a course is cut into
 * steps.
 */
#ifndef SPIKED_CORE_NEURON_HISTORY_H
#define SPIKED_CORE_NEURON_HISTORY_H

#include "core/math/lanes.h"
#include "core/neuron/neuron.h"

/* How many vectors side by side keep the multiply-adds busy: with SNN_HISTORY_STEPS rows of sums
 * they fill the registers that there are. */
#if defined(__AVX512F__) || defined(__aarch64__)
#define SNN_VECTORS 4
#else
#define SNN_VECTORS 2
#endif

/* Registers are full: the weights that the next row has in common with this one are read again,
 * which costs nothing where a multiply-add takes them from memory. */
#if defined(__AVX__) || defined(__aarch64__)
#define SNN_LOADED_ANEW(p) __asm__("" : "+r"(p))
#else
#define SNN_LOADED_ANEW(p) (void)(p)
#endif

/* One that stands anywhere in an array of reals. */
struct snn_lanes {
    SNN_VECTOR v;
} __attribute__((packed, aligned(sizeof(real)), may_alias));

static inline const struct snn_lanes *snn_lanes_at(const real *p)
{
    return (const struct snn_lanes *)(const void *)p;
}

/* Columns of a past: `rows` of them, the farthest first, `stride` apart (below 0 where time runs
 * back). */
struct snn_past {
    const real *first;
    ptrdiff_t stride;
    size_t rows;
};

/* sum[r * pitch + i] += sum over k of w[r - k] first[k * stride + i], for r < outs and the columns
 * of `across` vectors; `anew`: of sums that begin with it. outs and across are constants where it
 * is called. */
/* clang-format off */
static inline __attribute__((always_inline)) void
snn_history_vectors(real *sum, size_t pitch, const struct snn_past *p, const real *w, bool anew,
                    size_t outs, size_t across)
{
    SNN_VECTOR acc[SNN_HISTORY_STEPS][SNN_VECTORS];
    const real *row = p->first;
    SNN_UNROLL
    for (size_t r = 0; r < outs; r++)
        SNN_UNROLL
        for (size_t v = 0; v < across; v++)
            acc[r][v] = anew ? (SNN_VECTOR){0} : snn_lanes_at(sum + r * pitch + v * SNN_LANES)->v;
    for (size_t k = 0; k < p->rows; k++) {
        SNN_VECTOR y[SNN_VECTORS];
        SNN_UNROLL
        for (size_t v = 0; v < across; v++)
            y[v] = snn_lanes_at(row + v * SNN_LANES)->v;
        SNN_UNROLL
        for (size_t r = 0; r < outs; r++)
            SNN_UNROLL
            for (size_t v = 0; v < across; v++)
                acc[r][v] += w[r] * y[v];
        row += p->stride;
        w--;
        SNN_LOADED_ANEW(w);
    }
    SNN_UNROLL
    for (size_t r = 0; r < outs; r++)
        SNN_UNROLL
        for (size_t v = 0; v < across; v++)
            memcpy(sum + r * pitch + v * SNN_LANES, &acc[r][v], SNN_VECTOR_BYTES);
}
/* clang-format on */

/* The same of n columns. */
static inline __attribute__((always_inline)) void snn_history_columns(real *sum, size_t pitch,
                                                                      const struct snn_past *p,
                                                                      const real *w, bool anew,
                                                                      size_t outs, size_t n)
{
    struct snn_past at = *p;
    size_t i = 0;
    for (; i + SNN_VECTORS * SNN_LANES <= n; i += SNN_VECTORS * SNN_LANES) {
        at.first = p->first + i;
        snn_history_vectors(sum + i, pitch, &at, w, anew, outs, SNN_VECTORS);
    }
    for (; i + SNN_LANES <= n; i += SNN_LANES) {
        at.first = p->first + i;
        snn_history_vectors(sum + i, pitch, &at, w, anew, outs, 1);
    }
    for (size_t r = 0; i < n && anew && r < outs; r++)
        memset(sum + r * pitch + i, 0, (n - i) * sizeof *sum);
    /* Row by row: along the rows it would be another sum, which compilers round otherwise. */
    for (size_t k = 0; i < n && k < p->rows; k++) {
        const real *row = p->first + (ptrdiff_t)k * p->stride;
        for (size_t r = 0; r < outs; r++) {
            const real weight = w[(ptrdiff_t)r - (ptrdiff_t)k];
            for (size_t j = i; j < n; j++)
                sum[r * pitch + j] += weight * row[j];
        }
    }
}

/* One step's sum [n], and those of `steps` steps, or of some more up to SNN_HISTORY_STEPS, [..,
 * pitch] from what came before the first of them: w points at the weight that the first row has in
 * the first sum. */
static inline void snn_history_step(real *sum, const struct snn_past *p, const real *w, bool anew,
                                    size_t n)
{
    snn_history_columns(sum, 0, p, w, anew, 1, n);
}

static inline void snn_history_steps(real *sum, size_t pitch, const struct snn_past *p,
                                     const real *w, bool anew, size_t steps, size_t n)
{
    if (steps <= 2)
        snn_history_columns(sum, pitch, p, w, anew, 2, n);
    else if (steps <= 4)
        snn_history_columns(sum, pitch, p, w, anew, 4, n);
    else
        snn_history_columns(sum, pitch, p, w, anew, SNN_HISTORY_STEPS, n);
}

/* sum over i < n of a[i] b[i], n at most SNN_TILE. */
static inline double snn_history_dot(const real *a, const real *b, size_t n)
{
    SNN_VECTOR acc = {0};
    double sum = 0;
    size_t i = 0;
    for (; i + SNN_LANES <= n; i += SNN_LANES)
        acc += snn_lanes_at(a + i)->v * snn_lanes_at(b + i)->v;
    for (size_t k = 0; k < SNN_LANES; k++)
        sum += (double)acc[k];
    for (; i < n; i++)
        sum += (double)(a[i] * b[i]);
    return sum;
}

/* sum over k and the columns i < n of a[k * n + i] b[k * n + i - r * n], added to dot[r], for r <
 * SNN_HISTORY_LAGS: what so many lags have in common. a and b [rows, n], n a multiple of
 * SNN_TILE_STEP. So few sums in a lane of a real need no double. */
/* clang-format off */
static inline void snn_history_lags(double *dot, const real *a, const real *b, size_t rows,
                                    size_t n)
{
    SNN_VECTOR acc[SNN_HISTORY_LAGS] = {{0}};
    real sums[SNN_HISTORY_LAGS][SNN_LANES];
    for (size_t k = 0; k < rows; k++)
        for (size_t i = 0; i < n; i += SNN_LANES) {
            SNN_VECTOR x = snn_lanes_at(a + k * n + i)->v;
            const real *y = b + k * n + i;
            SNN_UNROLL
            for (size_t r = 0; r < SNN_HISTORY_LAGS; r++) {
                acc[r] += x * snn_lanes_at(y)->v;
                y -= n;
            }
        }
    SNN_UNROLL
    for (size_t r = 0; r < SNN_HISTORY_LAGS; r++)
        memcpy(sums[r], &acc[r], SNN_VECTOR_BYTES);
    for (size_t r = 0; r < SNN_HISTORY_LAGS; r++)
        for (size_t i = 0; i < SNN_LANES; i++)
            dot[r] += (double)sums[r][i];
}
/* clang-format on */

#endif
