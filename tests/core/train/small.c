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

static const double widths[PLAIN_LAYERS] = {1, 0.5, 2};
static const uint32_t samples[SMALL_SAMPLES] = {3, 0, 4, 1, 6};
static float values[7 * FEATURES];
/* In as many steps each sample's events end; the ticks of a step. */
static const size_t ends[7] = {6, 1, 3, 2, 5, 4, 6};
#define TICKS 10
static size_t event_starts[8];
static uint32_t event_times[7 * STEPS * FEATURES];
static uint16_t event_units[7 * STEPS * FEATURES];
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
    s->spec.encoding = named(&snn_encoders, c->masked      ? "events"
                                            : c->is_static ? "constant"
                                                           : "rate");
    for (size_t i = 0; c->masked && i < s->spec.encoding.kind->n_params; i++)
        if (strcmp(s->spec.encoding.kind->params[i].name, "mask") == 0)
            s->spec.encoding.value[i] = 1;
    s->spec.time_steps = STEPS;
    s->spec.readout = named(&snn_readouts, c->readout);
    s->spec.n_layers = small_neurons(s, PLAIN_LAYERS - 1) + 1;
    for (size_t k = 0; k < PLAIN_LAYERS; k++) {
        struct snn_layer_spec *l = &s->spec.layers[small_synapses(s, k)];

        l->kind = named(&snn_layers, "dense");
        l->kind.value[0] = (double)small_units[k];
        if (c->behind) {
            l->neurons = SNN_ABSENT;
            (++l)->neurons = SNN_PRESENT;
            l->kind = named(&snn_layers, c->behind);
            l->kind.value[0] = 0; /* a dropout that drops nothing */
        }
        l->neuron.model = named(&snn_neurons, c->neuron);
        l->neuron.model.value[SNN_NEURON_DETACH_RESET] = c->detach_reset;
        l->neuron.surrogate = named(&snn_surrogates, c->surrogate);
        l->neuron.surrogate.value[0] *= widths[k];
        l->neuron.reset = named(&snn_resets, c->reset);
        small_dynamics(c, &l->neuron, k);
    }
    for (size_t k = 0; k < s->spec.n_layers; k++)
        (void)snprintf(s->spec.layers[k].name, SNN_NAME_SIZE, "layer%zu", k + 1);
}

