/* SPDX-License-Identifier: MIT */
#include "tests/core/bias/exact.h"

#include <math.h>
#include <string.h>

#include "tests/core/train/runs.h"

#define TAU 1.7
#define THRESHOLD 0.6
#define STEP 0.8
#define ABOVE 0.3

static float values[EXACT_SAMPLES * EXACT_IN] = {0.9F, 0.2F, 0.1F, 0.8F, 0.6F, 0.7F};
static uint32_t labels[EXACT_SAMPLES] = {0, 1, 0};

static void set_layer(struct exact *e, size_t i, const char *kind, size_t units)
{
    struct snn_layer_spec *l = &e->spec.layers[i];
    (void)snprintf(l->name, sizeof l->name, "layer%zu", i + 1);
    l->kind = runs_choice(&snn_layers, kind);
    *runs_parameter(&l->kind, "units") = (double)units;
    *runs_parameter(&l->kind, "weight_scale") = 2;
    l->neuron = snn_neuron_spec_default();
    l->neuron.reset = runs_choice(&snn_resets, e->c.reset);
    *runs_parameter(&l->neuron.model, "tau") = TAU;
    *runs_parameter(&l->neuron.model, "threshold") = THRESHOLD;
    *runs_parameter(&l->neuron.model, "step") = STEP;
    *runs_parameter(&l->neuron.model, "detach_reset") = e->c.detach_reset;
    if (e->c.learns) {
        l->neuron.learn[SNN_LEARN_tau] = SNN_PER_LAYER;
        l->neuron.learn[SNN_LEARN_threshold] = SNN_PER_NEURON;
    }
}

void exact_build(struct exact *e, const struct exact_case *c, double sigma)
{
    *e = (struct exact){.c = *c, .sigma = sigma};
    e->spec = snn_spec_default();
    e->spec.seed = 5;
    e->spec.time_steps = EXACT_STEPS;
    e->spec.n_layers = 2;
    e->spec.readout = runs_choice(&snn_readouts, c->readout);
    e->spec.rate_penalty = c->penalty;
    e->spec.rate_above = ABOVE;
    *runs_parameter(&e->spec.encoding, "gain") = 2;
    set_layer(e, 0, c->recurrent ? "recurrent" : "dense", EXACT_HIDDEN);
    set_layer(e, 1, "dense", EXACT_OUT);
    e->data = (struct snn_data){.info = {.train = EXACT_SAMPLES,
                                         .features = EXACT_IN,
                                         .shape = {EXACT_IN},
                                         .rank = 1,
                                         .classes = EXACT_OUT},
                                .train = {.count = EXACT_SAMPLES,
                                          .shape = {EXACT_IN},
                                          .rank = 1,
                                          .values = values,
                                          .labels = labels}};
}

/* ------------------------------------------------------------------------------ one layer -- */

struct layer {
    size_t in, out;
    bool recurrent;
    const double *weight, *bias, *own, *log_tau, *log_threshold; /* NULL = not there */
    double v[EXACT_HIDDEN], s[EXACT_HIDDEN], u[EXACT_HIDDEN];
};

static const double *take(const double **p, size_t n)
{
    const double *at = *p;
    *p += n;
    return at;
}

static struct layer layer_of(const struct exact *e, const double **p, size_t in, size_t out,
                             bool recurrent)
{
    struct layer l = {.in = in, .out = out, .recurrent = recurrent};
    l.weight = take(p, out * in);
    l.bias = take(p, out);
    l.own = recurrent ? take(p, out * out) : NULL;
    l.log_tau = e->c.learns ? take(p, 1) : NULL;
    l.log_threshold = e->c.learns ? take(p, out) : NULL;
    return l;
}

