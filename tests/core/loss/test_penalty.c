/* SPDX-License-Identifier: MIT */
#include "core/loss/penalty.h"

#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

#define T 4
#define N 3

#define IS_DOUBLE (sizeof(real) == sizeof(double))

/* Rates 1, 1/4 and 1/2. */
static const real spikes[T * N] = {
    1, 0, 1, /**/
    1, 0, 0, /**/
    1, 1, 0, /**/
    1, 0, 1,
};

static double add(real *g, const real *s, double scale, const struct snn_penalty *p)
{
    real scratch[N];

    memset(scratch, 0xff, sizeof scratch);
    return snn_penalty_add(g, s, T, N, scratch, scale, p);
}

/* Above: (1 - 1/2)^2 of the first; below: nothing; over three neurons. */
static void penalty__known_rates__has_the_known_value(void **state)
{
    static const struct {
        struct snn_penalty p;
        double value;
    } rows[] = {
        {{1, 0, 1}, 0},
        {{1, 0, 0.5}, 0.25 / 3},
        {{6, 0, 0.5}, 0.5},
        {{1, 0.5, 1}, 0.0625 / 3},
        {{2, 0.75, 0.75}, 2 * (0.0625 + 0.25 + 0.0625) / 3},
        {{3, 0, 0}, 1 + 0.0625 + 0.25},
        {{3, 1, 1}, 0.5625 + 0.25},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        real g[T * N] = {0};
        assert_near(add(g, spikes, 1, &rows[i].p), rows[i].value, 1e-15);
    }
}

/* 2 strength/n (rate - above)/T on each step of the neuron that fires too much, on top of what is
 * there; `scale` is in the gradient alone. */
static void penalty__gradient__is_added_to_every_step_of_the_neuron(void **state)
{
    const struct snn_penalty p = {12, 0.5, 0.75};
    real g[T * N];

    (void)state;
    for (size_t i = 0; i < T * N; i++)
        g[i] = (real)i;
    assert_near(add(g, spikes, 0.5, &p), 12.0 / 3 * (0.0625 + 0.0625), 1e-15);
    for (size_t t = 0; t < T; t++) {
        assert_near(g[t * N], (double)(t * N) + 0.25, 0);
        assert_near(g[t * N + 1], (double)(t * N + 1) - 0.25, 0);
        assert_near(g[t * N + 2], (double)(t * N + 2), 0);
    }
}

static void penalty__gradient__is_the_central_difference(void **state)
{
    const struct snn_penalty p = {0.7, 0.4, 0.6};
    const double h = 1.0 / 64;
    real s[T * N], g[T * N] = {0}, none[T * N];

    (void)state;
    for (size_t i = 0; i < T * N; i++)
        s[i] = (real)(0.1 + 0.07 * (double)(i * i % 11)); /* soft spikes, no rate at a bound */
    (void)add(g, s, 0.25, &p);
    for (size_t i = 0; i < T * N; i++) {
        const real centre = s[i];
        s[i] = centre + (real)h;
        const double up = (double)s[i], high = add(none, s, 1, &p);
        s[i] = centre - (real)h;
        const double down = (double)s[i], low = add(none, s, 1, &p);
        s[i] = centre;
        assert_near(g[i], 0.25 * (high - low) / (up - down), IS_DOUBLE ? 1e-15 : 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(penalty__known_rates__has_the_known_value),
        cmocka_unit_test(penalty__gradient__is_added_to_every_step_of_the_neuron),
        cmocka_unit_test(penalty__gradient__is_the_central_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
