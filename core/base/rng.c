/* SPDX-License-Identifier: MIT */
/* Philox4x32-10: ten rounds of multiply and exchange on a 128-bit counter under a 64-bit key. */
#include "core/base/rng.h"

#include <string.h>

#include "core/math/approx.h"

#define WORDS 4   /* 32-bit words per counter */
#define CHUNK 256 /* units drawn at a time where they are turned into numbers */

/* out[4 i ..] = the words of counter `first` + i. One counter after another in plain scalars: the
 * rounds unroll, and the compiler turns the loop over counters into vector code. */
static void philox(uint32_t *restrict out, uint32_t first, size_t n, uint32_t purpose,
                   const struct snn_rng_key *key)
{
    uint32_t low = (uint32_t)key->seed, high = (uint32_t)(key->seed >> 32);
    uint32_t step = key->step, sample = key->sample;

    for (size_t i = 0; i < n; i++) {
        uint32_t c0 = first + (uint32_t)i, c1 = step, c2 = sample, c3 = purpose;
        uint32_t k0 = low, k1 = high;

        for (int round = 0; round < 10; round++) {
            uint64_t m0 = (uint64_t)c0 * 0xD2511F53u;
            uint64_t m1 = (uint64_t)c2 * 0xCD9E8D57u;
            c0 = (uint32_t)(m1 >> 32) ^ c1 ^ k0;
            c1 = (uint32_t)m1;
            c2 = (uint32_t)(m0 >> 32) ^ c3 ^ k1;
            c3 = (uint32_t)m0;
            k0 += 0x9E3779B9u; /* the golden ratio */
            k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
        }
        out[WORDS * i] = c0;
        out[WORDS * i + 1] = c1;
        out[WORDS * i + 2] = c2;
        out[WORDS * i + 3] = c3;
    }
}

void snn_rng_bits(uint32_t *out, size_t first, size_t n, const struct snn_rng_key *key)
{
    uint32_t purpose = key->epoch << 12 | key->layer << 4 | (uint32_t)key->stream;
    uint32_t counter = (uint32_t)(first / WORDS);
    size_t whole = n / WORDS, rest = n % WORDS;

    philox(out, counter, whole, purpose, key);
    if (rest) {
        uint32_t last[WORDS];
        philox(last, counter + (uint32_t)whole, 1, purpose, key);
        memcpy(out + whole * WORDS, last, rest * sizeof *out);
    }
}

void snn_rng_uniform(real *out, size_t n, const struct snn_rng_key *key)
{
    uint32_t bits[CHUNK];

    for (size_t first = 0; first < n; first += CHUNK) {
        size_t m = n - first < CHUNK ? n - first : CHUNK;

        snn_rng_bits(bits, first, m, key);
        /* Through int32_t: SSE2 and AVX2 convert signed integers only. */
        for (size_t i = 0; i < m; i++)
            out[first + i] = (real)(int32_t)(bits[i] >> 8) * (real)0x1p-24;
    }
}

/* e = ln(u / (1 - u)) with u = a / 2^23. In float, 1 - u would lose all of a small u, and ln u all
 * of a small 1 - u. But a and b = 2^23 - a are halves of odd integers below 2^24, both exact in
 * float, and a ratio needs no common scale: ln a - ln b is as good in one tail as in the other. */
void snn_rng_logistic(real *out, size_t n, const struct snn_rng_key *key)
{
    const real limit = (real)13.815509557963774; /* ln((1 - 1e-6) / 1e-6) */
    uint32_t bits[CHUNK];

    for (size_t first = 0; first < n; first += CHUNK) {
        size_t m = n - first < CHUNK ? n - first : CHUNK;

        snn_rng_bits(bits, first, m, key);
        for (size_t i = 0; i < m; i++) {
            real a = (real)(int32_t)(bits[i] >> 9) + (real)0.5;
            real b = (real)8388608 - a;
            real e = snn_log(a) - snn_log(b);
            e = e > limit ? limit : e;
            out[first + i] = e < -limit ? -limit : e;
        }
    }
}

/* floor(x n / 2^64) for 64 random bits x: each value's share differs from 1/n by less than 2^-64.
 */
size_t snn_rng_below(size_t n, size_t index, const struct snn_rng_key *key)
{
    uint32_t x[2];

    snn_rng_bits(x, index * WORDS, 2, key);
    uint64_t n_low = (uint32_t)n, n_high = (uint64_t)n >> 32;
    uint64_t low = x[0] * n_low;
    uint64_t middle = x[1] * n_low + (low >> 32);
    uint64_t cross = x[0] * n_high + (uint32_t)middle;
    return (size_t)(x[1] * n_high + (middle >> 32) + (cross >> 32));
}

void snn_rng_shuffle(uint32_t *order, size_t n, const struct snn_rng_key *key)
{
    for (size_t i = n; i-- > 1;) {
        size_t j = snn_rng_below(i + 1, i, key);
        uint32_t moved = order[i];

        order[i] = order[j];
        order[j] = moved;
    }
}
