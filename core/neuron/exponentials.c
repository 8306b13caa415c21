/* SPDX-License-Identifier: MIT */
/*
 * The fit: least squares over the lags by an orthogonal factor of the exponentials there (modified
 * Gram-Schmidt, each vector twice), with a ridge of 1e-16 relative to each, which keeps
 * coefficients that would cancel each other small. Time constants are geometric between two ends; a
 * grid of ends is tried, and the best one kept. Sources: sums of exponentials for fractional
 * kernels are S. Jiang, J. Zhang, Q. Zhang, Z. Zhang, Commun. Comput. Phys. 21 (2017) 650; the fit
 * is our own.
 */
#include "core/neuron/exponentials.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"

#define EVERY_LAG 64 /* up to here; beyond, steps grow by GROWTH */
#define GROWTH 1.05
#define RIDGE 1e-8 /* the root of the ridge */
/* What a coefficient costs beside its fit: the rounding of what it weighs, in single precision. */
#define ROUNDING 3e-8

/* Ends of the time constants that are tried: the shortest in steps, the longest in lags. */
static const double shortest[] = {0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8, 11};
static const double longest[] = {0.7, 1, 1.4, 2, 2.8, 4, 8, 16};

bool snn_exponentials_fit(size_t count, size_t lags)
{
    return count > 0 && lags > SNN_NEAR + 2 * count;
}

/* Into out, where not NULL: the lags that the fit looks at; returns how many. */
static size_t choose_lags(size_t *out, size_t lags)
{
    size_t n = 0;
    for (size_t d = SNN_NEAR + 1; d <= lags;) {
        if (out)
            out[n] = d;
        n++;
        const size_t next = d < EVERY_LAG ? d + 1 : (size_t)((double)d * GROWTH);
        d = next > lags && d < lags ? lags : next;
    }
    return n;
}

void snn_exponentials_place(struct snn_exponentials *e, struct snn_arena *arena, size_t count,
                            size_t lags, size_t terms, bool derivatives)
{
    const size_t n = choose_lags(NULL, lags), wide = sizeof(double);
    *e = (struct snn_exponentials){.count = count, .lags = n};
    e->lambda = snn_arena_take(arena, count, wide);
    e->c = snn_arena_take(arena, count, wide);
    for (size_t p = 0; derivatives && p < 2 * terms; p++)
        e->dc[p] = snn_arena_take(arena, count, wide);
    e->lag = snn_arena_take(arena, n, sizeof *e->lag);
    e->fit = snn_arena_take(arena, count * n, wide);
    e->room = snn_arena_take(arena, count * (n + 2 * count + 2) + n, wide);
    e->gives = snn_arena_take(arena, count, SNN_HISTORY_STEPS * sizeof(real));
    e->keeps = snn_arena_take(arena, count, (1 + SNN_HISTORY_STEPS) * sizeof(real));
    e->decays = snn_arena_take(arena, count, sizeof(real));
}

/* ---------------------------------------------------------------------------------- fit ---- */

/* Parts of `room`. */
struct fit {
    struct snn_exponentials *e;
    double *q;     /* [M, lags + M]: orthogonal; behind a column are the ridge's rows */
    double *r;     /* [M, M], upper */
    double *size;  /* [M] of the columns */
    double *c;     /* [M] */
    double *share; /* [lags]: root of how many lags each stands for */
};

static struct fit fit_of(struct snn_exponentials *e)
{
    struct fit f = {.e = e, .q = e->room};
    f.r = f.q + e->count * (e->lags + e->count);
    f.size = f.r + e->count * e->count;
    f.c = f.size + e->count;
    f.share = f.c + e->count;
    return f;
}

static void find_shares(const struct fit *f)
{
    const size_t *lag = f->e->lag, n = f->e->lags;
    for (size_t i = 0; i < n; i++) {
        const double before = i ? (double)(lag[i] - lag[i - 1]) / 2 : 0.5;
        const double after = i + 1 < n ? (double)(lag[i + 1] - lag[i]) / 2 : 0.5;
        f->share[i] = sqrt(before + after);
    }
}

/* So that what is left of a state after a block is a number that a real can hold: its error would
 * grow with the blocks. */
