/* SPDX-License-Identifier: MIT */
/*
 * Integrate-and-fire of fractional order: the new state is a weighted sum over the past
 * (core/neuron/solver.h). The reverse is exact: a state reaches every later one through its weight,
 * so dL/dw of the steps is kept and summed back with the same weights.
 *
 * A tile of neurons goes through all steps of a call before the next one. What the steps before a
 * block of SNN_HISTORY_STEPS give to all of the block is one product of weights and past; what the
 * block's own steps give each other is added step by step.
 */
#include <string.h>

#include "core/neuron/history.h"

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Neurons at .. at+n-1. */
struct tile {
    const struct snn_cell *c;
    size_t at, n, pitch;
    bool packed;           /* the past is copied to `past`; else it is read where it lies */
    size_t shift;          /* lag d of step t is row t + shift - d of the past */
    real *past;            /* [T, pitch] */
    real *lagged;          /* [SNN_HISTORY_LAGS + T, pitch]: zeros, then what the weights weigh */
    real *sum;             /* [SNN_HISTORY_STEPS, SNN_TILE] */
    real *du, *df, *extra; /* [SNN_TILE] */
};

static struct tile tile_of(const struct snn_cell *c, real *room, size_t at, size_t steps)
{
    struct tile k = {
        .c = c, .at = at, .n = least(SNN_TILE, c->n - at), .shift = c->solver->sums_f ? 0 : 1};
    k.pitch = (k.n + SNN_TILE_STEP - 1) / SNN_TILE_STEP * SNN_TILE_STEP;
    k.packed = steps > 1 || steps == c->time_steps;
    k.sum = room;
    k.du = k.sum + SNN_HISTORY_STEPS * SNN_TILE;
    k.df = k.du + SNN_TILE;
    k.extra = k.df + SNN_TILE;
    k.past = k.extra + SNN_TILE;
    k.lagged = k.past + c->time_steps * SNN_TILE;
    return k;
}

/* The tile's part of row t of an array [T, N]. */
static inline size_t place(const struct tile *k, size_t t)
{
    return t * k->c->n + k->at;
}

static void pack(const struct tile *k, real *to, const real *row)
{
    memcpy(to, row, k->n * sizeof *to);
    memset(to + k->n, 0, (k->pitch - k->n) * sizeof *to);
}

/* Into k->sum: what the past gives to one step, or to a block of them. `lag` is the first row's,
 * seen from the first step. */
static void sum_far(const struct tile *k, const struct snn_past *past, size_t lag)
{
    const real *w = k->c->table.past + lag;
    memset(k->sum, 0, SNN_HISTORY_STEPS * SNN_TILE * sizeof *k->sum);
    if (k->packed)
        snn_history_steps(k->sum, SNN_TILE, past, w, k->pitch);
    else
        snn_history_step(k->sum, past, w, k->n);
}

/* What the block's first r steps give to its step r. */
static real *sum_near(const struct tile *k, const real *first, ptrdiff_t stride, size_t r)
{
    const struct snn_past past = {.first = first, .stride = stride, .rows = r};
    real *sum = k->sum + r * SNN_TILE;
    if (r > 0)
        snn_history_step(sum, &past, k->c->table.past + r, k->pitch);
    return sum;
}

/* ------------------------------------------------------------------------------- forward -- */

/* Where row t of the past is, and how far it is to the next. */
static const real *past_row(const struct tile *k, const struct snn_cell_forward *f, size_t t)
{
    return k->packed ? k->past + t * k->pitch : (k->shift ? f->v : f->f) + place(k, t);
}

/* The oldest row that step t takes something of. */
static size_t oldest(const struct tile *k, size_t t)
{
    const size_t lags = k->c->table.lags;
    return t > lags ? t + k->shift - lags : k->shift;
}

/* x, s and f of step t from the membrane before it. s holds e on entry where soft. */
static void fire(const struct tile *k, const struct snn_cell_forward *f, size_t t,
                 real *restrict change)
{
    const struct snn_cell *c = k->c;
    const size_t n = k->n;
    const real leak = c->neuron->leak, per_step = c->reset->per_step;
    const real *restrict v = f->state + k->at, *restrict r = c->r + k->at;
    const real *restrict threshold = c->threshold + k->at;
    const real *restrict current = f->current + t * f->current_stride + k->at;
    real *restrict x = f->x + place(k, t), *restrict s = f->s + place(k, t);
    for (size_t i = 0; i < n; i++) {
        change[i] = (current[i] - leak * v[i]) * r[i];
        x[i] = v[i] + change[i] - threshold[i];
    }
    if (f->soft)
        snn_spike_training(c->surrogate, s, x, n, c->scale);
    else
        for (size_t i = 0; i < n; i++)
            s[i] = x[i] >= 0 ? 1 : 0;
    for (size_t i = 0; i < n; i++)
        change[i] -= s[i] * per_step * threshold[i] * r[i];
}

