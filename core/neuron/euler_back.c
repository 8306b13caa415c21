/* SPDX-License-Identifier: MIT */
/* The exact reverse of Euler steps, from dL/ds to dL/dI. Equations: core/neuron/neuron.h. */
#include <string.h>

#include "core/math/lanes.h"
#include "core/math/vec.h"
#include "core/neuron/euler.h"
#include "core/surrogate/slopes.h"

/* The rows that a step is undone with. dL/dI is added to sum, or where that is NULL becomes g. */
struct back {
    const real *r, *x, *s; /* s NULL: makes no difference */
    real *g, *lambda, *du, *sum;
};

/* As parameters: elsewhere gcc does not take `restrict` at its word. `to` is g or sum. */
#define BACK_ROWS                                                                                  \
    const struct snn_euler_step step, const real *restrict r, const real *restrict xs,             \
        const real *restrict ss, real *restrict to, real *restrict lambda, real *restrict du

/* From du = dL/du and dw = lambda (1 - b s), where lambda = dL/dv': dL/dI, which is returned, and
 * dL/dv into lambda.
 *   df0 = du + h dw   dI = df0 / tau   dv = du + dw - leak df0 / tau */
#define UNDO(name, number)                                                                         \
    static inline number name(real h, real leak, number r, number du, number dw, number *lambda)   \
    {                                                                                              \
        const number d_input = (du + h * dw) * r;                                                  \
        *lambda = du + dw - leak * d_input;                                                        \
        return d_input;                                                                            \
    }
UNDO(undo, real)
__attribute__((always_inline)) UNDO(undo_vector, SNN_VECTOR)

/* A step of the neurons, all in one loop. du is stored whether or not somebody looks at it: else it
 * may be rounded otherwise. */
#define BACK_LOOP(spike, dw, gs, becomes, derivative)                                              \
    for (size_t i = 0; i < n; i++) {                                                               \
        real x = xs[i], s = spike;                                                                 \
        (void)x;                                                                                   \
        (void)s;                                                                                   \
        (void)ss;                                                                                  \
        du[i] = gs[i] * (derivative);                                                              \
        to[i] becomes undo(step.h, step.leak, r[i], du[i], dw, &lambda[i]);                        \
    }

#define DW(s) (lambda[i] - step.b * (s)*lambda[i])

/* For each surrogate; `_unseen` where the spike is in neither its derivative nor the reset's. */
#define BACK(name, a_scale, emits, reach, derivative, what, formula)                               \
    static void name##_rows(BACK_ROWS, real k, size_t n)                                           \
    {                                                                                              \
        BACK_LOOP(ss[i], DW(ss[i]), to, =, derivative)                                             \
    }                                                                                              \
    static void name##_sums(BACK_ROWS, const real *restrict g, real k, size_t n)                   \
    {                                                                                              \
        BACK_LOOP(ss[i], DW(ss[i]), g, +=, derivative)                                             \
    }                                                                                              \
    static void name##_rows_unseen(BACK_ROWS, real k, size_t n)                                    \
    {                                                                                              \
        BACK_LOOP(0, lambda[i], to, =, derivative)                                                 \
    }                                                                                              \
    static void name##_sums_unseen(BACK_ROWS, const real *restrict g, real k, size_t n)            \
    {                                                                                              \
        BACK_LOOP(0, lambda[i], g, +=, derivative)                                                 \
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

/* The same from du, which is there, and may be where dL/dI will be. */
static void own_from(const struct snn_euler_step step, const real *restrict r,
                     const real *restrict ss, real *restrict g, real *restrict lambda, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g[i] = undo(step.h, step.leak, r[i], g[i], DW(ss[i]), &lambda[i]);
}

static void rows_from(BACK_ROWS, size_t n)
{
    (void)xs;
    for (size_t i = 0; i < n; i++)
        to[i] = undo(step.h, step.leak, r[i], du[i], DW(ss[i]), &lambda[i]);
}

static void sums_from(BACK_ROWS, size_t n)
{
    (void)xs;
    for (size_t i = 0; i < n; i++)
        to[i] += undo(step.h, step.leak, r[i], du[i], DW(ss[i]), &lambda[i]);
}

static void back_from(struct snn_euler_step step, const struct back *a, size_t n)
{
    if (a->sum)
        sums_from(step, a->r, a->x, a->s, a->sum, a->lambda, a->du, n);
    else if (a->du == a->g)
        own_from(step, a->r, a->s, a->g, a->lambda, n);
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
        for (size_t i = 0; i < n; i++)
            row[i] = undo(h, leak, r, row[i], l[i], &l[i]);
    }
}

/* Whether what was emitted is in the surrogate's derivative or the reset's. */
static bool spikes_matter(const struct snn_cell *c)
{
    return c->reset->b != 0 || c->surrogate->training != SNN_SPIKE_HARD;
}

