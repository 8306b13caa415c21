/* SPDX-License-Identifier: MIT */
/* Spikes where a feature changes from one step to the next, as snnTorch's spikegen.delta has them:
 * 1 where it rises by the threshold or more, and if asked for -1 where it falls by as much. Before
 * the first step it was 0, or (`padding`) what it is in the first. */
#include "core/encode/rows.h"

void snn_encode_delta(real *out, const real *x, size_t n, struct snn_steps steps,
                      const struct snn_choice *c, const struct snn_rng_key *key)
{
    const real threshold = (real)c->value[DELTA_THRESHOLD];
    const real off = c->value[DELTA_OFF_SPIKES] != 0 ? -1 : 0;

    (void)key;
    x += steps.from * n;
    for (size_t t = steps.from; t < steps.to; t++, x += n, out += n)
        for (size_t i = 0; i < n; i++) {
            const real first = c->value[DELTA_PADDING] != 0 ? x[i] : 0;
            const real change = x[i] - (t > 0 ? *(x + i - n) : first);

            out[i] = change >= threshold ? 1 : change <= -threshold ? off : 0;
        }
}
