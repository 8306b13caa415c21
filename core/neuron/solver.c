/* SPDX-License-Identifier: MIT */
/* The table of solvers and their weights. Formulas: research on fractional Adams-Bashforth, L1 and
 * Gruenwald-Letnikov schemes as spikeDE 0.1.0 runs them; see core/README.md. */
#include "core/neuron/solver.h"

#include <math.h>

#include "core/base/param.h"

double snn_digamma(double x)
{
    double shift = 0;
    for (; x < 10; x += 1) /* psi(x) = psi(x + 1) - 1/x */
        shift -= 1 / x;
    const double z = 1 / (x * x);
    /* asymptotic series: ln x - 1/(2x) - sum B_2n / (2n x^2n) */
    const double series =
        z *
        (1.0 / 12 -
         z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * 691.0 / 32760)))));
    return shift + log(x) - 0.5 / x - series;
}

/* 0 ln 0 := 0, as its limit. */
static double x_pow_log(double x, double e)
{
    return x > 0 ? pow(x, e) * log(x) : 0;
}

/* ----------------------------------------------------------------------- Gruenwald-Letnikov -- */

/* c_0 = 1, c_j = (1 - (1+a)/j) c_{j-1}; c'_j = -c_{j-1}/j + (1 - (1+a)/j) c'_{j-1}.
 * C_d = sum_i q_i h^-a_i c_d(a_i);  a = 1/C_0, w_d = C_d/C_0. A single term has no
 * coefficient (q = 1), but in spikeDE's glmulti. */
static void gl_add_term(struct snn_weights_table *t, const struct snn_orders *o, size_t i)
{
    const bool has_q = o->n > 1 || o->spikede;
    const double alpha = o->alpha[i], q = has_q ? o->coefficient[i] : 1;
    const double scale = pow(o->h, -alpha), log_h = log(o->h);
    double c = 1, dc = 0;
    for (size_t d = 0; d <= t->lags; d++) {
        if (d > 0) {
            const double factor = 1 - (1 + alpha) / (double)d;
            dc = -c / (double)d + factor * dc;
            c *= factor;
        }
        t->w[d] += q * scale * c;
        if (t->dw[i])
            t->dw[i][d] = q * scale * (dc - log_h * c);
        if (t->dw[o->n + i])
            t->dw[o->n + i][d] = has_q ? scale * c : 0;
    }
}

static void gl_weights(struct snn_weights_table *t, const struct snn_orders *o)
{
    for (size_t d = 0; d <= t->lags; d++)
        t->w[d] = 0;
    for (size_t i = 0; i < o->n; i++)
        gl_add_term(t, o, i);
    const double first = t->w[0];
    t->a = 1 / first;
    for (size_t d = 0; d <= t->lags; d++)
        t->w[d] /= first;
    for (size_t p = 0; p < 2 * o->n; p++) {
        if (!t->dw[p])
            continue;
        const double d_first = t->dw[p][0];
        t->da[p] = -d_first / (first * first);
        for (size_t d = 0; d <= t->lags; d++)
            t->dw[p][d] = (t->dw[p][d] - t->w[d] * d_first) / first;
    }
}

/* -------------------------------------------------------------------------------------- L1 -- */

/* a = h^alpha Gamma(2-alpha), w_d = (d+1)^b - 2 d^b + (d-1)^b, b = 1 - alpha. At alpha = 1 this is
 * Euler's w_1 = -1 with 0^0 := 0; spikeDE takes 0^0 = 1 and so forgets the state. */
static void l1_weights(struct snn_weights_table *t, const struct snn_orders *o)
{
    const double alpha = o->alpha[0], b = 1 - alpha, log_h = log(o->h);
    const double zero_b = b == 0 && o->spikede ? 1 : 0;
    t->a = pow(o->h, alpha) * tgamma(2 - alpha);
    t->da[0] = t->a * (log_h - (o->spikede ? 0 : snn_digamma(2 - alpha)));
    for (size_t d = 0; d <= t->lags; d++) {
        const double x = (double)d;
        t->w[d] = d == 0 ? 0 : pow(x + 1, b) - 2 * pow(x, b) + (d == 1 ? zero_b : pow(x - 1, b));
        if (t->dw[0])
            t->dw[0][d] =
                d == 0 ? 0 : -(x_pow_log(x + 1, b) - 2 * x_pow_log(x, b) + x_pow_log(x - 1, b));
    }
}

