/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/snn.h"
#include "tests/support/test.h"

#define IS_DOUBLE (sizeof(real) == sizeof(double))
#define SMALLEST (SNN_HIST_SIDE)    /* (0, 2^-40) */
#define LARGEST (SNN_HIST_BINS - 1) /* 2^10 and above */
#define MIRROR(bin) (SNN_HIST_BINS - 1 - (bin))

static struct snn_histogram histogram_of(const real *values, size_t n)
{
    struct snn_histogram h;

    snn_histogram_clear(&h);
    snn_histogram_add(&h, values, n);
    return h;
}

static uint64_t total(const struct snn_histogram *h)
{
    uint64_t sum = h->zeros + h->nan + h->inf;

    for (size_t i = 0; i < SNN_HIST_BINS; i++)
        sum += h->bins[i];
    return sum;
}

/* The only bin that is not empty. */
static size_t bin_of(double value)
{
    real v = (real)value;
    struct snn_histogram h = histogram_of(&v, 1);
    size_t at = SNN_HIST_BINS;

    assert_int_equal(total(&h), 1);
    for (size_t i = 0; i < SNN_HIST_BINS; i++)
        if (h.bins[i])
            at = i;
    assert_true(at < SNN_HIST_BINS);
    return at;
}

static void edges__all_bins__follow_each_other_from_end_to_end(void **state)
{
    double left, right, before = -HUGE_VAL;

    (void)state;
    for (size_t i = 0; i < SNN_HIST_BINS; i++) {
        snn_histogram_edges(i, &left, &right);
        assert_near(left, before, 0);
        assert_true(left < right);
        before = right;
    }
    assert_near(before, HUGE_VAL, 0);
    snn_histogram_edges(0, &left, &right);
    assert_near(right, -1024, 0);
    snn_histogram_edges(SMALLEST, &left, &right);
    assert_near(left, 0, 0);
    assert_near(right, 0x1p-40, 0);
    assert_false(signbit(left));
}

static void add__powers_of_two__open_the_bin_above_them(void **state)
{
    (void)state;
    for (int e = SNN_HIST_EXP_MIN; e <= SNN_HIST_EXP_MAX; e++) {
        size_t bin = SMALLEST + 1 + (size_t)(e - SNN_HIST_EXP_MIN);
        double left, right, low = ldexp(1, e), high = 2 * low;
        real last = (real)high; /* the largest number below the bin's end */

        last = IS_DOUBLE ? (real)nextafter(high, 0) : (real)nextafterf((float)high, 0);
        snn_histogram_edges(bin, &left, &right);
        assert_near(left, low, 0);
        assert_near(right, high, 0);
        assert_int_equal(bin_of(low), bin);
        assert_int_equal(bin_of(last), bin);
        assert_int_equal(bin_of(high), bin + 1);
        assert_int_equal(bin_of(-low), MIRROR(bin));
        assert_int_equal(bin_of(-(double)last), MIRROR(bin));
    }
}

static void add__beyond_the_exponents__goes_to_the_ends(void **state)
{
    (void)state;
    assert_int_equal(bin_of(1024), LARGEST);
    assert_int_equal(bin_of(FLT_MAX), LARGEST);
    assert_int_equal(bin_of(-1024), 0);
    assert_int_equal(bin_of(-FLT_MAX), 0);
    assert_int_equal(bin_of(0x1p-41), SMALLEST);
    assert_int_equal(bin_of(FLT_MIN), SMALLEST);
    assert_int_equal(bin_of(FLT_TRUE_MIN), SMALLEST); /* subnormal */
    assert_int_equal(bin_of(-FLT_TRUE_MIN), SMALLEST - 1);
    assert_int_equal(bin_of(-0x1p-41), SMALLEST - 1);
    if (IS_DOUBLE) {
        assert_int_equal(bin_of(DBL_MAX), LARGEST);
        assert_int_equal(bin_of(DBL_TRUE_MIN), SMALLEST);
    }
}

static void add__not_finite_or_zero__is_counted_apart(void **state)
{
    const real values[] = {
        0,  (real)-0.0, (real)NAN, (real)-NAN, (real)HUGE_VAL, (real)-HUGE_VAL, (real)HUGE_VAL,
        -3, 2};
    struct snn_histogram h = histogram_of(values, 9);

    (void)state;
    assert_int_equal(h.count, 9);
    assert_int_equal(h.zeros, 2);
    assert_int_equal(h.nan, 2);
    assert_int_equal(h.inf, 3);
    assert_int_equal(total(&h), 9);
    assert_near(h.min, -3, 0);
    assert_near(h.max, 2, 0);
    assert_near(h.sum, -1, 0);
    assert_near(h.sum_squares, 13, 0);
}

