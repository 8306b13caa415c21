/* SPDX-License-Identifier: MIT */
/*
 * Integrate-and-fire of fractional order: the new state is a weighted sum over the past
 * (core/neuron/solver.h). The reverse is exact: a state reaches every later one through its weight,
 * so dL/dw of the steps is kept and summed back with the same weights.
 */
#include "core/neuron/tile.h"

/* ------------------------------------------------------------------------------- forward -- */

/* Where row t of the past is, and how far it is to the next. */
static const real *past_row(const struct snn_tile *k, const struct snn_cell_forward *f, size_t t)
{
    return k->packed ? k->past + t * k->pitch : (k->shift ? f->v : f->f) + snn_tile_place(k, t);
}

/* The oldest row that step t takes something of. */
static size_t oldest(const struct snn_tile *k, size_t t)
{
    const size_t lags = k->c->table.lags;
    return t > lags ? t + k->shift - lags : k->shift;
}

/* x, s and f of step t from the membrane before it. s holds e on entry where soft. */
static void fire(const struct snn_tile *k, const struct snn_cell_forward *f, size_t t,
                 real *restrict change)
{
    const struct snn_cell *c = k->c;
    const size_t n = k->n;
    const real leak = c->neuron->leak, per_step = c->reset->per_step;
    const real *restrict v = f->state + k->at, *restrict r = c->r + k->at;
    const real *restrict threshold = c->threshold + k->at;
    const real *restrict current = f->current + t * f->current_stride + k->at;
    real *restrict x = f->x + snn_tile_place(k, t), *restrict s = f->s + snn_tile_place(k, t);
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
static void solve(const struct snn_tile *k, real *restrict state, const real *restrict sum,
                  const real *restrict change)
{
    const bool sums_f = k->c->solver->sums_f;
    const real a = sums_f ? k->c->table.past[0] : (real)k->c->table.a, sign = sums_f ? 1 : -1;
    for (size_t i = 0; i < k->n; i++)
        state[i] = a * change[i] + sign * sum[i];
}

/* What the spikes take from the new state. Where states are sums of f alone, it is taken from f as
 * well, or the next state would have it back. */
static void take(const struct snn_tile *k, real *restrict state, const real *restrict s,
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
static void keep_state(const struct snn_tile *k, const struct snn_cell_forward *f, size_t t)
{
    const real *state = f->state + k->at;
    if (f->v)
        memcpy(f->v + snn_tile_place(k, t), state, k->n * sizeof *state);
    if (k->packed && k->shift)
        snn_tile_pack(k, k->past + t * k->pitch, state);
}

/* Step t, of whose sum over the past `sum` is there. */
static void step(const struct snn_tile *k, const struct snn_cell_forward *f, size_t t,
                 const real *sum)
{
    real *change = f->f ? f->f + snn_tile_place(k, t) : k->df, *state = f->state + k->at;
    fire(k, f, t, change);
    solve(k, state, sum, change);
    if (f->solved)
        memcpy(f->solved + snn_tile_place(k, t), state, k->n * sizeof *state);
    take(k, state, f->s + snn_tile_place(k, t), change);
    if (k->packed && !k->shift)
        snn_tile_pack(k, k->past + t * k->pitch, change);
}

static void forward_tile(const struct snn_tile *k, const struct snn_cell_forward *f)
{
    const ptrdiff_t stride = (ptrdiff_t)(k->packed ? k->pitch : k->c->n);
    if (k->states)
        memset(k->states, 0, k->c->table.exponentials.count * SNN_TILE * sizeof *k->states);
    for (size_t t = oldest(k, f->from); k->packed && t < f->from; t++)
        snn_tile_pack(k, k->past + t * k->pitch, (k->shift ? f->v : f->f) + snn_tile_place(k, t));
    for (size_t first = f->from; first < f->to; first += SNN_HISTORY_STEPS) {
        const size_t to = snn_least(first + SNN_HISTORY_STEPS, f->to);
        const size_t rows = first + k->shift - oldest(k, first);
        keep_state(k, f, first);
        snn_tile_sum_far(k, past_row(k, f, first + k->shift), stride, rows);
        for (size_t t = first; t < to; t++) {
            if (t > first)
                keep_state(k, f, t);
            step(k, f, t,
                 snn_tile_sum_near(k, past_row(k, f, first + k->shift), stride, t - first));
        }
    }
}

void snn_fractional_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    for (size_t at = 0; at < c->n; at += SNN_TILE) {
        const struct snn_tile k = snn_tile_of(c, f->tile, at, f->to - f->from);
        forward_tile(&k, f);
    }
}

/* ------------------------------------------------------------------------------ backward -- */

/* dL/dw of step t into dw, dL/df into df, and lambda becomes what the reset takes it by: of the
 * state, and of f where that has it taken as well. `sum` is what later steps take of step t: of its
 * state, so of lambda = dL/dv', or of its f. */
static void state_gradient(const struct snn_tile *k, const struct snn_cell_backward *b, size_t t,
                           const real *restrict sum, real *restrict dw)
{
    const bool sums_f = k->c->solver->sums_f;
    const real a = sums_f ? k->c->table.past[0] : (real)k->c->table.a, taken = k->c->reset->b;
    const real per_f = sums_f ? (real)(1 / k->c->table.w[0]) : 0;
    const real of_state = sums_f ? 0 : 1, of_f = sums_f ? 1 : 0;
    const real *restrict s = b->s + snn_tile_place(k, t);
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
static void add_reset_gradient(const struct snn_tile *k, const struct snn_cell_backward *b,
                               size_t t)
{
    const struct snn_reset *reset = k->c->reset;
    const real *restrict threshold = k->c->threshold + k->at, *restrict r = k->c->r + k->at;
    const real *restrict lambda = b->lambda + k->at, *restrict df = k->df;
    const real *restrict w = reset->b != 0 ? b->solved + snn_tile_place(k, t) : lambda;
    real *restrict g = b->g + snn_tile_place(k, t);
    for (size_t i = 0; i < k->n; i++) {
        g[i] -= df[i] * reset->per_step * threshold[i] * r[i];
        g[i] -= lambda[i] * (reset->whole * threshold[i] + (reset->b != 0 ? reset->b * w[i] : 0));
    }
}

static void add_constants(const struct snn_tile *k, const struct snn_cell_backward *b, size_t t)
{
    const size_t n = k->n;
    const struct snn_reset *reset = k->c->reset;
    const real *x = b->x + snn_tile_place(k, t), *s = b->s + snn_tile_place(k, t),
               *lambda = b->lambda + k->at;
    const real *rs = k->c->r + k->at, *threshold = k->c->threshold + k->at;
    double *d_tau = b->d.tau ? b->d.tau + k->at : NULL;
    double *d_threshold = b->d.threshold ? b->d.threshold + k->at : NULL;
    for (size_t i = 0; d_tau && i < n; i++) {
        real r = rs[i], f0 = x[i] + threshold[i] - b->v[snn_tile_place(k, t) + i];
        d_tau[i] += (double)(-(k->du[i] + k->df[i]) * f0 * r +
                             k->df[i] * s[i] * reset->per_step * threshold[i] * r * r);
    }
    for (size_t i = 0; d_threshold && i < n; i++)
        d_threshold[i] -= (double)(k->extra[i] + s[i] * (k->df[i] * reset->per_step * rs[i] +
                                                         lambda[i] * reset->whole));
}

/* f of step t as the solver had it: where states are sums of f, what is kept has the reset taken.
 */
static void change_of(const struct snn_tile *k, const struct snn_cell_backward *b, size_t t,
                      real *out)
{
    const real *x = b->x + snn_tile_place(k, t), *s = b->s + snn_tile_place(k, t),
               *v = b->v + snn_tile_place(k, t);
    const real *threshold = k->c->threshold + k->at, *r = k->c->r + k->at;
    for (size_t i = 0; i < k->n; i++)
        out[i] = x[i] + threshold[i] - v[i] - s[i] * k->c->reset->per_step * threshold[i] * r[i];
}

/* dL/d of what the table has for the present. With F = f - taken/w_0 kept: dL/dw_0 = dw f + (df -
 * w_0 dw) (f - F)/w_0 = dw F + df (f - F)/w_0, whose first term is that of any lag. */
static void add_present_weight(const struct snn_tile *k, const struct snn_cell_backward *b,
                               size_t t, const real *dw)
{
    const struct snn_cell *c = k->c;
    const real *f = b->f + snn_tile_place(k, t);
    if (!c->solver->sums_f) {
        *b->d.a += snn_history_dot(dw, f, k->n);
    } else if (c->reset->whole != 0 || c->reset->b != 0) {
        change_of(k, b, t, k->extra);
        b->d.w[0] += (snn_history_dot(k->df, k->extra, k->n) - snn_history_dot(k->df, f, k->n)) /
                     c->table.w[0];
    }
}

/* Step t; on entry lambda is what step t+1 gave to v', on return what this one gives to v. */
static void step_back(const struct snn_tile *k, const struct snn_cell_backward *b, size_t t,
                      const real *sum, real *dw)
{
    const struct snn_cell *c = k->c;
    const size_t n = k->n, here = snn_tile_place(k, t);
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

/* Steps whose products are summed in reals, before they join the double. */
enum { STEPS = 64 };

/* dL/d of the coefficients of what is behind the near lags: of dL/dw of a step and the states that
 * it was given. */
static void add_coefficients(const struct snn_tile *k, const struct snn_cell_backward *b,
                             double sign, const real *past)
{
    const struct snn_exponentials *e = &k->c->table.exponentials;
    const size_t begin = SNN_NEAR + 1;
    double dot[SNN_MAX_EXPONENTIALS] = {0};
    memset(k->states, 0, e->count * SNN_TILE * sizeof *k->states);
    for (size_t t = begin; t < b->to; t += STEPS)
        snn_states_dot(dot, e, k->states, k->past + t * k->pitch,
                       past + (t + k->shift - begin) * k->pitch, snn_least(STEPS, b->to - t),
                       k->pitch);
    for (size_t m = 0; m < e->count; m++)
        b->d.c[m] += sign * dot[m];
}

/* dL/d of the weights of past rows, of the steps from .. to-1, whose dL/dw are there. */
static void add_weights(const struct snn_tile *k, const struct snn_cell_backward *b)
{
    const size_t lags = k->states ? SNN_NEAR : k->c->table.lags;
    const real *past = k->shift ? b->v : b->f;
    const double sign = k->shift ? -1 : 1;
    real *lagged = k->lagged + SNN_HISTORY_LAGS * k->pitch;
    for (size_t d = k->shift; !k->packed && d <= snn_least(lags, b->from); d++)
        b->d.w[d] += sign * snn_history_dot(b->d_state + snn_tile_place(k, b->from),
                                            past + snn_tile_place(k, b->from + k->shift - d), k->n);
    if (!k->packed)
        return;
    memset(k->lagged, 0, SNN_HISTORY_LAGS * k->pitch * sizeof *lagged);
    for (size_t t = 0; t < b->to; t++)
        snn_tile_pack(k, lagged + t * k->pitch, past + snn_tile_place(k, t));
    for (size_t d = k->shift; d <= lags; d += SNN_HISTORY_LAGS) {
        double dot[SNN_HISTORY_LAGS] = {0};
        for (size_t t = d > b->from ? d : b->from; t < b->to; t += STEPS)
            snn_history_lags(dot, k->past + t * k->pitch, lagged + (t + k->shift - d) * k->pitch,
                             snn_least(STEPS, b->to - t), k->pitch);
        for (size_t r = 0; r < SNN_HISTORY_LAGS && d + r <= lags; r++)
            b->d.w[d + r] += sign * dot[r];
    }
    if (k->states)
        add_coefficients(k, b, sign, lagged);
}

static void backward_tile(const struct snn_tile *k, const struct snn_cell_backward *b)
{
    const struct snn_cell *c = k->c;
    const size_t last = c->time_steps - 1, lags = c->table.lags;
    const size_t pitch = k->packed ? k->pitch : c->n;
    real *d_state = k->packed ? k->past : b->d_state + k->at;
    if (k->states)
        memset(k->states, 0, c->table.exponentials.count * SNN_TILE * sizeof *k->states);
    for (size_t t = b->to; k->packed && t <= snn_least(last, b->to - 1 + lags); t++)
        snn_tile_pack(k, k->past + t * k->pitch, b->d_state + snn_tile_place(k, t));
    for (size_t to = b->to; to > b->from;) {
        const size_t first = to - 1, far = snn_least(last, first + lags);
        snn_tile_sum_far(k, d_state + first * pitch, -(ptrdiff_t)pitch, far - first);
        for (; to > b->from && first - (to - 1) < SNN_HISTORY_STEPS; to--) {
            const size_t t = to - 1;
            const real *sum =
                snn_tile_sum_near(k, d_state + first * pitch, -(ptrdiff_t)pitch, first - t);
            real *dw = d_state + t * pitch;
            step_back(k, b, t, sum, dw);
            if (!k->packed)
                continue;
            memset(dw + k->n, 0, (k->pitch - k->n) * sizeof *dw);
            if (b->from > 0) /* earlier steps come with another call */
                memcpy(b->d_state + snn_tile_place(k, t), dw, k->n * sizeof *dw);
        }
    }
    if (b->d.w)
        add_weights(k, b);
}

void snn_fractional_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    for (size_t at = 0; at < c->n; at += SNN_TILE) {
        const struct snn_tile k = snn_tile_of(c, b->tile, at, b->to - b->from);
        backward_tile(&k, b);
    }
}
