/* SPDX-License-Identifier: MIT */
#include "core/data/data.h"
#include "tests/core/data/files.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

static struct snn_data *open_set(const char *name)
{
    struct snn_data_source source = {.format = snn_registry_find(&snn_formats, name)};
    struct snn_data *data = NULL;
    struct snn_error err = {0};

    if (snn_data_open(&data, &source, &err) != SNN_OK)
        fail_msg("%s: %s", name, err.message);
    return data;
}

/* The same from every compiler and in double: whoever changes a digest changes what jobs mean. */
static void generated__described__sizes_and_digest_as_ever(void **state)
{
    static const struct {
        const char *name;
        size_t train, test, features, classes;
        const char *sha256;
    } rows[] = {
        {"yinyang", 5000, 1000, 4, 3,
         "38ef77a1b58804e773b3935056ff250d6abdc49d6a86ec741f46ad0739558a31"},
        {"randman", 5000, 1000, 100, 10,
         "af4d5bfc7b3c0344a6259fc590d8916c491662c7822a324309673b937eb773c4"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_data *data = open_set(rows[i].name);
        const struct snn_data_info *info = snn_data_describe(data);

        assert_int_equal(info->train, rows[i].train);
        assert_int_equal(info->test, rows[i].test);
        assert_int_equal(info->rank, 1);
        assert_int_equal(info->shape[0], rows[i].features);
        assert_int_equal(info->classes, rows[i].classes);
        assert_string_equal(info->sha256, rows[i].sha256);
        snn_data_free(data);
    }
}

/* The figure as its authors describe it, in doubles: 0 and 1 the two sides, 2 the dots. */
static uint32_t figure(double x, double y)
{
    const double left = hypot(x - 0.25, y - 0.5), right = hypot(x - 0.75, y - 0.5);

    if (left < 0.1 || right < 0.1)
        return 2;
    if (left <= 0.25)
        return 1;
    return y > 0.5 && right > 0.25;
}

static void yinyang__each_point__in_the_disc_and_of_its_region(void **state)
{
    struct snn_data *data = open_set("yinyang");
    size_t found[2][3] = {{0}};

    (void)state;
    for (size_t i = 0; i < 6000; i++) {
        const bool test = i >= 5000;
        const size_t k = test ? i - 5000 : i;
        const uint32_t label = snn_data_label(data, test, k);
        real x[4];

        snn_data_features(data, test, k, x);
        assert_true(hypot((double)x[0] - 0.5, (double)x[1] - 0.5) <= 0.5);
        assert_int_equal(label, figure((double)x[0], (double)x[1]));
        assert_true(x[2] == 1 - x[0] && x[3] == 1 - x[1]);
        found[test][label]++;
    }
    for (size_t c = 0; c < 3; c++) { /* four standard errors of a fair third */
        assert_near(found[0][c], 5000 / 3.0, 4 * sqrt(5000 * 2 / 9.0));
        assert_near(found[1][c], 1000 / 3.0, 4 * sqrt(1000 * 2 / 9.0));
    }
    snn_data_free(data);
}

static void yinyang__test_points__are_none_of_training(void **state)
{
    struct snn_data *data = open_set("yinyang");

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        real x[4], y[4];

        snn_data_features(data, true, i, x);
        snn_data_features(data, false, i, y);
        assert_true(x[0] != y[0] || x[1] != y[1]);
    }
    snn_data_free(data);
}

static void randman__each_unit_of_a_class__from_0_to_below_1(void **state)
{
    struct snn_data *data = open_set("randman");
    static real low[10][100], high[10][100];

    (void)state;
    for (size_t c = 0; c < 10; c++)
        for (size_t u = 0; u < 100; u++)
            low[c][u] = 1, high[c][u] = 0;
    for (size_t i = 0; i < 6000; i++) {
        const bool test = i >= 5000;
        const size_t k = test ? i - 5000 : i;
        const uint32_t label = snn_data_label(data, test, k);
        real x[100];

        assert_int_equal(label, k % 10);
        snn_data_features(data, test, k, x);
        for (size_t u = 0; u < 100; u++) {
            assert_true(x[u] >= 0 && x[u] < 1);
            low[label][u] = x[u] < low[label][u] ? x[u] : low[label][u];
            high[label][u] = x[u] > high[label][u] ? x[u] : high[label][u];
        }
    }
    for (size_t c = 0; c < 10; c++)
        for (size_t u = 0; u < 100; u++) {
            assert_true(low[c][u] == 0);
            assert_true(high[c][u] == (real)65535 / 65536);
        }
    snn_data_free(data);
}

static double distance(const real *a, const real *b)
{
    double sum = 0;

    for (size_t u = 0; u < 100; u++)
        sum += (double)((a[u] - b[u]) * (a[u] - b[u]));
    return sum;
}

/* On a curve of one dimension a sample has close neighbours; those of other classes are far: the
 * nearest training sample tells the class. */
static void randman__nearest_training_sample__is_close_and_of_the_class(void **state)
{
    struct snn_data *data = open_set("randman");
    size_t right = 0;

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        double best = HUGE_VAL;
        uint32_t class = 99;
        real x[100], y[100];

        snn_data_features(data, true, i, x);
        for (size_t k = 0; k < 5000; k++) {
            snn_data_features(data, false, k, y);
            if (distance(x, y) < best) {
                best = distance(x, y);
                class = snn_data_label(data, false, k);
            }
        }
        right += class == snn_data_label(data, true, i);
        assert_true(best < 1); /* of 100 units; two uniform points are 100/6 apart */
    }
    assert_int_equal(right, 100);
    snn_data_free(data);
}

static void generated__no_memory__says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct snn_data_source source = {
            .format = snn_registry_find(&snn_formats, i ? "randman" : "yinyang")};

        assert_int_equal(files_refuse_allocations(&source), 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generated__described__sizes_and_digest_as_ever),
        cmocka_unit_test(yinyang__each_point__in_the_disc_and_of_its_region),
        cmocka_unit_test(yinyang__test_points__are_none_of_training),
        cmocka_unit_test(randman__each_unit_of_a_class__from_0_to_below_1),
        cmocka_unit_test(randman__nearest_training_sample__is_close_and_of_the_class),
        cmocka_unit_test(generated__no_memory__says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
