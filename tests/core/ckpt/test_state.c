/* SPDX-License-Identifier: MIT */
/* What a saved run must be to be loaded. That a loaded run goes on to the same bits is tested in
 * tests/core/train/test_run.c. */
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/ckpt/format.h"
#include "tests/core/train/runs.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define TRAIN 20
#define TEST 5
#define TRAILER (SNN_SHA256_HEX - 1)

static struct {
    struct snn_data *data;
    struct snn_spec spec;
    char *dir;
    unsigned char *bytes; /* of a run saved after 4 steps, an epoch of 3 done */
    size_t size;
} all;

static unsigned char *slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = malloc(1 << 16);

    assert_non_null(f);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1 << 16, f);
    assert_true(*size > 100 && *size < 1 << 16);
    (void)fclose(f);
    return bytes;
}

static int setup(void **state)
{
    (void)state;
    all.data = runs_data(TRAIN, TEST, 1);
    all.spec = runs_spec();
    all.spec.validation_fraction = 0.1; /* 18 left: batches of 7, 7, 4 */
    all.dir = tmpdir_create();
    struct snn_run *run = runs_new(&all.spec, all.data, 1);
    runs_train(run, 4);
    char *path = runs_save(run, all.dir, "whole");
    all.bytes = slurp(path, &all.size);
    free(path);
    snn_run_free(run);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(all.bytes);
    snn_data_free(all.data);
    tmpdir_remove(all.dir);
    return 0;
}

/* The code of loading `size` bytes into a fresh run, which a refusal must leave as it was. */
static enum snn_code load(struct snn_run *run, const void *bytes, size_t size,
                          struct snn_error *err)
{
    char before[SNN_SHA256_HEX], after[SNN_SHA256_HEX];
    char *path = tmpdir_write(all.dir, "other", bytes, size);

    runs_digest(run, before);
    enum snn_code rc = snn_run_load(run, path, err);
    runs_digest(run, after);
    if (rc != SNN_OK)
        assert_string_equal(after, before);
    free(path);
    return rc;
}

static void assert_refused(const struct snn_spec *spec, const struct snn_data *data,
                           const void *bytes, size_t size, enum snn_code code, const char *message)
{
    struct snn_run *run = runs_new(spec, data, 1);
    struct snn_error err = {0};

    assert_int_equal(load(run, bytes, size, &err), code);
    assert_int_equal(err.code, code);
    assert_contains(err.message, message);
    snn_run_free(run);
}

static void load__whole_file__is_taken(void **state)
{
    struct snn_run *run = runs_new(&all.spec, all.data, 1);
    struct snn_error err = {0};

    (void)state;
    assert_int_equal(load(run, all.bytes, all.size, &err), SNN_OK);
    assert_int_equal(snn_run_progress(run).step, 4);
    assert_int_equal(snn_run_progress(run).epoch, 1);
    snn_run_free(run);
}

static void load__any_byte_damaged__is_refused_and_changes_nothing(void **state)
{
    struct snn_run *run = runs_new(&all.spec, all.data, 1);

    (void)state;
    for (size_t i = 0; i < all.size; i++) {
        struct snn_error err = {0};

        all.bytes[i] ^= (unsigned char)(1u << i % 8);
        if (load(run, all.bytes, all.size, &err) != SNN_FORMAT || err.code != SNN_FORMAT)
            fail_msg("byte %zu of %zu damaged: code %d, \"%s\"", i, all.size, err.code,
                     err.message);
        all.bytes[i] ^= (unsigned char)(1u << i % 8);
    }
    snn_run_free(run);
}

static void load__cut_short_or_longer__is_refused(void **state)
{
    struct snn_run *run = runs_new(&all.spec, all.data, 1);
    unsigned char *longer = calloc(1, all.size + 100);

    (void)state;
    for (size_t n = 0; n < all.size; n += n < 200 ? 1 : 97) {
        struct snn_error err = {0};
        assert_int_equal(load(run, all.bytes, n, &err), SNN_FORMAT);
    }
    assert_non_null(longer);
    memcpy(longer, all.bytes, all.size);
    for (size_t n = 1; n <= 100; n += 33) {
        struct snn_error err = {0};
        assert_int_equal(load(run, longer, all.size + n, &err), SNN_FORMAT);
    }
    free(longer);
    snn_run_free(run);
}

