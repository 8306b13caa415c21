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
    if (is(l->surrogate, "sigmoid") || is(l->surrogate, "noisy"))
        return k * e / ((1 + e) * (1 + e));
    if (is(l->surrogate, "arctan"))
        return k / (2 * (1 + t * t));
    if (is(l->surrogate, "linear"))
        return fabs(x) <= k ? 0.5 / k : 0;
    if (is(l->surrogate, "gaussian"))
        return exp(-0.5 * (x / k) * (x / k)) / sqrt(2 * pi * k * k);
    fail_msg("surrogate '%s' is not in tests/core/train/plain.c", l->surrogate);
    return 0;
}

static double leak_of(const struct plain_layer *l)
{
    assert_true(is(l->neuron, "lif") || is(l->neuron, "if"));
    return is(l->neuron, "lif") ? 1 : 0;
}

/* What a whole spike takes from w. */
static double taken(const struct plain_layer *l, double w)
{
    if (is(l->reset, "scaled"))
        return l->threshold * l->h / l->tau;
    if (is(l->reset, "subtract"))
        return l->threshold;
    if (is(l->reset, "zero"))
        return w;
    assert_string_equal(l->reset, "none");
    return 0;
}

static double synapses(const struct plain_layer *l, const double *in, size_t i)
{
    double sum = l->bias[i];

    for (size_t j = 0; j < l->in; j++)
        sum += l->weight[i * l->in + j] * in[j];
    return sum;
}

static void run_layer(const struct plain_net *net, struct plain_trace *t, size_t k)
{
    const struct plain_layer *l = &net->layer[k];

    for (size_t i = 0; i < l->out; i++) {
        double v = 0;

        for (size_t n = 0; n < net->time_steps; n++) {
            const double *in = k ? t->s[k - 1][n] : t->input[n];
            double f = (synapses(l, in, i) - leak_of(l) * v) / l->tau;
            double u = v + f, w = v + l->h * f, x = u - l->threshold;
            double s = x >= 0 ? 1 : 0;

            if (l->soft)
                s = 1 / (1 + exp(-(l->scale * x + t->noise[k][n][i])));
            if (!t->frozen)
                t->reset_s[k][n][i] = s;
            t->v[k][n][i] = v;
            t->u[k][n][i] = u;
            t->s[k][n][i] = s;
            v = w - t->reset_s[k][n][i] * taken(l, w);
        }
    }
}

/* Weight of step n in the logit of class i; all readouts are linear but for where the maximum is.
 */
static double share(const struct plain_net *net, const struct plain_trace *t, size_t i, size_t n)
{
    const size_t last = net->n_layers - 1;
    size_t top = 0;

    if (is(net->readout, "spike_mean") || is(net->readout, "membrane_mean"))
        return 1 / (double)net->time_steps;
    if (is(net->readout, "spike_count"))
        return 1;
    if (is(net->readout, "membrane_last"))
        return n + 1 == net->time_steps ? 1 : 0;
    assert_string_equal(net->readout, "membrane_max");
    for (size_t m = 1; m < net->time_steps; m++)
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

/* One neuron from the last step to the first. gs, gu [T, width]: dL/ds and dL/du from outside; into
 * d_current: dL/dI. Returns dL/dtau. */
static double reverse(const struct plain_net *net, const struct plain_trace *t, size_t k, size_t i,
                      double gs[][PLAIN_WIDTH], double gu[][PLAIN_WIDTH],
                      double d_current[][PLAIN_WIDTH])
{
    const struct plain_layer *l = &net->layer[k];
    double dv = 0, d_tau = 0; /* dv: dL/d(membrane after the step) */

    for (size_t n = net->time_steps; n-- > 0;) {
        double v = t->v[k][n][i], u = t->u[k][n][i], s = t->s[k][n][i];
        double f = u - v, w = v + l->h * f, x = u - l->threshold;
        /* v' = w - s taken(w) */
        double ds = gs[n][i] - (l->detach_reset ? 0 : dv * taken(l, w));
        double dw = dv * (is(l->reset, "zero") ? 1 - s : 1);
        if (is(l->reset, "scaled"))
            d_tau += dv * s * l->threshold * l->h / (l->tau * l->tau);
        /* u = v + f, w = v + h f */
        double du = gu[n][i] + ds * slope(l, x, s);
        double df = du + l->h * dw;
        /* f = (I - leak v) / tau */
        d_current[n][i] = df / l->tau;
        d_tau -= df * f / l->tau;
        dv = du + dw - leak_of(l) * df / l->tau;
    }
    return d_tau;
}

void plain_backward(const struct plain_net *net, const struct plain_trace *t, size_t label,
                    double factor, struct plain_gradient *g)
{
    double gs[PLAIN_STEPS][PLAIN_WIDTH] = {{0}}, gu[PLAIN_STEPS][PLAIN_WIDTH] = {{0}};
    double d_current[PLAIN_STEPS][PLAIN_WIDTH];

    for (size_t i = 0; i < net->layer[net->n_layers - 1].out; i++)
        for (size_t n = 0; n < net->time_steps; n++)
            (reads_membrane(net) ? gu : gs)[n][i] =
                factor * (softmax(net, t, i) - (i == label ? 1 : 0)) * share(net, t, i, n);
    for (size_t k = net->n_layers; k-- > 0;) {
        const struct plain_layer *l = &net->layer[k];

        for (size_t i = 0; i < l->out; i++)
            g->tau[k] += reverse(net, t, k, i, gs, gu, d_current);
        memset(gs, 0, sizeof gs);
        memset(gu, 0, sizeof gu);
        for (size_t n = 0; n < net->time_steps; n++)
            for (size_t i = 0; i < l->out; i++) {
                g->bias[k][i] += d_current[n][i];
                for (size_t j = 0; j < l->in; j++) {
                    double in = k ? t->s[k - 1][n][j] : t->input[n][j];
                    g->weight[k][i * l->in + j] += d_current[n][i] * in;
                    gs[n][j] += d_current[n][i] * l->weight[i * l->in + j];
                }
            }
    }
}
