/* SPDX-License-Identifier: MIT */
/* Files that HDF5's own library has written, in the forms that it has for them. */
#include "core/data/shd.h"
#include "tests/core/data/files.h"
#include "tests/core/data/h5files.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 100
#define ROOM ((size_t)1 << 21)

/* Times that half floats hold exactly: multiples of 2^-10. */
static void make_samples(struct h5files_sample *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s[i] =
            (struct h5files_sample){.n = i * 7 % 23, .n_units = i * 7 % 23, .label = (long)i % 5};
        for (size_t k = 0; k < s[i].n; k++) {
            s[i].times[k] = (double)((i * 31 + k * 17) % 1024) / 1024;
            s[i].units[k] = (long)((i * 13 + k * 29) % 211);
        }
    }
}

static void assert_samples(const struct snn_samples *got, const struct h5files_sample *s, size_t n)
{
    size_t at = 0;

    assert_int_equal(got->count, n);
    assert_int_equal(got->rank, 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(got->labels[i], s[i].label);
        assert_int_equal(got->first[i], at);
        for (size_t k = 0; k < s[i].n; k++, at++) {
            assert_int_equal(got->times[at], (long)floor(s[i].times[k] * 1e6 + 0.5));
            assert_int_equal(got->units[at], s[i].units[k]);
        }
    }
    assert_int_equal(got->first[n], at);
}

static enum snn_code read_file(struct snn_samples *out, const char *path, size_t limit, bool keep,
                               struct snn_error *err)
{
    struct snn_source source;
    enum snn_code rc = snn_source_open(&source, path, limit, err);

    if (rc != SNN_OK)
        return rc;
    rc = snn_shd_read(out, &source, keep, err);
    snn_source_close(&source);
    return rc;
}

/* Writes and reads; what is wrong with the file, "" if nothing. */
static void through(const struct h5files_sample *s, size_t n, const struct h5files_form *form,
                    struct snn_error *err)
{
    char *dir = tmpdir_create(), path[512];
    struct snn_samples got = {0};

    *err = (struct snn_error){0};
    snprintf(path, sizeof path, "%s/s.h5", dir);
    h5files_write(path, s, n, form);
    if (read_file(&got, path, ROOM, true, err) == SNN_OK) {
        assert_samples(&got, s, n);
        assert_int_equal(read_file(NULL, path, ROOM, false, NULL), SNN_OK);
    } else {
        assert_int_equal(read_file(NULL, path, ROOM, false, NULL), err->code);
        assert_null(got.times);
    }
    snn_samples_clear(&got);
    tmpdir_remove(dir);
}

static void read__every_form__same_samples(void **state)
{
    const hid_t half_big = h5files_half();
    static struct h5files_sample s[SAMPLES];
    const struct h5files_form forms[] = {
        {0},
        {.time = H5T_IEEE_F32LE, .unit = H5T_STD_I32LE, .label = H5T_STD_I64LE},
        {.time = H5T_IEEE_F64LE, .unit = H5T_STD_I64BE, .label = H5T_STD_U8LE},
        {.time = H5T_IEEE_F32BE, .unit = H5T_STD_U32BE, .label = H5T_STD_I8LE},
        {.time = half_big, .unit = H5T_STD_U64LE, .label = H5T_STD_I16BE},
        {.chunk = 1},
        {.chunk = 7},
        {.chunk = 1000},
        {.chunk = 16, .deflate = 9},
        {.chunk = 33, .deflate = 4, .shuffle = true},
        {.chunk = 100, .shuffle = true},
        {.compact = true},
        {.latest = true},
        {.latest = true, .compact = true, .time = H5T_IEEE_F64BE},
        {.more = 100}, /* a tree of groups of more than one level */
    };

    (void)state;
    assert_true(H5Tset_order(half_big, H5T_ORDER_BE) >= 0);
    make_samples(s, SAMPLES);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct snn_error err;

        through(s, SAMPLES, &forms[i], &err);
        if (err.code != SNN_OK)
            fail_msg("form %zu: %s", i, err.message);
    }
    H5Tclose(half_big);
}

