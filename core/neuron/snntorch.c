/* SPDX-License-Identifier: MIT */
/*
 * snnTorch's Leaky and Synaptic. With m, j the membrane and synaptic current before a step, H(0) =
 * 0 and R = H(m - threshold), a constant in the gradient:
 *
 *     j' = alpha_syn j + I (synaptic)      d = j' (synaptic), I (leaky)
 *     m' = beta m + d - R threshold (subtract)      beta (1 - R) m + d (zero)      beta m + d
 * (none) x = m' - threshold      s = H(x)
 *
 * Where the reset loses the input as well, zero is (1 - R)(beta m + d). Without reset_delay m' then
 * loses (s - R) threshold (subtract) or (s - R) m' (zero), and that s is no constant.
 */
#include <string.h>

#include "core/neuron/neuron.h"

/* What is the same for all neurons. */
struct rule {
    real take, zero, lost; /* 1 or 0: subtracts, resets to zero, and with the input */
    bool at_once;
};

static struct rule rule_of(const struct snn_cell *c)
{
    const bool takes = c->reset->per_step + c->reset->whole > 0;
    return (struct rule){.take = takes ? 1 : 0,
                         .zero = c->reset->b,
                         .lost = c->loses_input ? c->reset->b : 0,
                         .at_once = !c->reset_delay};
}

static inline real clamped(real v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static inline real fired(real membrane, real threshold)
{
    return membrane - threshold > 0 ? 1 : 0;
}

/* --------------------------------------------------------------------------------- forward -- */

/* d into out: the current, or the synaptic one that it charges. */
static const real *charge(const struct snn_cell *c, const struct snn_cell_forward *f, size_t t)
{
    const real *current = f->current + t * f->current_stride;
    if (!c->neuron->has_aux)
        return current;
    memcpy(f->aux + t * c->n, f->aux_state, c->n * sizeof *f->aux);
    for (size_t i = 0; i < c->n; i++)
        f->aux_state[i] = clamped(c->alpha_syn[i]) * f->aux_state[i] + current[i];
    return f->aux_state;
}

/* m' and x, from d; the membrane after the step, but for a reset at once, in state. */
static void integrate(const struct rule k, const struct snn_cell *c, const real *restrict d,
                      real *restrict x, real *restrict state)
{
    const real *restrict threshold = c->threshold;
    for (size_t i = 0; i < c->n; i++) {
        const real r = fired(state[i], threshold[i]);
        const real kept = clamped(c->beta[i]) * (1 - k.zero * r) * state[i];
        const real m = kept + (1 - k.lost * r) * d[i] - k.take * r * threshold[i];
        x[i] = m - threshold[i];
        state[i] = m;
    }
}

/* state -= (s - R)(take threshold + zero state), R of the membrane v before the step. */
static void reset_at_once(const struct rule k, const struct snn_cell *c, const real *s,
                          const real *v, real *state)
{
    for (size_t i = 0; i < c->n; i++) {
        const real more = s[i] - fired(v[i], c->threshold[i]);
        state[i] -= more * (k.take * c->threshold[i] + k.zero * state[i]);
    }
}

void snn_snntorch_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    const struct rule k = rule_of(c);
    const size_t n = c->n;
    for (size_t t = f->from; t < f->to; t++) {
        real *x = f->x + t * n, *s = f->s + t * n;
        if (f->v)
            memcpy(f->v + t * n, f->state, n * sizeof *f->v);
        integrate(k, c, charge(c, f, t), x, f->state);
        if (f->soft)
            snn_spike_training(c->surrogate, s, x, n, c->scale);
        for (size_t i = 0; !f->soft && i < n; i++)
            s[i] = x[i] > 0 ? 1 : 0;
        if (k.at_once)
            reset_at_once(k, c, s, f->v + t * n, f->state);
    }
}

