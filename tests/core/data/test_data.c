/* SPDX-License-Identifier: MIT */
#include "core/data/data.h"
#include "tests/core/data/files.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>

#define TRAIN "1.5,-2,3\n4,5e-1,0\n"
#define TEST "7,8,2\n"
/* SHA-256 of the canonical form (core/data/data.c, `digest`) packed by Python's struct. */
#define SUM "4fa665d901f9209092aab2d78d7e4bfd4235acb135f62467a9a898f1f3b98929"

static const struct snn_kind *format(const char *name)
{
    const struct snn_kind *kind = snn_registry_find(&snn_formats, name);

    assert_non_null(kind);
    return kind;
}

/* Opens a CSV set of two texts, gzipped first where asked. */
static enum snn_code open_csv(const char *train, const char *test, bool gzip, struct snn_data **out,
                              struct snn_error *err)
{
    static const char *const names[] = {"train.csv", "test.csv"};
    const char *texts[] = {train, test};
    char *dir = tmpdir_create();
    enum snn_code rc;

    for (size_t i = 0; i < 2; i++) {
        unsigned char packed[1000];
        size_t n = gzip ? files_gzip(packed, sizeof packed, texts[i], strlen(texts[i])) : 0;

        if (gzip)
            free(tmpdir_write(dir, names[i], packed, n));
        else
            free(tmpdir_write(dir, names[i], texts[i], strlen(texts[i])));
    }
    rc = files_open(out, "csv", dir, names, err);
    tmpdir_remove(dir);
    return rc;
}

static void formats__parts__as_documented(void **state)
{
    static const struct {
        const char *name, *parts[SNN_MAX_PARTS + 1];
    } rows[] = {
        {"digits", {NULL}},
        {"yinyang", {NULL}},
        {"randman", {NULL}},
        {"idx", {"train-images", "train-labels", "test-images", "test-labels"}},
        {"csv", {"train", "test"}},
        {"events", {"train", "test"}},
        {"hdf5", {"train", "test"}},
    };

    (void)state;
    assert_int_equal(snn_formats.count, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const *parts = snn_format_parts(format(rows[i].name));
        size_t n = 0;

        for (; rows[i].parts[n]; n++)
            assert_string_equal(parts[n], rows[i].parts[n]);
        assert_null(parts[n]);
    }
}

static void open__csv__described(void **state)
{
    struct snn_data *data = NULL;
    struct snn_error err = {0};
    const struct snn_data_info *info;
    real x[2];

    (void)state;
    assert_int_equal(open_csv(TRAIN, TEST, false, &data, &err), SNN_OK);
    info = snn_data_describe(data);
    assert_int_equal(info->train, 2);
    assert_int_equal(info->test, 1);
    assert_int_equal(info->features, 2);
    assert_int_equal(info->rank, 1);
    assert_int_equal(info->shape[0], 2);
    assert_int_equal(info->classes, 4);
    assert_int_equal(info->bytes, sizeof *data + 3 * (2 * 4 + 4));
    snn_data_features(data, false, 1, x);
    assert_true(x[0] == 4 && x[1] == (real)0.5);
    snn_data_features(data, true, 0, x);
    assert_true(x[0] == 7 && x[1] == 8);
    assert_int_equal(snn_data_label(data, true, 0), 2);
    snn_data_free(data);
}

