/* SPDX-License-Identifier: MIT */
/* Cosine and norms of two gradients of which there are noisy estimates, with their errors: all from
 * the products of the estimates with each other. */
#include <math.h>
#include <stdlib.h>

#include "core/bias/meter.h"

#define GROUPS SNN_BIAS_GROUPS

/* Products of the groups' vectors: s the surrogate's, r the reference's. */
struct products {
    double ss[GROUPS][GROUPS], sr[GROUPS][GROUPS], rr[GROUPS][GROUPS];
};

static double dot(const real *a, const real *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void add_products(struct products *p, const struct snn_meter *m, size_t offset, size_t n)
{
    for (size_t i = 0; i < GROUPS; i++)
        for (size_t j = 0; j < GROUPS; j++) {
            const real *si = m->surrogate[i] + offset, *sj = m->surrogate[j] + offset;
            const real *ri = m->reference[i] + offset, *rj = m->reference[j] + offset;
            const bool known = m->surrogates == 1 && i + j > 0;
            p->ss[i][j] = known ? p->ss[0][0] : j < i ? p->ss[j][i] : dot(si, sj, n);
            p->sr[i][j] = m->surrogates == 1 && i > 0 ? p->sr[0][j] : dot(si, rj, n);
            p->rr[i][j] = j < i ? p->rr[j][i] : dot(ri, rj, n);
        }
}

static void join(struct products *into, const struct products *from)
{
    for (size_t i = 0; i < GROUPS; i++)
        for (size_t j = 0; j < GROUPS; j++) {
            into->ss[i][j] += from->ss[i][j];
            into->sr[i][j] += from->sr[i][j];
            into->rr[i][j] += from->rr[i][j];
        }
}

/* ------------------------------------------------------------------------------- estimates -- */

/* Of all groups but `without` (GROUPS = of all): a square is made of pairs of different groups,
 * whose noises have nothing to do with each other. */
struct estimate {
    double ss, sr, rr, cosine, ratio;
};

static double mean_of(const double p[GROUPS][GROUPS], size_t without, bool apart)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < GROUPS; i++)
        for (size_t j = 0; j < GROUPS; j++)
            if (i != without && j != without && !(apart && i == j)) {
                sum += p[i][j];
                n++;
            }
    return sum / n;
}

static struct estimate estimate(const struct products *p, size_t without)
{
    struct estimate e = {.ss = mean_of(p->ss, without, true),
                         .sr = mean_of(p->sr, without, false),
                         .rr = mean_of(p->rr, without, true)};
    e.cosine = e.sr / sqrt(e.ss * e.rr);
    e.ratio = sqrt(e.ss / e.rr);
    return e;
}

/* Jackknife: half of the 95% interval from the values without one group each. */
static double half_width(const double v[GROUPS])
{
    double mean = 0, squares = 0;
    for (size_t i = 0; i < GROUPS; i++)
        mean += v[i] / GROUPS;
    for (size_t i = 0; i < GROUPS; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    return SNN_BIAS_GROUPS_T * sqrt(squares * (GROUPS - 1) / GROUPS);
}

static void describe(struct snn_bias_row *row, const struct products *p)
{
    const struct estimate all = estimate(p, GROUPS);
    double ss[GROUPS], rr[GROUPS], cosine[GROUPS], ratio[GROUPS];
    for (size_t i = 0; i < GROUPS; i++) {
        const struct estimate e = estimate(p, i);
        ss[i] = e.ss;
        rr[i] = e.rr;
        cosine[i] = e.cosine;
        ratio[i] = e.ratio;
    }
    row->surrogate_norm = sqrt(fmax(all.ss, 0));
    row->reference_norm = row->cosine = row->cosine_error = row->ratio = row->ratio_error =
        (double)NAN;
    if (!(all.rr > half_width(rr)))
        return;
    row->reference_norm = sqrt(all.rr);
    row->ratio = row->surrogate_norm / row->reference_norm;
    if (!(all.ss > half_width(ss)))
        return;
    row->ratio_error = half_width(ratio);
    row->cosine = all.cosine;
    row->cosine_error = half_width(cosine);
}

enum snn_code snn_meter_compare(const struct snn_meter *m, struct snn_bias_report *out,
                                struct snn_error *err)
{
    struct products *p = calloc(3, sizeof *p), *layer = p + 1, *all = p + 2;
    if (!p)
        return snn_fail(err, SNN_NOMEM, "no memory to compare gradients");
    for (size_t i = 0; i < m->own.n_layers; i++) {
        const struct snn_layer *l = &m->own.layer[i];
        struct snn_bias_row *row = &out->layer[out->n_layers];
        *layer = (struct products){0};
        for (size_t k = 0; k < l->n_tensors; k++) {
            const struct snn_tensor_place *t = &l->tensor[k];
            struct snn_bias_row *of = &out->tensor[out->n_tensors++];
            *p = (struct products){0};
            add_products(p, m, t->offset, t->count);
            snn_net_tensor_name(&m->own, t, of->name);
            of->layer = i;
            of->count = t->count;
            describe(of, p);
            join(layer, p);
            row->count += t->count;
        }
        if (l->n_tensors == 0)
            continue;
        (void)snprintf(row->name, sizeof row->name, "%s", l->name);
        row->layer = i;
        describe(row, layer);
        join(all, layer);
        out->all.count += row->count;
        out->n_layers++;
    }
    describe(&out->all, all);
    free(p);
    return SNN_OK;
}

/* ----------------------------------------------------------------------------- least squares -- */

#define RIDGE 1e-6 /* of each factor's own square */

/* Gaussian elimination of a symmetric positive matrix. */
static void solve(double *a, double *b, size_t k)
{
    for (size_t i = 0; i < k; i++)
        for (size_t r = i + 1; r < k; r++) {
            const double by = a[i * k + i] > 0 ? a[r * k + i] / a[i * k + i] : 0;
            for (size_t c = i; c < k; c++)
                a[r * k + c] -= by * a[i * k + c];
            b[r] -= by * b[i];
        }
    for (size_t i = k; i-- > 0;) {
        for (size_t c = i + 1; c < k; c++)
            b[i] -= a[i * k + c] * b[c];
        b[i] = a[i * k + i] > 0 ? b[i] / a[i * k + i] : 0;
    }
}

void snn_meter_fit(double *factor, const double *x, const double *y, size_t n, size_t k)
{
    double a[SNN_MAX_LAYERS * SNN_MAX_LAYERS] = {0};
    for (size_t i = 0; i < k; i++) {
        factor[i] = 0;
        for (size_t r = 0; r < n; r++) {
            factor[i] += x[r * k + i] * y[r];
            for (size_t j = 0; j < k; j++)
                a[i * k + j] += x[r * k + i] * x[r * k + j];
        }
    }
    for (size_t i = 0; i < k; i++)
        a[i * k + i] *= 1 + RIDGE;
    solve(a, factor, k);
}
