/* SPDX-License-Identifier: MIT */
#include "tests/core/train/plain.h"

#include <math.h>
#include <string.h>

#include "tests/support/test.h"

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* dS/dx. A soft spike s = sigmoid(k x + e) has ds/dx = k s (1 - s) whatever e was. */
static double slope(const struct plain_layer *l, double x, double s)
{
    const double pi = 3.14159265358979323846, k = l->scale;
    const double e = exp(-k * x), t = pi * k * x / 2;

    if (l->soft)
        return k * s * (1 - s);
    if (is(l->surrogate, "sigmoid") || is(l->surrogate, "noisy_hard"))
        return k * e / ((1 + e) * (1 + e));
    if (is(l->surrogate, "arctan") || is(l->surrogate, "atan"))
        return k / (2 * (1 + t * t));
    if (is(l->surrogate, "linear") || is(l->surrogate, "boxcar"))
        return fabs(x) <= k ? 0.5 / k : 0;
    if (is(l->surrogate, "gaussian"))
        return exp(-0.5 * (x / k) * (x / k)) / sqrt(2 * pi * k * k);
    if (is(l->surrogate, "fast_sigmoid") || is(l->surrogate, "superspike"))
        return pow(1 + k * fabs(x), -2);
    if (is(l->surrogate, "triangular"))
        return fmax(0, 1 - fabs(x) / k) / k;
    if (is(l->surrogate, "straight_through"))
        return k;
    fail_msg("surrogate '%s' is not in tests/core/train/plain.c", l->surrogate);
    return 0;
}

static double leak_of(const struct plain_layer *l)
{
    assert_true(is(l->neuron, "lif") || is(l->neuron, "if"));
    return is(l->neuron, "lif") ? 1 : 0;
}

/* What a whole spike takes: from f, per threshold/tau; and from w, per threshold and per w. */
struct reset {
    double of_f, whole, share;
};

static struct reset reset_of(const struct plain_layer *l)
{
    if (is(l->reset, "scaled"))
        return (struct reset){.of_f = 1};
    if (is(l->reset, "subtract"))
        return (struct reset){.whole = 1};
    if (is(l->reset, "zero"))
        return (struct reset){.share = 1};
    assert_string_equal(l->reset, "none");
    return (struct reset){0};
}

/* ------------------------------------------------------------------------------- solvers -- */

/* w_n = a f_n - sum_(d>=1) past[d] y_(n+1-d), or with sums of f: sum_(d>=0) past[d] f_(n-d). */
struct weights {
    long double a, past[PLAIN_STEPS]; /* long: differences of them are taken */
};

/* 0^e := 0, of e = 0 as well. */
static long double power(long double x, long double e)
{
    return x > 0 ? powl(x, e) : 0;
}

/* (-1)^d (alpha over d) */
static long double binomial(long double alpha, size_t d)
{
    long double product = 1;

    for (size_t j = 1; j <= d; j++)
        product *= -(alpha - (long double)j + 1) / (long double)j;
    return product;
}

static long double gl_sum(const struct plain_layer *l, size_t d)
{
    long double sum = 0;

    for (size_t i = 0; i < l->terms; i++)
        sum += (l->terms > 1 ? l->coefficient[i] : 1) * powl(l->h, -l->alpha[i]) *
               binomial(l->alpha[i], d);
    return sum;
}

static struct weights weights_of(const struct plain_layer *l)
{
    const long double alpha = l->alpha[0], e = 1 - alpha;
    struct weights w = {.a = l->h, .past = {0, -1}};

