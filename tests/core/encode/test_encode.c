/* SPDX-License-Identifier: MIT */
#include "core/encode/encode.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

static const struct snn_rng_key some_key = {
    .seed = 9, .stream = SNN_STREAM_ENCODE, .epoch = 2, .sample = 77};

static struct snn_choice choose(const char *name)
{
    const struct snn_kind *kind = snn_registry_find(&snn_encoders, name);

    assert_non_null(kind);
    return snn_choice_of(kind);
}

static struct snn_choice with_gain(const char *name, double gain)
{
    struct snn_choice c = choose(name);

    assert_string_equal(c.kind->params[0].name, "gain");
    c.value[0] = gain;
    return c;
}

static void table__each_row__is_static_only_where_constant(void **state)
{
    struct snn_choice constant = choose("constant"), rate = choose("rate");
    struct snn_choice latency = choose("latency"), time = choose("time");

    (void)state;
    assert_int_equal(snn_encoders.count, 6);
    assert_true(snn_encoder_of(&constant)->is_static);
    assert_false(snn_encoder_of(&rate)->is_static);
    assert_false(snn_encoder_of(&latency)->is_static);
    assert_false(snn_encoder_of(&time)->is_static);
}

static void constant__gain__multiplies_once_and_writes_one_row(void **state)
{
    const real x[] = {0, 0.5, -1, 2};
    real out[5] = {7, 7, 7, 7, 7};
    struct snn_choice c = with_gain("constant", 2);

    (void)state;
    snn_encoder_of(&c)->encode(out, x, 4, snn_all_steps(10), &c, &some_key);
    for (size_t i = 0; i < 4; i++)
        assert_near(out[i], 2 * x[i], 0);
    assert_near(out[4], 7, 0);
}

#define T 1000
#define N 7

static const real grey[N] = {-1, 0, 0.125, 0.5, 0.875, 1, 3};

static void rate__many_steps__fires_with_the_probability_of_the_feature(void **state)
{
    static real out[T * N];
    struct snn_choice c = choose("rate");

    (void)state;
    snn_encoder_of(&c)->encode(out, grey, N, snn_all_steps(T), &c, &some_key);
    for (size_t i = 0; i < N; i++) {
        double p = fmin(1, fmax(0, (double)grey[i])), spikes = 0;

        for (size_t t = 0; t < T; t++) {
            assert_true(out[t * N + i] == 0 || out[t * N + i] == 1);
            spikes += (double)out[t * N + i];
        }
        /* exact at both ends, four standard errors of the binomial between */
        assert_near(spikes, T * p, 4 * sqrt(T * p * (1 - p)));
    }
}

static void rate__gain__scales_the_probability(void **state)
{
    static real out[T];
    const real x = 0.4f;
    double spikes = 0;
    struct snn_choice c = with_gain("rate", 0.5);

    (void)state;
    snn_encoder_of(&c)->encode(out, &x, 1, snn_all_steps(T), &c, &some_key);
    for (size_t t = 0; t < T; t++)
        spikes += (double)out[t];
    assert_near(spikes, 200, 4 * sqrt(T * 0.2 * 0.8));
}

static void rate__each_spike__is_the_draw_of_its_step_and_feature(void **state)
{
    static real out[T * N], u[N];
    struct snn_choice c = choose("rate");
    struct snn_rng_key key = some_key;

    (void)state;
    key.step = 12345; /* the encoder sets the step itself */
    snn_encoder_of(&c)->encode(out, grey, N, snn_all_steps(T), &c, &key);
    for (size_t t = 0; t < T; t++) {
        key.step = (uint32_t)t;
        snn_rng_uniform(u, N, &key);
        for (size_t i = 0; i < N; i++)
            assert_true(out[t * N + i] == (u[i] < grey[i] ? 1 : 0));
    }
}

static void rate__fewer_steps__are_the_beginning_of_more(void **state)
{
    static real longer[T * N], shorter[T * N];
    struct snn_choice c = choose("rate");

    (void)state;
    snn_encoder_of(&c)->encode(longer, grey, N, snn_all_steps(T), &c, &some_key);
    snn_encoder_of(&c)->encode(shorter, grey, N, snn_all_steps(T / 3), &c, &some_key);
    assert_memory_equal(longer, shorter, T / 3 * N * sizeof(real));
}

/* tau 5, threshold 0.2: 5 ln(1 / 0.8) = 1.12, 5 ln(0.4 / 0.2) = 3.47, 5 ln(0.25 / 0.05) = 8.05. */
static void latency__each_feature__spikes_once_the_earlier_the_stronger(void **state)
{
    const real x[] = {1, 0.4f, 0.25f, 0.2f, 0.1f, 0, -1, 1e30f, (real)HUGE_VAL, (real)NAN};
    const int when[] = {1, 3, 8, -1, -1, -1, -1, 0, 0, -1};
    enum { n = sizeof x / sizeof x[0], steps = 9 };
    real out[n * steps];
    struct snn_choice c = choose("latency");

    (void)state;
    memset(out, 0xff, sizeof out);
    snn_encoder_of(&c)->encode(out, x, n, snn_all_steps(steps), &c, &some_key);
    for (int t = 0; t < steps; t++)
        for (int i = 0; i < n; i++) {
            /* 0.2f is above 0.2 by rounding: it would fire at step 91 */
            assert_near(out[t * n + i], t == when[i] ? 1 : 0, 0);
        }
}

