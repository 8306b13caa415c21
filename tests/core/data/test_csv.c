/* SPDX-License-Identifier: MIT */
#include "core/data/csv.h"
#include "core/data/lines.h"
#include "tests/core/data/files.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Reads text as a file named t.csv of which `limit` bytes may be decoded. */
static enum snn_code read_csv(struct snn_samples *out, bool keep, const void *text, size_t n,
                              size_t limit, struct snn_error *err)
{
    struct snn_source source;
    enum snn_code rc = snn_source_memory(&source, "t.csv", text, n, limit, err);

    if (rc != SNN_OK)
        return rc;
    rc = snn_csv_read(out, &source, keep, err);
    snn_source_close(&source);
    return rc;
}

/* {1.5, -2, label 3}, {4, 5e-1, label 0} however it is written. */
static void csv__accepted_forms__same_samples(void **state)
{
    static const char *const texts[] = {
        "1.5,-2,3\n4,5e-1,0\n",
        "1.5,-2,3\n4,5e-1,0",
        "1.5,-2,3\r\n4,5e-1,0\r\n",
        " 1.5 ,\t-2 ,3 \n4, 5e-1,\t0 \n",
        "1.5,-2,3\n4,5e-1,0\n\n \t\n\r\n",
        "x,y,label\n1.5,-2,3\n4,5e-1,0\n",
        "0,1,label\n1.5,-2,3\n4,5e-1,0\n",
        "\"x\",\"y\",\"class\"\n1.5,-2,3\n4,5e-1,0\n",
        "\xef\xbb\xbf+1.5,-2,3\n4,5e-1,0\n",
        "+1.50,-2.000000000000000000e+00,3.0\n4.,.5,0e0\n",
    };
    static const float want[] = {1.5f, -2.0f, 4.0f, 0.5f};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct snn_samples s = {0};
        struct snn_error err = {0};

        if (read_csv(&s, true, texts[i], strlen(texts[i]), 1000, &err) != SNN_OK)
            fail_msg("'%s': %s", texts[i], err.message);
        assert_int_equal(s.count, 2);
        assert_int_equal(s.rank, 1);
        assert_int_equal(s.shape[0], 2);
        assert_memory_equal(s.values, want, sizeof want);
        assert_int_equal(s.labels[0], 3);
        assert_int_equal(s.labels[1], 0);
        snn_samples_clear(&s);
    }
}

static const struct malformed {
    const char *text;
    size_t size;
    enum snn_code code;
    const char *message;
} malformed[] = {
    {BYTES(""), SNN_FORMAT, "t.csv: no samples, want at least one row"},
    {BYTES("\n\n"), SNN_FORMAT, "t.csv: no samples, want"},
    {BYTES("x,y\n"), SNN_FORMAT, "t.csv: no samples after the header"},
    {BYTES("5\n"), SNN_FORMAT, "line 1 has 1 column, want at least 2"},
    {BYTES("1;2;3\n"), SNN_FORMAT, "line 1 has 1 column, want at least 2"},
    {BYTES("1,2,0\n1,2\n"), SNN_FORMAT, "line 2 has 2 columns, want 3 as in line 1"},
    {BYTES("1,2,0\n1,2,0,\n"), SNN_FORMAT, "line 2 has 4 columns, want 3 as in line 1"},
    {BYTES("x,y,label\n1,0\n"), SNN_FORMAT, "line 2 has 2 columns, want 3 as in line 1"},
    {BYTES("1,2,0\n1,abc,0\n"), SNN_FORMAT,
     "t.csv: line 2, column 2: found 'abc', want a finite number"},
    {BYTES("1,abc,0\n"), SNN_FORMAT, "line 1, column 2: found 'abc', want a finite number"},
    {BYTES("label,p0,0\n1,2,3\n"), SNN_FORMAT, "line 1, column 1: found 'label', want a finite"},
    {BYTES("1,,0\n"), SNN_FORMAT, "line 1, column 2: found '', want a finite number"},
    {BYTES("nan,1,0\n"), SNN_FORMAT, "line 1, column 1: found 'nan', want a finite number"},
    {BYTES("1,-inf,0\n"), SNN_FORMAT, "line 1, column 2: found '-inf', want a finite number"},
    {BYTES("1,1e39,0\n"), SNN_FORMAT, "line 1, column 2: found '1e39', want a number that fits"},
    {BYTES("1,0x10,0\n"), SNN_FORMAT, "line 1, column 2: found '0x10', want a finite number"},
    {BYTES("1,2\0,0\n"), SNN_FORMAT, "line 1, column 2: found '2?', want a finite number"},
    {BYTES("1,\xff\xfe,0\n"), SNN_FORMAT, "line 1, column 2: found '?\?', want a finite number"},
    {BYTES("1,2,0\n1,2 3,0\n"), SNN_FORMAT, "line 2, column 2: found '2 3', want"},
    {BYTES("1,0123456789012345678901234567890123456789012345678901234567890x,0\n"), SNN_FORMAT,
     "found '01234567890123456789012345678901234567890123...', want a finite number"},
    {BYTES("1,2,\n"), SNN_FORMAT, "line 1, column 3: found '', want the label"},
    {BYTES("1,2,nan\n"), SNN_FORMAT, "line 1, column 3: found 'nan', want the label"},
    {BYTES("1,2,0\n1,2,-1\n"), SNN_FORMAT, "line 2, column 3: found '-1', want the label of the"},
    {BYTES("1,2,0\n1,2,1.5\n"), SNN_FORMAT, "found '1.5', want the label of the sample, a whole"},
    {BYTES("1,2,0\n1,2,65536\n"), SNN_FORMAT, "found '65536', want the label of the sample"},
    {BYTES("1,2,0\n1,2,cat\n"), SNN_FORMAT, "line 2, column 3: found 'cat', want the label"},
    {BYTES("1,2,0\n\n1,2,0\n"), SNN_FORMAT, "line 2 is blank, want a row: more follow it"},
    {BYTES("1,2,0\r1,2,0\r"), SNN_FORMAT, "line 1, column 3: found '0?1', want a finite number"},
    {BYTES("\x1f\x8b"), SNN_FORMAT, "t.csv: truncated: the gzip data ends early, after 0 decoded"},
};