static void load__no_file_or_a_folder__is_an_io_error(void **state)
{
    struct snn_run *run = runs_new(&all.spec, all.data, 1);
    struct snn_error err = {0};

    (void)state;
    assert_int_equal(snn_run_load(run, "/nonexistent/file", &err), SNN_IO);
    assert_contains(err.message, "/nonexistent/file");
    assert_int_equal(snn_run_load(run, all.dir, NULL), SNN_IO);
    snn_run_free(run);
}

static void load__run_of_another_config__is_refused(void **state)
{
    struct snn_spec s = all.spec;
    const struct {
        size_t *size;
        double *number;
    } rows[] = {
        {&s.time_steps, NULL},
        {&s.epochs, NULL},
        {&s.batch_size, NULL},
        {&s.shards, NULL},
        {&s.diagnostics_every, NULL},
        {NULL, &s.encoding.value[0]},
        {NULL, &s.optimizer.value[0]},
        {NULL, &s.layers[0].kind.value[0]},
        {NULL, &s.layers[0].neuron.model.value[0]},
        {NULL, &s.layers[1].neuron.model.value[1]},
        {NULL, &s.layers[0].neuron.surrogate.value[0]},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        if (rows[i].size)
            *rows[i].size += 1;
        else
            *rows[i].number *= 2;
        if (snn_spec_check(&s, snn_data_describe(all.data), NULL, NULL) != SNN_OK)
            fail_msg("row %zu is not valid", i);
        assert_refused(&s, all.data, all.bytes, all.size, SNN_INVALID, "another config");
        s = all.spec;
    }
    s.seed++;
    assert_refused(&s, all.data, all.bytes, all.size, SNN_INVALID, "another config");
    s = all.spec;
    s.layers[0].name[0] = 'm';
    assert_refused(&s, all.data, all.bytes, all.size, SNN_INVALID, "another config");
    s = all.spec;
    runs_reset(&s, "zero");
    assert_refused(&s, all.data, all.bytes, all.size, SNN_INVALID, "another config");
}

static void load__run_on_other_data__is_refused(void **state)
{
    struct snn_data *other = runs_data(TRAIN, TEST, 2);

    (void)state;
    assert_refused(&all.spec, other, all.bytes, all.size, SNN_INVALID, "other data");
    snn_data_free(other);
}

/* A file that is whole by its digest, written by something else. */
static void sign(unsigned char *bytes, size_t size)
{
    struct snn_digest d;
    char hex[SNN_SHA256_HEX];

    snn_digest_init(&d);
    snn_digest_add(&d, bytes, size - TRAILER);
    snn_digest_hex(&d, hex);
    memcpy(bytes + size - TRAILER, hex, TRAILER);
}

/* Where the cursor begins: reading the head ends behind it, whose fields are 8 bytes each. */
static size_t cursor_offset(void)
{
    struct snn_reader r;
    static struct snn_ckpt_head h;
    unsigned char *copy = malloc(all.size);
    size_t fields = 0;

#define COUNT(kind, field) fields++;
    SNN_CURSOR_FIELDS(COUNT)
#undef COUNT
    assert_non_null(copy);
    memcpy(copy, all.bytes, all.size);
    assert_int_equal(snn_reader_take(&r, copy, all.size, "copy", NULL), SNN_OK);
    assert_int_equal(snn_ckpt_read_head(&h, &r, "copy", NULL), SNN_OK);
    size_t at = r.at - 8 * fields;
    snn_reader_close(&r);
    return at;
}

static void load__signed_but_impossible__is_refused(void **state)
{
    const size_t cursor = cursor_offset();
    const struct {
        size_t at;
        uint64_t value;
    } rows[] = {
        {8, SNN_CKPT_VERSION + 1}, /* version */
        {8, 1},                    /* a version that no run goes on from */
        {16, 3},                   /* size of real */
        {cursor, 4},               /* epoch of 3 */
        {cursor, UINT64_MAX},      /* epoch */
        {cursor + 8, 3},           /* step of an epoch of 3 */
        {cursor + 8, 1u << 30},    /* the same */
        {cursor + 16, 5},          /* step: not that of the epoch and its step */
    };
    unsigned char *copy = malloc(all.size);

    (void)state;
    assert_non_null(copy);
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        memcpy(copy, all.bytes, all.size);
        memcpy(copy + rows[i].at, &rows[i].value, sizeof rows[i].value);
        sign(copy, all.size);
        assert_refused(&all.spec, all.data, copy, all.size, SNN_FORMAT, "other: ");
    }
    free(copy);
}