/* The solver's new state after step t, before a reset that acts on it. */
static void solve(const struct tile *k, real *restrict state, const real *restrict sum,
                  const real *restrict change)
{
    const bool sums_f = k->c->solver->sums_f;
    const real a = sums_f ? k->c->table.past[0] : (real)k->c->table.a, sign = sums_f ? 1 : -1;
    for (size_t i = 0; i < k->n; i++)
        state[i] = a * change[i] + sign * sum[i];
}

/* What the spikes take from the new state. Where states are sums of f alone, it is taken from f as
 * well, or the next state would have it back. */
static void take(const struct tile *k, real *restrict state, const real *restrict s,
                 real *restrict change)
{
    const struct snn_cell *c = k->c;
    const real whole = c->reset->whole, b = c->reset->b;
    const real per_f = c->solver->sums_f ? (real)(1 / c->table.w[0]) : 0;
    const real *restrict threshold = c->threshold + k->at;
    for (size_t i = 0; i < k->n; i++) {
        const real taken = s[i] * (whole * threshold[i] + b * state[i]);
        state[i] -= taken;
        change[i] -= per_f * taken;
    }
}

/* The membrane before step t goes to where it is kept. */
static void keep_state(const struct tile *k, const struct snn_cell_forward *f, size_t t)
{
    const real *state = f->state + k->at;
    if (f->v)
        memcpy(f->v + place(k, t), state, k->n * sizeof *state);
    if (k->packed && k->shift)
        pack(k, k->past + t * k->pitch, state);
}

/* Step t, of whose sum over the past `sum` is there. */
static void step(const struct tile *k, const struct snn_cell_forward *f, size_t t, const real *sum)
{
    real *change = f->f ? f->f + place(k, t) : k->df, *state = f->state + k->at;
    fire(k, f, t, change);
    solve(k, state, sum, change);
    if (f->solved)
        memcpy(f->solved + place(k, t), state, k->n * sizeof *state);
    take(k, state, f->s + place(k, t), change);
    if (k->packed && !k->shift)
        pack(k, k->past + t * k->pitch, change);
}

static void forward_tile(const struct tile *k, const struct snn_cell_forward *f)
{
    const ptrdiff_t stride = (ptrdiff_t)(k->packed ? k->pitch : k->c->n);
    for (size_t t = oldest(k, f->from); k->packed && t < f->from; t++)
        pack(k, k->past + t * k->pitch, (k->shift ? f->v : f->f) + place(k, t));
    for (size_t first = f->from; first < f->to; first += SNN_HISTORY_STEPS) {
        const size_t to = least(first + SNN_HISTORY_STEPS, f->to), old = oldest(k, first);
        const size_t rows = first + k->shift - old;
        keep_state(k, f, first);
        const struct snn_past past = {past_row(k, f, old), stride, rows};
        sum_far(k, &past, rows);
        for (size_t t = first; t < to; t++) {
            if (t > first)
                keep_state(k, f, t);
            step(k, f, t, sum_near(k, past_row(k, f, first + k->shift), stride, t - first));
        }
    }
}

void snn_fractional_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    for (size_t at = 0; at < c->n; at += SNN_TILE) {
        const struct tile k = tile_of(c, f->tile, at, f->to - f->from);
        forward_tile(&k, f);
    }
}

/* ------------------------------------------------------------------------------ backward -- */

/* dL/dw of step t into dw, dL/df into df, and lambda becomes what the reset takes it by: of the
 * state, and of f where that has it taken as well. `sum` is what later steps take of step t: of its
 * state, so of lambda = dL/dv', or of its f. */
