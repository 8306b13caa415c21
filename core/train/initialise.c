/* SPDX-License-Identifier: MIT */
/* Initial weights. Each is a function of (seed, layer, tensor, place), whatever the way they are
 * drawn. Kaiming's ways: He, Zhang, Ren, Sun: Delving Deep into Rectifiers, ICCV 2015; Xavier's:
 * Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks,
 * AISTATS 2010. */
#include "core/train/initialise.h"

#include <math.h>

#include "core/base/param.h"
#include "core/base/rng.h"
#include "core/train/net.h"

static const struct snn_param rate_params[] = {
    [SNN_INITIALISER_TARGET] = {"target",
                                "mean spikes per neuron and step of the first batch, 128 samples "
                                "or more",
                                SNN_REAL, 0.1, 0, 1, true, true, false},
};

static const struct snn_initialiser initialisers[] = {
    {.kind = {.name = "uniform", .doc = "U(+-1/sqrt(fan_in))"}, .gain = 1},
    {.kind = {.name = "kaiming_uniform", .doc = "U(+-sqrt(6/fan_in))"}, .gain = 6},
    {.kind = {.name = "kaiming_normal", .doc = "N(0, 2/fan_in)"}, .gain = 2, .normal = true},
    {.kind = {.name = "xavier_uniform", .doc = "U(+-sqrt(6/(fan_in + fan_out)))"},
     .gain = 6,
     .counts_out = true},
    {.kind = {.name = "xavier_normal", .doc = "N(0, 2/(fan_in + fan_out))"},
     .gain = 2,
     .counts_out = true,
     .normal = true},
    {.kind = {.name = "rate",
              .doc = "U(+-1/sqrt(fan_in)), biases 0, times a factor found before the first step: "
                     "the neurons fire at the target rate",
              SNN_PARAMS(rate_params)},
     .gain = 1,
     .to_rate = true},
};

const struct snn_registry snn_initialisers =
    SNN_REGISTRY(initialisers, "initialisers", "initialiser");

#define CHUNK 256 /* multiple of 4: numbers drawn at a time */

/* From two uniform numbers each (Box, Muller: A Note on the Generation of Random Normal Deviates,
 * 1958). */
static void draw_normal(real *p, size_t n, double deviation, struct snn_rng_key key)
{
    const double unit = 0x1p-24, turn = 2 * acos(-1.0);
    uint32_t radius[CHUNK], angle[CHUNK];
    for (size_t first = 0; first < n; first += CHUNK) {
        const size_t m = n - first < CHUNK ? n - first : CHUNK;
        key.sample = 0;
        snn_rng_bits(radius, first, m, &key);
        key.sample = 1;
        snn_rng_bits(angle, first, m, &key);
        for (size_t i = 0; i < m; i++) {
            const double u = ((double)(radius[i] >> 8) + 1) * unit; /* (0, 1] */
            const double v = (double)(angle[i] >> 8) * unit;
            p[first + i] = (real)(deviation * sqrt(-2 * log(u)) * cos(turn * v));
        }
    }
}

static void draw_uniform(real *p, size_t n, double bound, const struct snn_rng_key *key)
{
    const real b = (real)bound;
    snn_rng_uniform(p, n, key);
    for (size_t i = 0; i < n; i++)
        p[i] = (2 * p[i] - 1) * b;
}

/* Outputs that an input has a weight to, of weights [out, in, ...]. */
static size_t fan_out(const struct snn_tensor_place *t)
{
    return t->rank > 1 ? t->count / t->shape[1] : 1;
}

static void draw(const struct snn_initialiser *how, const struct snn_tensor_place *t, real *p,
                 const struct snn_rng_key *key)
{
    const size_t fan = t->fan_in + (how->counts_out ? fan_out(t) : 0);
    const double b = t->scale * sqrt(how->gain) / sqrt((double)fan);
    if (t->is_bias && how->to_rate)
        for (size_t i = 0; i < t->count; i++)
            p[i] = 0;
    else if (t->is_bias)
        draw_uniform(p, t->count, 1 / sqrt((double)t->fan_in), key);
    else if (how->normal)
        draw_normal(p, t->count, b, *key);
    else
        draw_uniform(p, t->count, b, key);
}

void snn_net_initialise(const struct snn_net *net, real *params)
{
    for (size_t i = 0; i < net->n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(net, i);
        const struct snn_layer *l = &net->layer[t->layer];
        const struct snn_rng_key key = {
            .seed = net->seed,
            .stream = SNN_STREAM_INIT,
            .layer = (uint32_t)t->layer,
            .step = (uint32_t)(t - l->tensor),
        };
        if (t->fan_in > 0)
            draw(snn_initialiser_of(&l->initialiser), t, params + t->offset, &key);
    }
    for (size_t i = 0; i < net->n_layers; i++)
        for (size_t k = 0; k < net->layer[i].n_learned; k++)
            snn_learned_start(&net->layer[i], &net->layer[i].learned[k], params);
}
