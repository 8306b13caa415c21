/* SPDX-License-Identifier: MIT */
/* What the expressions of core/surrogate/rows.h are made of, for the kernels that have them in
 * their loops: x, s and k are the loop's. */
#ifndef SPIKED_CORE_SURROGATE_SLOPES_H
#define SPIKED_CORE_SURROGATE_SLOPES_H

#include "core/math/approx.h"
#include "core/surrogate/rows.h"

#define PI ((real)3.14159265358979323846)

static inline real sq(real x)
{
    return x * x;
}

/* k s (1 - s), with s = s(kx): 1 - s is written out, so the tail at large x underflows as the
 * reference's does. */
static inline real logistic_slope(real k, real s)
{
    return k * s * (1 - s);
}

static inline real magnitude(real x)
{
    return x < 0 ? -x : x;
}

#define ARCTAN (k / 2 / (1 + sq(PI / 2 * k * x)))
#define WINDOW ((x >= -k && x <= k) ? 1 / (2 * k) : 0)
#define FAST (1 / sq(1 + k * magnitude(x)))
#define MEAN_SLOPE logistic_slope(k, snn_sigmoid(k *x))

#endif
