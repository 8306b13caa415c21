/* SPDX-License-Identifier: MIT */
/* Bernoulli spikes: p = gain x, drawn anew in each step. */
#include "core/encode/rows.h"

void snn_encode_rate(real *out, const real *x, size_t n, struct snn_steps steps,
                     const struct snn_choice *c, const struct snn_rng_key *key)
{
    real gain = (real)c->value[ENCODE_GAIN];
    struct snn_rng_key k = *key;

    for (size_t t = steps.from; t < steps.to; t++) {
        real *row = out + (t - steps.from) * n;

        k.step = (uint32_t)t;
        snn_rng_uniform(row, n, &k);
        /* The draws are in [0, 1): p <= 0 never fires and p >= 1 always does, with no clamp. */
        for (size_t i = 0; i < n; i++)
            row[i] = row[i] < gain * x[i] ? 1 : 0;
    }
}
