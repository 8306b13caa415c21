/* SPDX-License-Identifier: MIT */
/* Integrate-and-fire by Euler steps, forward and its exact reverse: w = v + h f. Equations:
 * core/neuron/neuron.h; the scaled reset's share of f is written as part of what the spike takes,
 * v' = w0 - s (a + b w0) with w0 = v + h f0. */
#include <string.h>

#include "core/math/lanes.h"
#include "core/math/vec.h"
#include "core/neuron/neuron.h"
#include "core/surrogate/slopes.h"

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

/* One step's rows. */
struct rows {
    const real *current;
    real *x, *s, *v;
};

/* The neurons of a vector, or its first `part` where that is not 0: a constant where it is called.
 * Returns a bit for each that fires. */
__attribute__((always_inline)) static inline uint32_t
fire(const struct step *k, const struct snn_cell *c, const struct rows *a, size_t i, size_t part)
{
    SNN_VECTOR one = (SNN_VECTOR){0} + 1;
    const real *restrict rs = c->r, *restrict thresholds = c->threshold;
    const real *restrict currents = a->current;
#define LOAD(p) (part ? snn_load_part((p) + i, part) : snn_load((p) + i))
#define STORE(p, v) (part ? snn_store_part((p) + i, v, part) : snn_store((p) + i, v))
    SNN_VECTOR r = LOAD(rs), threshold = LOAD(thresholds), v = LOAD(a->v);
    SNN_VECTOR f0 = (LOAD(currents) - k->leak * v) * r, x = v + f0 - threshold;
    SNN_VECTOR s = (SNN_VECTOR)((SNN_BITS)(x >= 0) & (SNN_BITS)one), w = v + k->h * f0;
    STORE(a->x, x);
    STORE(a->s, s);
    STORE(a->v, w - s * (threshold * (k->per_step * r + k->whole) + k->b * w));
    return snn_bits_nonzero(s) & (part ? (1u << part) - 1 : ~0u);
#undef LOAD
#undef STORE
}

static void forward_hard(const struct step *k, const struct snn_cell *c, const struct rows *a)
{
    const size_t n = c->n;
    size_t i = 0;
    for (; i + SNN_LANES <= n; i += SNN_LANES)
        fire(k, c, a, i, 0);
    if (i < n)
        fire(k, c, a, i, n - i);
}

/* The same, and who fired goes to the row's end of the lists: some vectors at a time, since a store
 * whose place is known late holds up the loads behind it. */
static void forward_listed(const struct step *k, const struct snn_cell *c, const struct rows *a,
                           struct snn_sparse *to)
{
    enum { VECTORS = 64 };
    const size_t n = c->n, before = to->start[to->rows];
    uint32_t *index = to->index + before, bits[VECTORS];
    size_t found = 0;
    for (size_t i = 0; i + SNN_LANES <= n; i += VECTORS * SNN_LANES) {
        const size_t left = (n - i) / SNN_LANES, vectors = left < VECTORS ? left : VECTORS;
        for (size_t j = 0; j < vectors; j++)
            bits[j] = fire(k, c, a, i + j * SNN_LANES, 0);
        for (size_t j = 0; j < vectors; j++)
            found += snn_put_places(index + found, bits[j], (uint32_t)(i + j * SNN_LANES));
    }
    const size_t done = n / SNN_LANES * SNN_LANES;
    if (done < n)
        for (bits[0] = fire(k, c, a, done, n - done); bits[0]; bits[0] &= bits[0] - 1)
            index[found++] = (uint32_t)done + (uint32_t)__builtin_ctz(bits[0]);
    to->start[++to->rows] = (uint32_t)(before + found);
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
    struct snn_sparse *lists = f->soft ? NULL : f->fired;
    for (size_t t = f->from; t < f->to; t++) {
        const struct step k = step_of(c, t);
        const struct rows a = {f->current + t * f->current_stride, f->x + t * n, f->s + t * n,
                               f->state};
        if (f->v)
            memcpy(f->v + t * n, f->state, n * sizeof *f->v);
        if (f->soft)
            forward_soft(k, c, a.current, a.x, a.s, a.v);
        else if (lists && lists->start[lists->rows] <= f->most_fired)
            forward_listed(&k, c, &a, lists);
        else
            forward_hard(&k, c, &a);
    }
}

/* The rows that a step is undone with. dL/dI is added to sum, or where that is NULL becomes g. */
struct back {
    const real *r, *x, *s;
    real *g, *lambda, *du, *sum;
};