static void lay_out(struct small *s)
{
    const struct snn_work_size size = {
        .shard = SMALL_SAMPLES, .block = s->c.block, .gradients = true};
    struct snn_error err = {0};

    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(
            snn_net_init(&s->net, &s->arena, &s->spec, snn_shape_flat(FEATURES), NULL, &err),
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

/* What a learned constant began from: its spec's value, or near it. */
static void fill_learned(struct small *s, const struct snn_layer *l)
{
    for (size_t i = 0; i < l->n_learned; i++) {
        const struct snn_tensor_place *t = &l->tensor[l->learned[i].tensor];

        snn_learned_start(l, &l->learned[i], s->params);
        for (size_t j = t->offset; j < t->offset + t->count; j++)
            s->p[j] = (double)s->params[j] + (s->c.exact ? 0 : 0.5 * scattered(5 * j) - 0.25);
    }
}

/* About half of the units in each step up to the sample's last, where one has an event for sure. */
static void fill_events(struct small *s)
{
    size_t n = 0;

    for (size_t i = 0; i < SNN_COUNT(ends); i++) {
        for (size_t k = 0; k < ends[i] * FEATURES; k++) {
            if (k + 1 < ends[i] * FEATURES && scattered(11 * (n + k + i)) < 0.5)
                continue;
            event_times[n] = (uint32_t)(k / FEATURES * TICKS + k % TICKS);
            event_units[n++] = (uint16_t)(k % FEATURES);
        }
        event_starts[i + 1] = n;
    }
    s->data.info.events = true;
    s->data.info.duration = STEPS * TICKS;
    s->data.train.values = NULL;
    s->data.train.first = event_starts;
    s->data.train.times = event_times;
    s->data.train.units = event_units;
}

/* Weights from -1 to 1.75, so that about half of the neurons fire now and then. */
static void fill(struct small *s)
{
    for (size_t i = 0; i < s->net.n_params; i++) {
        double p = 2.75 * scattered(3 * i + s->variant) - 1;

        s->p[i] = s->c.exact ? floor(8 * p) / 8 : p;
    }
    for (size_t k = 0; k < PLAIN_LAYERS; k++)
        fill_learned(s, &s->net.layer[small_neurons(s, k)]);
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
    if (s->c.masked)
        fill_events(s);
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
        const struct snn_layer *l = &s->net.layer[small_neurons(s, k)];
        const struct snn_neuron_spec *n = &s->spec.layers[small_neurons(s, k)].neuron;
        const struct snn_tensor_place *t = s->net.layer[small_synapses(s, k)].tensor;

        s->plain.layer[k] = (struct plain_layer){
            .in = k ? small_units[k - 1] : FEATURES,
            .out = small_units[k],
            .neuron = s->c.neuron,
            .reset = s->c.reset,
            .surrogate = s->c.surrogate,
            .solver = s->c.solver ? s->c.solver : "euler",
            .terms = n->n_terms,
            .lags = n->memory,
            .h = small_steps[k],
            .scale = n->surrogate.value[0],
            .detach_reset = s->c.detach_reset,
            .soft = l->cell.surrogate->training == SNN_SPIKE_SOFT ||
                    l->cell.surrogate->training == SNN_SPIKE_MEAN,
            .noisy_step = l->cell.surrogate->training == SNN_SPIKE_NOISY,
            .weight = s->p + t[0].offset,
            .bias = s->p + t[1].offset,
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

    t->steps = STEPS;
    if (s->c.masked) {
        const struct snn_events list = snn_data_events(&s->data, false, samples[i]);
        snn_encoder_of(&s->spec.encoding)
            ->encode_events(in, &list, FEATURES, snn_all_steps(STEPS), &s->spec.encoding, &key);
        t->steps = ends[samples[i]];
    } else {
        snn_data_features(&s->data, false, samples[i], x);
        snn_encoder_of(&s->spec.encoding)
            ->encode(in, x, FEATURES, snn_all_steps(STEPS), &s->spec.encoding, &key);
    }
    for (size_t n = 0; n < STEPS; n++)
        for (size_t j = 0; j < FEATURES; j++)
            t->input[n][j] = (double)in[s->c.is_static ? j : n * FEATURES + j];
    for (size_t k = 0; k < PLAIN_LAYERS; k++)
        for (size_t n = 0; n < STEPS; n++) {
            const struct snn_rng_key noise = {.seed = 11,
                                              .stream = SNN_STREAM_NOISE,
                                              .layer = (uint32_t)small_neurons(s, k),
                                              .epoch = EPOCH,
                                              .sample = samples[i],
                                              .step = (uint32_t)n};
            snn_rng_logistic(e, small_units[k], &noise);
            for (size_t j = 0; j < small_units[k]; j++)
                t->noise[k][n][j] =
                    snn_spike_draws(s->net.layer[small_neurons(s, k)].cell.surrogate) ? (double)e[j]
                                                                                      : 0;
        }
}

/* How far the largest membrane of a class is above the next of another step, at the least. */
static double margin(const struct small *s)
{
    const size_t last = PLAIN_LAYERS - 1;
    double least = HUGE_VAL;

    for (size_t i = 0; i < SMALL_SAMPLES; i++)
        for (size_t j = 0; j < small_units[last]; j++) {
            double top = -HUGE_VAL, next = -HUGE_VAL;

            for (size_t n = 0; n < s->trace[i].steps; n++) {
                const double u = s->trace[i].u[last][n][j];
                next = u > top ? top : fmax(next, u);
                top = fmax(top, u);
            }
            least = fmin(least, top - next);
        }
    return least;
}

/* The loss has a kink where two steps share the maximum: differences want it to be far away. */
static bool has_kink(struct small *s)
{
    if (s->c.exact || strcmp(s->c.readout, "membrane_max") != 0)
        return false;
    (void)small_plain(s, NULL);
    return margin(s) < 1e-3;
}

size_t small_synapses(const struct small *s, size_t k)
{
    return s->c.behind ? 2 * k : k;
}

size_t small_neurons(const struct small *s, size_t k)
{
    return s->c.behind ? 2 * k + 1 : k;
}

void small_build(struct small *s, const struct small_case *c)
{
    *s = (struct small){.c = *c};
    describe(s);
    lay_out(s);
    do {
        if (s->variant++ == 100)
            fail_msg("100 sets of parameters, and all of them with a kink nearby");
        fill(s);
        describe_plain(s);
        for (size_t i = 0; i < SMALL_SAMPLES; i++)
            draw(s, i);
    } while (has_kink(s));
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

double small_plain(struct small *s, double *g)
{
    struct plain_gradient sum = {0};
    double loss = 0;

    for (size_t k = 0; k < PLAIN_LAYERS; k++)
        small_set_constants(s, k);
    for (size_t i = 0; i < SMALL_SAMPLES; i++) {
        loss += plain_forward(&s->plain, &s->trace[i], labels[samples[i]]) / SMALL_SAMPLES;
        if (g)
            plain_backward(&s->plain, &s->trace[i], labels[samples[i]], 1.0 / SMALL_SAMPLES, &sum);
    }
    for (size_t k = 0; k < PLAIN_LAYERS && g; k++) {
        const struct snn_tensor_place *t = s->net.layer[small_synapses(s, k)].tensor;

        memcpy(g + t[0].offset, sum.weight[k], t[0].count * sizeof *g);
        memcpy(g + t[1].offset, sum.bias[k], t[1].count * sizeof *g);
        small_chain(s, k, &sum, g);
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
    const double h = 0x1p-13, middle = s->p[i];
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
        const bool sums = t->fan_in == 0; /* over steps and neurons */
        double most = largest / (sizeof(real) == sizeof(double) ? 1000 : sums ? 10 : 100);
        double worst = 0;

        for (size_t i = t->offset; i < t->offset + t->count; i++) {
            most = fmax(most, fabs(want[i]));
            worst = fmax(worst, isfinite(got[i]) ? fabs(got[i] - want[i]) : HUGE_VAL);
        }
        if (worst > tolerance * most)
            fail_msg("%s of layer %zu is off by %g of at most %g: neuron %s, reset %s (%s), "
                     "surrogate %s, readout %s, %s input, block %zu, solver %s of %zu terms, "
                     "memory %zu, behind %s",
                     t->role, t->layer + 1, worst, most, c->neuron, c->reset,
                     c->detach_reset ? "detached" : "not detached", c->surrogate, c->readout,
                     c->masked      ? "masked"
                     : c->is_static ? "constant"
                                    : "spiking",
                     c->block, c->solver ? c->solver : "euler", c->terms, c->memory,
                     c->behind ? c->behind : "dense");
    }
}