/* Eight bytes taken out of the file or put in, anywhere behind the magic, and signed: never read
 * beyond its end. */
static void load__signed_with_bytes_missing__is_refused(void **state)
{
    struct snn_run *run = runs_new(&all.spec, all.data, 1);
    unsigned char *copy = malloc(all.size);

    (void)state;
    assert_non_null(copy);
    for (size_t i = 8; i + 8 + TRAILER < all.size; i += 8) {
        struct snn_error err = {0};

        memcpy(copy, all.bytes, i);
        memcpy(copy + i, all.bytes + i + 8, all.size - i - 8);
        sign(copy, all.size - 8);
        enum snn_code rc = load(run, copy, all.size - 8, &err);
        if (rc != SNN_FORMAT && rc != SNN_INVALID)
            fail_msg("8 bytes missing at %zu: code %d", i, rc);
    }
    free(copy);
    snn_run_free(run);
}

static void load__no_memory__fails_and_changes_nothing(void **state)
{
    struct snn_run *run = runs_new(&all.spec, all.data, 1);
    char before[SNN_SHA256_HEX], after[SNN_SHA256_HEX];
    char *path = tmpdir_write(all.dir, "whole", all.bytes, all.size);
    unsigned long n = 0;

    (void)state;
    runs_digest(run, before);
    for (;; n++) {
        struct snn_error err = {0};

        oom_fail_at(n);
        enum snn_code rc = snn_run_load(run, path, &err);
        if (!oom_off()) {
            assert_int_equal(rc, SNN_OK);
            break;
        }
        assert_int_equal(rc, SNN_NOMEM);
        assert_contains(err.message, "no memory");
        runs_digest(run, after);
        assert_string_equal(after, before);
    }
    assert_true(n > 0);
    free(path);
    snn_run_free(run);
}

static void save__disk_is_full__is_an_io_error(void **state)
{
    struct snn_run *run = runs_new(&all.spec, all.data, 1);
    struct snn_error err = {0};
    FILE *full = fopen("/dev/full", "wb");

    (void)state;
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        assert_int_equal(snn_run_save(run, full, &err), SNN_IO);
        assert_contains(err.message, "step 0");
        (void)fclose(full);
    }
    snn_run_free(run);
}

/* It says where it is in the stream, and writes on from there. */
static void save__stream_not_at_its_start__is_written_from_there(void **state)
{
    struct snn_run *run = runs_new(&all.spec, all.data, 1);
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    (void)state;
    assert_non_null(f);
    assert_int_equal(fputs("head", f) >= 0, 1);
    assert_int_equal(snn_run_load(run, "/nonexistent", NULL), SNN_IO);
    assert_int_equal(snn_run_save(run, f, NULL), SNN_OK);
    assert_int_equal(fclose(f), 0);
    assert_memory_equal(text, "headSPIKEDCK", 12);
    struct snn_error err = {0};
    assert_int_equal(load(run, text + 4, size - 4, &err), SNN_OK);
    assert_int_equal(snn_run_progress(run).step, 0);
    free(text);
    snn_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load__whole_file__is_taken),
        cmocka_unit_test(load__any_byte_damaged__is_refused_and_changes_nothing),
        cmocka_unit_test(load__cut_short_or_longer__is_refused),
        cmocka_unit_test(load__no_file_or_a_folder__is_an_io_error),
        cmocka_unit_test(load__run_of_another_config__is_refused),
        cmocka_unit_test(load__run_on_other_data__is_refused),
        cmocka_unit_test(load__signed_but_impossible__is_refused),
        cmocka_unit_test(load__signed_with_bytes_missing__is_refused),
        cmocka_unit_test(load__no_memory__fails_and_changes_nothing),
        cmocka_unit_test(save__disk_is_full__is_an_io_error),
        cmocka_unit_test(save__stream_not_at_its_start__is_written_from_there),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