static void clear__fresh__has_no_extremes_and_keeps_its_name(void **state)
{
    struct snn_histogram h;

    (void)state;
    memset(&h, 0xff, sizeof h);
    (void)snprintf(h.name, sizeof h.name, "gradients/layer1.weight");
    snn_histogram_clear(&h);
    assert_string_equal(h.name, "gradients/layer1.weight");
    assert_true(h.min > h.max);
    assert_int_equal(h.count, 0);
    assert_int_equal(total(&h), 0);
    snn_histogram_add(&h, NULL, 0);
    assert_true(h.min > h.max);
    const real nan = (real)NAN;
    snn_histogram_add(&h, &nan, 1);
    assert_true(h.min > h.max); /* nothing finite yet */
}

#define MANY 5003

/* Values of every magnitude and both signs, now and then a zero, an infinity or a NaN. */
static void fill(real *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double v = ldexp(sin((double)i), (int)(i % 60) - 48);
        v = i % 13 == 0 ? 0 : v;
        v = i % 101 == 0 ? HUGE_VAL : v;
        values[i] = (real)(i % 103 == 0 ? (double)NAN : v);
    }
}

/* One value at a time, by the edges alone. */
static void add__many_values__agree_with_the_edges(void **state)
{
    static real values[MANY];
    struct snn_histogram want;

    (void)state;
    fill(values, MANY);
    struct snn_histogram h = histogram_of(values, MANY);
    snn_histogram_clear(&want);
    for (size_t i = 0; i < MANY; i++) {
        double v = (double)values[i], left, right;

        want.zeros += v == 0;
        want.nan += isnan(v) ? 1 : 0;
        want.inf += isinf(v) ? 1 : 0;
        for (size_t b = 0; b < SNN_HIST_BINS && isfinite(v); b++) {
            snn_histogram_edges(b, &left, &right);
            /* below zero it is the left edge that belongs to the bin above in magnitude */
            want.bins[b] += v > 0 ? v >= left && v < right : v > left && v <= right && v < 0;
        }
        if (!isfinite(v))
            continue;
        want.sum += v;
        want.sum_squares += v * v;
        want.min = fmin(want.min, v);
        want.max = fmax(want.max, v);
    }
    assert_memory_equal(h.bins, want.bins, sizeof h.bins);
    assert_int_equal(h.zeros, want.zeros);
    assert_int_equal(h.nan, want.nan);
    assert_int_equal(h.inf, want.inf);
    assert_int_equal(total(&h), MANY);
    assert_near(h.min, want.min, 0);
    assert_near(h.max, want.max, 0);
    assert_near(h.sum, want.sum, 1e-12 * want.sum_squares);
    assert_near(h.sum_squares, want.sum_squares, 1e-12 * want.sum_squares);
}

static void merge__any_split__counts_as_the_whole(void **state)
{
    static real values[MANY];

    (void)state;
    fill(values, MANY);
    struct snn_histogram whole = histogram_of(values, MANY);
    for (size_t cut = 0; cut <= MANY; cut += 1667) {
        struct snn_histogram a = histogram_of(values, cut);
        struct snn_histogram b = histogram_of(values + cut, MANY - cut);

        snn_histogram_merge(&a, &b);
        assert_memory_equal(a.bins, whole.bins, sizeof a.bins);
        assert_int_equal(a.count, MANY);
        assert_int_equal(total(&a), MANY);
        assert_int_equal(a.nan, whole.nan);
        assert_near(a.min, whole.min, 0);
        assert_near(a.max, whole.max, 0);
        assert_near(a.sum, whole.sum, 1e-12 * whole.sum_squares);
        assert_near(a.sum_squares, whole.sum_squares, 1e-12 * whole.sum_squares);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges__all_bins__follow_each_other_from_end_to_end),
        cmocka_unit_test(add__powers_of_two__open_the_bin_above_them),
        cmocka_unit_test(add__beyond_the_exponents__goes_to_the_ends),
        cmocka_unit_test(add__not_finite_or_zero__is_counted_apart),
        cmocka_unit_test(clear__fresh__has_no_extremes_and_keeps_its_name),
        cmocka_unit_test(add__many_values__agree_with_the_edges),
        cmocka_unit_test(merge__any_split__counts_as_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
