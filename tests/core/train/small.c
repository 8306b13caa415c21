/* SPDX-License-Identifier: MIT */
#include "tests/core/train/small.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/base/rng.h"
#include "tests/support/test.h"

#define FEATURES 4
#define STEPS 6
#define EPOCH 3

static const size_t units[PLAIN_LAYERS] = {5, 4, 3};
static const double taus[PLAIN_LAYERS] = {2, 4, 2}, thresholds[PLAIN_LAYERS] = {1, 0.5, 1};
static const double step_lengths[PLAIN_LAYERS] = {1, 0.5, 2}, widths[PLAIN_LAYERS] = {1, 0.5, 2};
static const uint32_t samples[SMALL_SAMPLES] = {3, 0, 4, 1, 6};
static float values[7 * FEATURES];
static uint32_t labels[7] = {0, 1, 2, 2, 1, 0, 1};

/* Some number in [0, 1), the same in every build: the fraction of i times an irrational. */
static double scattered(size_t i)
{
    double x = (double)(i + 1) * 0.61803398874989485;

    return x - floor(x);
}

static struct snn_choice named(const struct snn_registry *r, const char *name)
{
    const struct snn_kind *kind = snn_registry_find(r, name);

    if (!kind)
        fail_msg("no %s is called '%s'", r->noun, name);
    return snn_choice_of(kind);
}

static void describe(struct small *s)
{
    const struct small_case *c = &s->c;

    s->spec = snn_spec_default();
    s->spec.seed = 11;
    s->spec.encoding = named(&snn_encoders, c->is_static ? "constant" : "rate");
    s->spec.time_steps = STEPS;
    s->spec.readout = named(&snn_readouts, c->readout);
    s->spec.n_layers = PLAIN_LAYERS;
    for (size_t k = 0; k < PLAIN_LAYERS; k++) {
        struct snn_layer_spec *l = &s->spec.layers[k];

        (void)snprintf(l->name, sizeof l->name, "layer%zu", k + 1);
        l->kind = named(&snn_layers, "dense");
        l->kind.value[0] = (double)units[k];
        l->neuron.model = named(&snn_neurons, c->neuron);
        l->neuron.model.value[SNN_NEURON_TAU] = c->learns_tau ? taus[k] / 2 : taus[k];
        l->neuron.learn[SNN_LEARN_tau] = c->learns_tau ? SNN_PER_LAYER : SNN_FIXED;
        l->neuron.model.value[SNN_NEURON_THRESHOLD] = thresholds[k];
        l->neuron.model.value[SNN_NEURON_STEP] = step_lengths[k];
        l->neuron.model.value[SNN_NEURON_DETACH_RESET] = c->detach_reset;
        l->neuron.surrogate = named(&snn_surrogates, c->surrogate);
        l->neuron.surrogate.value[0] *= widths[k];
        l->neuron.reset = named(&snn_resets, c->reset);
    }
}

static void lay_out(struct small *s)
{
    const struct snn_net_options options = {.spikede = s->c.learns_tau};
    const struct snn_work_size size = {
        .shard = SMALL_SAMPLES, .block = s->c.block, .gradients = true};
    struct snn_error err = {0};

    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(snn_net_init(&s->net, &s->arena, &s->spec, FEATURES, &options, &err),
                         SNN_OK);
        snn_work_place(&s->work, &s->arena, &s->net, &size);
        s->params = snn_arena_take(&s->arena, s->net.n_params, sizeof(real));
        s->grads = snn_arena_take(&s->arena, s->net.n_params, sizeof(real));
        if (pass == 0)
            assert_true(snn_arena_build(&s->arena));
    }
    assert_false(s->arena.failed);
    assert_true(s->net.n_params <= SMALL_PARAMS);
}

