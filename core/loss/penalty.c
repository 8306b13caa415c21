/* SPDX-License-Identifier: MIT */
#include "core/loss/penalty.h"

#include <math.h>
#include <string.h>

double snn_penalty_add(real *g, const real *s, size_t time_steps, size_t n, real *scratch,
                       double scale, const struct snn_penalty *p)
{
    const double steps = (double)time_steps, share = p->strength / (double)n;
    double sum = 0;

    memset(scratch, 0, n * sizeof *scratch);
    for (size_t t = 0; t < time_steps; t++)
        for (size_t i = 0; i < n; i++)
            scratch[i] += s[t * n + i];
    for (size_t i = 0; i < n; i++) {
        const double rate = (double)scratch[i] / steps;
        const double over = fmax(0, rate - p->above), under = fmax(0, p->below - rate);
        sum += over * over + under * under;
        scratch[i] = (real)(2 * share * scale * (over - under) / steps);
    }
    for (size_t t = 0; t < time_steps; t++)
        for (size_t i = 0; i < n; i++)
            g[t * n + i] += scratch[i];
    return share * sum;
}
