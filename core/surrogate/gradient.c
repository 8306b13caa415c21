/* SPDX-License-Identifier: MIT */
/* The loops over the rows' expressions. */
#include "core/surrogate/slopes.h"

#define LOOP(name, scale, emits, reach, derivative, what, formula)                                 \
    static void name##_loop(real *out, const real *g, const real *xs, const real *ss, size_t n,    \
                            real k)                                                                \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            real x = xs[i], s = ss[i];                                                             \
            (void)x;                                                                               \
            (void)s;                                                                               \
            out[i] = g[i] * (derivative);                                                          \
        }                                                                                          \
    }
SURROGATES(LOOP)

#define ENTRY(name, scale, emits, reach, derivative, what, formula) name##_loop,
static void (*const loops[])(real *, const real *, const real *, const real *, size_t,
                             real) = {SURROGATES(ENTRY)};

void snn_surrogate_gradient(size_t row, real *out, const real *g, const real *x, const real *s,
                            size_t n, real k)
{
    loops[row](out, g, x, s, n, k);
}

void snn_spike_training(const struct snn_surrogate *row, real *s, const real *x, size_t n, real k)
{
    if (row->training == SNN_SPIKE_NOISY)
        for (size_t i = 0; i < n; i++)
            s[i] = k * x[i] + s[i] >= 0 ? 1 : 0;
    else
        for (size_t i = 0; i < n; i++)
            s[i] = snn_sigmoid(k * x[i] + s[i]);
}
