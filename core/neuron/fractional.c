/* SPDX-License-Identifier: MIT */
/*
 * Integrate-and-fire of fractional order: the new state is a weighted sum over the past
 * (core/neuron/solver.h).
 */
#include "core/neuron/column.h"

/* What is the same in every step. */
struct rules {
    real leak, per_step, whole, b;
    real a, sign, per_f; /* of f, of the sum; of what the reset takes from the state, in f */
};

/* A column; s, f and w, the new state, are a step's. */
struct neurons {
    SNN_COLUMN(r);
    SNN_COLUMN(threshold);
    SNN_COLUMN(taken); /* of f by a spike */
    SNN_COLUMN(v);
    SNN_COLUMN(s);
    SNN_COLUMN(f);
    SNN_COLUMN(w);
};

/* Where a column's step begins. */
struct row {
    const real *current;
    real *x, *s; /* s holds e on entry where soft */
};

/* A step, but for what the reset takes from the new state; w holds the sum over the past on entry.
 * `soft` is a constant where it is called. */
SNN_COLUMN_INLINE void fire(struct neurons *a, const struct rules k, const struct snn_cell *c,
                            const struct row row, const struct snn_column q, bool soft)
{
    SNN_COLUMN(current);
    SNN_COLUMN(x);
    uint32_t bits;
    snn_column_get(current, row.current, q);
    SNN_UNROLL
    for (size_t j = 0; j < q.across; j++) {
        a->f[j] = (current[j] - k.leak * a->v[j]) * a->r[j];
        x[j] = a->v[j] + a->f[j] - a->threshold[j];
        a->s[j] = snn_steps(x[j], &bits);
    }
    snn_column_put(row.x, x, q);
    if (soft) {
        const size_t n = q.full ? q.across * SNN_LANES : q.left;
        snn_spike_training(c->surrogate, row.s, row.x, n, c->scale);
        snn_column_get(a->s, row.s, q);
    } else {
        snn_column_put(row.s, a->s, q);
    }
    SNN_UNROLL
    for (size_t j = 0; j < q.across; j++) {
        a->f[j] -= a->s[j] * a->taken[j];
        a->w[j] = k.a * a->f[j] + k.sign * a->w[j];
    }
}

/* Where states are sums of f alone, what is taken from one is taken from f as well, or the next
 * would have it back. */
SNN_COLUMN_INLINE void reset(struct neurons *a, const struct rules k, const struct snn_column q)
{
    SNN_UNROLL
    for (size_t j = 0; j < q.across; j++) {
        const SNN_VECTOR taken = a->s[j] * (k.whole * a->threshold[j] + k.b * a->w[j]);
        a->w[j] -= taken;
        a->f[j] -= k.per_f * taken;
    }
}

/* Steps first .. to-1, a block; what is before it gives is in k->sum. What is stored for some calls
 * alone is so apart from the arithmetic, and that rounds alike for all. */
SNN_COLUMN_INLINE void run_column(const struct snn_tile *k, const struct snn_cell_forward f,
                                  size_t first, size_t to, const struct snn_column q, bool soft)
{
    const struct snn_cell *c = k->c;
    const struct rules rules = {.leak = c->neuron->leak,
                                .per_step = c->reset->per_step,
                                .whole = c->reset->whole,
                                .b = c->reset->b,
                                .a = k->a,
                                .sign = k->shift ? -1 : 1,
                                .per_f = k->per_f};
    const bool resets = rules.whole != 0 || rules.b != 0, sums_f = !k->shift, packed = k->packed;
    const size_t at = k->at + q.i, n = c->n, pitch = k->pitch;
    real *past = k->past + (first + k->shift) * pitch;
    struct neurons a;
    snn_column_get(a.r, c->r + at, q);
    snn_column_get(a.threshold, c->threshold + at, q);
    snn_column_get(a.v, f.state + at, q);
    SNN_UNROLL
    for (size_t j = 0; j < q.across; j++)
        a.taken[j] = rules.per_step * a.threshold[j] * a.r[j];
    for (size_t t = first; t < to; t++) {
        const size_t here = t * n + at;
        const struct row row = {f.current + t * f.current_stride + at, f.x + here, f.s + here};
        snn_column_sum(a.w, k, past, (ptrdiff_t)pitch, t - first, q);
        if (f.v)
            snn_column_put(f.v + here, a.v, q);
        fire(&a, rules, c, row, q, soft);
        if (f.solved)
            snn_column_put(f.solved + here, a.w, q);
        if (resets)
            reset(&a, rules, q);
        if (f.f)
            snn_column_put(f.f + here, a.f, q);
        if (packed && sums_f)
            snn_column_keep(past + (t - first) * pitch, a.f, q);
        else if (packed)
            snn_column_keep(past + (t - first) * pitch, a.w, q);
        SNN_UNROLL
        for (size_t j = 0; j < q.across; j++)
            a.v[j] = a.w[j];
    }
    snn_column_put(f.state + at, a.v, q);
}

/* The same of the whole tile, and of its padding. */
SNN_COLUMN_INLINE void run_block(const struct snn_tile *k, const struct snn_cell_forward *f,
                                 size_t first, size_t to, bool soft)
{
    size_t i = 0;
    for (; i + SNN_ABREAST * SNN_LANES <= k->n; i += SNN_ABREAST * SNN_LANES)
        run_column(k, *f, first, to, snn_column_of(k, i, true), soft);
    for (; i < k->pitch; i += SNN_LANES)
        run_column(k, *f, first, to, snn_column_of(k, i, false), soft);
}

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

static void forward_tile(const struct snn_tile *k, const struct snn_cell_forward *f)
{
    const ptrdiff_t stride = (ptrdiff_t)(k->packed ? k->pitch : k->c->n);
    if (k->states)
        memset(k->states, 0, k->c->table.exponentials.count * SNN_TILE * sizeof *k->states);
    for (size_t t = oldest(k, f->from); k->packed && t < f->from; t++)
        snn_tile_pack(k, k->past + t * k->pitch, (k->shift ? f->v : f->f) + snn_tile_place(k, t));
    if (k->shift && k->packed)
        snn_tile_pack(k, k->past + f->from * k->pitch, f->state + k->at);
    else if (k->shift)
        memcpy(f->v + snn_tile_place(k, f->from), f->state + k->at, k->n * sizeof *f->v);
    for (size_t first = f->from; first < f->to; first += SNN_HISTORY_STEPS) {
        const size_t to = snn_least(first + SNN_HISTORY_STEPS, f->to);
        const size_t rows = first + k->shift - oldest(k, first);
        snn_tile_sum_far(k, past_row(k, f, first + k->shift), stride, rows, to - first);
        if (f->soft)
            run_block(k, f, first, to, true);
        else
            run_block(k, f, first, to, false);
    }
}

void snn_fractional_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    for (size_t at = 0; at < c->n; at += SNN_TILE) {
        const struct snn_tile k = snn_tile_of(c, f->tile, at, f->to - f->from);
        forward_tile(&k, f);
    }
}
