/* SPDX-License-Identifier: MIT */
/* Features that are spike times already, in parts of the sample's length. */
#include <string.h>

#include "core/encode/rows.h"

void snn_encode_time(real *out, const real *x, size_t n, struct snn_steps steps,
                     const struct snn_choice *c, const struct snn_rng_key *key)
{
    (void)c;
    (void)key;
    memset(out, 0, n * (steps.to - steps.from) * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] >= 0 && x[i] < 1))
            continue;
        /* In double: x just below 1 times many steps would be rounded up in float. */
        const size_t t = (size_t)((double)x[i] * (double)steps.all);
        if (t >= steps.from && t < steps.to)
            out[(t - steps.from) * n + i] = 1;
    }
}
