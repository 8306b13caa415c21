/* SPDX-License-Identifier: MIT */
/* The exact reverse of Euler steps, from dL/ds to dL/dI. Equations: core/neuron/neuron.h. */
#include <string.h>

#include "core/math/lanes.h"
#include "core/math/vec.h"
#include "core/neuron/euler.h"
#include "core/surrogate/slopes.h"

/* Neurons whose steps are undone together, where their dL/ds is made on the way. */
enum { WIDE = 256 };

/* The rows that a step is undone with. dL/dI is added to sum, or where that is NULL becomes g. */
struct back {
    const real *r, *x, *s; /* s NULL: makes no difference */
    real *g, *lambda, *du, *sum;
};

/* As parameters: elsewhere gcc does not take `restrict` at its word. `to` is g or sum. */
#define BACK_ROWS                                                                                  \
    const struct snn_euler_step step, const real *restrict r, const real *restrict xs,             \
        const real *restrict ss, real *restrict to, real *restrict lambda, real *restrict du

/* From du = dL/du and lambda = dL/dv': dL/dI, which is returned, and dL/dv into lambda.
 *   dw = lambda (1 - b s)   df0 = du + h dw   dI = df0 / tau   dv = du + dw - leak df0 / tau */
static inline real undo(const struct snn_euler_step *k, real r, real s, real du, real *lambda)
{
    const real dw = *lambda - k->b * s * *lambda, d_input = (du + k->h * dw) * r;
    *lambda = du + dw - k->leak * d_input;
    return d_input;
}

/* A step of the neurons, all in one loop. du is stored whether or not somebody looks at it: else it
 * may be rounded otherwise. */
#define BACK_LOOP(spike, gs, becomes, derivative)                                                  \
    for (size_t i = 0; i < n; i++) {                                                               \
        real x = xs[i], s = spike;                                                                 \
        (void)x;                                                                                   \
        (void)ss;                                                                                  \
        du[i] = gs[i] * (derivative);                                                              \
        to[i] becomes undo(&step, r[i], s, du[i], &lambda[i]);                                     \
    }

/* For each surrogate; `_unseen` where the spike is in neither its derivative nor the reset's. */
#define BACK(name, a_scale, emits, reach, derivative, what, formula)                               \
    static void name##_rows(BACK_ROWS, real k, size_t n)                                           \
    {                                                                                              \
        BACK_LOOP(ss[i], to, =, derivative)                                                        \
    }                                                                                              \
    static void name##_sums(BACK_ROWS, const real *restrict g, real k, size_t n)                   \
    {                                                                                              \
        BACK_LOOP(ss[i], g, +=, derivative)                                                        \
    }                                                                                              \
    static void name##_rows_unseen(BACK_ROWS, real k, size_t n)                                    \
    {                                                                                              \
        BACK_LOOP(0, to, =, derivative)                                                            \
    }                                                                                              \
    static void name##_sums_unseen(BACK_ROWS, const real *restrict g, real k, size_t n)            \
    {                                                                                              \
        BACK_LOOP(0, g, +=, derivative)                                                            \
    }                                                                                              \
    static void name##_back(struct snn_euler_step step, const struct back *a, real k, size_t n)    \
    {                                                                                              \
        if (a->sum && a->s)                                                                        \
            name##_sums(step, a->r, a->x, a->s, a->sum, a->lambda, a->du, a->g, k, n);             \
        else if (a->sum)                                                                           \
            name##_sums_unseen(step, a->r, a->x, a->s, a->sum, a->lambda, a->du, a->g, k, n);      \
        else if (a->s)                                                                             \
            name##_rows(step, a->r, a->x, a->s, a->g, a->lambda, a->du, k, n);                     \
        else                                                                                       \
            name##_rows_unseen(step, a->r, a->x, a->s, a->g, a->lambda, a->du, k, n);              \
    }
SURROGATES(BACK)

#define BACK_ENTRY(name, scale, emits, reach, derivative, what, formula) name##_back,
static void (*const backs[])(struct snn_euler_step, const struct back *, real,
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

static void back_from(struct snn_euler_step step, const struct back *a, size_t n)
{
    if (a->sum)
        sums_from(step, a->r, a->x, a->s, a->sum, a->lambda, a->du, n);
    else
        rows_from(step, a->r, a->x, a->s, a->g, a->lambda, a->du, n);
}

/* What reaches the spike through the reset when it is not detached: dL/ds += -lambda (a + b w). */
static void add_reset_gradient(const struct snn_euler_step k, const struct snn_cell *c,
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
        g[i] -= lambda[i] * (snn_euler_taken(&k, c->r[i], c->threshold[i]) + k.b * w);
    }
}