/* Weights from -1 to 1.75, so that about half of the neurons fire now and then. */
static void fill(struct small *s)
{
    for (size_t i = 0; i < s->net.n_params; i++) {
        double p = 2.75 * scattered(3 * i) - 1;

        s->p[i] = s->c.exact ? floor(8 * p) / 8 : p;
    }
    for (size_t k = 0; k < PLAIN_LAYERS && s->c.learns_tau; k++) /* exact: tau = 2 tau_0 */
        s->p[s->net.layer[k].tensor[2].offset] = s->c.exact ? 0 : 0.5 * scattered(k) - 0.25;
    for (size_t i = 0; i < s->net.n_params; i++) {
        s->params[i] = (real)s->p[i];
        s->p[i] = (double)s->params[i];
    }
    for (size_t i = 0; i < SNN_COUNT(values); i++)
        values[i] = (float)(floor(5 * scattered(7 * i)) / 4);
    s->data = (struct snn_data){
        .info = {.train = 7, .features = FEATURES, .shape = {FEATURES}, .rank = 1, .classes = 3},
        .train = {.count = 7, .shape = {FEATURES}, .rank = 1, .values = values, .labels = labels},
    };
    s->shard = (struct snn_shard){
        .data = &s->data,
        .index = samples,
        .n = SMALL_SAMPLES,
        .training = true,
        .epoch = EPOCH,
        .scale = 1.0 / SMALL_SAMPLES,
    };
}

static void describe_plain(struct small *s)
{
    s->plain =
        (struct plain_net){.n_layers = PLAIN_LAYERS, .time_steps = STEPS, .readout = s->c.readout};
    for (size_t k = 0; k < PLAIN_LAYERS; k++) {
        const struct snn_layer *l = &s->net.layer[k];

        s->plain.layer[k] = (struct plain_layer){
            .in = k ? units[k - 1] : FEATURES,
            .out = units[k],
            .neuron = s->c.neuron,
            .reset = s->c.reset,
            .surrogate = s->c.surrogate,
            .tau = taus[k],
            .threshold = thresholds[k],
            .h = step_lengths[k],
            .scale = s->spec.layers[k].neuron.surrogate.value[0],
            .detach_reset = s->c.detach_reset,
            .soft = strcmp(s->c.surrogate, "noisy") == 0,
            .weight = s->p + l->tensor[0].offset,
            .bias = s->p + l->tensor[1].offset,
        };
    }
}

/* The documented draws: input spikes by (epoch, sample, step), noise by these and the layer. */
static void draw(struct small *s, size_t i)
{
    struct plain_trace *t = &s->trace[i];
    const struct snn_rng_key key = {
        .seed = 11, .stream = SNN_STREAM_ENCODE, .epoch = EPOCH, .sample = samples[i]};
    real x[FEATURES], in[STEPS * FEATURES], e[PLAIN_WIDTH];

    snn_data_features(&s->data, false, samples[i], x);
    snn_encoder_of(&s->spec.encoding)->encode(in, x, FEATURES, STEPS, &s->spec.encoding, &key);
    for (size_t n = 0; n < STEPS; n++)
        for (size_t j = 0; j < FEATURES; j++)
            t->input[n][j] = (double)in[s->c.is_static ? j : n * FEATURES + j];
    for (size_t k = 0; k < PLAIN_LAYERS; k++)
        for (size_t n = 0; n < STEPS; n++) {
            const struct snn_rng_key noise = {.seed = 11,
                                              .stream = SNN_STREAM_NOISE,
                                              .layer = (uint32_t)k,
                                              .epoch = EPOCH,
                                              .sample = samples[i],
                                              .step = (uint32_t)n};
            snn_rng_logistic(e, units[k], &noise);
            for (size_t j = 0; j < units[k]; j++)
                t->noise[k][n][j] = (double)e[j];
        }
}

void small_build(struct small *s, const struct small_case *c)
{
    *s = (struct small){.c = *c};
    describe(s);
    lay_out(s);
    fill(s);
    describe_plain(s);
    for (size_t i = 0; i < SMALL_SAMPLES; i++)
        draw(s, i);
}

void small_free(struct small *s)
{
    snn_arena_free(&s->arena);
}