static double lambda_of(double time_constant)
{
    const double left = (double)(real)exp(-SNN_HISTORY_STEPS / time_constant);
    return pow(left, 1.0 / SNN_HISTORY_STEPS);
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The columns: each exponential at the lags, of length 1, with its ridge. */
static void put_columns(const struct fit *f)
{
    const struct snn_exponentials *e = f->e;
    const size_t rows = e->lags + e->count;
    for (size_t m = 0; m < e->count; m++) {
        double *q = f->q + m * rows;
        for (size_t i = 0; i < e->lags; i++)
            q[i] = f->share[i] * pow(e->lambda[m], (double)(e->lag[i] - SNN_NEAR - 1));
        f->size[m] = sqrt(dot(q, q, e->lags));
        for (size_t i = 0; i < e->lags; i++)
            q[i] /= f->size[m];
        memset(q + e->lags, 0, e->count * sizeof *q);
        q[e->lags + m] = RIDGE;
    }
}

static void orthogonalize(const struct fit *f)
{
    const size_t count = f->e->count, rows = f->e->lags + count;
    memset(f->r, 0, count * count * sizeof *f->r);
    for (size_t m = 0; m < count; m++) {
        double *q = f->q + m * rows;
        for (size_t k = 0; k < 2 * m; k++) { /* twice: the first leaves what rounding left */
            const double *other = f->q + k % m * rows, along = dot(other, q, rows);
            f->r[k % m * count + m] += along;
            for (size_t i = 0; i < rows; i++)
                q[i] -= along * other[i];
        }
        const double length = sqrt(dot(q, q, rows));
        f->r[m * count + m] = length;
        for (size_t i = 0; i < rows; i++)
            q[i] /= length;
    }
}

/* c [M] becomes what weighs the exponentials: R c' = c, in each one's own size. */
static void solve(const struct fit *f, double *c, size_t stride)
{
    const size_t count = f->e->count;
    for (size_t m = count; m-- > 0;) {
        for (size_t k = m + 1; k < count; k++)
            c[m * stride] -= f->r[m * count + k] * c[k * stride];
        c[m * stride] /= f->r[m * count + m];
    }
    for (size_t m = 0; m < count; m++)
        c[m * stride] /= f->size[m];
}

/* The decays between two ends, and what they miss of the weights. */
static double try_ends(const struct fit *f, const double *w, double from, double to)
{
    const struct snn_exponentials *e = f->e;
    const size_t rows = e->lags + e->count;
    double missed = 0;
    for (size_t m = 0; m < e->count; m++)
        e->lambda[m] = lambda_of(from * pow(to / from, (double)m / (double)(e->count - 1)));
    put_columns(f);
    orthogonalize(f);
    for (size_t m = 0; m < e->count; m++) {
        f->c[m] = 0;
        for (size_t i = 0; i < e->lags; i++)
            f->c[m] += f->q[m * rows + i] * f->share[i] * w[e->lag[i]];
    }
    solve(f, f->c, 1);
    for (size_t i = 0; i < e->lags; i++) {
        double left = w[e->lag[i]];
        for (size_t m = 0; m < e->count; m++)
            left -= f->c[m] * pow(e->lambda[m], (double)(e->lag[i] - SNN_NEAR - 1));
        missed += f->share[i] * f->share[i] * fabs(left);
    }
    for (size_t m = 0; m < e->count; m++)
        missed += ROUNDING * fabs(f->c[m]);
    return missed;
}

void snn_exponentials_choose(struct snn_exponentials *e, const double *w, size_t lags)
{
    const struct fit f = fit_of(e);
    const size_t rows = e->lags + e->count;
    double least = HUGE_VAL, from = 1, to = (double)lags;
    choose_lags(e->lag, lags);
    find_shares(&f);
    for (size_t i = 0; i < SNN_COUNT(shortest) * SNN_COUNT(longest); i++) {
        const double a = shortest[i / SNN_COUNT(longest)];
        const double b = longest[i % SNN_COUNT(longest)] * (double)(lags + 1);
        const double missed = a < b ? try_ends(&f, w, a, b) : HUGE_VAL;
        if (missed < least) {
            least = missed;
            from = a;
            to = b;
        }
    }
    (void)try_ends(&f, w, from, to);
    for (size_t i = 0; i < e->lags; i++) {
        for (size_t m = 0; m < e->count; m++)
            e->fit[m * e->lags + i] = f.q[m * rows + i] * f.share[i];
        solve(&f, e->fit + i, e->lags);
    }
    for (size_t m = 0; m < e->count; m++) {
        e->decays[m] = (real)e->lambda[m];
        e->keeps[m * (1 + SNN_HISTORY_STEPS)] = (real)pow(e->lambda[m], SNN_HISTORY_STEPS);
        for (size_t j = 0; j < SNN_HISTORY_STEPS; j++)
            e->keeps[m * (1 + SNN_HISTORY_STEPS) + 1 + j] =
                (real)pow(e->lambda[m], (double)(SNN_HISTORY_STEPS - 1 - j));
    }
}

/* ---------------------------------------------------------------------------------- use ---- */

/* c = fit w, and w becomes what c makes of it beyond the near lags; returns the sum of what that
 * changed. */
static double replace(const struct snn_exponentials *e, double *c, double *w, size_t lags)
{
    double power[SNN_MAX_EXPONENTIALS], changed = 0;
    for (size_t m = 0; m < e->count; m++) {
        c[m] = 0;
        for (size_t i = 0; i < e->lags; i++)
            c[m] += e->fit[m * e->lags + i] * w[e->lag[i]];
        power[m] = c[m];
    }
    for (size_t d = SNN_NEAR + 1; d <= lags; d++) {
        double sum = 0;
        for (size_t m = 0; m < e->count; m++) {
            sum += power[m];
            power[m] *= e->lambda[m];
        }
        changed += fabs(sum - w[d]);
        w[d] = sum;
    }
    return changed;
}

void snn_exponentials_fill(struct snn_exponentials *e, double *w, size_t lags)
{
    double whole = 0;
    for (size_t d = 1; d <= lags; d++)
        whole += fabs(w[d]);
    e->error = replace(e, e->c, w, lags);
    if (whole > 0)
        e->error /= whole;
    for (size_t m = 0; m < e->count; m++)
        for (size_t r = 0; r < SNN_HISTORY_STEPS; r++)
            e->gives[m * SNN_HISTORY_STEPS + r] = (real)(e->c[m] * pow(e->lambda[m], (double)r));
}

void snn_exponentials_derive(struct snn_exponentials *e, double *dw, size_t i, size_t lags)
{
    (void)replace(e, e->dc[i], dw, lags);
}
