/* SPDX-License-Identifier: MIT */
/* Integrate-and-fire of fractional order: the new state is a weighted sum over the past
 * (core/neuron/solver.h). The reverse is exact: a state reaches every later one through its weight,
 * so dL/dw of the steps is kept and summed back with the same weights. */
#include <string.h>

#include "core/neuron/neuron.h"

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* sum -= weight row, element by element */
static void subtract(real *restrict sum, const real *restrict row, real weight, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] -= weight * row[i];
}

/* ------------------------------------------------------------------------------- forward -- */

/* x, s and f of step t from the membrane before it. s holds e on entry where soft. */
static void fire(const struct snn_cell *c, const struct snn_cell_forward *f, const real *current,
                 size_t t, real *restrict change)
{
    const size_t n = c->n;
    const real leak = c->neuron->leak, per_step = c->reset->per_step;
    real *restrict x = f->x + t * n, *restrict s = f->s + t * n;
    const real *restrict v = f->state;
    for (size_t i = 0; i < n; i++) {
        change[i] = (current[i] - leak * v[i]) * c->r[i];
        x[i] = v[i] + change[i] - c->threshold[i];
    }
    if (f->soft)
        snn_spike_training(c->surrogate, s, x, n, c->scale);
    else
        for (size_t i = 0; i < n; i++)
            s[i] = x[i] >= 0 ? 1 : 0;
    for (size_t i = 0; i < n; i++)
        change[i] -= s[i] * per_step * c->threshold[i] * c->r[i];
}

/* The solver's new state after step t, before a reset that acts on it. */
static void solve(const struct snn_cell *c, real *restrict out, const real *v, const real *f,
                  const real *change, size_t t)
{
    const struct snn_weights_table *w = &c->table;
    const size_t n = c->n, lags = least(w->lags, t);
    const real a = c->solver->sums_f ? (real)w->w[0] : (real)w->a;
    for (size_t i = 0; i < n; i++)
        out[i] = a * change[i];
    for (size_t d = 1; d <= lags; d++) {
        if (c->solver->sums_f)
            subtract(out, f + (t - d) * n, -(real)w->w[d], n);
        else
            subtract(out, v + (t + 1 - d) * n, (real)w->w[d], n);
    }
}

static void take(const struct snn_cell *c, real *restrict state, const real *restrict s)
{
    const real whole = c->reset->whole, b = c->reset->b;
    for (size_t i = 0; i < c->n; i++)
        state[i] -= s[i] * (whole * c->threshold[i] + b * state[i]);
}

void snn_fractional_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    const size_t n = c->n;
    for (size_t t = f->from; t < f->to; t++) {
        real *change = f->f ? f->f + t * n : f->scratch;
        if (f->v)
            memcpy(f->v + t * n, f->state, n * sizeof *f->v);
        fire(c, f, f->current + t * f->current_stride, t, change);
        solve(c, f->state, f->v, f->f, change, t);
        take(c, f->state, f->s + t * n);
    }
}

/* ------------------------------------------------------------------------------ backward -- */

/* lambda becomes dL/dv' of step t: what the next step gave, and what later ones take of that state.
 */
static void gather(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t)
{
    const size_t n = c->n, lags = least(c->table.lags, c->time_steps - 1 - t);
    if (c->solver->sums_f)
        return;
    for (size_t d = 1; d <= lags; d++)
        subtract(b->lambda, b->d_state + (t + d) * n, (real)c->table.w[d], n);
}

/* df = dL/df of step t. */
static void change_gradient(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t,
                            real *restrict df)
{
    const size_t n = c->n, lags = least(c->table.lags, c->time_steps - 1 - t);
    const real *dw = b->d_state + t * n;
    const real a = c->solver->sums_f ? (real)c->table.w[0] : (real)c->table.a;
    for (size_t i = 0; i < n; i++)
        df[i] = a * dw[i];
    for (size_t d = 1; c->solver->sums_f && d <= lags; d++)
        subtract(df, b->d_state + (t + d) * n, -(real)c->table.w[d], n);
}

/* What reaches the spike through the reset when it is not detached. `w` is scratch. */
static void add_reset_gradient(const struct snn_cell *c, const struct snn_cell_backward *b,
                               size_t t, const real *df, real *w, real *restrict g)
{
    const struct snn_reset *r = c->reset;
    if (r->b != 0)
        solve(c, w, b->v, b->f, b->f + t * c->n, t);
    for (size_t i = 0; i < c->n; i++) {
        g[i] -= df[i] * r->per_step * c->threshold[i] * c->r[i];
        g[i] -= b->lambda[i] * (r->whole * c->threshold[i] + (r->b != 0 ? r->b * w[i] : 0));
    }
}

static void add_constants(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t,
                          const real *du, const real *dx, const real *df)
{
    const size_t n = c->n;
    const struct snn_reset *reset = c->reset;
    const real *x = b->x + t * n, *s = b->s + t * n;
    for (size_t i = 0; b->d.tau && i < n; i++) {
        real r = c->r[i], f0 = x[i] + c->threshold[i] - b->v[t * n + i];
        b->d.tau[i] += (double)(-(du[i] + df[i]) * f0 * r +
                                df[i] * s[i] * reset->per_step * c->threshold[i] * r * r);
    }
    for (size_t i = 0; b->d.threshold && i < n; i++)
        b->d.threshold[i] -= (double)(dx[i] + s[i] * (df[i] * reset->per_step * c->r[i] +
                                                      b->lambda[i] * reset->whole));
}

static double dot(const real *a, const real *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* dL/d of the table of weights. */
static void add_weights(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t)
{
    const size_t n = c->n, lags = least(c->table.lags, t);
    const real *dw = b->d_state + t * n;
    if (c->solver->sums_f) {
        for (size_t d = 0; d <= lags; d++)
            b->d.w[d] += dot(dw, b->f + (t - d) * n, n);
        return;
    }
    *b->d.a += dot(dw, b->f + t * n, n);
    for (size_t d = 1; d <= lags; d++)
        b->d.w[d] -= dot(dw, b->v + (t + 1 - d) * n, n);
}

/* Step t; on entry lambda is what step t+1 gave to v', on return what this one gives to v. */
static void step_back(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t)
{
    const size_t n = c->n;
    const real leak = c->neuron->leak;
    const real *s = b->s + t * n;
    real *g = b->g + t * n, *du = b->scratch, *df = b->scratch + n, *extra = b->scratch + 2 * n;
    real *dw = b->d_state + t * n;

    gather(c, b, t);
    for (size_t i = 0; i < n; i++)
        dw[i] = b->lambda[i] - c->reset->b * s[i] * b->lambda[i];
    change_gradient(c, b, t, df);
    if (!c->detach_reset)
        add_reset_gradient(c, b, t, df, extra, g);
    c->surrogate->gradient(extra, g, b->x + t * n, s, n, c->scale);
    for (size_t i = 0; i < n; i++)
        du[i] = extra[i] + (b->g_membrane ? b->g_membrane[t * n + i] : 0);
    if (b->d_membrane)
        memcpy(b->d_membrane + t * n, du, n * sizeof *du);
    add_constants(c, b, t, du, extra, df);
    if (b->d.w)
        add_weights(c, b, t);
    for (size_t i = 0; i < n; i++) {
        real d_input = (du[i] + df[i]) * c->r[i];
        b->lambda[i] = du[i] - leak * d_input;
        if (b->d_current_sum)
            b->d_current_sum[i] += d_input;
        else
            g[i] = d_input;
    }
}

void snn_fractional_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    for (size_t t = b->to; t-- > b->from;)
        step_back(c, b, t);
}
