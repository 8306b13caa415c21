/* SPDX-License-Identifier: MIT */
#include "server/tar.h"

#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#define GIB (1ull << 30)

static void put_sum(unsigned char block[SRV_TAR_BLOCK])
{
    unsigned sum = 8 * ' ';

    for (size_t i = 0; i < SRV_TAR_BLOCK; i++)
        sum += i >= 148 && i < 156 ? 0 : block[i];
    snprintf((char *)block + 148, 8, "%07o", sum);
}

static void header__any_size__is_read_as_written(void **state)
{
    static const uint64_t sizes[] = {0, 1, 511, 512, 8 * GIB, 8 * GIB - 1, 100 * GIB, INT64_MAX};
    unsigned char block[SRV_TAR_BLOCK];
    char name[SRV_TAR_NAME];
    uint64_t size;
    bool end;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(srv_tar_write(block, "jobs/a/step-1.ckpt", sizes[i], 1, NULL), SNN_OK);
        assert_int_equal(srv_tar_read(block, name, &size, &end, NULL), SNN_OK);
        assert_false(end);
        assert_string_equal(name, "jobs/a/step-1.ckpt");
        assert_int_equal(size, sizes[i]);
    }
    memset(block, 0, sizeof block);
    assert_int_equal(srv_tar_read(block, name, &size, &end, NULL), SNN_OK);
    assert_true(end);
    assert_int_equal(srv_tar_padded(0), 0);
    assert_int_equal(srv_tar_padded(1), 512);
    assert_int_equal(srv_tar_padded(512), 512);
}

static void header__name_that_leads_elsewhere__is_refused(void **state)
{
    static const char *const names[] = {"",     "/",   "/etc/passwd", "..",    "../a", "a/../b",
                                        "a//b", "a/",  ".hidden",     "a/.b",  "a b",  "a\\b",
                                        "a\nb", "a:b", "./a",         "a/./b", "~",    "\xc3\xa9"};
    unsigned char block[SRV_TAR_BLOCK];
    char name[SRV_TAR_NAME], big[200];
    struct snn_error err;
    uint64_t size;
    bool end;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        memset(&err, 0, sizeof err);
        assert_int_equal(srv_tar_write(block, names[i], 1, 1, NULL), SNN_OK);
        if (srv_tar_read(block, name, &size, &end, &err) != SNN_FORMAT)
            fail_msg("'%s' is taken", names[i]);
        assert_contains(err.message, "want regular files with plain names");
    }
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(srv_tar_write(block, big, 1, 1, NULL), SNN_LIMIT);
    big[100] = '\0';
    assert_int_equal(srv_tar_write(block, big, 1, 1, NULL), SNN_OK);
    assert_int_equal(srv_tar_read(block, name, &size, &end, NULL), SNN_OK);
    assert_string_equal(name, big);
}

static void header__of_no_regular_file_or_damaged__is_refused(void **state)
{
    static const struct {
        size_t at;
        unsigned char value;
        bool sum; /* mended afterwards */
    } rows[] = {
        {156, '1', true},  {156, '2', true},  {156, '5', true},  {156, 'x', true},
        {156, '\0', true}, {257, 'x', true},  {345, 'a', true},  {124, 'x', true},
        {0, 'b', false},   {148, '7', false}, {124, 0xff, true},
    };
    unsigned char block[SRV_TAR_BLOCK];
    char name[SRV_TAR_NAME];
    uint64_t size;
    bool end;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(srv_tar_write(block, "a", 1, 1, NULL), SNN_OK);
        block[rows[i].at] = rows[i].value;
        if (rows[i].at == 124 && rows[i].value == 0xff)
            memset(block + 124, 0xff, 12);
        if (rows[i].sum)
            put_sum(block);
        if (srv_tar_read(block, name, &size, &end, NULL) != SNN_FORMAT)
            fail_msg("row %zu is taken", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header__any_size__is_read_as_written),
        cmocka_unit_test(header__name_that_leads_elsewhere__is_refused),
        cmocka_unit_test(header__of_no_regular_file_or_damaged__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