static void csv__malformed__says_what_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof malformed / sizeof malformed[0]; i++) {
        const struct malformed *m = &malformed[i / 2];
        struct snn_samples s = {0};
        struct snn_error err = {0};
        bool keep = i % 2;

        if (read_csv(&s, keep, m->text, m->size, 1000, &err) != m->code)
            fail_msg("'%s': code %s: %s", m->text, snn_code_name(err.code), err.message);
        assert_contains(err.message, m->message);
        assert_null(s.values);
        assert_null(s.labels);
    }
}

static void csv__largest_label__accepted(void **state)
{
    struct snn_samples s = {0};
    struct snn_error err = {0};

    (void)state;
    assert_int_equal(read_csv(&s, true, BYTES("1,65535"), 100, &err), SNN_OK);
    assert_int_equal(s.labels[0], 65535);
    snn_samples_clear(&s);
}

/* More rows than the first block has, and more text than one buffer: lines are cut at its end. */
static void csv__three_megabytes__every_row_in_order(void **state)
{
    size_t rows = 300000, size = 0;
    char *text = malloc(rows * 16);
    struct snn_samples s = {0};
    struct snn_error err = {0};

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < rows; i++)
        size += (size_t)snprintf(text + size, 16, "%zu,%zu\n", i, i % 1000);
    assert_true(size > 3 * SNN_LINES_MAX);
    assert_int_equal(read_csv(&s, true, text, size, size, &err), SNN_OK);
    assert_int_equal(s.count, rows);
    for (size_t i = 0; i < rows; i++)
        if (s.values[i] != (float)i || s.labels[i] != i % 1000)
            fail_msg("row %zu: %g, %u", i, (double)s.values[i], (unsigned)s.labels[i]);
    snn_samples_clear(&s);
    assert_int_equal(read_csv(NULL, false, text, size, size, &err), SNN_OK);
    free(text);
}

static void csv__limits__refused_beyond(void **state)
{
    size_t size = SNN_LINES_MAX + 1;
    char *text = malloc(size);
    struct snn_samples s = {0};
    struct snn_error err = {0};

    (void)state;
    assert_non_null(text);
    assert_int_equal(read_csv(&s, true, BYTES("1,2\n3,4\n"), 8, &err), SNN_OK);
    snn_samples_clear(&s);
    assert_int_equal(read_csv(&s, true, BYTES("1,2\n3,4\n"), 7, &err), SNN_LIMIT);
    assert_contains(err.message, "t.csv: decodes to more than the 7 bytes allowed");
    memset(text, '1', size);
    err = (struct snn_error){0};
    assert_int_equal(read_csv(&s, true, text, size, 2 * size, &err), SNN_LIMIT);
    assert_contains(err.message, "line 1 is longer than the 1048576 bytes allowed");
    free(text);
}

/* 70 rows: the arrays grow once, so growing is refused as well. */
static void csv__no_memory__says_so(void **state)
{
    char text[70 * 4];
    unsigned long n = 0;
    bool refused = true;

    (void)state;
    for (size_t i = 0; i < 70; i++)
        memcpy(text + 4 * i, "1,2\n", 4);
    for (; refused; n++) {
        struct snn_samples s = {0};
        struct snn_error err = {0};
        enum snn_code rc;

        oom_fail_at(n);
        rc = read_csv(&s, true, text, sizeof text, 1000, &err);
        refused = oom_off();
        assert_int_equal(rc, refused ? SNN_NOMEM : SNN_OK);
        if (refused)
            assert_contains(err.message, "t.csv: no memory");
        snn_samples_clear(&s);
    }
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv__accepted_forms__same_samples),
        cmocka_unit_test(csv__malformed__says_what_and_where),
        cmocka_unit_test(csv__largest_label__accepted),
        cmocka_unit_test(csv__three_megabytes__every_row_in_order),
        cmocka_unit_test(csv__limits__refused_beyond),
        cmocka_unit_test(csv__no_memory__says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