/* As parameters: elsewhere gcc does not take `restrict` at its word. `to` is g or sum. */
#define BACK_ROWS                                                                                  \
    const struct step step, const real *restrict r, const real *restrict xs,                       \
        const real *restrict ss, real *restrict to, real *restrict lambda, real *restrict du

/* From du = dL/du and lambda = dL/dv': dL/dI, which is returned, and dL/dv into lambda.
 *   dw = lambda (1 - b s)   df0 = du + h dw   dI = df0 / tau   dv = du + dw - leak df0 / tau */
static inline real undo(const struct step *k, real r, real s, real du, real *lambda)
{
    const real dw = *lambda - k->b * s * *lambda, d_input = (du + k->h * dw) * r;
    *lambda = du + dw - k->leak * d_input;
    return d_input;
}

/* A step of the neurons, all in one loop, for each surrogate. du is stored whether or not somebody
 * looks at it: else it may be rounded otherwise. */
#define BACK(name, a_scale, emits, reach, derivative, what, formula)                               \
    static void name##_rows(BACK_ROWS, real k, size_t n)                                           \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            real x = xs[i], s = ss[i];                                                             \
            (void)x;                                                                               \
            du[i] = to[i] * (derivative);                                                          \
            to[i] = undo(&step, r[i], s, du[i], &lambda[i]);                                       \
        }                                                                                          \
    }                                                                                              \
    static void name##_sums(BACK_ROWS, const real *restrict g, real k, size_t n)                   \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            real x = xs[i], s = ss[i];                                                             \
            (void)x;                                                                               \
            du[i] = g[i] * (derivative);                                                           \
            to[i] += undo(&step, r[i], s, du[i], &lambda[i]);                                      \
        }                                                                                          \
    }                                                                                              \
    static void name##_back(struct step step, const struct back *a, real k, size_t n)              \
    {                                                                                              \
        if (a->sum)                                                                                \
            name##_sums(step, a->r, a->x, a->s, a->sum, a->lambda, a->du, a->g, k, n);             \
        else                                                                                       \
            name##_rows(step, a->r, a->x, a->s, a->g, a->lambda, a->du, k, n);                     \
    }
SURROGATES(BACK)

#define BACK_ENTRY(name, scale, emits, reach, derivative, what, formula) name##_back,
static void (*const backs[])(struct step, const struct back *, real,
                             size_t) = {SURROGATES(BACK_ENTRY)};

/* The same from du, which is there. */
static void rows_from(BACK_ROWS, size_t n)
{
    (void)xs;
    for (size_t i = 0; i < n; i++)
        to[i] = undo(&step, r[i], ss[i], du[i], &lambda[i]);
}

static void sums_from(BACK_ROWS, size_t n)
{
    (void)xs;
    for (size_t i = 0; i < n; i++)
        to[i] += undo(&step, r[i], ss[i], du[i], &lambda[i]);
}

static void back_from(struct step step, const struct back *a, size_t n)
{
    if (a->sum)
        sums_from(step, a->r, a->x, a->s, a->sum, a->lambda, a->du, n);
    else
        rows_from(step, a->r, a->x, a->s, a->g, a->lambda, a->du, n);
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

/* A step whose du is wanted by itself, or is more than g and the surrogate make. */
static void back_apart(const struct step k, const struct snn_cell *c,
                       const struct snn_cell_backward *b, const struct back *a, size_t t)
{
    const size_t n = c->n;
    real *du = a->du;
    c->surrogate->gradient(du, a->g, a->x, a->s, n, c->scale);
    if (b->d.threshold) /* before a membrane readout joins in: that reads u, not u - threshold */
        add_threshold_gradient(k, c, b, du, t);
    if (b->g_membrane)
        snn_add(du, b->g_membrane + t * n, n);
    if (b->d.tau)
        add_tau_gradient(k, c, b, du, t);
    back_from(k, a, n);
}

void snn_euler_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    const size_t n = c->n;
    const bool apart = b->d.threshold || b->d.tau || b->g_membrane;
    for (size_t t = b->to; t-- > b->from;) {
        const struct step k = step_of(c, t);
        real *g = b->g + t * n;
        const struct back a = {.r = c->r,
                               .x = b->x + t * n,
                               .s = b->s + t * n,
                               .g = g,
                               .lambda = b->lambda,
                               .du = b->d_membrane ? b->d_membrane + t * n : b->scratch,
                               .sum = b->d_current_sum};
        if (!c->detach_reset)
            add_reset_gradient(k, c, b, t, g);
        if (apart)
            back_apart(k, c, b, &a, t);
        else
            backs[c->surrogate->place](k, &a, c->scale, n);
    }
}