/* A step with the spikes in `bits`; returns their probability. */
static double step(const struct exact *e, struct layer *l, const double *in, unsigned bits)
{
    const double low = STEP / 2, tau = low + (TAU - low) * exp(l->log_tau ? l->log_tau[0] : 0);
    double before[EXACT_HIDDEN], chance = 1;
    memcpy(before, l->s, sizeof before);
    for (size_t i = 0; i < l->out; i++) {
        const double threshold = THRESHOLD * exp(l->log_threshold ? l->log_threshold[i] : 0);
        double current = l->bias[i];
        for (size_t j = 0; j < l->in; j++)
            current += l->weight[i * l->in + j] * in[j];
        for (size_t j = 0; l->recurrent && j < l->out; j++)
            current += l->own[i * l->out + j] * before[j];
        const double f0 = (current - l->v[i]) / tau, u = l->v[i] + f0;
        const double p = 1 / (1 + exp(-(u - threshold) / e->sigma));
        const double s = bits >> i & 1, per_step = strcmp(e->c.reset, "scaled") == 0;
        const double w = l->v[i] + STEP * (f0 - s * per_step * threshold / tau);
        chance *= s > 0 ? p : 1 - p;
        l->v[i] = w - s * (strcmp(e->c.reset, "subtract") == 0 ? threshold : 0) -
                  s * (strcmp(e->c.reset, "zero") == 0 ? w : 0);
        l->s[i] = s;
        l->u[i] = u;
    }
    return chance;
}

/* ------------------------------------------------------------------------------- the whole -- */

static double penalty(const struct exact *e, const double *count, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double more = fmax(0, count[i] / EXACT_STEPS - ABOVE);
        sum += more * more / (double)n;
    }
    return e->c.penalty * sum;
}

/* Of one pattern: its probability times its loss. */
static double of_pattern(const struct exact *e, const double *params, size_t sample,
                         unsigned pattern)
{
    const bool membrane = strncmp(e->c.readout, "membrane", 8) == 0;
    struct layer hidden = layer_of(e, &params, EXACT_IN, EXACT_HIDDEN, e->c.recurrent);
    struct layer out = layer_of(e, &params, EXACT_HIDDEN, EXACT_OUT, false);
    double chance = 1, z[EXACT_OUT] = {0}, in[EXACT_IN];
    double fired[EXACT_HIDDEN] = {0}, fired_out[EXACT_OUT] = {0};
    for (size_t i = 0; i < EXACT_IN; i++)
        in[i] = 2 * (double)values[sample * EXACT_IN + i];
    for (size_t t = 0; t < EXACT_STEPS; t++) {
        chance *= step(e, &hidden, in, pattern & 7);
        chance *= step(e, &out, hidden.s, pattern >> 3 & 3);
        pattern >>= EXACT_HIDDEN + EXACT_OUT;
        for (size_t i = 0; i < EXACT_HIDDEN; i++)
            fired[i] += hidden.s[i];
        for (size_t i = 0; i < EXACT_OUT; i++) {
            fired_out[i] += out.s[i];
            z[i] += (membrane ? out.u[i] : out.s[i]) / EXACT_STEPS;
        }
    }
    return chance * (log(exp(z[0]) + exp(z[1])) - z[labels[sample]] +
                     penalty(e, fired, EXACT_HIDDEN) + penalty(e, fired_out, EXACT_OUT));
}

double exact_loss(const struct exact *e, const double *params)
{
    double sum = 0;
    for (size_t i = 0; i < EXACT_SAMPLES; i++)
        for (unsigned k = 0; k < 1u << EXACT_STEPS * (EXACT_HIDDEN + EXACT_OUT); k++)
            sum += of_pattern(e, params, i, k) / EXACT_SAMPLES;
    return sum;
}

void exact_gradient(const struct exact *e, const double *params, size_t n, double *out)
{
    const double h = 1e-3;
    double p[EXACT_PARAMS];
    memcpy(p, params, n * sizeof *p);
    for (size_t i = 0; i < n; i++) {
        double at[4];
        for (size_t k = 0; k < 4; k++) {
            p[i] = params[i] + h * (k < 2 ? (double)k - 2 : (double)k - 1);
            at[k] = exact_loss(e, p);
        }
        p[i] = params[i];
        out[i] = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
    }
}
