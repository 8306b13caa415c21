/* SPDX-License-Identifier: MIT */
#include "tests/core/layer/net.h"

#include <math.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define EPOCH 2
#define SEED 17
#define TAU 2.0
#define THRESHOLD 1.0

static const size_t units[NET_LAYERS] = {5, 6};
static const uint32_t samples[NET_SAMPLES] = {3, 0, 4, 1, 6};
static float values[7 * NET_FEATURES];
static uint32_t labels[7] = {0, 1, 2, 2, 1, 0, 1};

/* Some number in [0, 1), the same in every build. */
static double scattered(size_t i)
{
    const double x = (double)(i + 1) * 0.61803398874989485;
    return x - floor(x);
}

static void describe(struct net *n)
{
    const struct net_case *c = &n->c;
    const char *kind = c->kind ? c->kind : "recurrent";
    n->spec = snn_spec_default();
    n->spec.seed = SEED;
    n->spec.encoding = runs_choice(&snn_encoders, c->encoding);
    n->spec.time_steps = c->time_steps;
    n->spec.readout = runs_choice(&snn_readouts, c->readout);
    n->spec.readout.value[SNN_READOUT_POPULATION] = (double)c->population;
    n->spec.loss = runs_choice(&snn_losses, c->loss);
    n->spec.rate_penalty = c->penalty ? 3 : 0;
    n->spec.rate_below = 0.3;
    n->spec.rate_above = 0.5;
    n->spec.n_layers = NET_LAYERS;
    for (size_t k = 0; k < NET_LAYERS; k++) {
        struct snn_layer_spec *l = &n->spec.layers[k];
        (void)snprintf(l->name, sizeof l->name, "layer%zu", k + 1);
        l->kind = runs_choice(&snn_layers, kind);
        l->kind.value[0] = (double)units[k];
        if (strcmp(kind, "recurrent") == 0) {
            l->kind.value[1] = c->own_bias;
            l->kind.value[3] = c->one_to_one;
        }
        l->neuron = snn_neuron_spec_default();
        l->neuron.model.value[SNN_NEURON_TAU] = TAU;
        l->neuron.model.value[SNN_NEURON_THRESHOLD] = THRESHOLD;
        l->neuron.model.value[SNN_NEURON_DETACH_RESET] = c->detach_reset;
        l->neuron.surrogate = runs_choice(&snn_surrogates, c->surrogate);
        l->neuron.reset = runs_choice(&snn_resets, c->reset);
        l->neuron.solver = runs_choice(&snn_solvers, c->solver);
        l->neuron.alpha[0] = strcmp(c->solver, "euler") == 0 ? 1 : 0.6;
    }
}

static void lay_out(struct net *n)
{
    const struct snn_work_size size = {
        .shard = NET_SAMPLES, .block = n->c.block, .gradients = true};
    struct snn_error err = {0};

    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(
            snn_net_init(&n->net, &n->arena, &n->spec, snn_shape_flat(NET_FEATURES), NULL, &err),
            SNN_OK);
        snn_work_place(&n->work, &n->arena, &n->net, &size);
        n->params = snn_arena_take(&n->arena, n->net.n_params, sizeof(real));
        n->grads = snn_arena_take(&n->arena, n->net.n_params, sizeof(real));
        if (pass == 0)
            assert_true(snn_arena_build(&n->arena));
    }
    assert_false(n->arena.failed);
    assert_true(n->net.n_params <= NET_PARAMS);
}

/* From -1 to 1.5, so that about half of the neurons fire now and then. */
static void fill(struct net *n)
{
    for (size_t i = 0; i < n->net.n_params; i++) {
        const double p = 2.5 * scattered(3 * i) - 1;
        n->p[i] = (double)(real)(n->c.exact ? floor(8 * p) / 8 : p);
        n->params[i] = (real)n->p[i];
    }
    for (size_t i = 0; i < 7 * NET_FEATURES; i++)
        values[i] = (float)(floor(5 * scattered(7 * i)) / 4);
    n->data = (struct snn_data){
        .info = {.train = 7,
                 .features = NET_FEATURES,
                 .shape = {NET_FEATURES},
                 .rank = 1,
                 .classes = 3},
        .train = {
            .count = 7, .shape = {NET_FEATURES}, .rank = 1, .values = values, .labels = labels}};
    n->shard = (struct snn_shard){.data = &n->data,
                                  .index = samples,
                                  .n = NET_SAMPLES,
                                  .training = true,
                                  .epoch = EPOCH,
                                  .scale = 1.0 / NET_SAMPLES};
}

