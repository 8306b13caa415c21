/* SPDX-License-Identifier: MIT */
/* Integrate-and-fire by Euler steps: w = v + h f. Equations: core/neuron/neuron.h; the scaled
 * reset's share of f is written as part of what the spike takes, v' = w0 - s (a + b w0) with
 * w0 = v + h f0. */
#include <string.h>

#include "core/math/lanes.h"
#include "core/neuron/euler.h"

/* Vectors of neurons that go through the steps together, their state in registers: so many, since
 * each waits for itself from step to step. */
enum { ABREAST = 8 };
#define COLUMN (ABREAST * SNN_LANES)
#define ROW_BYTES(n) (((n) + 127) / 128 * 16)

/* Who fired in some steps, a bit for each neuron of a range; on the stack, so some steps at a time.
 */
#define FIRED_BYTES ((size_t)8192)

/* Steps from .. to-1 of neurons first .. first+n-1. */
struct range {
    size_t from, to, first, n;
    unsigned char *fired; /* a bit for each neuron, row_bytes a step; NULL = not wanted */
    size_t row_bytes;
};

struct neurons {
    SNN_VECTOR r, threshold, taken, v;
};

/* One step of a vector's neurons. `plain`: `taken` is what a spike takes in every step. */
__attribute__((always_inline)) static inline SNN_VECTOR fire(const struct snn_euler_step *k,
                                                             struct neurons *a, SNN_VECTOR current,
                                                             SNN_VECTOR *x, uint32_t *bits,
                                                             bool plain)
{
    SNN_VECTOR f0 = (current - k->leak * a->v) * a->r, w = a->v + k->h * f0;
    *x = a->v + f0 - a->threshold;
    SNN_VECTOR s = snn_steps(*x, bits);
    if (!plain)
        a->taken = a->threshold * (k->per_step * a->r + k->whole) + k->b * w;
    a->v = w - s * a->taken;
    return s;
}

/* The k-th vector's bits of a column's. */
static inline void put_bits(unsigned char *fired, size_t k, uint32_t bits)
{
    const size_t at = k * SNN_LANES;
    if (SNN_LANES >= 8)
        memcpy(fired + at / 8, &bits, SNN_LANES / 8);
    else if (at % 8 == 0)
        fired[at / 8] = (unsigned char)bits;
    else
        fired[at / 8] = (unsigned char)(fired[at / 8] | bits << at % 8);
}

/* The column from neuron i on, of which there are `left`. `whole` and `plain` are constants where
 * it is called. */
__attribute__((always_inline)) static inline void run_column(const struct snn_cell *c,
                                                             const struct snn_cell_forward *f,
                                                             const struct range *range, size_t i,
                                                             size_t left, bool whole, bool plain)
{
    struct neurons a[ABREAST];
#define LEFT(k) (whole ? SNN_LANES : snn_upto(left, k))
#define LOAD(p, k) snn_load_upto((p) + (k)*SNN_LANES, LEFT(k))
#define STORE(p, k, v) snn_store_upto((p) + (k)*SNN_LANES, v, LEFT(k))
    const struct snn_euler_step first = snn_euler_step_of(c, range->from);
    SNN_UNROLL for (size_t k = 0; k < ABREAST; k++)
    {
        a[k].r = LOAD(c->r + i, k);
        a[k].threshold = LOAD(c->threshold + i, k);
        a[k].v = LOAD(f->state + i, k);
        a[k].taken = a[k].threshold * (first.per_step * a[k].r + first.whole);
    }
    /* Of their own, since what is stored could be `f` for all the compiler knows. */
    const size_t n = c->n, stride = f->current_stride, at = range->from * n + i;
    const real per_step = c->reset->per_step, *h = c->h;
    const real *currents = f->current + range->from * stride + i;
    real *xs = f->x + at, *ss = f->s ? f->s + at : NULL, *vs = f->v ? f->v + at : NULL;
    unsigned char *fired = range->fired ? range->fired + (i - range->first) / 8 : NULL;
    const size_t row_bytes = range->row_bytes;
    struct snn_euler_step step = first;
    for (size_t t = range->from, end = range->to; t < end; t++) {
        step.h = h[t];
        step.per_step = per_step * h[t];
        SNN_UNROLL for (size_t k = 0; k < ABREAST; k++)
        {
            SNN_VECTOR x, current = LOAD(currents, k);
            if (vs)
                STORE(vs, k, a[k].v);
            uint32_t bits;
            SNN_VECTOR s = fire(&step, &a[k], current, &x, &bits, plain);
            STORE(xs, k, x);
            if (ss)
                STORE(ss, k, s);
            if (fired)
                put_bits(fired, k, bits);
        }
        fired = fired ? fired + row_bytes : NULL;
        currents += stride;
        xs += n;
        ss = ss ? ss + n : NULL;
        vs = vs ? vs + n : NULL;
    }
    SNN_UNROLL for (size_t k = 0; k < ABREAST; k++) STORE(f->state + i, k, a[k].v);
#undef LEFT
#undef LOAD
#undef STORE
}

