/* SPDX-License-Identifier: MIT */
/* The features themselves, as a current that does not change. */
#include "core/encode/rows.h"

void snn_encode_constant(real *out, const real *x, size_t n, struct snn_steps steps,
                         const struct snn_choice *c, const struct snn_rng_key *key)
{
    real gain = (real)c->value[ENCODE_GAIN];

    (void)steps;
    (void)key;
    for (size_t i = 0; i < n; i++)
        out[i] = gain * x[i];
}
