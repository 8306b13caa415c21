/* SPDX-License-Identifier: MIT */
#include "core/encode/encode.h"

#include <string.h>

#include "core/base/param.h"
#include "core/base/rng.h"
#include "core/data/data.h"
#include "core/math/spikes.h"
#include "tests/support/test.h"

static struct snn_choice choose(void)
{
    return snn_choice_of(snn_registry_find(&snn_encoders, "events"));
}

static const uint32_t event_times[] = {0, 24, 25, 26, 99, 99, 50, 25};
static const uint16_t event_units[] = {1, 0, 2, 2, 0, 2, 1, 2};

static struct snn_events some_events(uint64_t duration)
{
    return (struct snn_events){
        .times = event_times, .units = event_units, .n = 8, .duration = duration};
}

static void events__each__is_a_spike_in_the_step_of_its_time(void **state)
{
    static const real want[4 * 3] = {1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1};
    const struct snn_events e = some_events(100);
    real out[4 * 3 + 1];
    struct snn_choice c = choose();

    (void)state;
    memset(out, 0xff, sizeof out);
    out[12] = 7;
    snn_encoder_of(&c)->encode_events(out, &e, 3, snn_all_steps(4), &c, NULL);
    assert_memory_equal(out, want, sizeof want);
    assert_near(out[12], 7, 0);
}

static void events__duration__divides_the_steps_and_leaves_out_what_is_later(void **state)
{
    static const real want[2 * 3] = {1, 1, 0, 0, 0, 1};
    const struct snn_events e = some_events(100);
    real out[2 * 3];
    struct snn_choice c = choose();

    (void)state;
    assert_string_equal(c.kind->params[0].name, "duration");
    c.value[0] = 50; /* 0 to 24, 25 to 49 */
    snn_encoder_of(&c)->encode_events(out, &e, 3, snn_all_steps(2), &c, NULL);
    assert_memory_equal(out, want, sizeof want);
}

static void events__longest_times__are_in_the_last_step(void **state)
{
    const uint32_t time = UINT32_MAX;
    const uint16_t unit = 0;
    const struct snn_events e = {&time, &unit, 1, (uint64_t)UINT32_MAX + 1}, none = {.duration = 1};
    static real out[100000];
    struct snn_choice c = choose();

    (void)state;
    snn_encoder_of(&c)->encode_events(out, &e, 1, snn_all_steps(100000), &c, NULL);
    assert_near(out[99999], 1, 0);
    snn_encoder_of(&c)->encode_events(out, &none, 1, snn_all_steps(100000), &c, NULL);
    assert_near(out[99999], 0, 0);
}

enum { LISTED = 40, LIST_UNITS = 5 };

/* In how many steps the array has ended. */
static size_t last_step(const real *dense, size_t time_steps)
{
    size_t n = time_steps * LIST_UNITS;

    while (n > 0 && dense[n - 1] == 0)
        n--;
    return n ? (n + LIST_UNITS - 1) / LIST_UNITS : 1;
}

/* Events that are not changed are in their row in the order of the list, each unit once. */
static void check_order(const struct snn_events *e, size_t time_steps, uint64_t duration,
                        const uint32_t *start, const uint32_t *index)
{
    for (size_t t = 0; t < time_steps; t++) {
        uint32_t end = start[t];

        for (size_t i = 0; i < e->n; i++) {
            uint32_t k = start[t];

            if (e->times[i] >= duration || e->times[i] * time_steps / duration != t)
                continue;
            while (k < end && index[k] != e->units[i])
                k++;
            assert_int_equal(index[k], e->units[i]);
            end = k < end ? end : k + 1;
        }
        assert_int_equal(start[t + 1], end);
    }
}

/* The lists say what the array says. */
static void check_lists(const struct snn_events *e, size_t time_steps, const struct snn_choice *c,
                        const struct snn_rng_key *key)
{
    static real dense[64 * LIST_UNITS], listed[64 * LIST_UNITS];
    uint32_t start[70] = {0, 3, 3}, index[3 + LISTED] = {0}, last[LIST_UNITS];
    struct snn_sparse to = {.start = start, .index = index, .rows = 2}; /* two rows are there */
    const struct snn_encoder *encoder = snn_encoder_of(c);
    real size = 0;

    const size_t steps =
        encoder->encode_events(dense, e, LIST_UNITS, snn_all_steps(time_steps), c, key);
    assert_int_equal(steps, last_step(dense, time_steps));
    assert_int_equal(encoder->list_events(&to, &size, e, LIST_UNITS, time_steps, c, key, last),
                     steps);
    assert_int_equal(to.rows, 2 + time_steps);
    assert_int_equal(start[2], 3);
    memset(listed, 0, sizeof listed);
    for (size_t t = 0; t < time_steps; t++)
        for (uint32_t k = start[2 + t]; k < start[3 + t]; k++)
            listed[t * LIST_UNITS + index[k]] += size;
    assert_memory_equal(listed, dense, time_steps * LIST_UNITS * sizeof *dense);
    if (!key)
        check_order(e, time_steps, c->value[0] > 0 ? (uint64_t)c->value[0] : e->duration, start + 2,
                    index);
}

static void check_all_lists(const struct snn_events *e)
{
    const struct snn_rng_key key = {.seed = 3, .epoch = 2};

    for (size_t time_steps = 1; time_steps <= 64; time_steps++)
        for (size_t i = 0; i < 6; i++) {
            struct snn_choice c = choose();
            struct snn_rng_key of_sample = key;

            c.value[0] = i % 3 == 0 ? 0 : i % 3 == 1 ? 50 : 1000;
            c.value[1] = i % 3 == 2 ? 2.5 : 1;
            of_sample.sample = (uint32_t)time_steps;
            for (size_t k = 2; k < 8; k++) /* shifts, scale, jitters, drop */
                c.value[k] = k == 3 || k == 7 ? 0.3 : k < 5 ? 20 : 1;
            check_lists(e, time_steps, &c, i < 3 ? NULL : &of_sample);
        }
}

static void events__as_lists__are_those_of_the_array(void **state)
{
    uint32_t times[LISTED];
    uint16_t units[LISTED];
    const struct snn_events e = {times, units, LISTED, 131};
    const struct snn_choice c = choose();

    (void)state;
    for (size_t i = 0; i < LISTED; i++) { /* ascending, some at once, some gaps */
        times[i] = (uint32_t)(i * i / 13 + i / 4);
        units[i] = (uint16_t)(i * 7 % LIST_UNITS);
    }
    check_all_lists(&e);
    for (size_t i = 0; i < LISTED; i++) /* in no order */
        times[i] = (uint32_t)(i * 37 % 131);
    check_all_lists(&e);
    check_lists(&(struct snn_events){.duration = 9}, 7, &c, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events__each__is_a_spike_in_the_step_of_its_time),
        cmocka_unit_test(events__duration__divides_the_steps_and_leaves_out_what_is_later),
        cmocka_unit_test(events__as_lists__are_those_of_the_array),
        cmocka_unit_test(events__longest_times__are_in_the_last_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
