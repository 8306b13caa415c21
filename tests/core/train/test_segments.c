/* SPDX-License-Identifier: MIT */
/* Samples run in segments, forward twice and back once, against the same samples run whole. */
#include "core/train/segments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/train/run.h"
#include "tests/core/layer/stack.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

/* Segments of 5 steps, and a last one of 3. */
#define STEPS 23
#define SEGMENT 5
#define OUTPUTS 3

#define DENSE(n)                                                                                   \
    {                                                                                              \
        .kind = "dense", .set = { {"units", n} }                                                   \
    }
#define RECURRENT(n, bias, alone)                                                                  \
    {                                                                                              \
        .kind = "recurrent", .set = {                                                              \
            {"units", n},                                                                          \
            {"recurrent_bias", bias},                                                              \
            {"one_to_one", alone}                                                                  \
        }                                                                                          \
    }
#define FLAT(n)                                                                                    \
    {                                                                                              \
        .rank = 1, .size = { n }                                                                   \
    }

struct result {
    double loss;
    struct snn_tally tally;
    uint32_t spikes[STACK_SAMPLES * OUTPUTS];
    double *grads;
    size_t n;
};

static struct result run(struct stack *s)
{
    struct result r = {.n = s->net.n_params};

    r.tally.answers.spikes = r.spikes;
    r.tally.counts = true;
    memset(s->grads, 0, r.n * sizeof *s->grads);
    snn_net_prepare(&s->net, s->params);
    snn_shard_run(&s->net, &s->work, s->params, s->grads, &s->shard, &r.tally, NULL);
    r.grads = calloc(r.n, sizeof *r.grads);
    assert_non_null(r.grads);
    for (size_t i = 0; i < r.n; i++)
        r.grads[i] = (double)s->grads[i];
    return r;
}

static struct result run_case(const struct stack_case *c, size_t segment)
{
    struct stack_case now = *c;
    struct stack s;
    struct result r;

    now.segment = segment;
    stack_build(&s, &now);
    assert_int_equal(s.net.segment, segment);
    r = run(&s);
    stack_free(&s);
    return r;
}

/* The same spikes; losses and gradients but for the order in which they are summed. */
static void compare(const char *what, const struct result *got, const struct result *want)
{
    const double tolerance = sizeof(real) == sizeof(double) ? 1e-12 : 2e-5;
    double most = 0, worst = 0;

    assert_int_equal(got->tally.samples, want->tally.samples);
    assert_int_equal(got->tally.correct, want->tally.correct);
    assert_near(got->tally.loss, want->tally.loss, tolerance);
    assert_memory_equal(got->spikes, want->spikes, sizeof got->spikes);
    assert_memory_equal(got->tally.spikes, want->tally.spikes, sizeof got->tally.spikes);
    for (size_t i = 0; i < want->n; i++) {
        most = fmax(most, fabs(want->grads[i]));
        worst = fmax(worst, fabs(got->grads[i] - want->grads[i]));
    }
    if (!(most > 0 && worst <= tolerance * most))
        fail_msg("%s: off by %g of at most %g", what, worst, most);
}

static void check(const char *what, const struct stack_case *c)
{
    static const size_t segments[] = {SEGMENT, 1, STEPS - 1};
    struct result whole = run_case(c, STEPS);

    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        struct result cut = run_case(c, segments[i]);

        compare(what, &cut, &whole);
        free(cut.grads);
    }
    free(whole.grads);
}

/* A neuron that fires, and learns what it can. */
static struct snn_neuron_spec neuron_of(const char *model, const char *reset, const char *surrogate,
                                        bool learns)
{
    struct snn_neuron_spec n = snn_neuron_spec_default();
    const bool own = strcmp(model, "leaky") == 0 || strcmp(model, "synaptic") == 0;

    n.model = runs_choice(&snn_neurons, model);
    n.model.value[1] = 0.5;
    n.reset = runs_choice(&snn_resets, reset);
    n.surrogate = runs_choice(&snn_surrogates, surrogate);
    if (learns) {
        n.learn[SNN_LEARN_threshold] = SNN_PER_NEURON;
        n.learn[own ? SNN_LEARN_beta : SNN_LEARN_tau] = SNN_PER_NEURON;
        if (strcmp(model, "synaptic") == 0)
            n.learn[SNN_LEARN_alpha_syn] = SNN_PER_LAYER;
    }
    return n;
}

