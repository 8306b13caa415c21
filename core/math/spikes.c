/* SPDX-License-Identifier: MIT */
/* The vectors are GCC's; what they cannot say (masks, the bits of a comparison, parts of a vector)
 * is intrinsics where the instruction set has it and plain C where not. */
#include "core/math/spikes.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#define VEC real __attribute__((vector_size(VECTOR_BYTES)))
#ifdef SNN_DOUBLE
#define BITS uint64_t __attribute__((vector_size(VECTOR_BYTES)))
#else
#define BITS uint32_t __attribute__((vector_size(VECTOR_BYTES)))
#endif
enum { LANES = VECTOR_BYTES / sizeof(real) };

#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

static inline VEC load(const real *p)
{
    VEC v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* ------------------------------------------------------------------------------ scanning -- */

/* A bit for each of the next LANES numbers that is not 0. */
static inline uint32_t bits_of(const real *x)
{
#if !defined(SNN_DOUBLE) && defined(__AVX512F__)
    return _mm512_cmp_ps_mask(_mm512_loadu_ps(x), _mm512_setzero_ps(), _CMP_NEQ_UQ);
#elif !defined(SNN_DOUBLE) && defined(__AVX__)
    return (uint32_t)_mm256_movemask_ps(
        _mm256_cmp_ps(_mm256_loadu_ps(x), _mm256_setzero_ps(), _CMP_NEQ_UQ));
#elif !defined(SNN_DOUBLE) && defined(__SSE2__)
    return (uint32_t)_mm_movemask_ps(_mm_cmpneq_ps(_mm_loadu_ps(x), _mm_setzero_ps()));
#else
    uint32_t bits = 0;
    for (size_t i = 0; i < LANES; i++)
        bits |= (uint32_t)(x[i] != 0) << i;
    return bits;
#endif
}

/* first + the places of the bits, ascending. Writes a whole vector. */
static inline size_t put_places(uint32_t *index, uint32_t bits, uint32_t first)
{
#if !defined(SNN_DOUBLE) && defined(__AVX512F__)
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i place = _mm512_add_epi32(lane, _mm512_set1_epi32((int)first));
    _mm512_storeu_si512(index, _mm512_maskz_compress_epi32((__mmask16)bits, place));
    return (size_t)__builtin_popcount(bits);
#else
    size_t n = 0;
    for (; bits; bits &= bits - 1)
        index[n++] = first + (uint32_t)__builtin_ctz(bits);
    return n;
#endif
}

size_t snn_sparse_scan(uint32_t *index, real *value, bool *ones, const real *row, size_t n)
{
    BITS other = {0}; /* set where x (x - 1) is not 0: x is neither 0 nor 1 */
    bool odd = false;
    size_t found = 0, i = 0;
    for (; i + LANES <= n; i += LANES) { /* no branch: what is there cannot be predicted */
        const VEC x = load(row + i);
        other |= (BITS)(x * (x - 1));
        found += put_places(index + found, bits_of(row + i), (uint32_t)i);
    }
    for (; i < n; i++) {
        odd |= row[i] != 0 && row[i] != 1;
        if (row[i] != 0)
            index[found++] = (uint32_t)i;
    }
    for (size_t k = 0; k < LANES; k++)
        odd |= other[k] << 1 != 0; /* but for the sign: 0 may be -0 */
    if (odd)
        *ones = false;
    for (size_t k = 0; value && k < found; k++)
        value[k] = row[index[k]];
    return found;
}

/* ------------------------------------------------------------------------------ products -- */

/* The first n numbers of a vector, n < LANES. */
static inline VEC load_part(const real *p, size_t n)
{
#if !defined(SNN_DOUBLE) && defined(__AVX512F__)
    return (VEC)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif !defined(SNN_DOUBLE) && defined(__AVX2__)
    const __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    return (VEC)_mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane));
#else
    VEC v = {0};
    for (size_t i = 0; i < n; i++)
        v[i] = p[i];
    return v;
#endif
}

static inline void store_part(real *p, VEC v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = v[i];
}

/* What a tile of columns needs: `part` numbers in its last vector, or all. */
struct tile {
    const real *table;
    const uint32_t *index;
    const real *value;
    size_t n, width, part;
};

__attribute__((always_inline)) static inline VEC term(const struct tile *t, const real *row,
                                                      size_t vector, size_t vectors, bool is_part)
{
    return is_part && vector + 1 == vectors ? load_part(row + vector * LANES, t->part)
                                            : load(row + vector * LANES);
}

/* sum[vectors] += the rows. `vectors`, `is_part` and `ones` are constants where it is called. Few
 * vectors leave registers for rows at a time, whose sums need not wait for each other. */