/* Many chunks: their tree has more than one level. */
static void read__tree_of_chunks__same_samples(void **state)
{
    static struct h5files_sample s[200];
    struct snn_error err;

    (void)state;
    make_samples(s, 200);
    through(s, 200, &(struct h5files_form){.chunk = 1, .deflate = 1}, &err);
    assert_string_equal(err.message, "");
}

static void read__what_is_not_read__is_told(void **state)
{
    static struct h5files_sample s[SAMPLES];
    const struct {
        struct h5files_form form;
        const char *message;
    } rows[] = {
        {{.without = "labels"}, "s.h5: there is no \"labels\", want the data sets spikes/times"},
        {{.without = "spikes/units"}, "there is no \"spikes/units\""},
        {{.flat_times = true}, "\"spikes/times\" is of floats, want lists of floats"},
        {{.unit = H5T_IEEE_F32LE}, "\"spikes/units\" is of lists of floats, want lists of whole"},
        {{.time = H5T_STD_I32LE},
         "\"spikes/times\" is of lists of whole numbers, want lists of fl"},
        {{.label = H5T_IEEE_F32LE}, "\"labels\" is of floats, want whole numbers"},
        {{.square = true}, "\"labels\" has 2 dimensions, want 1"},
        {{.chunk = 10, .fletcher = true}, "goes through HDF5 filter 3, want no others than gzip"},
        {{.chunk = 10, .latest = true}, "is in chunks as libver \"latest\" has them"},
        {{.latest = true, .more = 20}, "keeps its members in a heap"},
    };

    (void)state;
    make_samples(s, SAMPLES);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_error err;

        through(s, SAMPLES, &rows[i].form, &err);
        assert_int_equal(err.code, SNN_FORMAT);
        assert_contains(err.message, rows[i].message);
    }
}

static void read__spikes_out_of_range__says_which(void **state)
{
    const struct {
        struct h5files_sample sample;
        const char *message;
    } rows[] = {
        {{2, 2, {0.5, -0.25}, {1, 2}, 0},
         "sample 1, spike 1 (from 0) in \"spikes/times\": found -0.25, want seconds from 0 to "
         "4294"},
        {{1, 1, {NAN}, {1}, 0}, "found nan, want seconds"},
        {{1, 1, {INFINITY}, {1}, 0}, "found inf, want seconds"},
        {{1, 1, {4295}, {1}, 0}, "found 4295, want seconds"},
        {{1, 1, {0}, {-1}, 0}, "in \"spikes/units\": found -1, want a unit from 0 to 65535"},
        {{1, 1, {0}, {65536}, 0}, "found 65536, want a unit"},
        {{1, 1, {0}, {0}, -1}, "sample 1 (from 0) has label -1, want 0 to 65535"},
        {{1, 1, {0}, {0}, 65536}, "has label 65536, want 0 to 65535"},
        {{2, 1, {0, 0}, {0}, 0}, "sample 1 (from 0) has 2 times and 1 units, want as many of both"},
    };
    const struct h5files_form form = {
        .time = H5T_IEEE_F64LE, .unit = H5T_STD_I32LE, .label = H5T_STD_I32LE};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct h5files_sample s[2] = {{1, 1, {1}, {1}, 1}, rows[i].sample};
        struct snn_error err;

        through(s, 2, &form, &err);
        assert_int_equal(err.code, SNN_FORMAT);
        assert_contains(err.message, rows[i].message);
    }
    const struct h5files_sample silent[2] = {{.label = 1}, {.label = 0}};
    struct snn_error err;

    through(silent, 2, &form, &err);
    assert_contains(err.message, "no spikes, want at least one");
}

static void read__largest_numbers__accepted(void **state)
{
    const struct h5files_sample s[1] = {{1, 1, {4294.967295}, {65535}, 65535}};
    const struct h5files_form form = {.time = H5T_IEEE_F64LE};
    struct snn_error err;

    (void)state;
    through(s, 1, &form, &err);
    assert_string_equal(err.message, "");
}

