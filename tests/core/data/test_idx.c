/* SPDX-License-Identifier: MIT */
#include "core/data/idx.h"
#include "tests/core/data/files.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 1000

/* Two images of 2x3 bytes, and their labels. */
#define IMAGES                                                                                     \
    "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03\x00\x01\x02\x03\x04\x05\xfa\xfb\xfc\xfd\xfe\xff"
#define LABELS "\0\0\x08\x01\0\0\0\x02\x01\x00"

enum kind { OF_IMAGES, OF_LABELS };

static enum snn_code read_idx(struct snn_samples *out, enum kind kind, bool keep, const void *bytes,
                              size_t n, struct snn_error *err)
{
    struct snn_source source;
    size_t count = 0;
    enum snn_code rc = snn_source_memory(&source, "t.idx", bytes, n, LIMIT, err);

    if (rc != SNN_OK)
        return rc;
    rc = kind == OF_LABELS ? snn_idx_labels(out, &count, &source, keep, err)
                           : snn_idx_images(out, &source, keep, err);
    snn_source_close(&source);
    if (rc == SNN_OK && kind == OF_LABELS)
        out->count = count;
    return rc;
}

static void images__each_rank__shape_of_one_sample(void **state)
{
    static const struct {
        const char *bytes;
        size_t size, count, rank, shape[SNN_MAX_RANK];
    } rows[] = {
        {BYTES("\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
               "abcdef"),
         2,
         1,
         {3}},
        {BYTES("\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x03"
               "abcdef"),
         1,
         3,
         {1, 2, 3}},
        {BYTES("\0\0\x08\x04\0\0\0\x01\0\0\0\x03\0\0\0\x02\0\0\0\x01"
               "abcdef"),
         1,
         3,
         {3, 2, 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_samples s = {0};
        struct snn_error err = {0};

        assert_int_equal(read_idx(&s, OF_IMAGES, true, rows[i].bytes, rows[i].size, &err), SNN_OK);
        assert_int_equal(s.count, rows[i].count);
        assert_int_equal(s.rank, rows[i].rank);
        assert_memory_equal(s.shape, rows[i].shape, sizeof s.shape);
        assert_memory_equal(s.bytes, "abcdef", 6);
        snn_samples_clear(&s);
    }
}

static void labels__bytes__widened(void **state)
{
    struct snn_samples s = {0};
    struct snn_error err = {0};

    (void)state;
    assert_int_equal(
        read_idx(&s, OF_LABELS, true, BYTES("\0\0\x08\x01\0\0\0\x03\x00\xff\x07"), &err), SNN_OK);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.labels[0], 0);
    assert_int_equal(s.labels[1], 255);
    assert_int_equal(s.labels[2], 7);
    snn_samples_clear(&s);
}

static const struct malformed {
    enum kind kind;
    const char *bytes;
    size_t size;
    enum snn_code code;
    const char *message;
} malformed[] = {
    {OF_IMAGES, BYTES(""), SNN_FORMAT, "t.idx: truncated: 0 of 4 bytes of the IDX header"},
    {OF_IMAGES, BYTES("\0\0\x08"), SNN_FORMAT, "t.idx: truncated: 3 of 4 bytes of the IDX header"},
    {OF_IMAGES, BYTES("\x89PNG\r\n"), SNN_FORMAT,
     "not an IDX file: it begins with 89 50 4e 47, want 00 00 08 and"},
    {OF_IMAGES, BYTES("\0\x01\x08\x03"), SNN_FORMAT, "it begins with 00 01 08 03, want 00 00 08"},
    {OF_IMAGES, BYTES("\0\0\x0d\x03"), SNN_FORMAT, "IDX type 0x0d, want 0x08 (unsigned bytes)"},
    {OF_IMAGES, BYTES("\0\0\x08\0"), SNN_FORMAT, "0 dimensions, want 2 to 4: these are images"},
    {OF_IMAGES, BYTES(LABELS), SNN_FORMAT, "1 dimension, want 2 to 4: these are images"},
    {OF_IMAGES, BYTES("\0\0\x08\x05"), SNN_FORMAT, "5 dimensions, want 2 to 4: these are images"},
    {OF_LABELS, BYTES(IMAGES), SNN_FORMAT, "3 dimensions, want 1: these are labels"},
    {OF_IMAGES, BYTES("\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0"), SNN_FORMAT,
     "truncated: 11 of 12 bytes of the IDX dimensions"},
    {OF_IMAGES, BYTES("\0\0\x08\x03\0\0\0\0\0\0\0\x02\0\0\0\x03"), SNN_FORMAT,
     "dimension 1 of 3 is 0, want at least 1"},
    {OF_IMAGES, BYTES("\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\0"), SNN_FORMAT,
     "dimension 3 of 3 is 0, want at least 1"},
    {OF_LABELS, BYTES("\0\0\x08\x01\0\0\0\0"), SNN_FORMAT, "dimension 1 of 1 is 0"},
    {OF_IMAGES,
     BYTES("\0\0\x08\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
     SNN_LIMIT, "dimension 1 of 4 is 4294967295: that is more than the 1000 bytes allowed"},
    {OF_IMAGES, BYTES("\0\0\x08\x03\0\0\0\x0a\0\0\0\x0a\0\0\0\x0a"), SNN_LIMIT,
     "dimension 3 of 3 is 10: that is more than the 1000 bytes allowed"},
    {OF_IMAGES,
     BYTES("\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
           "abcde"),
     SNN_FORMAT, "truncated: 5 bytes after the header, want 6 for 2 samples"},
    {OF_IMAGES,
     BYTES("\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
           "abcdefg"),
     SNN_FORMAT, "bytes follow the 6 after the header that 2 samples have"},
    {OF_LABELS, BYTES("\0\0\x08\x01\0\0\0\x02\x01"), SNN_FORMAT,
     "truncated: 1 bytes after the header, want 2 for 2 samples"},
    {OF_LABELS, BYTES("\0\0\x08\x01\0\0\0\x02\x01\x02\x03"), SNN_FORMAT,
     "bytes follow the 2 after the header"},
};

static void idx__malformed__says_what(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof malformed / sizeof malformed[0]; i++) {
        const struct malformed *m = &malformed[i / 2];
        struct snn_samples s = {0};
        struct snn_error err = {0};

        if (read_idx(&s, m->kind, i % 2, m->bytes, m->size, &err) != m->code)
            fail_msg("'%s': code %s: %s", m->message, snn_code_name(err.code), err.message);
        assert_contains(err.message, "t.idx: ");
        assert_contains(err.message, m->message);
        assert_null(s.bytes);
        assert_null(s.labels);
    }
}

/* The header promises more than gzip can hold, or as much as it can: both ways end the same. */
static void idx__gzip_cut_or_short__truncated(void **state)
{
    static const char claims[][17] = {"\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03",
                                      "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x80"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        unsigned char packed[200];
        char bytes[20] = "";
        struct snn_samples s = {0};
        struct snn_error err = {0};
        size_t n;

        memcpy(bytes, claims[i / 2], 16);
        n = files_gzip(packed, sizeof packed, bytes, sizeof bytes);
        n -= i % 2 ? 9 : 0;
        assert_int_equal(read_idx(&s, OF_IMAGES, true, packed, n, &err), SNN_FORMAT);
        assert_contains(err.message,
                        i % 2 ? "the gzip data ends early" : "truncated: 4 bytes after");
        assert_null(s.bytes);
    }
}

/* Opens a set of four files, of which the one of `part` is replaced. */
static enum snn_code open_with(size_t part, const void *bytes, size_t n, struct snn_data **out,
                               struct snn_error *err)
{
    static const char *const names[] = {"tri", "trl", "tei", "tel"};
    char *dir = tmpdir_create();
    enum snn_code rc;

    for (size_t i = 0; i < 4; i++)
        if (i == part)
            free(tmpdir_write(dir, names[i], bytes, n));
        else if (i % 2)
            free(tmpdir_write(dir, names[i], BYTES(LABELS)));
        else
            free(tmpdir_write(dir, names[i], BYTES(IMAGES)));
    rc = files_open(out, "idx", dir, names, err);
    tmpdir_remove(dir);
    return rc;
}

static void open__four_files__described_and_scaled(void **state)
{
    struct snn_data *data = NULL;
    struct snn_error err = {0};
    const struct snn_data_info *info;
    real x[6];

    (void)state;
    assert_int_equal(open_with(4, "", 0, &data, &err), SNN_OK);
    info = snn_data_describe(data);
    assert_int_equal(info->train, 2);
    assert_int_equal(info->test, 2);
    assert_int_equal(info->features, 6);
    assert_int_equal(info->rank, 3);
    assert_int_equal(info->shape[0], 1);
    assert_int_equal(info->shape[1], 2);
    assert_int_equal(info->shape[2], 3);
    assert_int_equal(info->classes, 2);
    assert_int_equal(info->bytes, sizeof *data + 2 * (2 * 6 + 2 * 4));
    snn_data_features(data, false, 1, x);
    for (size_t i = 0; i < 6; i++)
        assert_true(x[i] == (real)(250 + i) / (real)255);
    assert_int_equal(snn_data_label(data, false, 0), 1);
    assert_int_equal(snn_data_label(data, true, 1), 0);
    snn_data_free(data);
}

static void open__files_that_do_not_fit__refused(void **state)
{
    static const struct {
        size_t part;
        const char *bytes;
        size_t size;
        const char *message;
    } rows[] = {
        {1, BYTES("\0\0\x08\x01\0\0\0\x01\x01"),
         "training set: 1 labels, want 2: one for each image"},
        {3, BYTES("\0\0\x08\x01\0\0\0\x03\x01\x00\x00"), "test set: 3 labels, want 2"},
        {3, BYTES("\0\0\x08\x01\0\0\0\x02\x01\x02"),
         "test set: sample 1 (from 0) has label 2, want 0 to 1 as in the training set"},
        {2,
         BYTES("\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
               "abcdef"),
         "test set: samples of 3 features, want 1x2x3 as in the training set"},
        {2,
         BYTES("\0\0\x08\x03\0\0\0\x02\0\0\0\x03\0\0\0\x02"
               "abcdefabcdef"),
         "test set: samples of 1x3x2 features, want 1x2x3 as in the training set"},
        {2, BYTES("\0\0\x08"), "tei: truncated"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_data *data = NULL;
        struct snn_error err = {0};

        assert_int_equal(open_with(rows[i].part, rows[i].bytes, rows[i].size, &data, &err),
                         SNN_FORMAT);
        assert_contains(err.message, rows[i].message);
        assert_null(data);
    }
}

static void open__no_memory__says_so(void **state)
{
    char *dir = tmpdir_create(), *a = tmpdir_write(dir, "a", BYTES(IMAGES));
    char *b = tmpdir_write(dir, "b", BYTES(LABELS));
    struct snn_data_source source = {.format = snn_registry_find(&snn_formats, "idx"),
                                     .paths = {a, b, a, b}};

    (void)state;
    assert_true(files_refuse_allocations(&source) >= 9);
    free(a);
    free(b);
    tmpdir_remove(dir);
}

#define FASHION "/usr/share/datasets/fashion-mnist"

/* The Debian package dataset-fashion-mnist, where it is installed. */
static void open__fashion_mnist__as_published(void **state)
{
    static const char *const names[] = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
                                        "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"};
    struct snn_data *data = NULL;
    struct snn_error err = {0};
    const struct snn_data_info *info;
    size_t of_class[10] = {0};

    (void)state;
    if (access(FASHION, R_OK) != 0)
        skip();
    if (files_open(&data, "idx", FASHION, names, &err) != SNN_OK)
        fail_msg("%s", err.message);
    info = snn_data_describe(data);
    assert_int_equal(info->train, 60000);
    assert_int_equal(info->test, 10000);
    assert_int_equal(info->features, 784);
    assert_int_equal(info->shape[1], 28);
    assert_int_equal(info->classes, 10);
    for (size_t i = 0; i < info->train; i++)
        of_class[snn_data_label(data, false, i)]++;
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(of_class[i], 6000);
    snn_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images__each_rank__shape_of_one_sample),
        cmocka_unit_test(labels__bytes__widened),
        cmocka_unit_test(idx__malformed__says_what),
        cmocka_unit_test(idx__gzip_cut_or_short__truncated),
        cmocka_unit_test(open__four_files__described_and_scaled),
        cmocka_unit_test(open__files_that_do_not_fit__refused),
        cmocka_unit_test(open__no_memory__says_so),
        cmocka_unit_test(open__fashion_mnist__as_published),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