    if (is(l->solver, "euler"))
        return w;
    for (size_t d = 0; d < PLAIN_STEPS; d++) {
        const long double x = (long double)d;
        if (is(l->solver, "gl"))
            w.past[d] = gl_sum(l, d) / gl_sum(l, 0);
        else if (is(l->solver, "pred"))
            w.past[d] =
                powl(l->h, alpha) / tgammal(alpha + 1) * (power(x + 1, alpha) - power(x, alpha));
        else if (is(l->solver, "l1") || is(l->solver, "trap"))
            w.past[d] = power(x + 1, e) - 2 * power(x, e) + power(x - 1, e);
        else
            fail_msg("solver '%s' is not in tests/core/train/plain.c", l->solver);
    }
    w.a = is(l->solver, "gl") ? 1 / gl_sum(l, 0) : powl(l->h, alpha) * tgammal(2 - alpha);
    return w;
}

void plain_prepare(struct plain_layer *l)
{
    const struct weights w = weights_of(l);

    l->a = (double)w.a;
    for (size_t d = 0; d < PLAIN_STEPS; d++)
        l->past[d] = (double)w.past[d];
}

static bool sums_f(const struct plain_layer *l)
{
    return is(l->solver, "pred");
}

/* How far back step n reaches. */
static size_t reach(const struct plain_layer *l, size_t n)
{
    const size_t lags = is(l->solver, "euler") ? 1 : l->lags;

    return lags < n ? lags : n;
}

static double synapses(const struct plain_layer *l, const double *in, size_t i)
{
    double sum = l->bias[i];

    for (size_t j = 0; j < l->in; j++)
        sum += l->weight[i * l->in + j] * in[j];
    return sum;
}

/* Steps of one neuron up to n are in the trace: the solver's state after step n. */
static double solved(const struct plain_layer *l, const struct plain_trace *t, size_t k, size_t n,
                     size_t i)
{
    double sum = (sums_f(l) ? l->past[0] : l->a) * t->f[k][n][i];

    for (size_t d = 1; d <= reach(l, n); d++)
        sum += l->past[d] * (sums_f(l) ? t->f[k][n - d][i] : -t->v[k][n + 1 - d][i]);
    return sum;
}

static double spike(const struct plain_layer *l, double x, double noise)
{
    if (l->soft)
        return 1 / (1 + exp(-(l->scale * x + noise)));
    return (l->noisy_step ? l->scale * x + noise : x) >= 0 ? 1 : 0;
}

static void run_layer(const struct plain_net *net, struct plain_trace *t, size_t k)
{
    const struct plain_layer *l = &net->layer[k];
    const struct reset r = reset_of(l);

    for (size_t i = 0; i < l->out; i++) {
        const double tau = l->tau[i], threshold = l->threshold[i];
        double v = 0;

        for (size_t n = 0; n < net->time_steps; n++) {
            const double *in = k ? t->s[k - 1][n] : t->input[n];
            double f0 = (synapses(l, in, i) - leak_of(l) * v) / tau, u = v + f0;
            double s = spike(l, u - threshold, t->noise[k][n][i]);

            if (!t->frozen)
                t->reset_s[k][n][i] = s;
            t->v[k][n][i] = v;
            t->u[k][n][i] = u;
            t->s[k][n][i] = s;
            t->f[k][n][i] = f0 - t->reset_s[k][n][i] * r.of_f * threshold / tau;
            t->w[k][n][i] = solved(l, t, k, n, i);
            double taken = t->reset_s[k][n][i] * (r.whole * threshold + r.share * t->w[k][n][i]);
            v = t->w[k][n][i] - taken;
            if (sums_f(l)) /* later states are to have it taken, too */
                t->f[k][n][i] -= taken / l->past[0];
        }
    }
}

/* Weight of step n in the logit of class i; all readouts are linear but for where the maximum is.
 */
static double share(const struct plain_net *net, const struct plain_trace *t, size_t i, size_t n)
{
    const size_t last = net->n_layers - 1;
    size_t top = 0;

    if (n >= t->steps)
        return 0;
    if (is(net->readout, "spike_mean") || is(net->readout, "membrane_mean"))
        return 1 / (double)t->steps;
    if (is(net->readout, "spike_count"))
        return 1;
    if (is(net->readout, "membrane_last"))
        return n + 1 == t->steps ? 1 : 0;
    assert_string_equal(net->readout, "membrane_max");
    for (size_t m = 1; m < t->steps; m++)
        if (t->u[last][m][i] > t->u[last][top][i])
            top = m;
    return n == top ? 1 : 0;
}