/* Whether a step's du is made with what the step after it left. */
static bool is_by_step(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    return !c->detach_reset || b->d.threshold || b->d.tau;
}

/* A step of such. */
static void back_by_step(const struct snn_euler_step k, const struct snn_cell *c,
                         const struct snn_cell_backward *b, const struct back *a, size_t t)
{
    const size_t n = c->n;
    real *du = a->du;
    if (!c->detach_reset)
        add_reset_gradient(k, c, b, t, a->g);
    c->surrogate->gradient(du, a->g, a->x, a->s, n, c->scale);
    if (b->d.threshold) /* before a membrane readout joins in: that reads u, not u - threshold */
        add_threshold_gradient(k, c, b, du, t);
    if (b->g_membrane)
        snn_add(du, b->g_membrane + t * n, n);
    if (b->d.tau)
        add_tau_gradient(k, c, b, du, t);
    back_from(k, a, n);
}

/* du of all steps, where dL/ds was: there is nothing to it but the surrogate and a readout. */
static void put_du(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    const size_t at = b->from * c->n, size = (b->to - b->from) * c->n;
    real *du = b->g + at;
    c->surrogate->gradient(du, du, b->x + at, b->s + at, size, c->scale);
    snn_add(du, b->g_membrane + at, size);
    if (b->d_membrane)
        memcpy(b->d_membrane + at, du, size * sizeof *du);
}

/* The steps, whose dL/ds is there. */
static void back_steps(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    const bool by_step = is_by_step(c, b), at_once = b->g_membrane && !by_step;
    const bool seen = by_step || at_once || spikes_matter(c);
    if (at_once)
        put_du(c, b);
    for (size_t t = b->to; t-- > b->from;) {
        const struct snn_euler_step k = snn_euler_step_of(c, t);
        const size_t at = t * c->n;
        const struct back a = {.r = c->r,
                               .x = b->x + at,
                               .s = seen ? b->s + at : NULL,
                               .g = b->g + at,
                               .lambda = b->lambda,
                               .du = at_once         ? b->g + at
                                     : b->d_membrane ? b->d_membrane + at
                                                     : b->scratch,
                               .sum = b->d_current_sum};
        if (by_step)
            back_by_step(k, c, b, &a, t);
        else if (at_once)
            back_from(k, &a, c->n);
        else
            backs[c->surrogate->place](k, &a, c->scale, c->n);
    }
}

/* Vectors of neurons whose dL/ds a layer above left and nothing else joins. They go through the
 * steps together, their state in registers: so many, since each waits for itself from step to step,
 * and since a loop over 16 numbers or less gcc 12 unrolls before it makes vectors of it. */
enum { ABREAST = SNN_LANES > 4 ? 4 : 8 };
#define COLUMN (ABREAST * SNN_LANES)
_Static_assert(SNN_PANEL % COLUMN == 0, "a column is of one panel");

/* dL/ds of step t: d_current weight, of which `weight` is the column's part. */
__attribute__((always_inline)) static inline void
take(SNN_VECTOR g[ABREAST], const struct snn_above *above, const real *weight, size_t t)
{
    const real *d = above->d_current + t * above->n;
    SNN_UNROLL for (size_t k = 0; k < ABREAST; k++) g[k] = (SNN_VECTOR){0};
    for (size_t j = 0; j < above->n; j++, weight += SNN_PANEL)
        SNN_UNROLL for (size_t k = 0; k < ABREAST; k++) g[k] +=
            d[j] * snn_load(weight + k * SNN_LANES);
}

/* Where the weights of the column from neuron i on begin. */
static inline const real *weights_of(const struct snn_above *above, size_t i)
{
    return above->weight + i / SNN_PANEL * SNN_PANEL * above->n + i % SNN_PANEL;
}

/* Parameters of what makes du [COLUMN]: dL/ds times the surrogate's derivative. */
#define SLOPES                                                                                     \
    real *restrict du, const real *restrict gs, const real *restrict xs, const real *restrict ss,  \
        real k

/* Numbers of a row's column, of which there may be less than a column. */
#define EACH SNN_UNROLL for (size_t k = 0, at = 0; k < ABREAST; k++, at += SNN_LANES)
static inline const real *padded(real *room, const real *row, size_t left)
{
    EACH snn_store(room + at, snn_load_upto(row + at, snn_upto(left, k)));
    return room;
}

/* The column from neuron i on. What is not wanted goes to a row that nobody reads: it is the same
 * instructions, and so the same bits, whoever looks. `slopes`, `seen`, whether the spikes are asked
 * for, and `whole`, that there are no less neurons, are constants where it is called. */