static void latency__spike_after_the_last_step__is_left_out(void **state)
{
    const real x[] = {1, 0.25f};
    real out[8 * 2 + 1];
    double spikes = 0;
    struct snn_choice c = choose("latency");

    (void)state;
    out[16] = 7;
    snn_encoder_of(&c)->encode(out, x, 2, snn_all_steps(8), &c, &some_key);
    for (size_t i = 0; i < 16; i++)
        spikes += (double)out[i];
    assert_near(spikes, 1, 0);
    assert_near(out[16], 7, 0);
}

static void latency__settings__move_the_spike(void **state)
{
    const real x = 0.5;
    real out[20];
    struct snn_choice c = with_gain("latency", 2);

    (void)state;
    assert_string_equal(c.kind->params[1].name, "latency_tau");
    assert_string_equal(c.kind->params[2].name, "latency_threshold");
    c.value[1] = 10;
    c.value[2] = 0.75; /* 10 ln(1 / 0.25) = 13.86 */
    snn_encoder_of(&c)->encode(out, &x, 1, snn_all_steps(20), &c, &some_key);
    for (size_t t = 0; t < 20; t++)
        assert_near(out[t], t == 13, 0);
}

static void time__each_feature__spikes_once_at_its_part_of_the_steps(void **state)
{
    const real x[] = {
        0,         0.25f, 0.24999f,       0.5,   0.99999994f, 1,         2,
        -0x1p-20f, -1,    (real)HUGE_VAL, -0.0f, 0x1p-140f,   (real)NAN, -(real)HUGE_VAL};
    const int when[] = {0, 25, 24, 50, 99, -1, -1, -1, -1, -1, 0, 0, -1, -1};
    enum { n = sizeof x / sizeof x[0], steps = 100 };
    real out[n * steps + 1];
    struct snn_choice c = choose("time");

    (void)state;
    memset(out, 0xff, sizeof out);
    out[n * steps] = 7;
    snn_encoder_of(&c)->encode(out, x, n, snn_all_steps(steps), &c, &some_key);
    for (int t = 0; t < steps; t++)
        for (int i = 0; i < n; i++)
            assert_near(out[t * n + i], t == when[i] ? 1 : 0, 0);
    assert_near(out[n * steps], 7, 0);
}

/* 1 - 2^-24 times 2^20 steps is a whole number to a float. */
static void time__just_below_1__is_in_the_last_step(void **state)
{
    const real x = 0.99999994f;
    static real out[(1 << 20) + 1];
    struct snn_choice c = choose("time");

    (void)state;
    out[1 << 20] = 7;
    snn_encoder_of(&c)->encode(out, &x, 1, snn_all_steps(1 << 20), &c, &some_key);
    assert_near(out[(1 << 20) - 1], 1, 0);
    assert_near(out[1 << 20], 7, 0);
}

/* The examples of snnTorch's documentation of spikegen.delta: threshold, padding, off_spikes. */
static void delta__as_documented_by_snntorch__same_spikes(void **state)
{
    static const struct {
        double threshold, padding, off;
        real x[5], want[5];
    } rows[] = {
        {1, 0, 0, {1, 2, (real)2.9, 3, (real)3.9}, {1, 1, 0, 0, 0}},
        {1, 1, 0, {1, 2, (real)2.9, 3, (real)3.9}, {0, 1, 0, 0, 0}},
        {1, 1, 1, {1, 2, 0, 2, (real)2.9}, {0, 1, -1, 1, 0}},
        {0.5, 0, 1, {-1, -1, 0, (real)-0.5, 0}, {-1, 0, 1, -1, 1}}, /* equality is a spike */
        {0.5, 0, 0, {-1, -1, 0, (real)-0.5, 0}, {0, 0, 1, 0, 1}},
    };
    struct snn_choice c = choose("delta");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        real x[5 * 2], out[5 * 2 + 1];

        c.value[0] = rows[i].threshold;
        c.value[1] = rows[i].padding;
        c.value[2] = rows[i].off;
        for (size_t t = 0; t < 5; t++) { /* the second feature does not change */
            x[2 * t] = rows[i].x[t];
            x[2 * t + 1] = 0;
        }
        out[10] = 7;
        snn_encoder_of(&c)->encode(out, x, 2, snn_all_steps(5), &c, &some_key);
        for (size_t t = 0; t < 5; t++) {
            assert_true(out[2 * t] == rows[i].want[t]);
            assert_true(out[2 * t + 1] == 0);
        }
        assert_near(out[10], 7, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table__each_row__is_static_only_where_constant),
        cmocka_unit_test(constant__gain__multiplies_once_and_writes_one_row),
        cmocka_unit_test(rate__many_steps__fires_with_the_probability_of_the_feature),
        cmocka_unit_test(rate__gain__scales_the_probability),
        cmocka_unit_test(rate__each_spike__is_the_draw_of_its_step_and_feature),
        cmocka_unit_test(rate__fewer_steps__are_the_beginning_of_more),
        cmocka_unit_test(latency__each_feature__spikes_once_the_earlier_the_stronger),
        cmocka_unit_test(latency__spike_after_the_last_step__is_left_out),
        cmocka_unit_test(latency__settings__move_the_spike),
        cmocka_unit_test(time__each_feature__spikes_once_at_its_part_of_the_steps),
        cmocka_unit_test(time__just_below_1__is_in_the_last_step),
        cmocka_unit_test(delta__as_documented_by_snntorch__same_spikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
