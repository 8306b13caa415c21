/* SPDX-License-Identifier: MIT */
/*
 * The exact reverse of fractional order: a state reaches every later one through its weight, so
 * dL/dw of the steps is kept and summed back with the same weights.
 */
#include "core/neuron/column.h"

/* dL/dw of step t into dw, dL/df into df, and lambda becomes what the reset takes it by: of the
 * state, and of f where that has it taken as well. `sum` is what later steps take of step t: of its
 * state, so of lambda = dL/dv', or of its f. */
static void state_gradient(const struct snn_tile *k, const struct snn_cell_backward *b, size_t t,
                           const real *restrict sum, real *restrict dw)
{
    const real taken = k->c->reset->b, of_state = k->shift ? 1 : 0, of_f = k->shift ? 0 : 1;
    const real a = k->a, per_f = k->per_f;
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

/* Whether dL/ds and the surrogate make all of dL/du that a step wants, but for a readout's. */
static bool is_plain(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    return c->detach_reset && !b->d.tau && !b->d.threshold && !b->d.w;
}

/* A column; all but r, lambda and total are a step's. */
struct gradients {
    SNN_COLUMN(r);
    SNN_COLUMN(s); /* where the reset takes a share of the state */
    SNN_COLUMN(du);
    SNN_COLUMN(dw);
    SNN_COLUMN(lambda);
    SNN_COLUMN(d_input);
    SNN_COLUMN(total); /* of d_input */
};

/* A step, from du and lambda = dL/dv' to all else; dw holds on entry what later steps take. */
SNN_COLUMN_INLINE void undo(struct gradients *g, const struct snn_tile *k,
                            const struct snn_column q)
{
    const real taken = k->c->reset->b, of_state = k->shift ? 1 : 0, of_f = k->shift ? 0 : 1;
    const real a = k->a, per_f = k->per_f, leak = k->c->neuron->leak;
    SNN_UNROLL
    for (size_t j = 0; j < q.across; j++) {
        SNN_VECTOR df = of_f * g->dw[j];
        g->dw[j] = g->lambda[j] - of_state * g->dw[j];
        if (taken != 0)
            g->dw[j] -= taken * g->s[j] * (g->dw[j] + per_f * df);
        df += a * g->dw[j];
        g->d_input[j] = (g->du[j] + df) * g->r[j];
        g->lambda[j] = g->du[j] - leak * g->d_input[j];
        g->total[j] += g->d_input[j];
    }
}

/* A block of steps, `last` and those before it; b->g has dL/du on entry, and what the steps behind
 * the block give is in k->sum. What is stored for some calls alone is so apart from the arithmetic,
 * and that rounds alike for all. */
SNN_COLUMN_INLINE void back_column(const struct snn_tile *k, const struct snn_cell_backward b,
                                   size_t last, size_t steps, const struct snn_column q)
{
    const size_t at = k->at + q.i, n = k->c->n;
    const ptrdiff_t pitch = (ptrdiff_t)k->pitch;
    real *past = k->past + last * k->pitch;
    struct gradients g = {.total = {{0}}};
    snn_column_get(g.r, k->c->r + at, q);
    snn_column_get(g.lambda, b.lambda + at, q);
    if (b.d_current_sum)
        snn_column_get(g.total, b.d_current_sum + at, q);
    for (size_t e = 0; e < steps; e++) {
        const size_t here = (last - e) * n + at;
        snn_column_sum(g.dw, k, past, -pitch, e, q);
        snn_column_get(g.du, b.g + here, q);
        if (k->c->reset->b != 0)
            snn_column_get(g.s, b.s + here, q);
        if (b.g_membrane) {
            snn_column_get(g.d_input, b.g_membrane + here, q);
            SNN_UNROLL
            for (size_t j = 0; j < q.across; j++)
                g.du[j] += g.d_input[j];
        }
        undo(&g, k, q);
        if (b.d_membrane)
            snn_column_put(b.d_membrane + here, g.du, q);
        if (!b.d_current_sum)
            snn_column_put(b.g + here, g.d_input, q);
        if (k->packed)
            snn_column_keep(past - (ptrdiff_t)e * pitch, g.dw, q);
        if (!k->packed || b.from > 0) /* earlier steps come with another call */
            snn_column_put(b.d_state + here, g.dw, q);
    }
    snn_column_put(b.lambda + at, g.lambda, q);
    if (b.d_current_sum)
        snn_column_put(b.d_current_sum + at, g.total, q);
}

static void back_block(const struct snn_tile *k, const struct snn_cell_backward *b, size_t last,
                       size_t steps)
{
    size_t i = 0;
    for (; i + SNN_ABREAST * SNN_LANES <= k->n; i += SNN_ABREAST * SNN_LANES)
        back_column(k, *b, last, steps, snn_column_of(k, i, true));
    for (; i < k->pitch; i += SNN_LANES)
        back_column(k, *b, last, steps, snn_column_of(k, i, false));
}

/* The same by what a step's parts are, one after the other. */
static void back_steps(const struct snn_tile *k, const struct snn_cell_backward *b, size_t last,
                       size_t steps)
{
    const size_t pitch = k->packed ? k->pitch : k->c->n;
    real *d_state = k->packed ? k->past : b->d_state + k->at;
    for (size_t q = 0; q < steps; q++) {
        const size_t t = last - q;
        real *dw = d_state + t * pitch;
        step_back(k, b, t, snn_tile_sum_near(k, d_state + last * pitch, -(ptrdiff_t)pitch, q), dw);
        if (!k->packed)
            continue;
        memset(dw + k->n, 0, (k->pitch - k->n) * sizeof *dw);
        if (b->from > 0) /* earlier steps come with another call */
            memcpy(b->d_state + snn_tile_place(k, t), dw, k->n * sizeof *dw);
    }
}

static void backward_tile(const struct snn_tile *k, const struct snn_cell_backward *b)
{
    const struct snn_cell *c = k->c;
    const size_t end = c->time_steps - 1, lags = c->table.lags;
    const size_t pitch = k->packed ? k->pitch : c->n;
    const real *d_state = k->packed ? k->past : b->d_state + k->at;
    const bool plain = is_plain(c, b);
    if (k->states)
        memset(k->states, 0, c->table.exponentials.count * SNN_TILE * sizeof *k->states);
    for (size_t t = b->to; k->packed && t <= snn_least(end, b->to - 1 + lags); t++)
        snn_tile_pack(k, k->past + t * k->pitch, b->d_state + snn_tile_place(k, t));
    for (size_t to = b->to, steps; to > b->from; to -= steps) {
        const size_t last = to - 1, far = snn_least(end, last + lags);
        steps = snn_least(to - b->from, SNN_HISTORY_STEPS);
        snn_tile_sum_far(k, d_state + last * pitch, -(ptrdiff_t)pitch, far - last, steps);
        (plain ? back_block : back_steps)(k, b, last, steps);
    }
    if (b->d.w)
        add_weights(k, b);
}

void snn_fractional_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    real *g = b->g + b->from * c->n;
    if (is_plain(c, b))
        c->surrogate->gradient(g, g, b->x + b->from * c->n, b->s + b->from * c->n,
                               (b->to - b->from) * c->n, c->scale);
    for (size_t at = 0; at < c->n; at += SNN_TILE) {
        const struct snn_tile k = snn_tile_of(c, b->tile, at, b->to - b->from);
        backward_tile(&k, b);
    }
}
