/* SPDX-License-Identifier: MIT */
/* Integrate-and-fire by Euler steps, forward and its exact reverse: w = v + h f. Equations:
 * core/neuron/neuron.h; the scaled reset's share of f is written as part of what the spike takes,
 * v' = w0 - s (a + b w0) with w0 = v + h f0. */
#include <string.h>

#include "core/neuron/neuron.h"

/* What is the same for all neurons in a step. */
struct step {
    real h, per_step, whole, b, leak; /* per_step: h times the reset's */
};

static struct step step_of(const struct snn_cell *c, size_t t)
{
    return (struct step){
        .h = c->h[t],
        .per_step = c->reset->per_step * c->h[t],
        .whole = c->reset->whole,
        .b = c->reset->b,
        .leak = c->neuron->leak,
    };
}

/* What a spike takes: a = threshold (per_step h / tau + whole). */
static inline real taken(const struct step *k, real r, real threshold)
{
    return threshold * (k->per_step * r + k->whole);
}

static void forward_hard(const struct step k, const struct snn_cell *c,
                         const real *restrict current, real *restrict x, real *restrict s,
                         real *restrict v)
{
    const real *restrict r = c->r, *restrict threshold = c->threshold;
    const size_t n = c->n;
    for (size_t i = 0; i < n; i++) {
        real f0 = (current[i] - k.leak * v[i]) * r[i];
        real xi = v[i] + f0 - threshold[i];
        real si = xi >= 0 ? 1 : 0;
        real w = v[i] + k.h * f0;
        x[i] = xi;
        s[i] = si;
        v[i] = w - si * (taken(&k, r[i], threshold[i]) + k.b * w);
    }
}

/* The spike is computed from the charge in between, so it takes two passes. s holds e on entry. */
static void forward_soft(const struct step k, const struct snn_cell *c,
                         const real *restrict current, real *restrict x, real *restrict s,
                         real *restrict v)
{
    const real *restrict r = c->r, *restrict threshold = c->threshold;
    const size_t n = c->n;
    for (size_t i = 0; i < n; i++)
        x[i] = v[i] + (current[i] - k.leak * v[i]) * r[i] - threshold[i];
    snn_spike_training(c->surrogate, s, x, n, c->scale);
    for (size_t i = 0; i < n; i++) {
        real w = v[i] + k.h * ((current[i] - k.leak * v[i]) * r[i]);
        v[i] = w - s[i] * (taken(&k, r[i], threshold[i]) + k.b * w);
    }
}

void snn_euler_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    const size_t n = c->n;
    for (size_t t = f->from; t < f->to; t++) {
        const struct step k = step_of(c, t);
        const real *current = f->current + t * f->current_stride;
        real *x = f->x + t * n, *s = f->s + t * n;
        if (f->v)
            memcpy(f->v + t * n, f->state, n * sizeof *f->v);
        (f->soft ? forward_soft : forward_hard)(k, c, current, x, s, f->state);
    }
}

/* From du = dL/du and lambda = dL/dv': dL/dI into d_current and dL/dv into lambda.
 *   dw = lambda (1 - b s)   df0 = du + h dw   dI = df0 / tau   dv = du + dw - leak df0 / tau */
static void backward_state(const struct step k, const real *restrict r, const real *restrict du,
                           const real *restrict s, real *restrict lambda, real *restrict d_current,
                           size_t n)
{
    for (size_t i = 0; i < n; i++) {
        real dw = lambda[i] - k.b * s[i] * lambda[i];
        real d_input = (du[i] + k.h * dw) * r[i];
        d_current[i] = d_input;
        lambda[i] = du[i] + dw - k.leak * d_input;
    }
}

/* What reaches the spike through the reset when it is not detached: dL/ds += -lambda (a + b w). */
static void add_reset_gradient(const struct step k, const struct snn_cell *c,
                               const struct snn_cell_backward *b, size_t t, real *restrict g)
{
    const size_t n = c->n;
    const real *x = b->x + t * n, *lambda = b->lambda;
    for (size_t i = 0; i < n; i++) {
        real w = 0;
        if (k.b != 0) {
            real v = b->v[t * n + i];
            w = v + k.h * (x[i] + c->threshold[i] - v);
        }
        g[i] -= lambda[i] * (taken(&k, c->r[i], c->threshold[i]) + k.b * w);
    }
}

/* dL/dtau of one step: through f0, and through the scaled reset's a. */
static void add_tau_gradient(const struct step k, const struct snn_cell *c,
                             const struct snn_cell_backward *b, const real *du, size_t t)
{
    const size_t n = c->n;
    const real *x = b->x + t * n, *s = b->s + t * n, *v = b->v + t * n;
    for (size_t i = 0; i < n; i++) {
        real dw = b->lambda[i] - k.b * s[i] * b->lambda[i];
        real f0 = x[i] + c->threshold[i] - v[i];
        real da_dtau = -c->threshold[i] * k.per_step * c->r[i] * c->r[i];
        b->d.tau[i] += (double)(-(du[i] + k.h * dw) * f0 * c->r[i] - s[i] * b->lambda[i] * da_dtau);
    }
}

/* dL/dthreshold of one step: through x, and through what the reset takes. */
static void add_threshold_gradient(const struct step k, const struct snn_cell *c,
                                   const struct snn_cell_backward *b, const real *dx, size_t t)
{
    const real *s = b->s + t * c->n;
    for (size_t i = 0; i < c->n; i++)
        b->d.threshold[i] -=
            (double)(dx[i] + s[i] * b->lambda[i] * (k.per_step * c->r[i] + k.whole));
}

void snn_leak_back(const struct snn_cell *c, real *x, real *lambda, size_t n)
{
    const real leak = c->neuron->leak, r = c->r[0];
    for (size_t t = c->time_steps; t-- > 0;) {
        const real h = c->h[t];
        real *restrict row = x + t * n, *restrict l = lambda;
        for (size_t i = 0; i < n; i++) {
            const real du = row[i], d_input = (du + h * l[i]) * r;
            l[i] = du + l[i] - leak * d_input;
            row[i] = d_input;
        }
    }
}

void snn_euler_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    const size_t n = c->n;
    real *du = b->scratch, *d_current = b->scratch + n;
    for (size_t t = b->to; t-- > b->from;) {
        const struct step k = step_of(c, t);
        real *g = b->g + t * n;
        if (!c->detach_reset)
            add_reset_gradient(k, c, b, t, g);
        c->surrogate->gradient(du, g, b->x + t * n, b->s + t * n, n, c->scale);
        if (b->d.threshold) /* before a membrane readout joins in: that reads u, not u - threshold
                             */
            add_threshold_gradient(k, c, b, du, t);
        if (b->g_membrane)
            for (size_t i = 0; i < n; i++)
                du[i] += b->g_membrane[t * n + i];
        if (b->d_membrane)
            memcpy(b->d_membrane + t * n, du, n * sizeof *du);
        if (b->d.tau)
            add_tau_gradient(k, c, b, du, t);
        backward_state(k, c->r, du, b->s + t * n, b->lambda, b->d_current_sum ? d_current : g, n);
        if (b->d_current_sum)
            for (size_t i = 0; i < n; i++)
                b->d_current_sum[i] += d_current[i];
    }
}