void snn_snntorch_membrane(const struct snn_cell *c, const struct snn_cell_trace *k, size_t t,
                           real *out)
{
    const struct rule rule = rule_of(c);
    const size_t n = c->n;
    for (size_t i = 0; i < n; i++)
        out[i] = k->x[t * n + i] + c->threshold[i];
    if (rule.at_once)
        reset_at_once(rule, c, k->s + t * n, k->v + t * n, out);
}

/* -------------------------------------------------------------------------------- backward -- */

/* lambda, on entry dL/d of the membrane after step t, becomes that of m'; ds gets its share. */
static void back_at_once(const struct rule k, const struct snn_cell *c,
                         const struct snn_cell_backward *b, size_t t)
{
    const real *x = b->x + t * c->n, *s = b->s + t * c->n, *v = b->v + t * c->n;
    real *g = b->g + t * c->n, *lambda = b->lambda;
    for (size_t i = 0; i < c->n; i++) {
        const real m = x[i] + c->threshold[i], more = s[i] - fired(v[i], c->threshold[i]);
        g[i] -= lambda[i] * (k.take * c->threshold[i] + k.zero * m);
        if (b->d.threshold)
            b->d.threshold[i] -= (double)(lambda[i] * more * k.take);
        lambda[i] -= lambda[i] * k.zero * more;
    }
}

/* dL/d of the constants from dm = dL/dm' and dx. */
static void add_constants(const struct rule k, const struct snn_cell *c,
                          const struct snn_cell_backward *b, size_t t, const real *dm,
                          const real *dx)
{
    const real *v = b->v + t * c->n;
    for (size_t i = 0; i < c->n; i++) {
        const real r = fired(v[i], c->threshold[i]), beta = c->beta[i];
        if (b->d.threshold)
            b->d.threshold[i] -= (double)(dx[i] + k.take * r * dm[i]);
        if (b->d.beta && beta >= 0 && beta <= 1)
            b->d.beta[i] += (double)((1 - k.zero * r) * v[i] * dm[i]);
    }
}

/* dd, on entry dL/dd, becomes dL/dI. */
static void back_synapse(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t,
                         real *dd)
{
    for (size_t i = 0; i < c->n; i++) {
        const real alpha = c->alpha_syn[i];
        dd[i] += b->aux_lambda[i];
        b->aux_lambda[i] = clamped(alpha) * dd[i];
        if (b->d.alpha_syn && alpha >= 0 && alpha <= 1)
            b->d.alpha_syn[i] += (double)(b->aux[t * c->n + i] * dd[i]);
    }
}

static void step_back(const struct rule k, const struct snn_cell *c,
                      const struct snn_cell_backward *b, size_t t)
{
    const size_t n = c->n;
    const real *v = b->v + t * n;
    real *g = b->g + t * n, *lambda = b->lambda, *dx = b->scratch, *dd = b->scratch + n;
    for (size_t i = 0; b->g_membrane && i < n; i++)
        lambda[i] += b->g_membrane[t * n + i];
    if (k.at_once)
        back_at_once(k, c, b, t);
    c->surrogate->gradient(dx, g, b->x + t * n, b->s + t * n, n, c->scale);
    for (size_t i = 0; i < n; i++)
        lambda[i] += dx[i];
    if (b->d_membrane)
        memcpy(b->d_membrane + t * n, lambda, n * sizeof *lambda);
    add_constants(k, c, b, t, lambda, dx);
    for (size_t i = 0; i < n; i++) {
        const real r = fired(v[i], c->threshold[i]), dm = lambda[i];
        dd[i] = (1 - k.lost * r) * dm;
        lambda[i] = clamped(c->beta[i]) * (1 - k.zero * r) * dm;
    }
    if (c->neuron->has_aux)
        back_synapse(c, b, t, dd);
    for (size_t i = 0; b->d_current_sum && i < n; i++)
        b->d_current_sum[i] += dd[i];
    if (!b->d_current_sum)
        memcpy(g, dd, n * sizeof *g);
}

void snn_snntorch_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    const struct rule k = rule_of(c);
    for (size_t t = b->to; t-- > b->from;)
        step_back(k, c, b, t);
}
