/* SPDX-License-Identifier: MIT */
/*
 * A task that asks for memory: two cues, one after the other, are the same or not. Each cue is a
 * burst of one of two groups of input channels; the gap between them is five times the membrane's
 * time constant. Whatever a feed-forward network reads out is a sum of what it saw at each cue, and
 * no such sum tells (A, A) and (B, B) from (A, B) and (B, A). A recurrent layer can keep the first.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define GROUP 4 /* channels of a cue */
#define CHANNELS (2 * GROUP)
#define CUE 3 /* steps of a cue */
#define GAP 10
#define T (2 * CUE + GAP + 2)
#define TRAIN 512
#define TEST 256

static unsigned char events[TRAIN + TEST][T][CHANNELS];

static void copy_events(real *out, const real *x, size_t n, struct snn_steps steps,
                        const struct snn_choice *c, const struct snn_rng_key *key)
{
    const bool test = key->stream == SNN_STREAM_ENCODE_EVAL && key->epoch;
    const unsigned char *from = events[key->sample + (test ? TRAIN : 0)][steps.from];

    (void)x;
    (void)c;
    for (size_t i = 0; i < n * (steps.to - steps.from); i++)
        out[i] = (real)from[i];
}

static const struct snn_encoder stored = {
    .kind = {.name = "stored", .doc = "events as they are in memory"}, .encode = copy_events};

static void burst(size_t sample, size_t from, size_t cue, const real *u)
{
    for (size_t t = from; t < from + CUE; t++)
        for (size_t k = 0; k < GROUP; k++)
            events[sample][t][cue * GROUP + k] = u[(t - from) * GROUP + k] < (real)0.7;
}

static struct snn_samples samples_of(size_t first, size_t count)
{
    struct snn_samples s = {.count = count, .shape = {CHANNELS}, .rank = 1};

    s.values = calloc(count * CHANNELS, sizeof *s.values);
    s.labels = calloc(count, sizeof *s.labels);
    assert_non_null(s.values);
    assert_non_null(s.labels);
    for (size_t i = 0; i < count; i++) {
        const struct snn_rng_key key = {
            .seed = 3, .stream = SNN_STREAM_ENCODE, .sample = (uint32_t)(first + i)};
        const size_t a = i % 2, b = i / 2 % 2;
        real u[2 * CUE * GROUP];

        snn_rng_uniform(u, 2 * CUE * GROUP, &key);
        burst(first + i, 1, a, u);
        burst(first + i, 1 + CUE + GAP, b, u + CUE * GROUP);
        s.labels[i] = a == b;
    }
    return s;
}

static struct snn_data *delayed_match(void)
{
    struct snn_data *d = calloc(1, sizeof *d);

    assert_non_null(d);
    d->train = samples_of(0, TRAIN);
    d->test = samples_of(TRAIN, TEST);
    d->info = (struct snn_data_info){.train = TRAIN,
                                     .test = TEST,
                                     .features = CHANNELS,
                                     .shape = {CHANNELS},
                                     .rank = 1,
                                     .classes = 2};
    return d;
}

static struct snn_spec spec_of(const char *kind, double units)
{
    struct snn_spec spec = runs_spec();

    spec.encoding = snn_choice_of(&stored.kind);
    spec.time_steps = T;
    spec.batch_size = 32;
    spec.epochs = 24;
    spec.clip_norm = 1;
    spec.diagnostics_every = 0;
    spec.optimizer.value[0] = 0.005;
    spec.layers[0].kind = runs_choice(&snn_layers, kind);
    spec.layers[0].kind.value[0] = units;
    spec.layers[1].kind.value[0] = 2;
    runs_surrogate(&spec, "arctan");
    return spec;
}

static double accuracy_of(const char *kind, double units)
{
    const struct snn_spec spec = spec_of(kind, units);
    struct snn_data *data = delayed_match();
    struct snn_run *run = runs_new(&spec, data, 2);

    runs_train(run, 0);
    const double accuracy = snn_run_progress(run).metrics.test_accuracy;
    snn_run_free(run);
    snn_data_free(data);
    return accuracy;
}

static void delayed_match__recurrent_and_feed_forward__only_one_learns_it(void **state)
{
    (void)state;
    const double recurrent = accuracy_of("recurrent", 64), forward = accuracy_of("dense", 128);
    print_message("recurrent %.3f, feed-forward %.3f\n", recurrent, forward);
    assert_true(recurrent > 0.95);
    assert_true(forward < 0.8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delayed_match__recurrent_and_feed_forward__only_one_learns_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
