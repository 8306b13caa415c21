/* SPDX-License-Identifier: MIT */
/* Tangents of the neurons, one step at a time; the equations are those of core/neuron/neuron.h,
 * coupled.c and snntorch.c, differentiated term by term. */
#include <math.h>

#include "core/check/check.h"

static double slope_at(const struct snn_cell *c, real x, real s)
{
    const real one = 1;
    real slope;
    c->surrogate->gradient(&slope, &one, &x, &s, 1, c->scale);
    return (double)slope;
}

/* ----------------------------------------------------------------- neurons that a solver steps */

/* One neuron in one step: values, and (d...) their tangents. */
struct point {
    double x, s, v, r, threshold;
    double d_r, d_threshold, d_s, d_spike; /* d_spike: as resets see it */
    double f, d_f;                         /* what the solver is given */
};

/* The new state before a reset that acts on it, and its tangent. */
static void solve(const struct snn_cell *c, const struct snn_trace *k,
                  const struct snn_layer_tangents *d, size_t t, size_t i, const struct point *p,
                  double *state, double *d_state)
{
    const struct snn_weights_table *w = &c->table;
    const size_t n = c->n;
    if (!c->solver->has_history) {
        *state = p->v + (double)c->h[t] * p->f;
        *d_state = d->v[t * n + i] + (double)c->h[t] * p->d_f;
        return;
    }
    const bool sums_f = c->solver->sums_f;
    *state = (sums_f ? w->w[0] : w->a) * p->f;
    *d_state = (sums_f ? w->w[0] : w->a) * p->d_f + (sums_f ? d->c.w[0] : d->c.a) * p->f;
    for (size_t lag = 1; lag <= w->lags && lag <= t; lag++) {
        const size_t at = (sums_f ? t - lag : t + 1 - lag) * n + i;
        const double past = (double)(sums_f ? k->f[at] : k->v[at]);
        const double d_past = sums_f ? d->f[at] : d->v[at], sign = sums_f ? 1 : -1;
        *state += sign * w->w[lag] * past;
        *d_state += sign * (w->w[lag] * d_past + d->c.w[lag] * past);
    }
}

/* The states after the step. */
static void advance(const struct snn_cell *c, const struct snn_trace *k,
                    struct snn_layer_tangents *d, size_t t, size_t i, const struct point *p)
{
    const size_t n = c->n;
    const double whole = (double)c->reset->whole, b = (double)c->reset->b;
    double state, d_state;
    solve(c, k, d, t, i, p, &state, &d_state);
    const double taken = whole * p->threshold + b * state;
    const double d_taken = p->d_spike * taken + p->s * (whole * p->d_threshold + b * d_state);
    d->v[(t + 1) * n + i] = d_state - d_taken;
    d->f[t * n + i] = p->d_f;
    if (c->solver->sums_f) {
        const double w0 = c->table.w[0];
        d->f[t * n + i] += p->s * taken * d->c.w[0] / (w0 * w0) - d_taken / w0;
    }
}

/* `current`: tangent of the current; `raised`, `d_raised`: what the threshold is more by. */
static void solver_tangent(const struct snn_cell *c, const struct snn_trace *k,
                           struct snn_layer_tangents *d, size_t t, size_t i, double current,
                           double raised, double d_raised)
{
    const size_t at = t * c->n + i;
    const double leak = (double)c->neuron->leak, per_step = (double)c->reset->per_step;
    struct point p = {.x = (double)k->x[at],
                      .s = (double)k->s[at],
                      .v = (double)k->v[at],
                      .r = (double)c->r[i],
                      .threshold = (double)c->threshold[i] + raised,
                      .d_r = d->c.r[i],
                      .d_threshold = d->c.threshold[i] + d_raised};
    const double f0 = p.x + p.threshold - p.v;
    const double d_f0 = (current - leak * d->v[at]) * p.r + f0 / p.r * p.d_r;
    const double d_u = d->v[at] + d_f0;
    p.d_s = slope_at(c, k->x[at], k->s[at]) * (d_u - p.d_threshold);
    p.d_spike = c->detach_reset ? 0 : p.d_s;
    p.f = f0 - p.s * per_step * p.threshold * p.r;
    p.d_f = d_f0 - per_step * (p.d_spike * p.threshold * p.r +
                               p.s * (p.d_threshold * p.r + p.threshold * p.d_r));
    d->s[at] = p.d_s;
    d->u[at] = d_u;
    advance(c, k, d, t, i, &p);
}

/* ------------------------------------------------------------------------------- snnTorch's -- */

static double inside(double value, double tangent)
{
    return value >= 0 && value <= 1 ? tangent : 0;
}

static double clamped(double v)
{
    return fmin(fmax(v, 0), 1);
}

static void snntorch_tangent(const struct snn_cell *c, const struct snn_trace *k,
                             struct snn_layer_tangents *d, size_t t, size_t i)
{
    const size_t n = c->n, at = t * n + i;
    const double take = c->reset->per_step + c->reset->whole > 0 ? 1 : 0;
    const double zero = (double)c->reset->b, lost = c->loses_input ? zero : 0;
    const double v = (double)k->v[at], threshold = (double)c->threshold[i];
    const double fired = k->v[at] - c->threshold[i] > 0 ? 1 : 0, beta = (double)c->beta[i];
    double charge = d->current[i];
    if (c->neuron->has_aux) {
        const double alpha = (double)c->alpha_syn[i];
        charge +=
            clamped(alpha) * d->aux[i] + inside(alpha, d->c.alpha_syn[i]) * (double)k->aux[at];
        d->aux[i] = charge;
    }
    double d_m = (1 - zero * fired) * (clamped(beta) * d->v[at] + inside(beta, d->c.beta[i]) * v) +
                 (1 - lost * fired) * charge - take * fired * d->c.threshold[i];
    const double d_s = slope_at(c, k->x[at], k->s[at]) * (d_m - d->c.threshold[i]);
    if (!c->reset_delay) {
        const double m = (double)k->x[at] + threshold, more = (double)k->s[at] - fired;
        d_m -= d_s * (take * threshold + zero * m) + more * (take * d->c.threshold[i] + zero * d_m);
    }
    d->s[at] = d_s;
    d->u[at] = d_m;
    d->v[(t + 1) * n + i] = d_m;
}

/* ---------------------------------------------------------------------------------- all ---- */

void snn_neuron_tangent(const struct snn_cell *c, const struct snn_trace *k,
                        struct snn_layer_tangents *d, size_t t)
{
    const bool adapts =
        c->neuron->has_aux && !c->neuron->own_steps && c->neuron->forward == snn_alif_forward;
    for (size_t i = 0; i < c->n; i++) {
        if (c->neuron->own_steps) {
            snntorch_tangent(c, k, d, t, i);
        } else if (adapts) {
            const double jump = (double)c->jump, left = 1 - (double)(c->h[t] / c->tau_aux);
            solver_tangent(c, k, d, t, i, d->current[i], jump * (double)k->aux[t * c->n + i],
                           jump * d->aux[i]);
            d->aux[i] = left * d->aux[i] + d->s[t * c->n + i];
        } else if (c->neuron->has_aux) {
            d->aux[i] += (double)(c->h[t] / c->tau_aux) * (d->current[i] - d->aux[i]);
            solver_tangent(c, k, d, t, i, d->aux[i], 0, 0);
        } else {
            solver_tangent(c, k, d, t, i, d->current[i], 0, 0);
        }
    }
}
