/* SPDX-License-Identifier: MIT */
#include "core/encode/augment.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/encode/rows.h"
#include "tests/support/test.h"

enum { EVENTS = 100, UNITS = 50, DURATION = 10000, SAMPLES = 400 };

static uint32_t times[EVENTS];
static uint16_t units[EVENTS];

static struct snn_events some_events(void)
{
    for (size_t i = 0; i < EVENTS; i++) {
        times[i] = (uint32_t)(4000 + 17 * i);
        units[i] = (uint16_t)(20 + i % 10);
    }
    return (struct snn_events){times, units, EVENTS, DURATION};
}

static struct snn_choice with(size_t which, double value)
{
    struct snn_choice c = snn_choice_of(snn_registry_find(&snn_encoders, "events"));

    c.value[which] = value;
    return c;
}

/* What is left of the walk's events; how many. */
static size_t gather(struct snn_event_walk *w, uint64_t *t, uint32_t *u)
{
    struct snn_events next;
    size_t n = 0;

    for (size_t at = 0; snn_walk_next(w, &at, &next);) {
        assert_true(next.n > 0 && n + next.n <= EVENTS);
        for (size_t i = 0; i < next.n; i++, n++) {
            t[n] = next.times[i];
            u[n] = next.units[i];
        }
    }
    return n;
}

/* What is left of sample i's events; how many. */
static size_t walk(const struct snn_choice *c, uint32_t sample, uint64_t *t, uint32_t *u)
{
    const struct snn_events e = some_events();
    const struct snn_rng_key key = {.seed = 5, .epoch = 3, .sample = sample};
    struct snn_event_walk w;

    snn_walk_begin(&w, &e, UNITS, c, &key);
    const size_t n = gather(&w, t, u);
    for (size_t i = 0; i < n; i++)
        assert_true(t[i] < DURATION && u[i] < UNITS);
    return n;
}

struct seen {
    double least, most, sum, n;
};

static void look(struct seen *s, double v)
{
    s->least = s->n > 0 ? fmin(s->least, v) : v;
    s->most = s->n > 0 ? fmax(s->most, v) : v;
    s->sum += v;
    s->n++;
}

/* Differences from -most to most, about 0 in the mean: of a uniform draw, whose deviation is
 * most / sqrt(3). */
static void assert_uniform(const struct seen *s, double most)
{
    assert_true(s->least >= -most && s->least < -0.9 * most);
    assert_true(s->most <= most && s->most > 0.9 * most);
    assert_true(fabs(s->sum / s->n) < 5 * (most + 0.5) / sqrt(3 * s->n));
}

static void walk__nothing_asked_for__leaves_all_as_it_is(void **state)
{
    const struct snn_choice c = with(EVENTS_DURATION, 0), shifted = with(EVENTS_TIME_SHIFT, 500);
    const struct snn_events e = some_events();
    uint64_t t[EVENTS];
    uint32_t u[EVENTS];
    struct snn_event_walk w;

    (void)state;
    assert_int_equal(walk(&c, 1, t, u), EVENTS);
    for (size_t i = 0; i < EVENTS; i++)
        assert_true(t[i] == times[i] && u[i] == units[i]);
    snn_walk_begin(&w, &e, UNITS, &shifted, NULL); /* evaluation */
    assert_int_equal(gather(&w, t, u), EVENTS);
    for (size_t i = 0; i < EVENTS; i++)
        assert_true(t[i] == times[i] && u[i] == units[i]);
}

static void walk__time_shift__moves_a_sample_as_a_whole(void **state)
{
    const struct snn_choice c = with(EVENTS_TIME_SHIFT, 500);
    uint64_t t[EVENTS];
    uint32_t u[EVENTS];
    struct seen moved = {0};

    (void)state;
    for (uint32_t s = 0; s < SAMPLES; s++) {
        assert_int_equal(walk(&c, s, t, u), EVENTS);
        look(&moved, (double)t[0] - times[0]);
        for (size_t i = 0; i < EVENTS; i++)
            assert_true(t[i] - t[0] == times[i] - times[0] && u[i] == units[i]);
    }
    assert_uniform(&moved, 500);
}

static void walk__unit_shift__moves_a_sample_as_a_whole(void **state)
{
    const struct snn_choice c = with(EVENTS_UNIT_SHIFT, 10);
    uint64_t t[EVENTS];
    uint32_t u[EVENTS];
    struct seen moved = {0};

    (void)state;
    for (uint32_t s = 0; s < SAMPLES; s++) {
        assert_int_equal(walk(&c, s, t, u), EVENTS);
        look(&moved, (double)u[0] - units[0]);
        for (size_t i = 0; i < EVENTS; i++)
            assert_true(t[i] == times[i] && (double)u[i] - units[i] == (double)u[0] - units[0]);
    }
    assert_uniform(&moved, 10);
}

static void walk__time_scale__multiplies_by_one_factor(void **state)
{
    const struct snn_choice c = with(EVENTS_TIME_SCALE, 0.25);
    uint64_t t[EVENTS];
    uint32_t u[EVENTS];
    struct seen factor = {0};

    (void)state;
    for (uint32_t s = 0; s < SAMPLES; s++) {
        assert_int_equal(walk(&c, s, t, u), EVENTS);
        for (size_t i = 1; i < EVENTS; i++)
            assert_near((double)t[i] / times[i], (double)t[0] / times[0], 1.0 / times[0]);
        look(&factor, (double)t[0] / times[0] - 1);
    }
    assert_uniform(&factor, 0.25);
}