double small_core(struct small *s, bool gradient)
{
    struct snn_tally tally = {0};

    memset(s->grads, 0, s->net.n_params * sizeof *s->grads);
    snn_net_prepare(&s->net, s->params);
    snn_shard_run(&s->net, &s->work, s->params, gradient ? s->grads : NULL, &s->shard, &tally,
                  NULL);
    assert_int_equal(tally.samples, SMALL_SAMPLES);
    return tally.loss / SMALL_SAMPLES;
}

/* What stands in the learnt parameter: tau = tau_0 (1 + exp p). */
static double tau_parameter(const struct small *s, size_t k)
{
    return s->p[s->net.layer[k].tensor[2].offset];
}

double small_plain(struct small *s, double *g)
{
    struct plain_gradient sum = {0};
    double loss = 0;

    for (size_t k = 0; k < PLAIN_LAYERS && s->c.learns_tau; k++)
        s->plain.layer[k].tau = taus[k] / 2 * (1 + exp(tau_parameter(s, k)));
    for (size_t i = 0; i < SMALL_SAMPLES; i++) {
        loss += plain_forward(&s->plain, &s->trace[i], labels[samples[i]]) / SMALL_SAMPLES;
        if (g)
            plain_backward(&s->plain, &s->trace[i], labels[samples[i]], 1.0 / SMALL_SAMPLES, &sum);
    }
    for (size_t k = 0; k < PLAIN_LAYERS && g; k++) {
        const struct snn_tensor_place *t = s->net.layer[k].tensor;

        memcpy(g + t[0].offset, sum.weight[k], t[0].count * sizeof *g);
        memcpy(g + t[1].offset, sum.bias[k], t[1].count * sizeof *g);
        if (s->c.learns_tau)
            g[t[2].offset] = sum.tau[k] * taus[k] / 2 * exp(tau_parameter(s, k));
    }
    return loss;
}

void small_freeze(struct small *s)
{
    for (size_t i = 0; i < SMALL_SAMPLES; i++)
        s->trace[i].frozen = true;
}

double small_difference(struct small *s, size_t i, double (*loss)(struct small *s))
{
    const double h = 0x1p-16, middle = s->p[i];
    double at[5];

    for (int k = 0; k < 5; k++) {
        s->p[i] = middle + (k - 2) * h;
        at[k] = k == 2 ? 0 : loss(s);
    }
    s->p[i] = middle;
    return (at[0] - 8 * at[1] + 8 * at[3] - at[4]) / (12 * h);
}

double small_core_loss(struct small *s)
{
    for (size_t i = 0; i < s->net.n_params; i++)
        s->params[i] = (real)s->p[i];
    return small_core(s, false);
}

double small_plain_loss(struct small *s)
{
    return small_plain(s, NULL);
}

void small_compare(const struct small *s, const double *got, const double *want, double tolerance)
{
    const struct small_case *c = &s->c;
    double largest = 0;

    for (size_t i = 0; i < s->net.n_params; i++)
        largest = fmax(largest, fabs(want[i]));
    for (size_t k = 0; k < s->net.n_tensors; k++) {
        const struct snn_tensor_place *t = snn_net_tensor(&s->net, k);
        double most = largest / (sizeof(real) == sizeof(double) ? 1000 : 100), worst = 0;

        for (size_t i = t->offset; i < t->offset + t->count; i++) {
            most = fmax(most, fabs(want[i]));
            worst = fmax(worst, isfinite(got[i]) ? fabs(got[i] - want[i]) : HUGE_VAL);
        }
        if (worst > tolerance * most)
            fail_msg("%s of layer %zu is off by %g of at most %g: neuron %s, reset %s (%s), "
                     "surrogate %s, readout %s, %s input, block %zu%s",
                     t->role, t->layer + 1, worst, most, c->neuron, c->reset,
                     c->detach_reset ? "detached" : "not detached", c->surrogate, c->readout,
                     c->is_static ? "constant" : "spiking", c->block,
                     c->learns_tau ? ", learnt tau" : "");
    }
}
