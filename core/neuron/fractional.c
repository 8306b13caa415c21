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

/* What the spikes take from the new state. Where states are sums of f alone, it is taken from f as
 * well, or the next state would have it back. */
static void take(const struct snn_cell *c, real *restrict state, const real *restrict s,
                 real *restrict change)
{
    const real whole = c->reset->whole, b = c->reset->b;
    const real per_f = c->solver->sums_f ? (real)(1 / c->table.w[0]) : 0;
    for (size_t i = 0; i < c->n; i++) {
        const real taken = s[i] * (whole * c->threshold[i] + b * state[i]);
        state[i] -= taken;
        change[i] -= per_f * taken;
    }
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
        take(c, f->state, f->s + t * n, change);
    }
}

/* ------------------------------------------------------------------------------ backward -- */

/* What later steps take of step t: of its state into lambda = dL/dv', or of its f into df. */
static void gather(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t,
                   real *restrict df)
{
    const size_t n = c->n, lags = least(c->table.lags, c->time_steps - 1 - t);
    const bool sums_f = c->solver->sums_f;
    memset(df, 0, n * sizeof *df);
    for (size_t d = 1; d <= lags; d++) {
        const real w = (real)c->table.w[d];
        subtract(sums_f ? df : b->lambda, b->d_state + (t + d) * n, sums_f ? -w : w, n);
    }
}

/* dL/dw of step t into d_state, dL/df into df, and lambda becomes what the reset takes it by: of
 * the state, and of f where that has it taken as well. */
static void state_gradient(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t,
                           real *restrict df)
{
    const bool sums_f = c->solver->sums_f;
    const real a = (real)(sums_f ? c->table.w[0] : c->table.a);
    const real per_f = sums_f ? (real)(1 / c->table.w[0]) : 0;
    const real *s = b->s + t * c->n;
    real *dw = b->d_state + t * c->n;
    for (size_t i = 0; i < c->n; i++) {
        const real by_reset = b->lambda[i] + per_f * df[i];
        dw[i] = b->lambda[i] - c->reset->b * s[i] * by_reset;
        df[i] += a * dw[i];
        b->lambda[i] = by_reset;
    }
}

/* f of step t as the solver had it: where states are sums of f, what is kept has the reset taken.
 */
static const real *change_of(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t,
                             real *restrict out)
{
    const size_t n = c->n;
    const real *x = b->x + t * n, *s = b->s + t * n, *v = b->v ? b->v + t * n : NULL;
    if (!c->solver->sums_f)
        return b->f + t * n;
    for (size_t i = 0; i < n; i++)
        out[i] =
            x[i] + c->threshold[i] - v[i] - s[i] * c->reset->per_step * c->threshold[i] * c->r[i];
    return out;
}

/* What reaches the spike through the reset when it is not detached. `w`, `scratch` are scratch. */
static void add_reset_gradient(const struct snn_cell *c, const struct snn_cell_backward *b,
                               size_t t, const real *df, real *w, real *scratch)
{
    const struct snn_reset *r = c->reset;
    real *restrict g = b->g + t * c->n;
    if (r->b != 0)
        solve(c, w, b->v, b->f, change_of(c, b, t, scratch), t);
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

/* dL/d of the table of weights. With F = f - taken/w_0 kept: dL/dw_0 = dw f + (df - w_0 dw) (f -
 * F)/w_0 = dw F + df (f - F)/w_0. */
static void add_weights(const struct snn_cell *c, const struct snn_cell_backward *b, size_t t,
                        const real *df, real *scratch)
{
    const size_t n = c->n, lags = least(c->table.lags, t);
    const real *dw = b->d_state + t * n;
    const bool is_taken = c->reset->whole != 0 || c->reset->b != 0;
    if (c->solver->sums_f) {
        for (size_t d = 0; d <= lags; d++)
            b->d.w[d] += dot(dw, b->f + (t - d) * n, n);
        if (is_taken)
            b->d.w[0] += (dot(df, change_of(c, b, t, scratch), n) - dot(df, b->f + t * n, n)) /
                         c->table.w[0];
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

    gather(c, b, t, df);
    state_gradient(c, b, t, df);
    if (!c->detach_reset)
        add_reset_gradient(c, b, t, df, extra, du);
    c->surrogate->gradient(extra, g, b->x + t * n, s, n, c->scale);
    for (size_t i = 0; i < n; i++)
        du[i] = extra[i] + (b->g_membrane ? b->g_membrane[t * n + i] : 0);
    if (b->d_membrane)
        memcpy(b->d_membrane + t * n, du, n * sizeof *du);
    add_constants(c, b, t, du, extra, df);
    if (b->d.w)
        add_weights(c, b, t, df, extra);
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