static bool reads_membrane(const struct plain_net *net)
{
    return strncmp(net->readout, "membrane", 8) == 0;
}

static double softmax(const struct plain_net *net, const struct plain_trace *t, size_t i)
{
    double sum = 0;

    for (size_t j = 0; j < net->layer[net->n_layers - 1].out; j++)
        sum += exp(t->logits[j]);
    return exp(t->logits[i]) / sum;
}

double plain_forward(const struct plain_net *net, struct plain_trace *t, size_t label)
{
    const size_t last = net->n_layers - 1;

    for (size_t k = 0; k < net->n_layers; k++)
        run_layer(net, t, k);
    for (size_t i = 0; i < net->layer[last].out; i++) {
        t->logits[i] = 0;
        for (size_t n = 0; n < net->time_steps; n++)
            t->logits[i] +=
                share(net, t, i, n) * (reads_membrane(net) ? t->u[last][n][i] : t->s[last][n][i]);
    }
    return -log(softmax(net, t, label));
}

/* A layer on the way back. gs, gu [T, width]: dL/ds and dL/du from outside. */
struct reverse {
    const struct plain_net *net;
    const struct plain_layer *l;
    const struct plain_trace *t;
    size_t k;
    double gs[PLAIN_STEPS][PLAIN_WIDTH], gu[PLAIN_STEPS][PLAIN_WIDTH];
    double d_current[PLAIN_STEPS][PLAIN_WIDTH];
    struct weights dw; /* dL/d of them */
};

/* What dw = dL/dw of step n gives to the states and the f that w was made from, and to the weights.
 */
static void reverse_solver(struct reverse *r, size_t n, size_t i, double dw, double dy[],
                           double df[])
{
    const struct plain_layer *l = r->l;
    const size_t k = r->k;

    df[n] += (sums_f(l) ? l->past[0] : l->a) * dw;
    *(sums_f(l) ? &r->dw.past[0] : &r->dw.a) += dw * r->t->f[k][n][i];
    for (size_t d = 1; d <= reach(l, n); d++) {
        if (sums_f(l)) {
            df[n - d] += l->past[d] * dw;
            r->dw.past[d] += dw * r->t->f[k][n - d][i];
        } else {
            dy[n + 1 - d] -= l->past[d] * dw;
            r->dw.past[d] -= dw * r->t->v[k][n + 1 - d][i];
        }
    }
}

/* One neuron from the last step to the first. */
static void reverse_neuron(struct reverse *r, size_t i, struct plain_gradient *g)
{
    const struct plain_layer *l = r->l;
    const struct reset c = reset_of(l);
    const size_t k = r->k;
    const double tau = l->tau[i], threshold = l->threshold[i], flows = l->detach_reset ? 0 : 1;
    double dy[PLAIN_STEPS + 1] = {0}, df[PLAIN_STEPS] = {0}; /* y_n: the state before step n */

    for (size_t n = r->net->time_steps; n-- > 0;) {
        double v = r->t->v[k][n][i], u = r->t->u[k][n][i], w = r->t->w[k][n][i];
        double s = r->t->s[k][n][i], ds = r->gs[n][i];

        /* taken = s (whole threshold + share w), v' = w - taken, and of sums F = f - taken/b0 */
        double taken = s * (c.whole * threshold + c.share * w), b0 = sums_f(l) ? l->past[0] : 0;
        double d_taken = -dy[n + 1] - (sums_f(l) ? df[n] / b0 : 0);
        ds += flows * d_taken * (c.whole * threshold + c.share * w);
        g->threshold[k][i] += d_taken * s * c.whole;
        r->dw.past[0] += sums_f(l) ? df[n] * taken / (b0 * b0) : 0;
        reverse_solver(r, n, i, dy[n + 1] + d_taken * s * c.share, dy, df);
        r->dw.past[0] += sums_f(l) ? (dy[n + 1] + d_taken * s * c.share) * taken / b0 : 0;
        /* f = f0 - s of_f threshold / tau */
        ds -= flows * df[n] * c.of_f * threshold / tau;
        g->threshold[k][i] -= df[n] * s * c.of_f / tau;
        g->tau[k][i] += df[n] * s * c.of_f * threshold / (tau * tau);
        /* s = S(u - threshold), u = v + f0 */
        double dx = ds * slope(l, u - threshold, s), du = r->gu[n][i] + dx;
        g->threshold[k][i] -= dx;
        /* f0 = (I - leak v) / tau */
        r->d_current[n][i] = (du + df[n]) / tau;
        g->tau[k][i] -= (du + df[n]) * (u - v) / tau;
        dy[n] += du - leak_of(l) * (du + df[n]) / tau;
    }
}