static void digest__of_the_samples__whatever_the_text(void **state)
{
    static const struct {
        const char *train, *test;
        bool gzip, same;
    } rows[] = {
        {TRAIN, TEST, false, true},
        {TRAIN, TEST, true, true},
        {"a,b,label\r\n 1.50, -2.0, 3\r\n4, 0.5, 0\r\n\r\n", "7,8,2", false, true},
        {"1.5,-2,3\n4,5e-1,1\n", TEST, false, false},
        {"1.5,-2,3\n4,6e-1,0\n", TEST, false, false},
        {"4,5e-1,0\n1.5,-2,3\n", TEST, false, false},
        {"1.5,-2,3\n", "4,5e-1,0\n7,8,2\n", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_data *data = NULL;
        struct snn_error err = {0};

        assert_int_equal(open_csv(rows[i].train, rows[i].test, rows[i].gzip, &data, &err), SNN_OK);
        if (rows[i].same)
            assert_string_equal(snn_data_describe(data)->sha256, SUM);
        else
            assert_string_not_equal(snn_data_describe(data)->sha256, SUM);
        snn_data_free(data);
    }
}

static void open__halves_that_do_not_fit__refused(void **state)
{
    static const struct {
        const char *train, *test, *message;
    } rows[] = {
        {TRAIN, "7,8,9,2\n", "test set: samples of 3 features, want 2 as in the training set"},
        {TRAIN, "7,8,4\n", "test set: sample 0 (from 0) has label 4, want 0 to 3 as in the"},
        {TRAIN, "", "test.csv: no samples"},
        {"", TEST, "train.csv: no samples"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_data *data = NULL;
        struct snn_error err = {0};

        assert_int_equal(open_csv(rows[i].train, rows[i].test, false, &data, &err), SNN_FORMAT);
        assert_contains(err.message, rows[i].message);
        assert_null(data);
    }
}

static void open__incomplete_source__says_what_is_missing(void **state)
{
    struct snn_data *data = NULL;
    struct snn_data_source source = {.paths = {"/nowhere/train.csv"}};
    struct snn_error err = {0};

    (void)state;
    assert_int_equal(snn_data_open(&data, &source, &err), SNN_INVALID);
    assert_contains(err.message, "no format given");
    source.format = format("csv");
    err = (struct snn_error){0};
    assert_int_equal(snn_data_open(&data, &source, &err), SNN_INVALID);
    assert_contains(err.message, "no file for test, format csv wants one");
    source.paths[1] = source.paths[0];
    err = (struct snn_error){0};
    assert_int_equal(snn_data_open(&data, &source, &err), SNN_NOT_FOUND);
    assert_contains(err.message, "train.csv: cannot open");
    assert_null(data);
    snn_data_free(NULL);
}

static void check_part__each_part__whole_file_looked_at(void **state)
{
    static const struct {
        const char *format;
        size_t part;
        const char *bytes;
        size_t size;
        enum snn_code code;
        const char *message;
    } rows[] = {
        {"csv", 0, BYTES(TRAIN), SNN_OK, ""},
        {"csv", 1, BYTES(TEST), SNN_OK, ""},
        {"csv", 1, BYTES(TRAIN "1,2,x\n"), SNN_FORMAT, "upload: line 3, column 3: found 'x'"},
        {"csv", 2, BYTES(TRAIN), SNN_INVALID, "part 2, format csv has 2"},
        {"idx", 0,
         BYTES("\0\0\x08\x02\0\0\0\x02\0\0\0\x01"
               "ab"),
         SNN_OK, ""},
        {"idx", 2,
         BYTES("\0\0\x08\x02\0\0\0\x02\0\0\0\x01"
               "a"),
         SNN_FORMAT, "upload: truncated: 1 "},
        {"idx", 1,
         BYTES("\0\0\x08\x01\0\0\0\x02"
               "ab"),
         SNN_OK, ""},
        {"idx", 3,
         BYTES("\0\0\x08\x01\0\0\0\x02"
               "abc"),
         SNN_FORMAT, "upload: bytes follow the 2"},
        {"idx", 3,
         BYTES("\0\0\x08\x01\0\0\x02\0"
               "abc"),
         SNN_LIMIT, "more than the 100 bytes"},
        {"idx", 4, BYTES(""), SNN_INVALID, "part 4, format idx has 4"},
        {"digits", 0, BYTES(""), SNN_INVALID, "part 0, format digits has 0"},
        {"yinyang", 0, BYTES(""), SNN_INVALID, "part 0, format yinyang has 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *dir = tmpdir_create();
        char *path = tmpdir_write(dir, "upload", rows[i].bytes, rows[i].size);
        struct snn_error err = {0};

        assert_int_equal(snn_data_check_part(format(rows[i].format), rows[i].part, path, 100, &err),
                         rows[i].code);
        assert_contains(err.message, rows[i].message);
        free(path);
        tmpdir_remove(dir);
    }
}

static void open__no_memory__says_so(void **state)
{
    char *dir = tmpdir_create(), *path = tmpdir_write(dir, "a.csv", BYTES(TRAIN));
    struct snn_data_source source = {.format = format("csv"), .paths = {path, path}};

    (void)state;
    assert_true(files_refuse_allocations(&source) >= 13);
    free(path);
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats__parts__as_documented),
        cmocka_unit_test(open__csv__described),
        cmocka_unit_test(digest__of_the_samples__whatever_the_text),
        cmocka_unit_test(open__halves_that_do_not_fit__refused),
        cmocka_unit_test(open__incomplete_source__says_what_is_missing),
        cmocka_unit_test(check_part__each_part__whole_file_looked_at),
        cmocka_unit_test(open__no_memory__says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
