/* SPDX-License-Identifier: MIT */
/* Damaged files, and files made to do harm: HDF5's library does not survive many of them. */
#include "core/data/h5.h"
#include "core/data/shd.h"
#include "tests/core/data/h5files.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>

#define ROOM ((size_t)1 << 16)
#define LIMIT ((size_t)1 << 20)

struct bytes {
    size_t n;
    unsigned char at[ROOM];
};

static void write_file(struct bytes *b, const struct h5files_form *form)
{
    struct h5files_sample s[6] = {{.n = 0}};
    char *dir = tmpdir_create(), path[512];
    FILE *f;

    for (size_t i = 0; i < 6; i++) {
        s[i] = (struct h5files_sample){.n = i, .n_units = i, .label = (long)i % 3};
        for (size_t k = 0; k < i; k++) {
            s[i].times[k] = (double)k / 8;
            s[i].units[k] = (long)(i + k);
        }
    }
    snprintf(path, sizeof path, "%s/s.h5", dir);
    h5files_write(path, s, 6, form);
    f = fopen(path, "rb");
    assert_non_null(f);
    b->n = fread(b->at, 1, sizeof b->at, f);
    assert_true(feof(f));
    fclose(f);
    tmpdir_remove(dir);
}

/* Reads from a copy of exactly that size, so that a sanitizer sees a byte too far. */
static enum snn_code read_bytes(const unsigned char *at, size_t n, struct snn_error *err)
{
    unsigned char *copy = malloc(n ? n : 1);
    struct snn_samples s = {0};
    struct snn_source source;
    enum snn_code rc;

    assert_non_null(copy);
    memcpy(copy, at, n);
    *err = (struct snn_error){0};
    rc = snn_source_memory(&source, "s.h5", copy, n, LIMIT, err);
    if (rc == SNN_OK) {
        rc = snn_shd_read(&s, &source, true, err);
        snn_source_close(&source);
    }
    for (size_t i = 0; rc == SNN_OK && i < s.first[s.count]; i++)
        assert_true(s.units[i] < s.shape[0]);
    assert_int_equal(rc, err->code);
    snn_samples_clear(&s);
    free(copy);
    return rc;
}

static const struct h5files_form forms[] = {{0},
                                            {.chunk = 2},
                                            {.chunk = 4, .deflate = 5, .shuffle = true},
                                            {.latest = true, .compact = true}};

static void read__any_byte_damaged__is_read_or_refused(void **state)
{
    static const unsigned char values[] = {0, 1, 0x7f, 0xff};
    static struct bytes b;
    size_t refused = 0, tried = 0;

    (void)state;
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        write_file(&b, &forms[f]);
        for (size_t i = 0; i < b.n; i++) {
            const unsigned char was = b.at[i];

            for (size_t k = 0; k < sizeof values; k++) {
                struct snn_error err;
                b.at[i] = values[k];
                if (was == values[k])
                    continue;
                const enum snn_code rc = read_bytes(b.at, b.n, &err);
                if (rc != SNN_OK && rc != SNN_FORMAT && rc != SNN_LIMIT)
                    fail_msg("form %zu, byte %zu: %s", f, i, err.message);
                refused += rc != SNN_OK;
                tried++;
            }
            b.at[i] = was;
        }
    }
    assert_true(refused > tried / 100 && refused < tried);
}

static void read__cut_anywhere__is_refused(void **state)
{
    static struct bytes b;

    (void)state;
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        write_file(&b, &forms[f]);
        size_t last = b.n; /* the library leaves unused bytes at the end of some */
        for (size_t n = 0; n < b.n; n++) {
            struct snn_error err;
            const enum snn_code rc = read_bytes(b.at, n, &err);

            if (rc == SNN_OK)
                last = n < last ? n : last;
            else
                assert_int_equal(rc, SNN_FORMAT);
            assert_true(n < last || rc == SNN_OK);
        }
        assert_true(last > b.n / 2);
    }
}

/* The place of a text in the file, the i-th from its begin. */
static unsigned char *find(struct bytes *b, const char *text, size_t i)
{
    for (size_t at = 0; at + 8 < b->n; at++)
        if (memcmp(b->at + at, text, strlen(text)) == 0 && i-- == 0)
            return b->at + at;
    fail_msg("no '%s' in the file", text);
    return NULL;
}

static void put(unsigned char *at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (unsigned char)(v >> 8 * i);
}

static void assert_refused(const struct bytes *b, enum snn_code code, const char *message)
{
    struct snn_error err;

    assert_int_equal(read_bytes(b->at, b->n, &err), code);
    assert_contains(err.message, message);
}

/* The root's tree as its own child, level under level. */
static void read__tree_in_circles__is_refused(void **state)
{
    static struct bytes b;
    unsigned char *tree;

    (void)state;
    write_file(&b, &forms[0]);
    tree = find(&b, "TREE", 0);
    tree[5] = 1; /* its level; the child has it too */
    put(tree + 24 + 8, (uint64_t)(tree - b.at), 8);
    assert_refused(&b, SNN_FORMAT, "s.h5: damaged: no such node of a tree at byte");
}

