/* SPDX-License-Identifier: MIT */
/* The derivative of ln Gamma. */
#include <math.h>

#include "core/base/param.h"
#include "core/neuron/solver.h"
#include "tests/support/test.h"

static void digamma__known_values__are_met(void **state)
{
    static const double rows[][2] = {
        {0.001, -1000.5755719318103},   {0.1, -10.423754940411076}, {0.25, -4.2274535333762654},
        {1.0 / 3, -3.1320337800208065}, {0.5, -1.9635100260214235}, {1, -0.57721566490153286},
        {1.5, 0.03648997397857652},     {2, 0.42278433509846714},   {10, 2.2517525890667211},
        {100, 4.6001618527380874},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++)
        assert_near(snn_digamma(rows[i][0]), rows[i][1], 1e-13 * fmax(1, fabs(rows[i][1])));
}

/* psi(1 - x) - psi(x) = pi cot(pi x) */
static void digamma__reflected__differs_by_the_cotangent(void **state)
{
    const double pi = acos(-1);

    (void)state;
    for (double x = 0.02; x < 0.5; x += 0.02) {
        const double want = pi / tan(pi * x);
        assert_near(snn_digamma(1 - x) - snn_digamma(x), want, 1e-13 * fmax(1, want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digamma__known_values__are_met),
        cmocka_unit_test(digamma__reflected__differs_by_the_cotangent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
