/* SPDX-License-Identifier: MIT */
/* Integrate-and-fire by Euler steps, forward and its exact reverse. Equations:
 * core/neuron/neuron.h. */
#include <string.h>

#include "core/neuron/neuron.h"

/* Constants of one step: r = 1/tau, a as the reset has it. */
struct step {
    real r, h, a, b, leak, threshold;
};

static struct step step_of(const struct snn_cell *c, size_t t)
{
    real r = 1 / c->tau, h = c->h[t];
    return (struct step){
        .r = r,
        .h = h,
        .a = c->threshold * (c->reset->per_step * h * r + c->reset->whole),
        .b = c->reset->b,
        .leak = c->neuron->leak,
        .threshold = c->threshold,
    };
}

static void forward_hard(const struct step k, const real *restrict current, real *restrict x,
                         real *restrict s, real *restrict v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        real f0 = (current[i] - k.leak * v[i]) * k.r;
        real xi = v[i] + f0 - k.threshold;
        real si = xi >= 0 ? 1 : 0;
        real w = v[i] + k.h * f0;
        x[i] = xi;
        s[i] = si;
        v[i] = w - si * (k.a + k.b * w);
    }
}

/* The spike is computed from the charge in between, so it takes two passes. s holds e on entry. */
static void forward_soft(const struct step k, const struct snn_cell *c,
                         const real *restrict current, real *restrict x, real *restrict s,
                         real *restrict v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = v[i] + (current[i] - k.leak * v[i]) * k.r - k.threshold;
    snn_spike_soft(s, x, s, n, c->scale);
    for (size_t i = 0; i < n; i++) {
        real w = v[i] + k.h * ((current[i] - k.leak * v[i]) * k.r);
        v[i] = w - s[i] * (k.a + k.b * w);
    }
}

void snn_euler_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    const size_t n = c->n;
    for (size_t t = 0; t < c->time_steps; t++) {
        const struct step k = step_of(c, t);
        const real *current = f->current + t * f->current_stride;
        real *x = f->x + t * n, *s = f->s + t * n;
        if (f->v)
            memcpy(f->v + t * n, f->state, n * sizeof *f->v);
        if (f->soft)
            forward_soft(k, c, current, x, s, f->state, n);
        else
            forward_hard(k, current, x, s, f->state, n);
    }
}

/* From du = dL/du and lambda = dL/dv': dL/dI into d_current and dL/dv into lambda.
 *   dw = lambda (1 - b s)   df0 = du + h dw   dI = df0 / tau   dv = du + dw - leak df0 / tau */
static void backward_state(const struct step k, const real *restrict du, const real *restrict s,
                           real *restrict lambda, real *restrict d_current, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        real dw = lambda[i] - k.b * s[i] * lambda[i];
        real d_input = (du[i] + k.h * dw) * k.r;
        d_current[i] = d_input;
        lambda[i] = du[i] + dw - k.leak * d_input;
    }
}

/* What reaches the spike through the reset when it is not detached: dL/ds += -lambda (a + b w). */
static void add_reset_gradient(const struct step k, const struct snn_cell_backward *b, size_t t,
                               real *restrict g, size_t n)
{
    const real *x = b->x + t * n, *lambda = b->lambda;
    for (size_t i = 0; i < n; i++) {
        real w = 0;
        if (k.b != 0) {
            real v = b->v[t * n + i];
            w = v + k.h * (x[i] + k.threshold - v);
        }
        g[i] -= lambda[i] * (k.a + k.b * w);
    }
}

/* dL/dtau of one step: through f0, and through the scaled reset's a = threshold h / tau. */
static double tau_gradient(const struct step k, const struct snn_cell *c,
                           const struct snn_cell_backward *b, const real *du, size_t t, size_t n)
{
    const real *x = b->x + t * n, *s = b->s + t * n, *v = b->v + t * n;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        real dw = b->lambda[i] - k.b * s[i] * b->lambda[i];
        real f0 = x[i] + k.threshold - v[i];
        real da = -s[i] * b->lambda[i];
        real da_dtau = -c->threshold * c->reset->per_step * k.h * k.r * k.r;
        sum += (double)(-(du[i] + k.h * dw) * f0 * k.r + da * da_dtau);
    }
    return sum;
}

void snn_euler_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    const size_t n = c->n;
    real *du = b->scratch, *d_current = b->scratch + n;
    for (size_t t = c->time_steps; t-- > 0;) {
        const struct step k = step_of(c, t);
        real *g = b->g + t * n;
        if (!c->detach_reset)
            add_reset_gradient(k, b, t, g, n);
        c->surrogate->gradient(du, g, b->x + t * n, b->s + t * n, n, c->scale);
        if (b->g_membrane)
            for (size_t i = 0; i < n; i++)
                du[i] += b->g_membrane[t * n + i];
        if (b->d_membrane)
            memcpy(b->d_membrane + t * n, du, n * sizeof *du);
        if (b->d_tau)
            *b->d_tau += tau_gradient(k, c, b, du, t, n);
        backward_state(k, du, b->s + t * n, b->lambda, b->d_current_sum ? d_current : g, n);
        if (b->d_current_sum)
            for (size_t i = 0; i < n; i++)
                b->d_current_sum[i] += d_current[i];
    }
}
