/* SPDX-License-Identifier: MIT */
#include "core/data/source.h"
#include "tests/core/data/files.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SIZE 60000

static unsigned char plain[SIZE], packed[SIZE + 1000], out[2 * SIZE + 1];
static size_t packed_size;

static int make_bytes(void **state)
{
    unsigned x = 1;

    (void)state;
    for (size_t i = 0; i < SIZE; i++) {
        x = x * 1664525u + 1013904223u;
        plain[i] = (unsigned char)(x >> 28);
    }
    packed_size = files_gzip(packed, sizeof packed, plain, SIZE);
    return 0;
}

static enum snn_code read_memory(const void *bytes, size_t n, size_t limit, size_t *got,
                                 struct snn_error *err)
{
    struct snn_source s;
    enum snn_code rc = snn_source_memory(&s, "m.gz", bytes, n, limit, err);

    if (rc != SNN_OK)
        return rc;
    rc = snn_source_read(&s, out, sizeof out, got, err);
    snn_source_close(&s);
    return rc;
}

static void source__plain_and_gzip__same_bytes(void **state)
{
    struct snn_error err = {0};
    size_t got;

    (void)state;
    assert_int_equal(read_memory(plain, SIZE, SIZE, &got, &err), SNN_OK);
    assert_int_equal(got, SIZE);
    assert_memory_equal(out, plain, SIZE);
    memset(out, 0, sizeof out);
    assert_int_equal(read_memory(packed, packed_size, SIZE, &got, &err), SNN_OK);
    assert_int_equal(got, SIZE);
    assert_memory_equal(out, plain, SIZE);
}

static void source__joined_members__read_as_one(void **state)
{
    struct snn_error err = {0};
    unsigned char *both = malloc(2 * packed_size);
    size_t got;

    (void)state;
    assert_non_null(both);
    memcpy(both, packed, packed_size);
    memcpy(both + packed_size, packed, packed_size);
    assert_int_equal(read_memory(both, 2 * packed_size, 2 * SIZE, &got, &err), SNN_OK);
    assert_int_equal(got, 2 * SIZE);
    assert_memory_equal(out + SIZE, plain, SIZE);
    free(both);
}

static void source__gzip_cut_anywhere__truncated(void **state)
{
    (void)state;
    for (size_t n = 2; n < packed_size; n += n < 30 || n > packed_size - 30 ? 1 : 97) {
        struct snn_error err = {0};
        size_t got;

        assert_int_equal(read_memory(packed, n, SIZE, &got, &err), SNN_FORMAT);
        assert_contains(err.message, "m.gz: truncated: the gzip data ends early, after ");
    }
}

static void source__damaged_gzip__refused(void **state)
{
    static const struct {
        size_t at; /* from the end where it is beyond the middle */
        const char *message;
    } rows[] = {
        {2, "m.gz: corrupt gzip data after 0 decoded bytes (unknown compression method)"},
        {SIZE + 8, "corrupt gzip data after 60000 decoded bytes (incorrect data check)"},
        {SIZE + 4, "corrupt gzip data after 60000 decoded bytes (incorrect length check)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t at = rows[i].at < SIZE ? rows[i].at : packed_size - (rows[i].at - SIZE), got;
        struct snn_error err = {0};

        packed[at] ^= 0x55;
        assert_int_equal(read_memory(packed, packed_size, SIZE, &got, &err), SNN_FORMAT);
        packed[at] ^= 0x55;
        assert_contains(err.message, rows[i].message);
    }
}

static void source__bytes_after_gzip__refused(void **state)
{
    struct snn_error err = {0};
    size_t got;

    (void)state;
    packed[packed_size] = 'x';
    assert_int_equal(read_memory(packed, packed_size + 1, SIZE, &got, &err), SNN_FORMAT);
    assert_contains(err.message, "m.gz: bytes that are not gzip follow the end of the gzip data");
}

static void source__one_byte_above_limit__refused(void **state)
{
    struct snn_error err = {0};
    size_t got;

    (void)state;
    assert_int_equal(read_memory(packed, packed_size, SIZE - 1, &got, &err), SNN_LIMIT);
    assert_contains(err.message, "m.gz: decodes to more than the 59999 bytes allowed");
    err = (struct snn_error){0};
    assert_int_equal(read_memory(plain, SIZE, SIZE - 1, &got, &err), SNN_LIMIT);
}

static void source__file_in_small_pieces__same_bytes(void **state)
{
    char *dir = tmpdir_create(), *path = tmpdir_write(dir, "f.gz", packed, packed_size);
    struct snn_error err = {0};
    struct snn_source s;
    size_t got = 7, total = 0;

    (void)state;
    assert_int_equal(snn_source_open(&s, path, SIZE, &err), SNN_OK);
    assert_string_equal(s.name, "f.gz");
    while (got == 7) {
        assert_int_equal(snn_source_read(&s, out + total, 7, &got, &err), SNN_OK);
        total += got;
        assert_true(snn_source_at_most(&s) >= SIZE - total);
    }
    assert_int_equal(total, SIZE);
    assert_memory_equal(out, plain, SIZE);
    assert_int_equal(snn_source_read(&s, out, 1, &got, &err), SNN_OK);
    assert_int_equal(got, 0);
    snn_source_close(&s);
    free(path);
    tmpdir_remove(dir);
}

static void source__no_readable_file__says_why(void **state)
{
    char *dir = tmpdir_create(), path[512];
    struct snn_error err = {0};
    struct snn_source s;

    (void)state;
    snprintf(path, sizeof path, "%s/no\xc3\xa4.csv", dir);
    assert_int_equal(snn_source_open(&s, path, SIZE, &err), SNN_NOT_FOUND);
    assert_contains(err.message, "no?\?.csv: cannot open: No such file");
    err = (struct snn_error){0};
    assert_int_equal(snn_source_open(&s, dir, SIZE, &err), SNN_INVALID);
    assert_contains(err.message, "not a regular file");
    snprintf(path, sizeof path, "%s/pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    err = (struct snn_error){0};
    assert_int_equal(snn_source_open(&s, path, SIZE, &err), SNN_INVALID);
    assert_contains(err.message, "pipe: not a regular file");
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source__plain_and_gzip__same_bytes),
        cmocka_unit_test(source__joined_members__read_as_one),
        cmocka_unit_test(source__gzip_cut_anywhere__truncated),
        cmocka_unit_test(source__damaged_gzip__refused),
        cmocka_unit_test(source__bytes_after_gzip__refused),
        cmocka_unit_test(source__one_byte_above_limit__refused),
        cmocka_unit_test(source__file_in_small_pieces__same_bytes),
        cmocka_unit_test(source__no_readable_file__says_why),
    };

    return cmocka_run_group_tests(tests, make_bytes, NULL);
}