/* ------------------------------------------------------------------------------ whole sets -- */

static const char *const names[] = {"train.h5", "test.h5"};

static char *put_set(void)
{
    static struct h5files_sample s[SAMPLES];
    char *dir = tmpdir_create(), path[512];

    make_samples(s, SAMPLES);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        h5files_write(path, s, i ? 30 : SAMPLES,
                      &(struct h5files_form){.chunk = i ? 4 : 0, .deflate = i ? 3 : 0});
    }
    return dir;
}

/* The same samples in every form, as text and compressed: one digest. */
static void open__gzip_and_text__same_digest(void **state)
{
    static unsigned char packed[ROOM];
    static const char *const text_names[] = {"train.csv", "test.csv"};
    static struct h5files_sample s[SAMPLES];
    static char text[ROOM];
    char *dir = put_set(), path[512];
    struct snn_data *plain = NULL, *gzip = NULL, *as_text = NULL;
    struct snn_error err = {0};

    (void)state;
    make_samples(s, SAMPLES);
    if (files_open(&plain, "hdf5", dir, names, &err) != SNN_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < 2; i++) {
        static unsigned char bytes[ROOM];
        size_t n = 0;
        FILE *f;

        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        f = fopen(path, "rb");
        assert_non_null(f);
        n = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        n = files_gzip(packed, sizeof packed, bytes, n);
        free(tmpdir_write(dir, names[i], packed, n));
        n = 0;
        for (size_t k = 0; k < (i ? 30 : SAMPLES); k++) {
            n += (size_t)snprintf(text + n, ROOM - n, "%zu,%ld\n", k, s[k].label);
            for (size_t j = 0; j < s[k].n; j++)
                n += (size_t)snprintf(text + n, ROOM - n, "%zu,%.0f,%ld\n", k,
                                      floor(s[k].times[j] * 1e6 + 0.5), s[k].units[j]);
        }
        free(tmpdir_write(dir, text_names[i], text, n));
    }
    if (files_open(&gzip, "hdf5", dir, names, &err) != SNN_OK)
        fail_msg("%s", err.message);
    assert_int_equal(files_open(&as_text, "events", dir, text_names, &err), SNN_OK);
    assert_true(snn_data_describe(plain)->events);
    assert_int_equal(snn_data_describe(plain)->features, 211);
    assert_string_equal(snn_data_describe(plain)->sha256, snn_data_describe(gzip)->sha256);
    assert_string_equal(snn_data_describe(plain)->sha256, snn_data_describe(as_text)->sha256);
    snn_data_free(plain);
    snn_data_free(gzip);
    snn_data_free(as_text);
    tmpdir_remove(dir);
}

static void open__limit__holds_file_and_spikes(void **state)
{
    char *dir = put_set(), path[512];
    struct snn_error err = {0};

    (void)state;
    snprintf(path, sizeof path, "%s/train.h5", dir);
    assert_int_equal(read_file(NULL, path, 5000, false, &err), SNN_LIMIT);
    assert_contains(err.message, "train.h5: decodes to more than the 5000 bytes allowed");
    tmpdir_remove(dir);
}

static void open__no_memory__says_so(void **state)
{
    struct snn_data_source source = {.format = snn_registry_find(&snn_formats, "hdf5")};
    char *dir = put_set(), paths[2][512];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", dir, names[i]);
        source.paths[i] = paths[i];
    }
    assert_true(files_refuse_allocations(&source) >= 14);
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__every_form__same_samples),
        cmocka_unit_test(read__tree_of_chunks__same_samples),
        cmocka_unit_test(read__what_is_not_read__is_told),
        cmocka_unit_test(read__spikes_out_of_range__says_which),
        cmocka_unit_test(read__largest_numbers__accepted),
        cmocka_unit_test(open__gzip_and_text__same_digest),
        cmocka_unit_test(open__limit__holds_file_and_spikes),
        cmocka_unit_test(open__no_memory__says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
