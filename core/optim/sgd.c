/* SPDX-License-Identifier: MIT */
/* Stochastic gradient descent, with momentum as PyTorch has it: the learning rate is outside. */
#include "core/optim/rows.h"

/* p -= lr (g + wd p) */
static void plain(real *restrict p, const real *restrict g, size_t n, real rate, real decay)
{
    for (size_t i = 0; i < n; i++)
        p[i] -= rate * (g[i] + decay * p[i]);
}

/* d = g + wd p;  b = keep b + take d;  p -= lr (direct d + follow b) */
struct momentum {
    real rate, decay, keep, take, direct, follow;
};

static void with_momentum(real *restrict p, real *restrict b, const real *restrict g, size_t n,
                          struct momentum m)
{
    for (size_t i = 0; i < n; i++) {
        real d = g[i] + m.decay * p[i];
        real next = snn_two_products(m.keep, b[i], m.take, d);
        b[i] = next;
        p[i] -= m.rate * snn_two_products(m.direct, d, m.follow, next);
    }
}

void snn_sgd_update(real *p, const real *g, real *const slot[SNN_MAX_SLOTS], size_t n, size_t t,
                    const struct snn_choice *c)
{
    const double *v = c->value;
    bool nesterov = v[SGD_NESTEROV] != 0.0;
    /* The first step takes the gradient as it is: dampening does not touch it, and the state is 0.
     */
    double take = t == 1 ? 1.0 : 1.0 - v[SGD_DAMPENING];
    struct momentum m = {
        .rate = (real)v[SGD_LEARNING_RATE],
        .decay = (real)v[SGD_WEIGHT_DECAY],
        .keep = (real)v[SGD_MOMENTUM],
        .take = (real)take,
        .direct = nesterov ? 1 : 0,
        .follow = nesterov ? (real)v[SGD_MOMENTUM] : 1,
    };

    if (!(v[SGD_MOMENTUM] > 0))
        plain(p, g, n, m.rate, m.decay);
    else
        with_momentum(p, slot[0], g, n, m);
}
