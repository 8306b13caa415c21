/* SPDX-License-Identifier: MIT */
/* Values into their bins, and into sums. The bin of a value is its exponent field, so no logarithm
 * is taken: a pass the compiler turns into vector code finds the bins, and a second one counts
 * them. All sums have the same order, and no multiply-add is fused, on every instruction set. */
#include "core/diag/gather.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#ifdef SNN_DOUBLE
#define WORD uint64_t
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#else
#define WORD uint32_t
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#endif

#define SIDE SNN_HIST_SIDE
#define SIGN_BIT ((WORD)1 << (8 * sizeof(WORD) - 1))
#define INFINITY_BITS ((WORD)(2 * EXPONENT_BIAS + 1) << MANTISSA_BITS)
#define CHUNK 4096
#define LANES 16
#define TABLES 8 /* equal values follow each other: one table would wait for its own last store */

/* Slots behind the bins for what is in none. */
enum { ZERO = SNN_HIST_BINS, INFINITE, NOT_A_NUMBER, SLOTS = 128 };
static_assert(NOT_A_NUMBER < SLOTS && SLOTS <= UINT8_MAX + 1, "a slot is a byte");

static void find_slots(uint8_t *restrict slot, const real *restrict values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        WORD bits, magnitude;

        memcpy(&bits, &values[i], sizeof bits);
        magnitude = bits & ~SIGN_BIT;
        /* 0 below 2^min, then one per exponent, the last for all above; subnormals have exponent 0
         */
        int32_t rank =
            (int32_t)(magnitude >> MANTISSA_BITS) - (EXPONENT_BIAS + SNN_HIST_EXP_MIN - 1);
        rank = rank < 0 ? 0 : rank;
        rank = rank > SIDE - 1 ? SIDE - 1 : rank;
        int32_t at = bits & SIGN_BIT ? SIDE - 1 - rank : SIDE + rank;
        at = magnitude == 0 ? ZERO : at;
        at = magnitude == INFINITY_BITS ? INFINITE : at;
        at = magnitude > INFINITY_BITS ? NOT_A_NUMBER : at;
        slot[i] = (uint8_t)at;
    }
}

static void count_slots(struct snn_histogram *h, const uint8_t *slot, size_t n)
{
    uint16_t table[TABLES][SLOTS] = {{0}}; /* n <= CHUNK */
    size_t i = 0;

    for (; i + TABLES <= n; i += TABLES)
        for (size_t j = 0; j < TABLES; j++)
            table[j][slot[i + j]]++;
    for (; i < n; i++)
        table[0][slot[i]]++;
    for (size_t j = 1; j < TABLES; j++)
        for (i = 0; i < SLOTS; i++)
            table[0][i] = (uint16_t)(table[0][i] + table[j][i]);
    for (i = 0; i < SNN_HIST_BINS; i++)
        h->bins[i] += table[0][i];
    h->zeros += table[0][ZERO];
    h->inf += table[0][INFINITE];
    h->nan += table[0][NOT_A_NUMBER];
}

/* Sums and extremes of the finite values, in lanes of their own so that they need not wait for each
 * other. */
struct moments {
    double sum[LANES], squares[LANES], min[LANES], max[LANES];
};

static inline void take(struct moments *m, size_t lane, double v)
{
    bool finite = fabs(v) <= DBL_MAX;
    double x = finite ? v : 0, low = finite ? v : HUGE_VAL, high = finite ? v : -HUGE_VAL;

    m->sum[lane] += x;
    m->squares[lane] += x * x;
    m->min[lane] = low < m->min[lane] ? low : m->min[lane];
    m->max[lane] = high > m->max[lane] ? high : m->max[lane];
}

static void add_moments(struct snn_histogram *h, const real *values, size_t n)
{
    struct moments m = {.sum = {0}};
    size_t i = 0;

    for (size_t j = 0; j < LANES; j++) {
        m.min[j] = HUGE_VAL;
        m.max[j] = -HUGE_VAL;
    }
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            take(&m, j, (double)values[i + j]);
    for (size_t j = 0; i + j < n; j++)
        take(&m, j, (double)values[i + j]);
    for (size_t j = 0; j < LANES; j++) {
        h->sum += m.sum[j];
        h->sum_squares += m.squares[j];
        h->min = m.min[j] < h->min ? m.min[j] : h->min;
        h->max = m.max[j] > h->max ? m.max[j] : h->max;
    }
}

void snn_histogram_add(struct snn_histogram *h, const real *values, size_t n)
{
    uint8_t slot[CHUNK];

    for (size_t first = 0; first < n; first += CHUNK) {
        size_t m = n - first < CHUNK ? n - first : CHUNK;

        find_slots(slot, values + first, m);
        count_slots(h, slot, m);
        add_moments(h, values + first, m);
    }
    h->count += n;
}

size_t snn_count_from(const real *a, real least, size_t n)
{
    size_t count = 0;

    for (size_t first = 0; first < n; first += CHUNK) {
        const size_t end = n - first < CHUNK ? n : first + CHUNK;
        uint32_t some = 0;

        for (size_t i = first; i < end; i++)
            some += a[i] >= least;
        count += some;
    }
    return count;
}

void snn_count_spikes(uint64_t *restrict count, const real *restrict s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        count[i] += s[i] >= (real)0.5;
}
