/* SPDX-License-Identifier: MIT */
/* Adam (Kingma, Ba: Adam: A Method for Stochastic Optimization; ICLR 2015), AdamW (Loshchilov,
 * Hutter: Decoupled Weight Decay Regularization; ICLR 2019) and AMSGrad (Reddi, Kale, Kumar: On the
 * Convergence of Adam and Beyond; ICLR 2018), with epsilon where PyTorch has it: outside both
 * roots. */
#include <math.h>

#include "core/optim/rows.h"

static inline real root(real x)
{
#ifdef SNN_DOUBLE
    return sqrt(x);
#else
    return sqrtf(x);
#endif
}

/* What is the same for all elements of one step, found once in double. */
struct step {
    real keep1, take1, keep2, take2; /* beta, 1 - beta */
    real decay;                      /* into the gradient: Adam */
    real shrink;                     /* of the weight: AdamW; else 1 */
    real size;                       /* lr / (1 - beta1^t) */
    real unbias;                     /* 1 / sqrt(1 - beta2^t) */
    real epsilon;
};

static struct step step_of(const struct snn_choice *c, size_t t, bool decoupled)
{
    const double *v = c->value;
    double rate = v[ADAM_LEARNING_RATE], decay = v[ADAM_WEIGHT_DECAY];

    return (struct step){
        .keep1 = (real)v[ADAM_BETA1],
        .take1 = (real)(1 - v[ADAM_BETA1]),
        .keep2 = (real)v[ADAM_BETA2],
        .take2 = (real)(1 - v[ADAM_BETA2]),
        .decay = decoupled ? 0 : (real)decay,
        .shrink = decoupled ? (real)(1 - rate * decay) : 1,
        .size = (real)(rate / (1 - pow(v[ADAM_BETA1], (double)t))),
        .unbias = (real)(1 / sqrt(1 - pow(v[ADAM_BETA2], (double)t))),
        .epsilon = (real)v[ADAM_EPSILON],
    };
}

/* g += wd p;  m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  p -= lr m^ / (sqrt(v^) + epsilon) */
static void plain(real *restrict p, real *restrict m, real *restrict v, const real *restrict g,
                  size_t n, struct step s)
{
    for (size_t i = 0; i < n; i++) {
        real d = g[i] + s.decay * p[i];
        real m1 = snn_two_products(s.keep1, m[i], s.take1, d);
        real v1 = snn_two_products(s.keep2, v[i], s.take2, d * d);
        m[i] = m1;
        v[i] = v1;
        p[i] = snn_two_products(-s.size, m1 / (root(v1) * s.unbias + s.epsilon), s.shrink, p[i]);
    }
}

/* The same, divided by the root of the largest v so far. */
static void amsgrad(real *restrict p, real *restrict m, real *restrict v, real *restrict top,
                    const real *restrict g, size_t n, struct step s)
{
    for (size_t i = 0; i < n; i++) {
        real d = g[i] + s.decay * p[i];
        real m1 = snn_two_products(s.keep1, m[i], s.take1, d);
        real v1 = snn_two_products(s.keep2, v[i], s.take2, d * d);
        real top1 = v1 > top[i] ? v1 : top[i];
        m[i] = m1;
        v[i] = v1;
        top[i] = top1;
        p[i] = snn_two_products(-s.size, m1 / (root(top1) * s.unbias + s.epsilon), s.shrink, p[i]);
    }
}

static void update(real *p, const real *g, real *const slot[SNN_MAX_SLOTS], size_t n,
                   const struct snn_choice *c, struct step s)
{
    if (c->value[ADAM_AMSGRAD] != 0.0)
        amsgrad(p, slot[0], slot[1], slot[2], g, n, s);
    else
        plain(p, slot[0], slot[1], g, n, s);
}

void snn_adam_update(real *p, const real *g, real *const slot[SNN_MAX_SLOTS], size_t n, size_t t,
                     const struct snn_choice *c)
{
    update(p, g, slot, n, c, step_of(c, t, false));
}

void snn_adamw_update(real *p, const real *g, real *const slot[SNN_MAX_SLOTS], size_t n, size_t t,
                      const struct snn_choice *c)
{
    update(p, g, slot, n, c, step_of(c, t, true));
}