/* Whether a spike takes the same in every one of the steps. */
static bool is_plain(const struct snn_cell *c, size_t from, size_t to)
{
    bool even = c->reset->b == 0;
    for (size_t t = from; even && c->reset->per_step != 0 && t < to; t++)
        even = c->h[t] == c->h[from];
    return even;
}

static void run_range(const struct snn_cell *c, const struct snn_cell_forward *f,
                      const struct range *range)
{
    const bool plain = is_plain(c, range->from, range->to);
    const size_t end = range->first + range->n;
    size_t i = range->first;
    for (; plain && i + COLUMN <= end; i += COLUMN)
        run_column(c, f, range, i, COLUMN, true, true);
    for (; !plain && i + COLUMN <= end; i += COLUMN)
        run_column(c, f, range, i, COLUMN, true, false);
    if (i < end)
        run_column(c, f, range, i, end - i, false, false);
}

/* Neurons of a range that fired in step t, to `index`; returns how many. */
static size_t put_row(uint32_t *index, const struct range *range, size_t t)
{
    const unsigned char *row = range->fired + (t - range->from) * range->row_bytes;
    const uint32_t vector = (uint32_t)(((uint64_t)1 << SNN_LANES) - 1);
    size_t found = 0, i = 0;
    uint64_t bits;
    for (; i + 64 <= range->n; i += 64) {
        memcpy(&bits, row + i / 8, sizeof bits);
        SNN_UNROLL for (size_t k = 0; k < 64; k += SNN_LANES)
        {
            const uint32_t first = (uint32_t)(range->first + i + k);
            found += snn_put_places(index + found, (uint32_t)(bits >> k) & vector, first);
        }
    }
    if (i == range->n)
        return found;
    memcpy(&bits, row + i / 8, sizeof bits); /* one by one: there is no room for whole vectors */
    for (bits &= ((uint64_t)1 << (range->n - i)) - 1; bits; bits &= bits - 1)
        index[found++] = (uint32_t)(range->first + i) + (uint32_t)__builtin_ctzll(bits);
    return found;
}

/* Steps from .. to-1, of which there are so few, or neurons so few, that who fires fits the stack.
 * Who fires is put down as bits first: a store whose place is known late holds up the loads behind
 * it. */
static void run_listed(const struct snn_cell *c, const struct snn_cell_forward *f, size_t from,
                       size_t to)
{
    unsigned char fired[FIRED_BYTES];
    struct snn_sparse *lists = f->fired;
    size_t found = 0; /* in the row so far */
    for (size_t first = 0; first < c->n; first += FIRED_BYTES * 8) {
        const size_t left = c->n - first, n = left < FIRED_BYTES * 8 ? left : FIRED_BYTES * 8;
        const struct range range = {from, to, first, n, fired, ROW_BYTES(n)};
        run_range(c, f, &range);
        for (size_t t = from; t < to && lists->start[lists->rows] <= f->most_fired; t++) {
            found += put_row(lists->index + lists->start[lists->rows] + found, &range, t);
            if (first + n < c->n)
                continue;
            lists->start[lists->rows + 1] = lists->start[lists->rows] + (uint32_t)found;
            lists->rows++;
            found = 0;
        }
    }
}

/* The spike is computed from the charge in between, so it takes two passes. s holds e on entry. */
static void forward_soft(const struct snn_euler_step k, const struct snn_cell *c,
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
        v[i] = w - s[i] * (snn_euler_taken(&k, r[i], threshold[i]) + k.b * w);
    }
}

static void forward_hard(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    const size_t row = ROW_BYTES(c->n), fits = row < FIRED_BYTES ? FIRED_BYTES / row : 1;
    if (!f->fired) {
        run_range(c, f, &(struct range){.from = f->from, .to = f->to, .n = c->n});
        return;
    }
    for (size_t t = f->from; t < f->to; t += fits)
        run_listed(c, f, t, f->to - t < fits ? f->to : t + fits);
}

void snn_euler_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    const size_t n = c->n;
    if (!f->soft) {
        forward_hard(c, f);
        return;
    }
    for (size_t t = f->from; t < f->to; t++) {
        if (f->v)
            memcpy(f->v + t * n, f->state, n * sizeof *f->v);
        forward_soft(snn_euler_step_of(c, t), c, f->current + t * f->current_stride, f->x + t * n,
                     f->s + t * n, f->state);
    }
}