/* Nodes of many levels, each with 65,535 times the same one below: steps run out. */
static void read__tree_of_one_node_often__is_refused(void **state)
{
    enum { LEVELS = 6, MANY = 500, NODE = 24 + MANY * 16 + 8 };
    static struct bytes b;
    unsigned char *tree;

    (void)state;
    write_file(&b, &forms[0]);
    tree = find(&b, "TREE", 0);
    const uint64_t symbols = snn_h5_little(tree + 24 + 8, 8);
    unsigned char *at = b.at + b.n;

    assert_true(b.n + LEVELS * NODE < sizeof b.at);
    memset(at, 0, (size_t)LEVELS * NODE);
    for (unsigned level = 0; level < LEVELS; level++, at += NODE) {
        const uint64_t child = level ? (uint64_t)(at - b.at) - NODE : symbols;

        memcpy(at, "TREE", 4);
        at[5] = (unsigned char)level;
        put(at + 6, MANY, 2);
        for (size_t i = 0; i < MANY; i++)
            put(at + 24 + 16 * i + 8, child, 8);
    }
    tree[5] = LEVELS;
    put(tree + 24 + 8, (uint64_t)(at - b.at) - NODE, 8);
    b.n += (size_t)LEVELS * NODE;
    assert_refused(&b, SNN_FORMAT, "damaged: ");
}

/* Every sample refers to one long list: more spikes than the file, and the limit, could hold. */
static void read__lists_that_overlap__are_held_to_the_limit(void **state)
{
    enum { SAMPLES = 200 };
    static struct h5files_sample s[SAMPLES];
    static struct bytes b;
    char *dir = tmpdir_create(), path[512];
    struct snn_error err = {0};
    struct snn_source source;
    FILE *f;

    (void)state;
    s[0].n = s[0].n_units = H5FILES_SPIKES;
    for (size_t i = 1; i < SAMPLES; i++)
        s[i].n = s[i].n_units = 1;
    snprintf(path, sizeof path, "%s/s.h5", dir);
    h5files_write(path, s, SAMPLES, &(struct h5files_form){0});
    f = fopen(path, "rb");
    assert_non_null(f);
    b.n = fread(b.at, 1, sizeof b.at, f);
    fclose(f);
    tmpdir_remove(dir);
    /* references: length 64, then 1, 1, ... */
    for (size_t i = 0; i + 32 < b.n; i++)
        if (snn_h5_little(b.at + i, 4) == 64 && snn_h5_little(b.at + i + 16, 4) == 1 &&
            snn_h5_little(b.at + i + 32, 4) == 1)
            for (size_t k = 1; k < SAMPLES; k++)
                memcpy(b.at + i + 16 * k, b.at + i, 16);
    assert_int_equal(snn_source_memory(&source, "s.h5", b.at, b.n, b.n, &err), SNN_OK);
    assert_int_equal(snn_shd_read(NULL, &source, false, &err), SNN_LIMIT);
    assert_contains(err.message, "spikes, which would take more than the");
    snn_source_close(&source);
}

static void read__no_hdf5__says_so(void **state)
{
    static struct bytes b;

    (void)state;
    write_file(&b, &forms[0]);
    b.at[8] = 9;
    assert_refused(&b, SNN_FORMAT, "s.h5: HDF5 superblock of version 9, want 0 to 3");
    b.at[8] = 0;
    b.at[13] = 4;
    assert_refused(&b, SNN_FORMAT, "addresses of 4 bytes and lengths of 8, want 8 and 8");
    b.at[13] = 8;
    b.at[24] = 16;
    assert_refused(&b, SNN_FORMAT, "HDF5 that begins at byte 16, want 0");
    b.n = 75; /* a byte less than the second version has before the root's address ends */
    b.at[8] = 1;
    assert_refused(&b, SNN_FORMAT, "s.h5: damaged: the superblock is cut off at byte 75");
    b.at[1] = 'h';
    assert_refused(&b, SNN_FORMAT, "s.h5: no HDF5 file: it does not begin as one does");
}

static void number__every_type__its_value(void **state)
{
    static const struct {
        struct snn_h5_type type;
        unsigned char bytes[8];
        double value;
    } rows[] = {
        {{false, false, false, 1}, {200}, 200},
        {{false, true, false, 1}, {200}, -56},
        {{false, true, true, 2}, {0xff, 0xfe}, -2},
        {{false, false, false, 4}, {0, 0, 0, 0x80}, 2147483648.0},
        {{false, true, false, 8}, {0, 0, 0, 0, 0, 0, 0, 0x80}, -9223372036854775808.0},
        {{true, true, false, 2}, {0x00, 0x3c}, 1},
        {{true, true, true, 2}, {0xc0, 0x00}, -2},
        {{true, true, false, 2}, {0x01, 0x00}, 0x1p-24},
        {{true, true, false, 2}, {0xff, 0x7b}, 65504},
        {{true, true, false, 4}, {0, 0, 0xc0, 0x3f}, 1.5},
        {{true, true, true, 8}, {0xc0, 0x04, 0, 0, 0, 0, 0, 0}, -2.5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(snn_h5_number(&rows[i].type, rows[i].bytes) == rows[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__any_byte_damaged__is_read_or_refused),
        cmocka_unit_test(read__cut_anywhere__is_refused),
        cmocka_unit_test(read__tree_in_circles__is_refused),
        cmocka_unit_test(read__tree_of_one_node_often__is_refused),
        cmocka_unit_test(read__lists_that_overlap__are_held_to_the_limit),
        cmocka_unit_test(read__no_hdf5__says_so),
        cmocka_unit_test(number__every_type__its_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