static void segments__every_neuron__is_as_whole(void **state)
{
    static const char *const models[] = {"lif", "if", "cuba_lif", "alif", "leaky", "synaptic"};
    static const char *const resets[] = {"scaled", "subtract", "zero", "none"};

    (void)state;
    for (size_t i = 0; i < 6 * 4 * 2; i++) {
        const char *model = models[i % 6], *reset = resets[i / 6 % 4];
        const struct snn_neuron_spec n = neuron_of(model, reset, "arctan", i >= 24);
        const struct stack_case c = {.in = FLAT(4),
                                     .layer = {DENSE(6), DENSE(OUTPUTS)},
                                     .neuron = &n,
                                     .time_steps = STEPS,
                                     .block = 3};

        check(model, &c);
    }
}

static void segments__layers_that_hear_themselves__hear_across_the_cut(void **state)
{
    static const char *const models[] = {"lif", "synaptic"};

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        const struct snn_neuron_spec n = neuron_of(models[i % 2], "subtract", "sigmoid", true);
        const double bias = i & 2 ? 1 : 0, alone = i & 4 ? 1 : 0;
        const struct stack_case c = {
            .in = FLAT(4),
            .layer = {RECURRENT(6, bias, alone), DENSE(4), RECURRENT(OUTPUTS, bias, alone)},
            .neuron = &n,
            .time_steps = STEPS,
            .block = 3};

        check("recurrent", &c);
    }
}

/* Draws belong to the steps of the sample, wherever it is cut. */
static void segments__what_is_drawn__is_drawn_for_the_same_steps(void **state)
{
    static const char *const encodings[] = {"constant", "rate", "latency", "time"};
    static const char *const readouts[] = {"spike_mean", "membrane_mean", "membrane_max",
                                           "membrane_last"};

    (void)state;
    for (size_t i = 0; i < 16; i++) {
        const struct stack_case c = {
            .in = FLAT(4),
            .layer = {DENSE(6),
                      {.kind = "dropout", .set = {{"rate", 0.25}, {"per_step", i % 2 ? 1 : 0}}},
                      DENSE(5),
                      {.kind = "dropout"},
                      DENSE(OUTPUTS)},
            .encoding = encodings[i % 4],
            .readout = readouts[i / 4],
            .surrogate = "noisy",
            .time_steps = STEPS};

        check(c.encoding, &c);
    }
}

static void segments__planes__are_as_whole(void **state)
{
    const struct stack_case c = {
        .in = PLANES(1, 6, 6),
        .layer = {{.kind = "conv2d",
                   .set = {{"filters", 3}, {"kernel_height", 3}, {"kernel_width", 3}}},
                  {.kind = "max_pool2d", .set = {{"kernel", 2}}, .neurons = SNN_PRESENT},
                  {.kind = "flatten"},
                  DENSE(OUTPUTS)},
        .surrogate = "arctan",
        .time_steps = STEPS};

    (void)state;
    check("conv2d", &c);
}

/* Where nothing but time is summed, and in the order in which it is whole, each bit is the same. */
static void segments__static_input__is_the_same_to_the_bit(void **state)
{
    static const char *const models[] = {"lif", "if", "cuba_lif", "alif", "leaky", "synaptic"};

    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        const struct snn_neuron_spec n = neuron_of(models[i], "subtract", "arctan", false);
        const struct stack_case c = {.in = FLAT(4),
                                     .layer = {DENSE(OUTPUTS)},
                                     .encoding = "constant",
                                     .neuron = &n,
                                     .time_steps = STEPS};
        struct result whole = run_case(&c, STEPS), cut = run_case(&c, SEGMENT);

        assert_memory_equal(&cut.tally.loss, &whole.tally.loss, sizeof cut.tally.loss);
        assert_memory_equal(cut.grads, whole.grads, whole.n * sizeof *whole.grads);
        free(cut.grads);
        free(whole.grads);
    }
}

/* ------------------------------------------------------------------------------ whole runs -- */

static struct snn_spec long_spec(size_t time_steps)
{
    struct snn_spec spec = runs_spec();

    spec.time_steps = time_steps;
    spec.encoding = runs_choice(&snn_encoders, "rate");
    spec.layers[0].kind.value[0] = 160;
    spec.batch_size = 4;
    spec.epochs = 1;
    spec.diagnostics_every = 1;
    return spec;
}