__attribute__((always_inline)) static inline void back_column(const struct snn_cell *c,
                                                              const struct snn_cell_backward *b,
                                                              size_t i, void (*slopes)(SLOPES),
                                                              bool seen, bool whole)
{
#define LEFT(k) (whole ? SNN_LANES : snn_upto(left, k))
#define ROW(room, p) (whole ? (p) : padded(room, p, left))
    _Alignas(64) real gs[COLUMN], dus[COLUMN], xs[COLUMN], ss[COLUMN], unwanted[COLUMN] = {0};
    SNN_VECTOR r[ABREAST], lambda[ABREAST], sum[ABREAST];
    /* Of their own, since what is stored could be `b` for all the compiler knows. */
    const struct snn_above above = *b->above;
    const real *weight = weights_of(&above, i), *h = c->h, *x = b->x + i, *s = b->s + i;
    const real reset = c->reset->b, leak = c->neuron->leak, scale = c->scale;
    const size_t from = b->from, n = c->n, left = n - i;
    const size_t g_row = b->d_current_sum ? 0 : n, du_row = b->d_membrane ? n : 0;
    real *g = b->d_current_sum ? unwanted : b->g + i;
    real *du = b->d_membrane ? b->d_membrane + i : unwanted;
    real *sums = b->d_current_sum ? b->d_current_sum + i : unwanted;
    EACH
    {
        r[k] = snn_load_upto(c->r + i + at, LEFT(k));
        lambda[k] = snn_load_upto(b->lambda + i + at, LEFT(k));
        sum[k] = snn_load_upto(sums + at, LEFT(k));
    }
    for (size_t t = b->to; t-- > from;) {
        SNN_VECTOR taken[ABREAST];
        take(taken, &above, weight, t);
        EACH snn_store(gs + at, taken[k]);
        const real *emitted = seen ? ROW(ss, s + t * n) : gs;
        slopes(dus, gs, ROW(xs, x + t * n), emitted, scale);
        EACH
        {
            SNN_VECTOR d = snn_load(dus + at), dw = lambda[k];
            if (seen)
                dw -= reset * snn_load(emitted + at) * dw;
            const SNN_VECTOR d_input = undo_vector(h[t], leak, r[k], d, dw, &lambda[k]);
            snn_store_upto(du + t * du_row + at, d, LEFT(k));
            snn_store_upto(g + t * g_row + at, d_input, LEFT(k));
            sum[k] += d_input;
        }
    }
    EACH
    {
        snn_store_upto(b->lambda + i + at, lambda[k], LEFT(k));
        snn_store_upto(sums + at, sum[k], LEFT(k));
    }
#undef LEFT
#undef ROW
}

#define COLUMNS(name, a_scale, emits, reach, derivative, what, formula)                            \
    __attribute__((always_inline)) static inline void name##_slopes(SLOPES)                        \
    {                                                                                              \
        for (size_t i = 0; i < COLUMN; i++) {                                                      \
            real x = xs[i], s = ss[i];                                                             \
            (void)x;                                                                               \
            (void)s;                                                                               \
            du[i] = gs[i] * (derivative);                                                          \
        }                                                                                          \
    }                                                                                              \
    static void name##_column(const struct snn_cell *c, const struct snn_cell_backward *b,         \
                              size_t i, bool seen)                                                 \
    {                                                                                              \
        const bool whole = i + COLUMN <= c->n;                                                     \
        if (seen && whole)                                                                         \
            back_column(c, b, i, name##_slopes, true, true);                                       \
        else if (seen)                                                                             \
            back_column(c, b, i, name##_slopes, true, false);                                      \
        else if (whole)                                                                            \
            back_column(c, b, i, name##_slopes, false, true);                                      \
        else                                                                                       \
            back_column(c, b, i, name##_slopes, false, false);                                     \
    }
SURROGATES(COLUMNS)

#define COLUMN_ENTRY(name, scale, emits, reach, derivative, what, formula) name##_column,
static void (*const columns[])(const struct snn_cell *, const struct snn_cell_backward *, size_t,
                               bool) = {SURROGATES(COLUMN_ENTRY)};

/* dL/ds of the column from neuron i on, of which there may be less, to g. */
static void put_taken(const struct snn_cell *c, const struct snn_cell_backward *b, size_t i)
{
    const real *weight = weights_of(b->above, i);
    for (size_t t = b->from; t < b->to; t++) {
        SNN_VECTOR taken[ABREAST];
        take(taken, b->above, weight, t);
        EACH snn_store_upto(b->g + t * c->n + i + at, taken[k], snn_upto(c->n - i, k));
    }
}

void snn_euler_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    if (b->above && !is_by_step(c, b) && !b->g_membrane) {
        for (size_t i = 0; i < c->n; i += COLUMN)
            columns[c->surrogate->place](c, b, i, spikes_matter(c));
        return;
    }
    for (size_t i = 0; b->above && i < c->n; i += COLUMN)
        put_taken(c, b, i);
    back_steps(c, b);
}