/* The derivative of the weights by one of the numbers they are made of, through dL/dweights. */
static double by_number(struct plain_layer *l, double *number, const struct weights *d)
{
    static const int factors[] = {1, -8, 0, 8, -1}; /* over 12 h: fourth order */
    const double h = 0x1p-13, middle = *number;
    long double sum = 0;

    for (int p = 0; p < 5; p++) {
        *number = middle + (p - 2) * h;
        const struct weights w = weights_of(l);
        sum += factors[p] * d->a * w.a;
        for (size_t i = 0; i < PLAIN_STEPS; i++)
            sum += factors[p] * d->past[i] * w.past[i];
    }
    *number = middle;
    return (double)(sum / (12 * h));
}

static void reverse_weights(const struct reverse *r, struct plain_gradient *g)
{
    struct plain_layer l = *r->l;

    for (size_t i = 0; i < l.terms; i++) {
        g->alpha[r->k][i] += by_number(&l, &l.alpha[i], &r->dw);
        g->coefficient[r->k][i] += by_number(&l, &l.coefficient[i], &r->dw);
    }
}

/* From dL/dI to the weights, and to dL/ds of the layer below. */
static void reverse_synapses(struct reverse *r, struct plain_gradient *g)
{
    const struct plain_layer *l = r->l;
    const size_t k = r->k;

    memset(r->gs, 0, sizeof r->gs);
    memset(r->gu, 0, sizeof r->gu);
    for (size_t n = 0; n < r->net->time_steps; n++)
        for (size_t i = 0; i < l->out; i++) {
            g->bias[k][i] += r->d_current[n][i];
            for (size_t j = 0; j < l->in; j++) {
                double in = k ? r->t->s[k - 1][n][j] : r->t->input[n][j];
                g->weight[k][i * l->in + j] += r->d_current[n][i] * in;
                r->gs[n][j] += r->d_current[n][i] * l->weight[i * l->in + j];
            }
        }
}

void plain_backward(const struct plain_net *net, const struct plain_trace *t, size_t label,
                    double factor, struct plain_gradient *g)
{
    struct reverse r = {.net = net, .t = t};

    for (size_t i = 0; i < net->layer[net->n_layers - 1].out; i++)
        for (size_t n = 0; n < net->time_steps; n++)
            (reads_membrane(net) ? r.gu : r.gs)[n][i] =
                factor * (softmax(net, t, i) - (i == label ? 1 : 0)) * share(net, t, i, n);
    for (r.k = net->n_layers; r.k-- > 0;) {
        r.l = &net->layer[r.k];
        r.dw = (struct weights){0};
        for (size_t i = 0; i < r.l->out; i++)
            reverse_neuron(&r, i, g);
        reverse_weights(&r, g);
        reverse_synapses(&r, g);
    }
}