static size_t bytes_of(const struct snn_spec *spec, const struct snn_data_info *info)
{
    struct snn_estimate e;

    assert_int_equal(snn_run_estimate(&e, spec, info, 1, NULL), SNN_OK);
    return e.bytes;
}

/* What grows with the steps is what the readout reads, and a state a segment. */
static void segments__ten_times_the_steps__take_hardly_more_memory(void **state)
{
    struct snn_data *data = runs_data(8, 4, 1);
    const struct snn_data_info *info = snn_data_describe(data);
    struct snn_spec spec = long_spec(10000), longer = long_spec(100000);
    size_t bytes;

    (void)state;
    spec.diagnostics_every = longer.diagnostics_every = 0; /* they tell a number of every step */
    bytes = bytes_of(&spec, info);
    assert_true(bytes < ((size_t)4 << 20) / 4 * sizeof(real));
    assert_true(bytes_of(&longer, info) < ((size_t)8 << 20) / 4 * sizeof(real));
    for (size_t i = 0; i < spec.n_layers; i++)
        spec.layers[i].neuron.solver = runs_choice(&snn_solvers, "gl");
    assert_true(bytes_of(&spec, info) > 4 * bytes); /* a history is of all steps */
    snn_data_free(data);
}

static void segments__ten_thousand_steps__are_trained_the_same_by_any_threads(void **state)
{
    struct snn_data *data = runs_data(8, 4, 1);
    const struct snn_spec spec = long_spec(10000);
    char one[SNN_SHA256_HEX], three[SNN_SHA256_HEX];

    (void)state;
    runs_result(&spec, data, 1, one);
    runs_result(&spec, data, 3, three);
    assert_string_equal(one, three);
    snn_data_free(data);
}

/* What a diagnostic step sees of segments is what it sees of the whole. */
static void segments__probed__are_seen_as_whole(void **state)
{
    const struct stack_case c = {.in = FLAT(4),
                                 .layer = {DENSE(6), DENSE(OUTPUTS)},
                                 .surrogate = "arctan",
                                 .time_steps = STEPS};
    static struct snn_probe probe[2];
    struct snn_arena arena[2] = {0};

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct stack_case now = c;
        struct snn_tally tally = {0};
        struct snn_work_size size;
        struct stack s;

        now.segment = k ? SEGMENT : STEPS;
        now.records = true; /* room for dL/du */
        stack_build(&s, &now);
        size = s.work.size;
        size.probe = true;
        size.record = false;
        for (int pass = 0; pass < 2; pass++) {
            snn_work_place(&s.work, &arena[k], &s.net, &size);
            snn_probe_place(&probe[k], &arena[k], &s.net);
            if (pass == 0)
                assert_true(snn_arena_build(&arena[k]));
        }
        snn_probe_clear(&probe[k]);
        snn_net_prepare(&s.net, s.params);
        snn_shard_run(&s.net, &s.work, s.params, s.grads, &s.shard, &tally, &probe[k]);
        stack_free(&s);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct snn_probe_layer *whole = &probe[0].layer[i], *cut = &probe[1].layer[i];

        assert_int_equal(cut->samples, whole->samples);
        assert_int_equal(cut->active, whole->active);
        assert_int_equal(cut->membrane.count, whole->membrane.count);
        assert_memory_equal(cut->spikes, whole->spikes, whole->n * sizeof *whole->spikes);
        for (size_t t = 0; t < STEPS; t++)
            assert_near(cut->squares[t], whole->squares[t], 1e-5 * whole->squares[0]);
    }
    snn_arena_free(&arena[0]);
    snn_arena_free(&arena[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments__every_neuron__is_as_whole),
        cmocka_unit_test(segments__layers_that_hear_themselves__hear_across_the_cut),
        cmocka_unit_test(segments__what_is_drawn__is_drawn_for_the_same_steps),
        cmocka_unit_test(segments__planes__are_as_whole),
        cmocka_unit_test(segments__static_input__is_the_same_to_the_bit),
        cmocka_unit_test(segments__ten_times_the_steps__take_hardly_more_memory),
        cmocka_unit_test(segments__ten_thousand_steps__are_trained_the_same_by_any_threads),
        cmocka_unit_test(segments__probed__are_seen_as_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
