/* SPDX-License-Identifier: MIT */
/* What a diagnostic step sums up. */
#include "core/diag/gather.h"

#include <math.h>
#include <string.h>

#include "core/math/vec.h"
#include "tests/support/test.h"

enum { MOST = 5000 };

/* With zeros, both signs, and magnitudes 20 orders apart. */
static void fill(real *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] = (real)((double)((i * 7919) % 1009) / 504.5 - 1) * (i % 5 ? 1 : (real)1e-10) *
               (i % 11 ? 1 : 0);
}

static const size_t sizes[] = {0, 1, 7, 8, 9, 31, 33, 1000, MOST};
#define SIZES (sizeof sizes / sizeof *sizes)

static void energy__any_size__is_the_sum_of_squares(void **state)
{
    static real a[MOST];

    (void)state;
    fill(a, MOST);
    for (size_t k = 0; k < SIZES; k++) {
        double want = 0;

        for (size_t i = 0; i < sizes[k]; i++)
            want += (double)a[i] * (double)a[i];
        assert_true(fabs(snn_sum_squares(a, sizes[k]) - want) <= 1e-13 * want);
    }
    a[3] = (real)NAN;
    assert_true(isnan(snn_sum_squares(a, 7)));
}

static void counts__any_size__are_those_of_a_plain_loop(void **state)
{
    static real a[MOST];
    static uint64_t count[MOST + 1];

    (void)state;
    fill(a, MOST);
    for (size_t k = 0; k < SIZES; k++) {
        size_t want = 0;

        for (size_t i = 0; i < sizes[k]; i++)
            want += a[i] >= (real)0.25;
        assert_int_equal(snn_count_from(a, (real)0.25, sizes[k]), want);
        memset(count, 0, sizeof count);
        snn_count_spikes(count, a, sizes[k]);
        snn_count_spikes(count, a, sizes[k]);
        for (size_t i = 0; i <= MOST; i++)
            assert_int_equal(count[i], i < sizes[k] && a[i] >= (real)0.5 ? 2 : 0);
    }
    a[2] = (real)NAN; /* not at least anything */
    assert_int_equal(snn_count_from(a + 2, -10, 1), 0);
}

/* The tables count in 16 bits: chunks of one value have to fit. */
static void histogram__many_of_one_value__are_all_counted(void **state)
{
    static real a[200000];
    static struct snn_histogram h;

    (void)state;
    for (size_t i = 0; i < 200000; i++)
        a[i] = (real)-0.75;
    snn_histogram_clear(&h);
    snn_histogram_add(&h, a, 200000);
    for (size_t i = 0; i < SNN_HIST_BINS; i++) {
        double left, right;

        snn_histogram_edges(i, &left, &right);
        assert_int_equal(h.bins[i], left < -0.75 && right > -0.75 ? 200000 : 0);
    }
    assert_true(h.sum == -150000 && h.sum_squares == 112500 && h.min == -0.75 && h.max == -0.75);
}

static void sums__instruction_sets__have_the_same_bits(void **state)
{
    static real a[MOST];
    static struct snn_histogram first, other;
    const char *best = snn_isa();
    double energy = 0;

    (void)state;
    fill(a, MOST);
    memset(&first, 0, sizeof first);
    memset(&other, 0, sizeof other);
    for (size_t i = 0; snn_isa_at(i); i++) {
        struct snn_histogram *h = i ? &other : &first;

        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        snn_histogram_clear(h);
        snn_histogram_add(h, a, MOST);
        if (i == 0)
            energy = snn_sum_squares(a, MOST);
        assert_true(snn_sum_squares(a, MOST) == energy);
        assert_memory_equal(h, &first, sizeof first);
    }
    assert_int_equal(snn_isa_select(best, NULL), SNN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy__any_size__is_the_sum_of_squares),
        cmocka_unit_test(counts__any_size__are_those_of_a_plain_loop),
        cmocka_unit_test(histogram__many_of_one_value__are_all_counted),
        cmocka_unit_test(sums__instruction_sets__have_the_same_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