__attribute__((always_inline)) static inline void add_rows(VEC *sum, const struct tile *t,
                                                           size_t vectors, bool is_part, bool ones)
{
    enum { ROWS = 4 };
    size_t k = 0;
    if (vectors <= 2) {
        VEC side[ROWS][2] = {{{0}}};
        for (; k + ROWS <= t->n; k += ROWS) {
            UNROLL for (size_t r = 0; r < ROWS; r++)
            {
                const real *row = t->table + (size_t)t->index[k + r] * t->width;
                UNROLL for (size_t v = 0; v < vectors; v++)
                {
                    const VEC x = term(t, row, v, vectors, is_part);
                    side[r][v] += ones ? x : x * t->value[k + r];
                }
            }
        }
        UNROLL for (size_t v = 0; v < vectors; v++) sum[v] +=
            (side[0][v] + side[1][v]) + (side[2][v] + side[3][v]);
    }
    for (; k < t->n; k++) {
        const real *row = t->table + (size_t)t->index[k] * t->width;
        UNROLL for (size_t v = 0; v < vectors; v++)
        {
            const VEC x = term(t, row, v, vectors, is_part);
            sum[v] += ones ? x : x * t->value[k];
        }
    }
}

__attribute__((always_inline)) static inline void
run_tile(real *out, const real *bias, const struct tile *t, size_t vectors, bool is_part)
{
    const real *from = bias ? bias : out;
    VEC sum[16];
    UNROLL for (size_t v = 0; v < vectors; v++) sum[v] = term(t, from, v, vectors, is_part);
    if (t->value)
        add_rows(sum, t, vectors, is_part, false);
    else
        add_rows(sum, t, vectors, is_part, true);
    UNROLL for (size_t v = 0; v < vectors; v++)
    {
        if (is_part && v + 1 == vectors)
            store_part(out + v * LANES, sum[v], t->part);
        else
            memcpy(out + v * LANES, &sum[v], sizeof(VEC));
    }
}

/* Columns in tiles of as many vectors as registers hold. */
enum { WIDEST = VECTOR_BYTES == 64 ? 16 : 8 };

static void product_row(real *out, const real *bias, struct tile t)
{
    size_t left = t.width;
#define TILE(vectors)                                                                              \
    for (; left >= (vectors)*LANES; left -= (vectors)*LANES) {                                     \
        run_tile(out, bias, &t, vectors, false);                                                   \
        out += (vectors)*LANES;                                                                    \
        t.table += (vectors)*LANES;                                                                \
        bias = bias ? bias + (vectors)*LANES : NULL;                                               \
    }
    TILE(WIDEST)
    TILE(4)
    TILE(2)
    TILE(1)
#undef TILE
    if (left == 0)
        return;
    t.part = left;
    run_tile(out, bias, &t, 1, true);
}

static struct tile tile_of(const struct snn_sparse *l, size_t r, size_t width)
{
    const uint32_t from = l->start[r];
    return (struct tile){.index = l->index + from,
                         .value = l->value ? l->value + from : NULL,
                         .n = l->start[r + 1] - from,
                         .width = width};
}

void snn_sparse_product(real *out, const real *table, const struct snn_sparse *l, size_t width,
                        const real *bias)
{
    for (size_t r = 0; r < l->rows; r++) {
        struct tile t = tile_of(l, r, width);
        t.table = table;
        product_row(out + r * width, bias, t);
    }
}

/* --------------------------------------------------------------------------------- scatter -- */

/* Adds x's columns of a tile to the rows of the table. `vectors`, `is_part` and `ones` are
 * constants where it is called; what a part's last vector has beyond is zeros. */
__attribute__((always_inline)) static inline void scatter_tile(real *table, size_t stride,
                                                               const real *x, const struct tile *t,
                                                               size_t vectors, bool is_part,
                                                               bool ones)
{
    VEC add[4] = {{0}};
    UNROLL for (size_t v = 0; v < vectors; v++) add[v] = term(t, x, v, vectors, is_part);
    for (size_t k = 0; k < t->n; k++) {
        real *row = table + (size_t)t->index[k] * stride;
        UNROLL for (size_t v = 0; v < vectors; v++)
        {
            const VEC sum = load(row + v * LANES) + (ones ? add[v] : add[v] * t->value[k]);
            memcpy(row + v * LANES, &sum, sizeof sum);
        }
    }
}

__attribute__((always_inline)) static inline void
scatter_row(real *table, size_t stride, const real *x, struct tile t, bool ones)
{
    size_t left = t.width;
    for (; left >= 4 * LANES; left -= 4 * LANES, x += 4 * LANES, table += 4 * LANES)
        scatter_tile(table, stride, x, &t, 4, false, ones);
    for (; left >= LANES; left -= LANES, x += LANES, table += LANES)
        scatter_tile(table, stride, x, &t, 1, false, ones);
    t.part = left;
    if (left)
        scatter_tile(table, stride, x, &t, 1, true, ones);
}

void snn_sparse_scatter(real *table, const real *x, const struct snn_sparse *l, size_t width)
{
    const size_t stride = snn_scatter_stride(width);
    for (size_t r = 0; r < l->rows; r++) {
        const struct tile t = tile_of(l, r, width);
        if (t.value)
            scatter_row(table, stride, x + r * width, t, false);
        else
            scatter_row(table, stride, x + r * width, t, true);
    }
}