static void state_gradient(const struct tile *k, const struct snn_cell_backward *b, size_t t,
                           const real *restrict sum, real *restrict dw)
{
    const bool sums_f = k->c->solver->sums_f;
    const real a = sums_f ? k->c->table.past[0] : (real)k->c->table.a, taken = k->c->reset->b;
    const real per_f = sums_f ? (real)(1 / k->c->table.w[0]) : 0;
    const real of_state = sums_f ? 0 : 1, of_f = sums_f ? 1 : 0;
    const real *restrict s = b->s + place(k, t);
    real *restrict lambda = b->lambda + k->at, *restrict df = k->df;
    for (size_t i = 0; i < k->n; i++) {
        const real by_state = lambda[i] - of_state * sum[i], by_f = of_f * sum[i];
        const real by_reset = by_state + per_f * by_f;
        dw[i] = by_state - taken * s[i] * by_reset;
        df[i] = by_f + a * dw[i];
        lambda[i] = by_reset;
    }
}

/* What reaches the spike through the reset when it is not detached. */
static void add_reset_gradient(const struct tile *k, const struct snn_cell_backward *b, size_t t)
{
    const struct snn_reset *reset = k->c->reset;
    const real *restrict threshold = k->c->threshold + k->at, *restrict r = k->c->r + k->at;
    const real *restrict lambda = b->lambda + k->at, *restrict df = k->df;
    const real *restrict w = reset->b != 0 ? b->solved + place(k, t) : lambda;
    real *restrict g = b->g + place(k, t);
    for (size_t i = 0; i < k->n; i++) {
        g[i] -= df[i] * reset->per_step * threshold[i] * r[i];
        g[i] -= lambda[i] * (reset->whole * threshold[i] + (reset->b != 0 ? reset->b * w[i] : 0));
    }
}

static void add_constants(const struct tile *k, const struct snn_cell_backward *b, size_t t)
{
    const size_t n = k->n;
    const struct snn_reset *reset = k->c->reset;
    const real *x = b->x + place(k, t), *s = b->s + place(k, t), *lambda = b->lambda + k->at;
    const real *rs = k->c->r + k->at, *threshold = k->c->threshold + k->at;
    double *d_tau = b->d.tau ? b->d.tau + k->at : NULL;
    double *d_threshold = b->d.threshold ? b->d.threshold + k->at : NULL;
    for (size_t i = 0; d_tau && i < n; i++) {
        real r = rs[i], f0 = x[i] + threshold[i] - b->v[place(k, t) + i];
        d_tau[i] += (double)(-(k->du[i] + k->df[i]) * f0 * r +
                             k->df[i] * s[i] * reset->per_step * threshold[i] * r * r);
    }
    for (size_t i = 0; d_threshold && i < n; i++)
        d_threshold[i] -= (double)(k->extra[i] + s[i] * (k->df[i] * reset->per_step * rs[i] +
                                                         lambda[i] * reset->whole));
}

/* f of step t as the solver had it: where states are sums of f, what is kept has the reset taken.
 */
static void change_of(const struct tile *k, const struct snn_cell_backward *b, size_t t, real *out)
{
    const real *x = b->x + place(k, t), *s = b->s + place(k, t), *v = b->v + place(k, t);
    const real *threshold = k->c->threshold + k->at, *r = k->c->r + k->at;
    for (size_t i = 0; i < k->n; i++)
        out[i] = x[i] + threshold[i] - v[i] - s[i] * k->c->reset->per_step * threshold[i] * r[i];
}

/* dL/d of what the table has for the present. With F = f - taken/w_0 kept: dL/dw_0 = dw f + (df -
 * w_0 dw) (f - F)/w_0 = dw F + df (f - F)/w_0, whose first term is that of any lag. */
static void add_present_weight(const struct tile *k, const struct snn_cell_backward *b, size_t t,
                               const real *dw)
{
    const struct snn_cell *c = k->c;
    const real *f = b->f + place(k, t);
    if (!c->solver->sums_f) {
        *b->d.a += snn_history_dot(dw, f, k->n);
    } else if (c->reset->whole != 0 || c->reset->b != 0) {
        change_of(k, b, t, k->extra);
        b->d.w[0] += (snn_history_dot(k->df, k->extra, k->n) - snn_history_dot(k->df, f, k->n)) /
                     c->table.w[0];
    }
}