/* ---------------------------------------------------------------------------- Adams-Bashforth --
 */

/* w_d = B ((d+1)^alpha - d^alpha), B = h^alpha / (alpha Gamma(alpha)). */
static void pred_weights(struct snn_weights_table *t, const struct snn_orders *o)
{
    const double alpha = o->alpha[0], log_h = log(o->h);
    const double factor = pow(o->h, alpha) / (alpha * tgamma(alpha));
    const double d_log = log_h - 1 / alpha - (o->spikede ? 0 : snn_digamma(alpha));
    t->a = 0;
    t->da[0] = 0;
    for (size_t d = 0; d <= t->lags; d++) {
        const double x = (double)d;
        t->w[d] = factor * (pow(x + 1, alpha) - (d ? pow(x, alpha) : 0));
        if (t->dw[0])
            t->dw[0][d] =
                t->w[d] * d_log + factor * (x_pow_log(x + 1, alpha) - x_pow_log(x, alpha));
    }
}

/* ----------------------------------------------------------------------------------- table -- */

/* clang-format off */
static const struct snn_solver solvers[] = {
    {{"euler", "v' = v + h f: integer order", NULL, 0},                       false, false, false, NULL},
    {{"gl",    "Gruenwald-Letnikov differences; also of several terms", NULL, 0}, true, false, true, gl_weights},
    {{"l1",    "L1 differences of the Caputo derivative", NULL, 0},           true, false, false, l1_weights},
    {{"trap",  "the same as l1: spikeDE's other name for it", NULL, 0},       true, false, false, l1_weights},
    {{"pred",  "fractional Adams-Bashforth", NULL, 0},                        true, true, false, pred_weights},
};
/* clang-format on */

const struct snn_registry snn_solvers = SNN_REGISTRY(solvers, "solvers", "solver");

size_t snn_solver_lags(size_t memory, size_t time_steps, bool spikede)
{
    const size_t most = time_steps > 0 ? time_steps - 1 : 0;
    const size_t kept = spikede && memory != SNN_ALL_STATES && memory > 0 ? memory - 1 : memory;
    return kept < most ? kept : most;
}

void snn_weights_place(struct snn_weights_table *t, struct snn_arena *arena, size_t lags,
                       size_t terms, bool derivatives)
{
    *t = (struct snn_weights_table){.lags = lags};
    t->w = snn_arena_take(arena, lags + 1, sizeof *t->w);
    t->past = snn_arena_take(arena, lags + 1 + SNN_HISTORY_STEPS, sizeof *t->past);
    for (size_t p = 0; derivatives && p < 2 * terms; p++)
        t->dw[p] = snn_arena_take(arena, lags + 1, sizeof *t->dw[p]);
}

void snn_weights_approximate(struct snn_weights_table *t, struct snn_arena *arena,
                             const struct snn_solver *solver, const struct snn_orders *o,
                             size_t count, bool derivatives)
{
    if (!snn_exponentials_fit(count, t->lags))
        return;
    snn_exponentials_place(&t->exponentials, arena, count, t->lags, o->n, derivatives);
    if (!t->w || !t->exponentials.decays)
        return; /* measured only */
    solver->weights(t, o);
    snn_exponentials_choose(&t->exponentials, t->w, t->lags);
}

void snn_weights_fill(struct snn_weights_table *t, const struct snn_solver *solver,
                      const struct snn_orders *o)
{
    struct snn_exponentials *e = &t->exponentials;
    solver->weights(t, o);
    if (e->count > 0)
        snn_exponentials_fill(e, t->w, t->lags);
    for (size_t p = 0; e->count > 0 && p < 2 * o->n; p++)
        if (t->dw[p])
            snn_exponentials_derive(e, t->dw[p], p, t->lags);
    for (size_t d = 0; d < t->lags + 1 + SNN_HISTORY_STEPS; d++)
        t->past[d] = d <= t->lags ? (real)t->w[d] : 0;
}
