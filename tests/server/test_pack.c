/* SPDX-License-Identifier: MIT */
#include "server/pack.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The same bits, NaN's included. */
static void same_values(const double *got, const double *want, size_t n)
{
    assert_memory_equal(got, want, n * sizeof *want);
}

static void points__round_trip__keep_every_bit(void **state)
{
    const double numbers[] = {0.0,    -0.0, (double)NAN, (double)INFINITY, -(double)INFINITY,
                              1e-310, 0.1};
    const struct snn_point points[] = {
        {.name = "train_loss", .values = numbers + 2, .n = 1},
        {.name = "empty", .values = NULL, .n = 0},
        {.name = "gradient_norm_by_step/layer1", .values = numbers, .n = 7},
    };
    struct srv_bytes bytes = {0};
    struct srv_points got = {0};

    (void)state;
    srv_pack_points(&bytes, points, 3);
    assert_false(bytes.failed);
    for (int again = 0; again < 2; again++) { /* the room is used again */
        assert_int_equal(srv_unpack_points(&got, bytes.data, bytes.n, NULL), SNN_OK);
        assert_int_equal(got.n, 3);
        for (size_t i = 0; i < 3; i++) {
            assert_string_equal(got.points[i].name, points[i].name);
            assert_int_equal(got.points[i].n, points[i].n);
            if (points[i].n > 0)
                same_values(got.points[i].values, points[i].values, points[i].n);
        }
    }
    srv_points_free(&got);
    free(bytes.data);
}

/* The form is a promise to databases written before: its bytes are fixed. */
static void points__bytes__are_as_documented(void **state)
{
    const double one = 1.0;
    const struct snn_point point = {.name = "ab", .values = &one, .n = 1};
    const unsigned char want[] = {1, 1, 2, 'a', 'b', 1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f};
    struct srv_bytes bytes = {0};

    (void)state;
    srv_pack_points(&bytes, &point, 1);
    assert_int_equal(bytes.n, sizeof want);
    assert_memory_equal(bytes.data, want, sizeof want);
    free(bytes.data);
}

static struct snn_histogram sample(void)
{
    struct snn_histogram h = {.count = 1000000, .zeros = 128, .nan = 3, .inf = UINT64_MAX};

    h.min = -(double)INFINITY;
    h.max = (double)NAN;
    h.sum = -1.5;
    h.sum_squares = 1e300;
    h.bins[0] = 1;
    h.bins[50] = 127;
    h.bins[51] = 128;
    h.bins[SNN_HIST_BINS - 1] = UINT64_MAX;
    return h;
}

static void histogram__round_trip__keeps_every_bit(void **state)
{
    struct snn_histogram want = sample(), got;
    struct srv_bytes bytes = {0};

    (void)state;
    memset(&got, 0xee, sizeof got);
    srv_pack_histogram(&bytes, &want);
    assert_true(bytes.n < 100); /* sparse */
    assert_int_equal(srv_unpack_histogram(&got, bytes.data, bytes.n, NULL), SNN_OK);
    assert_int_equal(got.count, want.count);
    assert_int_equal(got.zeros, want.zeros);
    assert_int_equal(got.nan, want.nan);
    assert_true(got.inf == want.inf);
    same_values(&got.min, &want.min, 1);
    same_values(&got.max, &want.max, 1);
    same_values(&got.sum, &want.sum, 1);
    same_values(&got.sum_squares, &want.sum_squares, 1);
    assert_memory_equal(got.bins, want.bins, sizeof want.bins);
    free(bytes.data);
}

static void unpack__cut_short__is_refused_at_every_length(void **state)
{
    const double numbers[] = {1, 2};
    const struct snn_point point = {.name = "x", .values = numbers, .n = 2};
    struct snn_histogram h = sample();
    struct srv_bytes points = {0}, histogram = {0};
    struct srv_points got = {0};

    (void)state;
    srv_pack_points(&points, &point, 1);
    srv_pack_histogram(&histogram, &h);
    for (size_t n = 0; n < points.n; n++)
        assert_int_equal(srv_unpack_points(&got, points.data, n, NULL), SNN_FORMAT);
    for (size_t n = 0; n < histogram.n; n++)
        assert_int_equal(srv_unpack_histogram(&h, histogram.data, n, NULL), SNN_FORMAT);
    srv_points_free(&got);
    free(points.data);
    free(histogram.data);
}

/* Whatever the bytes: an answer, and (with a sanitizer) no read or write outside. */
static void unpack__any_byte_changed__is_survived(void **state)
{
    const double numbers[] = {1, 2};
    const struct snn_point point = {.name = "name", .values = numbers, .n = 2};
    struct snn_histogram h = sample();
    struct srv_bytes points = {0}, histogram = {0};
    struct srv_points got = {0};
    size_t refused = 0;

    (void)state;
    srv_pack_points(&points, &point, 1);
    srv_pack_histogram(&histogram, &h);
    for (unsigned flip = 1; flip < 256; flip++) {
        for (size_t i = 0; i < points.n; i++) {
            points.data[i] ^= (unsigned char)flip;
            refused += srv_unpack_points(&got, points.data, points.n, NULL) != SNN_OK;
            points.data[i] ^= (unsigned char)flip;
        }
        for (size_t i = 0; i < histogram.n; i++) {
            histogram.data[i] ^= (unsigned char)flip;
            refused += srv_unpack_histogram(&h, histogram.data, histogram.n, NULL) != SNN_OK;
            histogram.data[i] ^= (unsigned char)flip;
        }
    }
    assert_true(refused > 1000);
    srv_points_free(&got);
    free(points.data);
    free(histogram.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points__round_trip__keep_every_bit),
        cmocka_unit_test(points__bytes__are_as_documented),
        cmocka_unit_test(histogram__round_trip__keeps_every_bit),
        cmocka_unit_test(unpack__cut_short__is_refused_at_every_length),
        cmocka_unit_test(unpack__any_byte_changed__is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