/* Step t; on entry lambda is what step t+1 gave to v', on return what this one gives to v. */
static void step_back(const struct tile *k, const struct snn_cell_backward *b, size_t t,
                      const real *sum, real *dw)
{
    const struct snn_cell *c = k->c;
    const size_t n = k->n, here = place(k, t);
    const real leak = c->neuron->leak, *restrict r = c->r + k->at;
    real *g = b->g + here, *restrict lambda = b->lambda + k->at;
    real *restrict du = k->du, *restrict df = k->df;
    state_gradient(k, b, t, sum, dw);
    if (!c->detach_reset)
        add_reset_gradient(k, b, t);
    c->surrogate->gradient(k->extra, g, b->x + here, b->s + here, n, c->scale);
    memcpy(du, k->extra, n * sizeof *du);
    for (size_t i = 0; b->g_membrane && i < n; i++)
        du[i] += b->g_membrane[here + i];
    if (b->d_membrane)
        memcpy(b->d_membrane + here, du, n * sizeof *du);
    add_constants(k, b, t);
    if (b->d.w)
        add_present_weight(k, b, t, dw);
    real *restrict d_input = b->d_current_sum ? k->extra : g;
    for (size_t i = 0; i < n; i++) {
        d_input[i] = (du[i] + df[i]) * r[i];
        lambda[i] = du[i] - leak * d_input[i];
    }
    for (size_t i = 0; b->d_current_sum && i < n; i++)
        b->d_current_sum[k->at + i] += d_input[i];
}

/* dL/d of the weights of past rows, of the steps from .. to-1, whose dL/dw are there. */
static void add_weights(const struct tile *k, const struct snn_cell_backward *b)
{
    enum { STEPS = 64 }; /* summed in reals, before they join the double */
    const struct snn_weights_table *table = &k->c->table;
    const real *past = k->shift ? b->v : b->f;
    const double sign = k->shift ? -1 : 1;
    real *lagged = k->lagged + SNN_HISTORY_LAGS * k->pitch;
    for (size_t d = k->shift; !k->packed && d <= least(table->lags, b->from); d++)
        b->d.w[d] += sign * snn_history_dot(b->d_state + place(k, b->from),
                                            past + place(k, b->from + k->shift - d), k->n);
    if (!k->packed)
        return;
    memset(k->lagged, 0, SNN_HISTORY_LAGS * k->pitch * sizeof *lagged);
    for (size_t t = 0; t < b->to; t++)
        pack(k, lagged + t * k->pitch, past + place(k, t));
    for (size_t d = k->shift; d <= table->lags; d += SNN_HISTORY_LAGS) {
        double dot[SNN_HISTORY_LAGS] = {0};
        for (size_t t = d > b->from ? d : b->from; t < b->to; t += STEPS)
            snn_history_lags(dot, k->past + t * k->pitch, lagged + (t + k->shift - d) * k->pitch,
                             least(STEPS, b->to - t), k->pitch);
        for (size_t r = 0; r < SNN_HISTORY_LAGS && d + r <= table->lags; r++)
            b->d.w[d + r] += sign * dot[r];
    }
}

static void backward_tile(const struct tile *k, const struct snn_cell_backward *b)
{
    const struct snn_cell *c = k->c;
    const size_t last = c->time_steps - 1, lags = c->table.lags;
    const size_t pitch = k->packed ? k->pitch : c->n;
    real *d_state = k->packed ? k->past : b->d_state + k->at;
    for (size_t t = b->to; k->packed && t <= least(last, b->to - 1 + lags); t++)
        pack(k, k->past + t * k->pitch, b->d_state + place(k, t));
    for (size_t to = b->to; to > b->from;) {
        const size_t first = to - 1, far = least(last, first + lags);
        const struct snn_past past = {d_state + far * pitch, -(ptrdiff_t)pitch, far - first};
        sum_far(k, &past, far - first);
        for (; to > b->from && first - (to - 1) < SNN_HISTORY_STEPS; to--) {
            const size_t t = to - 1;
            const real *sum = sum_near(k, d_state + first * pitch, -(ptrdiff_t)pitch, first - t);
            real *dw = d_state + t * pitch;
            step_back(k, b, t, sum, dw);
            if (!k->packed)
                continue;
            memset(dw + k->n, 0, (k->pitch - k->n) * sizeof *dw);
            if (b->from > 0) /* earlier steps come with another call */
                memcpy(b->d_state + place(k, t), dw, k->n * sizeof *dw);
        }
    }
    if (b->d.w)
        add_weights(k, b);
}

void snn_fractional_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    for (size_t at = 0; at < c->n; at += SNN_TILE) {
        const struct tile k = tile_of(c, b->tile, at, b->to - b->from);
        backward_tile(&k, b);
    }
}
