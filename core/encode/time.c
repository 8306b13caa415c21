/* SPDX-License-Identifier: MIT */
/* Features that are spike times already, in parts of the sample's length. */
#include <string.h>

#include "core/encode/rows.h"

void snn_encode_time(real *out, const real *x, size_t n, size_t time_steps,
                     const struct snn_choice *c, const struct snn_rng_key *key)
{
    (void)c;
    (void)key;
    memset(out, 0, n * time_steps * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] >= 0 && x[i] < 1))
            continue;
        /* In double: x just below 1 times a large time_steps would be rounded up in float. */
        out[(size_t)((double)x[i] * (double)time_steps) * n + i] = 1;
    }
}
