/* SPDX-License-Identifier: MIT */
/* Vectors of the width that the kernel's instruction set has. They are GCC's; what these cannot say
 * (masks, the bits of a comparison, parts of a vector) is intrinsics where the set has it and plain
 * C where not. For kernels alone: elsewhere the width is another. */
#ifndef SPIKED_CORE_MATH_LANES_H
#define SPIKED_CORE_MATH_LANES_H

#include <string.h>

#include "core/snn.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define SNN_VECTOR_BYTES 64
#elif defined(__AVX__)
#define SNN_VECTOR_BYTES 32
#else
#define SNN_VECTOR_BYTES 16
#endif

#define SNN_LANES (SNN_VECTOR_BYTES / sizeof(real))

#ifdef __clang__
#define SNN_UNROLL _Pragma("unroll")
#else
#define SNN_UNROLL _Pragma("GCC unroll 16")
#endif

#ifdef SNN_DOUBLE
#define SNN_IS_DOUBLE 1
#define SNN_VECTOR double __attribute__((vector_size(SNN_VECTOR_BYTES)))
#define SNN_BITS uint64_t __attribute__((vector_size(SNN_VECTOR_BYTES)))
#else
#define SNN_IS_DOUBLE 0
#define SNN_VECTOR float __attribute__((vector_size(SNN_VECTOR_BYTES)))
#define SNN_BITS uint32_t __attribute__((vector_size(SNN_VECTOR_BYTES)))
#endif

static inline SNN_VECTOR snn_load(const real *p)
{
    SNN_VECTOR v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void snn_store(real *p, SNN_VECTOR v)
{
    memcpy(p, &v, sizeof v);
}

/* The first n numbers of a vector, n < SNN_LANES; zeros behind them. */
static inline SNN_VECTOR snn_load_part(const real *p, size_t n)
{
#if !defined(SNN_DOUBLE) && defined(__AVX512F__)
    return (SNN_VECTOR)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif !defined(SNN_DOUBLE) && defined(__AVX2__)
    const __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    return (SNN_VECTOR)_mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane));
#else
    SNN_VECTOR v = {0};
    for (size_t i = 0; i < n; i++)
        v[i] = p[i];
    return v;
#endif
}

static inline void snn_store_part(real *p, SNN_VECTOR v, size_t n)
{
#if !defined(SNN_DOUBLE) && defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
    for (size_t i = 0; i < n; i++)
        p[i] = v[i];
#endif
}

/* How many of n numbers are the k-th vector's or behind it. */
static inline size_t snn_upto(size_t n, size_t k)
{
    return n > k * SNN_LANES ? n - k * SNN_LANES : 0;
}

/* The same of any n, 0 too; beyond SNN_LANES there is no more than a whole vector. */
static inline SNN_VECTOR snn_load_upto(const real *p, size_t n)
{
    return n >= SNN_LANES ? snn_load(p) : n ? snn_load_part(p, n) : (SNN_VECTOR){0};
}

static inline void snn_store_upto(real *p, SNN_VECTOR v, size_t n)
{
    if (n >= SNN_LANES)
        snn_store(p, v);
    else if (n)
        snn_store_part(p, v, n);
}

/* A bit for each number that is not 0. */
static inline uint32_t snn_bits_nonzero(SNN_VECTOR x)
{
#if !defined(SNN_DOUBLE) && defined(__AVX512F__)
    return _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
#elif !defined(SNN_DOUBLE) && defined(__AVX__)
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_NEQ_UQ));
#elif !defined(SNN_DOUBLE) && defined(__SSE2__)
    return (uint32_t)_mm_movemask_ps(_mm_cmpneq_ps((__m128)x, _mm_setzero_ps()));
#else
    uint32_t bits = 0;
    for (size_t i = 0; i < SNN_LANES; i++)
        bits |= (uint32_t)(x[i] != 0) << i;
    return bits;
#endif
}

/* 1 where x >= 0, else 0; and a bit for each that is. */
static inline SNN_VECTOR snn_steps(SNN_VECTOR x, uint32_t *bits)
{
    const SNN_VECTOR one = (SNN_VECTOR){0} + 1;
#if !defined(SNN_DOUBLE) && defined(__AVX512F__)
    const __mmask16 fires = _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_GE_OQ);
    *bits = fires;
    return (SNN_VECTOR)_mm512_maskz_mov_ps(fires, (__m512)one);
#else
    SNN_VECTOR s = (SNN_VECTOR)((SNN_BITS)(x >= 0) & (SNN_BITS)one);
    *bits = snn_bits_nonzero(s);
    return s;
#endif
}

/* first + the places of the bits, ascending; returns how many. Writes a whole vector's. */
static inline size_t snn_put_places(uint32_t *index, uint32_t bits, uint32_t first)
{
#if !defined(SNN_DOUBLE) && defined(__AVX512F__)
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i place = _mm512_add_epi32(lane, _mm512_set1_epi32((int)first));
    _mm512_storeu_si512(index, _mm512_maskz_compress_epi32((__mmask16)bits, place));
    return (size_t)__builtin_popcount(bits);
#elif !defined(SNN_DOUBLE) && defined(__AVX2__) && defined(__BMI2__)
    const uint64_t kept = _pdep_u64(bits, 0x0101010101010101u) * 0xff;
    const uint64_t lanes = _pext_u64(0x0706050403020100u, kept);
    const __m256i place = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)lanes));
    _mm256_storeu_si256((__m256i *)(void *)index,
                        _mm256_add_epi32(place, _mm256_set1_epi32((int)first)));
    return (size_t)__builtin_popcount(bits);
#else
    size_t n = 0;
    for (; bits; bits &= bits - 1)
        index[n++] = first + (uint32_t)__builtin_ctz(bits);
    return n;
#endif
}

#endif
