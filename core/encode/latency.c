/* SPDX-License-Identifier: MIT */
/* Time to first spike. A leaky membrane charged by a constant current x crosses the threshold at
 * tau ln(x / (x - threshold)); the formula of Zenke's SpyTorch tutorial (current2firing_time).
 * Strong features spike first, those that never reach the threshold do not. */
#include <math.h>
#include <string.h>

#include "core/encode/rows.h"

void snn_encode_latency(real *out, const real *x, size_t n, struct snn_steps steps,
                        const struct snn_choice *c, const struct snn_rng_key *key)
{
    double gain = c->value[ENCODE_GAIN], tau = c->value[LATENCY_TAU];
    double threshold = c->value[LATENCY_THRESHOLD];

    (void)key;
    memset(out, 0, n * (steps.to - steps.from) * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        double charge = gain * (double)x[i];

        if (!(charge > threshold))
            continue;
        /* ln(x / (x - th)) = -ln(1 - th / x), which is also right where x is infinite. */
        double when = floor(-tau * log1p(-threshold / charge));
        if (when >= (double)steps.from && when < (double)steps.to)
            out[((size_t)when - steps.from) * n + i] = 1;
    }
}
