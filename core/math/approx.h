/* SPDX-License-Identifier: MIT */
/* exp and log that a compiler can vectorise: straight-line code, no table, no branch on the value.
 * In a double build they are libm's, since the references ask for 1e-10. */
#ifndef SPIKED_CORE_MATH_APPROX_H
#define SPIKED_CORE_MATH_APPROX_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/snn.h"

#ifdef SNN_DOUBLE

static inline real snn_exp(real x)
{
    return exp(x);
}

static inline real snn_log(real x)
{
    return log(x);
}

#else

/* e^x, relative error below 1.2e-7; x outside [-87.3, 88.3] gives the value at that end. NaN stays
 * NaN. x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite's two-part ln 2), e^r by its Taylor
 * polynomial. */
static inline float snn_exp(float x)
{
    const float round = 12582912.0f; /* 1.5 * 2^23: adding and subtracting rounds to an integer */
    float y = x < -87.3f ? -87.3f : x;
    y = y > 88.3f ? 88.3f : y;
    float shifted = y * 1.44269504f + round, n = shifted - round;
    float r = y - n * 0.693359375f;
    r -= n * -2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    uint32_t bits; /* shifted's low bits hold n; unsigned, so that NaN is no undefined behaviour */
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - 0x4b400000u + 127u) << 23;
    float two_n;
    memcpy(&two_n, &bits, sizeof two_n);
    return p * two_n;
}

/* ln x for normal positive x, absolute error below 1e-6 + 1.2e-7 |ln x|. x = 2^n m with m in
 * [sqrt(1/2), sqrt 2), ln m = 2 atanh(s), s = (m-1)/(m+1), |s| < 0.172. */
static inline float snn_log(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t n = (bits - 0x3f3504f3) >> 23; /* arithmetic: floor, also below one */
    bits -= n * (1 << 23);
    float m;
    memcpy(&m, &bits, sizeof m);
    float s = (m - 1.0f) / (m + 1.0f), z = s * s;
    float p = 2.0f / 9;
    p = p * z + 2.0f / 7;
    p = p * z + 2.0f / 5;
    p = p * z + 2.0f / 3;
    p = p * z + 2.0f;
    return p * s + (float)n * 0.693147181f;
}

#endif

/* e^x in double in either build, relative error below 5e-16, for x in [-708, 709] and no other. As
 * snn_exp, with a longer polynomial. */
static inline double snn_exp_double(double x)
{
    const double round = 6755399441055744.0; /* 1.5 * 2^52 */
    double shifted = x * 1.4426950408889634 + round, n = shifted - round;
    double r = x - n * 0.693147180369123816490;
    r -= n * 1.90821492927058770002e-10;
    double r2 = r * r, r4 = r2 * r2; /* in pairs, which need not wait for each other */
    double low = (1 + r) + r2 * (0.5 + r * (1.0 / 6));
    double middle = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040));
    double high = (1.0 / 40320 + r * (1.0 / 362880)) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
    high += r4 * (1.0 / 479001600 + r * (1.0 / 6227020800));
    double p = (low + r4 * middle) + r4 * r4 * high;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - 0x4338000000000000u + 1023u) << 52;
    double two_n;
    memcpy(&two_n, &bits, sizeof two_n);
    return p * two_n;
}

/* 1 / (1 + e^-x) */
static inline real snn_sigmoid(real x)
{
    return 1 / (1 + snn_exp(-x));
}

#endif
