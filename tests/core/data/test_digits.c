/* SPDX-License-Identifier: MIT */
#include "core/data/data.h"
#include "tests/core/data/files.h"
#include "tests/support/test.h"

#include <string.h>

static struct snn_data *data;

static int open_digits(void **state)
{
    struct snn_data_source source = {.format = snn_registry_find(&snn_formats, "digits")};
    struct snn_error err = {0};

    (void)state;
    return snn_data_open(&data, &source, &err) == SNN_OK ? 0 : -1;
}

static int close_digits(void **state)
{
    (void)state;
    snn_data_free(data);
    return 0;
}

static void digits__described__split_of_1797(void **state)
{
    const struct snn_data_info *info = snn_data_describe(data);

    (void)state;
    assert_int_equal(info->train, 1438);
    assert_int_equal(info->test, 359);
    assert_int_equal(info->features, 64);
    assert_int_equal(info->rank, 3);
    assert_int_equal(info->shape[0], 1);
    assert_int_equal(info->shape[1], 8);
    assert_int_equal(info->shape[2], 8);
    assert_int_equal(info->classes, 10);
    assert_int_equal(info->bytes, sizeof *data + 1797 * (64 * sizeof(float) + sizeof(uint32_t)));
}

/* Rows 0 and 4 of the published file: the first of either half. */
static void digits__first_samples__pixels_over_16(void **state)
{
    static const struct {
        bool test;
        uint32_t label;
        unsigned char pixels[64];
    } rows[] = {
        {false, 0, {0, 0,  5, 13, 9,  1, 0,  0, 0,  0,  13, 15, 10, 15, 5, 0,  0,  3, 15, 2, 0,  11,
                    8, 0,  0, 4,  12, 0, 0,  8, 8,  0,  0,  5,  8,  0,  0, 9,  8,  0, 0,  4, 11, 0,
                    1, 12, 7, 0,  0,  2, 14, 5, 10, 12, 0,  0,  0,  0,  6, 13, 10, 0, 0,  0}},
        {true, 4, {0,  0,  0, 1, 11, 0,  0, 0, 0,  0,  0, 7, 8,  0,  0, 0,  0,  0, 1, 13, 6,  2,
                   2,  0,  0, 0, 7,  15, 0, 9, 8,  0,  0, 5, 16, 10, 0, 16, 6,  0, 0, 4,  15, 16,
                   13, 16, 1, 0, 0,  0,  0, 3, 15, 10, 0, 0, 0,  0,  0, 2,  16, 4, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        real x[64];

        snn_data_features(data, rows[i].test, 0, x);
        assert_int_equal(snn_data_label(data, rows[i].test, 0), rows[i].label);
        for (size_t k = 0; k < 64; k++)
            assert_true(x[k] * 16 == (real)rows[i].pixels[k]);
    }
}

/* Counted in the published file: `cut -d, -f65 | sort | uniq -c`, in all and of the test rows. */
static void digits__labels__counts_of_the_published_file(void **state)
{
    static const size_t all[10] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
    static const size_t test[10] = {27, 21, 34, 52, 34, 28, 31, 43, 47, 42};
    size_t found[2][10] = {{0}};

    (void)state;
    for (size_t i = 0; i < 1438; i++)
        found[0][snn_data_label(data, false, i)]++;
    for (size_t i = 0; i < 359; i++)
        found[1][snn_data_label(data, true, i)]++;
    for (size_t c = 0; c < 10; c++) {
        assert_int_equal(found[0][c] + found[1][c], all[c]);
        assert_int_equal(found[1][c], test[c]);
    }
}

static void digits__no_memory__says_so(void **state)
{
    struct snn_data_source source = {.format = snn_registry_find(&snn_formats, "digits")};

    (void)state;
    assert_true(files_refuse_allocations(&source) >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits__described__split_of_1797),
        cmocka_unit_test(digits__first_samples__pixels_over_16),
        cmocka_unit_test(digits__labels__counts_of_the_published_file),
        cmocka_unit_test(digits__no_memory__says_so),
    };

    return cmocka_run_group_tests(tests, open_digits, close_digits);
}