/* dL/dtau of one step: through f0, and through the scaled reset's a. */
static void add_tau_gradient(const struct snn_euler_step k, const struct snn_cell *c,
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
static void add_threshold_gradient(const struct snn_euler_step k, const struct snn_cell *c,
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
static void back_apart(const struct snn_euler_step k, const struct snn_cell *c,
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

/* Vectors, and steps, whose dL/ds is summed at a time. */
enum { ABREAST = 2, AT_ONCE = 4 };

/* What a layer above took of a range of neurons. */
struct taken {
    const struct snn_above *from;
    _Alignas(64) real weight[SNN_FEW_ABOVE][WIDE]; /* of the range; zeros behind its end */
};

static void begin_taken(struct taken *k, const struct snn_above *above, size_t i, size_t n,
                        size_t row)
{
    k->from = above;
    for (size_t j = 0; j < above->n; j++) {
        memcpy(k->weight[j], above->weight + j * row + i, n * sizeof(real));
        memset(k->weight[j] + n, 0, (WIDE - n) * sizeof(real));
    }
}

/* The same of the vectors from neuron `at` on; `whole`, a constant where it is called: there are
 * all. */
__attribute__((always_inline)) static inline void take_column(const struct taken *k,
                                                              const real *const d[AT_ONCE],
                                                              real *const g[AT_ONCE], size_t at,
                                                              size_t n, bool whole)
{
    const size_t many = k->from->n;
    SNN_VECTOR sum[AT_ONCE][ABREAST];
    SNN_UNROLL for (size_t u = 0; u < AT_ONCE; u++) SNN_UNROLL for (size_t v = 0; v < ABREAST; v++)
        sum[u][v] = (SNN_VECTOR){0};
    for (size_t j = 0; j < many; j++) {
        const real *from = &k->weight[j][at];
        SNN_VECTOR weight[ABREAST];
        SNN_UNROLL for (size_t v = 0; v < ABREAST; v++) weight[v] = snn_load(from + v * SNN_LANES);
        SNN_UNROLL for (size_t u = 0; u < AT_ONCE; u++)
            SNN_UNROLL for (size_t v = 0; v < ABREAST; v++) sum[u][v] += d[u][j] * weight[v];
    }
    SNN_UNROLL for (size_t u = 0; u < AT_ONCE; u++) SNN_UNROLL for (size_t v = 0; v < ABREAST; v++)
        snn_store_upto(g[u] + at + v * SNN_LANES, sum[u][v],
                       whole ? SNN_LANES : snn_upto(n - at, v));
}

/* dL/ds of the range's n neurons in some steps, of which some may be the same: d_current weight. */
static void take_above(const struct taken *k, const size_t t[AT_ONCE], real *const g[AT_ONCE],
                       size_t n)
{
    const real *d[AT_ONCE];
    size_t at = 0;
    for (size_t u = 0; u < AT_ONCE; u++)
        d[u] = k->from->d_current + t[u] * k->from->n;
    for (; at + ABREAST * SNN_LANES <= n; at += ABREAST * SNN_LANES)
        take_column(k, d, g, at, n, true);
    if (at < n)
        take_column(k, d, g, at, n, false);
}

/* The steps of neurons i .. i+n-1. `taken`: their dL/ds is that, else it is there. */
static void back_range(const struct snn_cell *c, const struct snn_cell_backward *b, size_t i,
                       size_t n, const struct taken *taken)
{
    const bool apart = b->d.threshold || b->d.tau || b->g_membrane;
    const bool seen = apart || c->reset->b != 0 || c->surrogate->training != SNN_SPIKE_HARD;
    _Alignas(64) real own[AT_ONCE][WIDE];
    for (size_t t = b->to; t-- > b->from;) {
        const struct snn_euler_step k = snn_euler_step_of(c, t);
        const size_t at = t * c->n + i, part = (b->to - 1 - t) % AT_ONCE;
        const struct back a = {.r = c->r + i,
                               .x = b->x + at,
                               .s = seen ? b->s + at : NULL,
                               .g = taken && b->d_current_sum ? own[part] : b->g + at,
                               .lambda = b->lambda + i,
                               .du = (b->d_membrane ? b->d_membrane + t * c->n : b->scratch) + i,
                               .sum = b->d_current_sum ? b->d_current_sum + i : NULL};
        if (taken && part == 0) {
            size_t steps[AT_ONCE];
            real *rows[AT_ONCE];
            for (size_t u = 0; u < AT_ONCE; u++) {
                const size_t back = u < t - b->from ? u : t - b->from;
                steps[u] = t - back;
                rows[u] = b->d_current_sum ? own[back] : a.g - back * c->n;
            }
            take_above(taken, steps, rows, n);
        }
        if (!c->detach_reset)
            add_reset_gradient(k, c, b, t, a.g);
        if (apart)
            back_apart(k, c, b, &a, t);
        else
            backs[c->surrogate->place](k, &a, c->scale, n);
    }
}

void snn_euler_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    struct taken taken;
    if (!b->above) {
        back_range(c, b, 0, c->n, NULL);
        return;
    }
    for (size_t i = 0; i < c->n; i += WIDE) {
        const size_t n = c->n - i < WIDE ? c->n - i : WIDE;
        begin_taken(&taken, b->above, i, n, c->n);
        back_range(c, b, i, n, &taken);
    }
}