void net_build(struct net *n, const struct net_case *c)
{
    *n = (struct net){.c = *c};
    describe(n);
    lay_out(n);
    fill(n);
}

void net_free(struct net *n)
{
    snn_arena_free(&n->arena);
}

double net_run(struct net *n)
{
    struct snn_tally tally = {0};
    memset(n->grads, 0, n->net.n_params * sizeof *n->grads);
    snn_net_prepare(&n->net, n->params);
    snn_shard_run(&n->net, &n->work, n->params, n->grads, &n->shard, &tally, NULL);
    assert_int_equal(tally.samples, NET_SAMPLES);
    return tally.loss / NET_SAMPLES;
}

double net_difference(struct net *n, size_t i)
{
    const double h = 0x1p-15;
    double at[5];
    for (int k = 0; k < 5; k++) {
        n->params[i] = (real)(n->p[i] + (k - 2) * h);
        at[k] = k == 2 ? 0 : net_run(n);
    }
    n->params[i] = (real)n->p[i];
    return (at[0] - 8 * at[1] + 8 * at[3] - at[4]) / (12 * h);
}

/* ----------------------------------------------------------------------------- plain loops -- */

static void plain_input(const struct net *n, size_t sample, double in[NET_STEPS][NET_WIDTH])
{
    const struct snn_encoder *encoder = snn_encoder_of(&n->spec.encoding);
    const struct snn_rng_key key = {
        .seed = SEED, .stream = SNN_STREAM_ENCODE, .epoch = EPOCH, .sample = samples[sample]};
    real x[NET_FEATURES], drawn[NET_STEPS * NET_FEATURES];
    snn_data_features(&n->data, false, samples[sample], x);
    encoder->encode(drawn, x, NET_FEATURES, snn_all_steps(n->c.time_steps), &n->spec.encoding,
                    &key);
    for (size_t t = 0; t < n->c.time_steps; t++)
        for (size_t j = 0; j < NET_FEATURES; j++)
            in[t][j] = (double)drawn[(encoder->is_static ? 0 : t * NET_FEATURES) + j];
}

/* Each layer's own tensors as they are documented: W, b, V, c. */
static double current(const struct net *n, size_t k, size_t t, size_t unit, const double *in,
                      const double *before)
{
    const struct snn_layer *l = &n->net.layer[k];
    double sum = n->p[l->tensor[1].offset + unit];
    for (size_t j = 0; j < l->in; j++)
        sum += n->p[l->tensor[0].offset + unit * l->in + j] * in[j];
    if (t > 0 && n->c.one_to_one)
        sum += n->p[l->tensor[2].offset + unit] * before[unit];
    for (size_t j = 0; t > 0 && !n->c.one_to_one && j < l->out; j++)
        sum += n->p[l->tensor[2].offset + unit * l->out + j] * before[j];
    if (t > 0 && n->c.own_bias)
        sum += n->p[l->tensor[3].offset + unit];
    return sum;
}

void net_plain(const struct net *n, size_t sample, struct net_trace *trace)
{
    double in[NET_STEPS][NET_WIDTH];
    plain_input(n, sample, in);
    for (size_t k = 0; k < NET_LAYERS; k++) {
        const bool soft = strcmp(n->c.surrogate, "noisy") == 0;
        const double taken = strcmp(n->c.reset, "scaled") == 0 ? THRESHOLD / TAU : THRESHOLD;
        double v[NET_WIDTH] = {0};
        for (size_t t = 0; t < n->c.time_steps; t++) {
            const struct snn_rng_key key = {.seed = SEED,
                                            .stream = SNN_STREAM_NOISE,
                                            .layer = (uint32_t)k,
                                            .epoch = EPOCH,
                                            .sample = samples[sample],
                                            .step = (uint32_t)t};
            real e[NET_WIDTH];
            snn_rng_logistic(e, units[k], &key);
            for (size_t j = 0; j < units[k]; j++) {
                const double i = current(n, k, t, j, in[t], t ? trace->s[k][t - 1] : NULL);
                const double u = v[j] + (i - v[j]) / TAU, x = u - THRESHOLD;
                const double s = soft ? 1 / (1 + exp(-5 * x - (double)e[j])) : x >= 0;
                trace->x[k][t][j] = x;
                trace->s[k][t][j] = s;
                v[j] = u - s * taken;
            }
        }
        for (size_t t = 0; t < n->c.time_steps; t++)
            memcpy(in[t], trace->s[k][t], sizeof in[t]);
    }
}
