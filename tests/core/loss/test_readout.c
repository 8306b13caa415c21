/* SPDX-License-Identifier: MIT */
#include "core/loss/readout.h"

#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

#define T 4
#define C 3

/* The second class has its maximum twice. */
static const real course[T * C] = {
    0.5, 1,   -3, /**/
    1.5, 4,   -1, /**/
    -2,  4,   -2, /**/
    1,   0.5, -7,
};

struct expected {
    const char *name;
    bool membrane;
    double logits[C];
    double share[T * C]; /* d logits[c] / d y[t, c] */
};

#define EVEN(x) x, x, x, x, x, x, x, x, x, x, x, x

static const struct expected rows[] = {
    {"spike_mean", false, {0.25, 2.375, -3.25}, {EVEN(0.25)}},
    {"spike_count", false, {1, 9.5, -13}, {EVEN(1)}},
    {"membrane_mean", true, {0.25, 2.375, -3.25}, {EVEN(0.25)}},
    {"membrane_max", true, {1.5, 4, -1}, {0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0}},
    {"membrane_last", true, {1, 0.5, -7}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}},
};

static const struct snn_readout *readout(const char *name)
{
    const struct snn_kind *kind = snn_registry_find(&snn_readouts, name);

    assert_non_null(kind);
    struct snn_choice c = snn_choice_of(kind);
    return snn_readout_of(&c);
}

static void table__every_row__has_an_expected_course(void **state)
{
    (void)state;
    assert_int_equal(snn_readouts.count, SNN_COUNT(rows));
    for (size_t i = 0; i < SNN_COUNT(rows); i++)
        assert_int_equal(readout(rows[i].name)->reads_membrane, rows[i].membrane);
}

static void forward__known_course__gives_the_known_logits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        real logits[C];
        readout(rows[i].name)->forward(logits, course, T, C);
        for (size_t c = 0; c < C; c++)
            assert_near(logits[c], rows[i].logits[c], 0);
    }
}

static void backward__known_course__overwrites_with_each_steps_share(void **state)
{
    const real dlogits[C] = {2, -1, 8};

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        real dy[T * C];
        memset(dy, 0xff, sizeof dy); /* NaN: what is left of it shows */
        readout(rows[i].name)->backward(dy, dlogits, course, T, C);
        for (size_t j = 0; j < T * C; j++)
            assert_near(dy[j], rows[i].share[j] * (double)dlogits[j % C], 0);
    }
}

/* Away from the tie all readouts are linear near the course, so a difference is exact. */
static void backward__every_input__is_the_central_difference(void **state)
{
    const real dlogits[C] = {1, -0.5, 4}, h = 0.125;

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        const struct snn_readout *r = readout(rows[i].name);
        real y[T * C], dy[T * C], high[C], low[C];

        memcpy(y, course, sizeof y);
        y[2 * C + 1] = 3;
        r->backward(dy, dlogits, y, T, C);
        for (size_t j = 0; j < T * C; j++) {
            real centre = y[j];
            double slope = 0;

            y[j] = centre + h;
            r->forward(high, y, T, C);
            y[j] = centre - h;
            r->forward(low, y, T, C);
            y[j] = centre;
            for (size_t c = 0; c < C; c++)
                slope += (double)(dlogits[c] * (high[c] - low[c]) / (2 * h));
            assert_near(dy[j], slope, 0);
        }
    }
}

static void forward__one_step__is_that_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        real logits[C];
        readout(rows[i].name)->forward(logits, course, 1, C);
        assert_memory_equal(logits, course, sizeof logits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table__every_row__has_an_expected_course),
        cmocka_unit_test(forward__known_course__gives_the_known_logits),
        cmocka_unit_test(backward__known_course__overwrites_with_each_steps_share),
        cmocka_unit_test(backward__every_input__is_the_central_difference),
        cmocka_unit_test(forward__one_step__is_that_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