static void walk__jitters__move_each_event_alone(void **state)
{
    const struct snn_choice by_time = with(EVENTS_TIME_JITTER, 300);
    const struct snn_choice by_unit = with(EVENTS_UNIT_JITTER, 4);
    uint64_t t[EVENTS];
    uint32_t u[EVENTS];
    struct seen time = {0}, unit = {0};

    (void)state;
    for (uint32_t s = 0; s < SAMPLES; s++) {
        assert_int_equal(walk(&by_time, s, t, u), EVENTS);
        for (size_t i = 0; i < EVENTS; i++) {
            look(&time, (double)t[i] - times[i]);
            assert_int_equal(u[i], units[i]);
        }
        assert_int_equal(walk(&by_unit, s, t, u), EVENTS);
        for (size_t i = 0; i < EVENTS; i++) {
            look(&unit, (double)u[i] - units[i]);
            assert_int_equal(t[i], times[i]);
        }
    }
    assert_uniform(&time, 300);
    assert_uniform(&unit, 4);
}

static void walk__drop__leaves_out_a_share(void **state)
{
    const struct snn_choice c = with(EVENTS_DROP, 0.3);
    uint64_t t[EVENTS];
    uint32_t u[EVENTS];
    double left = 0;

    (void)state;
    for (uint32_t s = 0; s < SAMPLES; s++)
        left += (double)walk(&c, s, t, u);
    assert_true(fabs(left / (SAMPLES * EVENTS) - 0.7) < 5 * sqrt(0.21 / (SAMPLES * EVENTS)));
}

static void walk__what_leaves_the_sample__is_left_out(void **state)
{
    const struct snn_choice far = with(EVENTS_TIME_SHIFT, 4294967295),
                            wide = with(EVENTS_UNIT_SHIFT, 65535);
    uint64_t t[EVENTS];
    uint32_t u[EVENTS];
    size_t left = 0;

    (void)state;
    for (uint32_t s = 0; s < SAMPLES; s++)
        left += walk(&far, s, t, u) + walk(&wide, s, t, u); /* all that is left is within */
    assert_true(left < SAMPLES * EVENTS / 50);
}

/* Later events are left out wherever they are, and what is left are whole parts of the list. */
static void walk__duration__leaves_out_what_is_later(void **state)
{
    uint64_t t[EVENTS];
    uint32_t u[EVENTS];

    (void)state;
    for (size_t i = 0; i <= EVENTS; i += 10) {
        const struct snn_choice c = with(EVENTS_DURATION, (double)(4000 + 17 * i));
        const struct snn_events e = some_events();
        struct snn_event_walk w;

        snn_walk_begin(&w, &e, UNITS, &c, NULL);
        assert_int_equal(gather(&w, t, u), i);
        for (size_t k = 0; k < i; k++)
            assert_true(t[k] == times[k] && u[k] == units[k]);
        for (size_t k = 0; k < EVENTS; k++)
            times[k] = k % 3 == 0 ? DURATION - 1 : times[k]; /* in no order */
        snn_walk_begin(&w, &e, UNITS, &c, NULL);
        assert_int_equal(gather(&w, t, u), i - (i + 2) / 3);
    }
}

/* The draws are the sample's in that epoch, and nothing else: also the second time. */
static void walk__keys__decide(void **state)
{
    const struct snn_events e = some_events();
    struct snn_choice c = with(EVENTS_TIME_JITTER, 1000);
    struct snn_rng_key key = {.seed = 1, .epoch = 1, .sample = 1};
    struct snn_event_walk a, b;
    uint64_t t[2][EVENTS];
    uint32_t u[2][EVENTS];

    (void)state;
    c.value[EVENTS_DROP] = 0.1;
    for (size_t other = 0; other < 4; other++) {
        size_t differ = 0;

        snn_walk_begin(&a, &e, UNITS, &c, &key);
        (void)gather(&a, t[0], u[0]);
        key.seed += other == 1;
        key.epoch += other == 2;
        key.sample += other == 3;
        key.stream = SNN_STREAM_ENCODE; /* whatever it was */
        snn_walk_begin(&b, &e, 2 * UNITS, &c, &key);
        const size_t of_a = gather(&a, t[0], u[0]), of_b = gather(&b, t[1], u[1]);
        for (size_t i = 0; i < of_a && i < of_b; i++)
            differ += t[0][i] != t[1][i];
        assert_true(other ? differ > 50 : differ == 0 && of_a == of_b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk__nothing_asked_for__leaves_all_as_it_is),
        cmocka_unit_test(walk__time_shift__moves_a_sample_as_a_whole),
        cmocka_unit_test(walk__unit_shift__moves_a_sample_as_a_whole),
        cmocka_unit_test(walk__time_scale__multiplies_by_one_factor),
        cmocka_unit_test(walk__jitters__move_each_event_alone),
        cmocka_unit_test(walk__drop__leaves_out_a_share),
        cmocka_unit_test(walk__what_leaves_the_sample__is_left_out),
        cmocka_unit_test(walk__duration__leaves_out_what_is_later),
        cmocka_unit_test(walk__keys__decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
