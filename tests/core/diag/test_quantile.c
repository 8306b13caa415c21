/* SPDX-License-Identifier: MIT */
#include "core/diag/quantile.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/rng.h"
#include "tests/support/test.h"

#define N 20001

static int ascending(const void *a, const void *b)
{
    const real x = *(const real *)a, y = *(const real *)b;
    return (x > y) - (x < y);
}

static int ascending_magnitude(const void *a, const void *b)
{
    const real x = (real)fabs((double)*(const real *)a), y = (real)fabs((double)*(const real *)b);
    return (x > y) - (x < y);
}

static struct snn_histogram histogram_of(const real *values, size_t n)
{
    struct snn_histogram h;

    snn_histogram_clear(&h);
    snn_histogram_add(&h, values, n);
    return h;
}

/* Found and sorted values are in the same bin of the histogram. */
static void check_bin(double found, double want)
{
    for (size_t i = 0; i < SNN_HIST_BINS; i++) {
        double left, right;

        snn_histogram_edges(i, &left, &right);
        if (want < left || want > right)
            continue;
        if (found < left || found > right)
            fail_msg("the quantile is %g, want it between %g and %g as %g is", found, left, right,
                     want);
        return;
    }
    fail_msg("%g is in no bin", want);
}

static void quantile__many_values__is_in_the_bin_of_the_sorted_one(void **state)
{
    static real v[N];
    const struct snn_rng_key key = {.seed = 7};

    (void)state;
    snn_rng_logistic(v, N, &key);
    for (size_t i = 0; i < N; i++)
        v[i] = v[i] / 4 - (real)0.3;
    const struct snn_histogram h = histogram_of(v, N);
    qsort(v, N, sizeof *v, ascending);
    for (size_t i = 0; i < SNN_QUANTILES; i++) {
        const double share = snn_quantile_share[i];
        check_bin(snn_histogram_quantile(&h, share), (double)v[(size_t)(share * (N - 1))]);
    }
    assert_near(snn_histogram_quantile(&h, 0), h.min, 0);
    assert_near(snn_histogram_quantile(&h, 1), h.max, 0);
    qsort(v, N, sizeof *v, ascending_magnitude);
    for (size_t i = 0; i < SNN_DISTANCES; i++) {
        const double share = snn_distance_share[i];
        check_bin(snn_histogram_distance(&h, share), fabs((double)v[(size_t)(share * (N - 1))]));
    }
}

/* 2 to 4 in equal steps are spread evenly in their bin, as the quantile takes it. */
static void quantile__values_spread_evenly_in_a_bin__is_exact(void **state)
{
    static real v[N];

    (void)state;
    for (size_t i = 0; i < N; i++)
        v[i] = (real)(2 + 1.999 * (double)i / (N - 1));
    const struct snn_histogram h = histogram_of(v, N);
    assert_near(snn_histogram_quantile(&h, 0.25), 2 + 1.999 / 4, 1e-3);
    assert_near(snn_histogram_distance(&h, 0.75), 2 + 1.999 * 3 / 4, 1e-3);
}

static void quantile__zeros_and_what_is_not_finite__count_and_do_not(void **state)
{
    const real v[] = {0, 0, 0, -1, 1, (real)NAN, (real)INFINITY};
    const struct snn_histogram h = histogram_of(v, 7);

    (void)state;
    assert_near(snn_histogram_quantile(&h, 0.5), 0, 0);
    assert_near(snn_histogram_quantile(&h, 0.1), -1, 0);
    assert_near(snn_histogram_quantile(&h, 0.9), 1, 0);
    assert_near(snn_histogram_distance(&h, 0.5), 0, 0);
    assert_near(snn_histogram_distance(&h, 0.9), 1, 0);
}

static void quantile__of_nothing__is_not_known(void **state)
{
    const real v[] = {(real)NAN};
    const struct snn_histogram none = histogram_of(NULL, 0), h = histogram_of(v, 1);

    (void)state;
    assert_true(isnan(snn_histogram_quantile(&none, 0.5)));
    assert_true(isnan(snn_histogram_distance(&h, 0.5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantile__many_values__is_in_the_bin_of_the_sorted_one),
        cmocka_unit_test(quantile__values_spread_evenly_in_a_bin__is_exact),
        cmocka_unit_test(quantile__zeros_and_what_is_not_finite__count_and_do_not),
        cmocka_unit_test(quantile__of_nothing__is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
