/* SPDX-License-Identifier: MIT */
#include "core/data/events.h"
#include "tests/core/data/files.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>

/* Reads text as a file named e.csv. */
static enum snn_code read_events(struct snn_samples *out, bool keep, const void *text, size_t n,
                                 struct snn_error *err)
{
    struct snn_source source;
    enum snn_code rc = snn_source_memory(&source, "e.csv", text, n, 1 << 24, err);

    if (rc != SNN_OK)
        return rc;
    rc = snn_events_read(out, &source, keep, err);
    snn_source_close(&source);
    return rc;
}

/* Three samples: events (5, unit 2), (3, unit 0); none; (9, unit 2). */
#define PLAIN "0,1\n0,5,2\n0,3,0\n1,0\n2,1\n2,9,2\n"

static void assert_plain(const struct snn_samples *s)
{
    assert_int_equal(s->count, 3);
    assert_int_equal(s->rank, 1);
    assert_int_equal(s->shape[0], 3);
    assert_memory_equal(s->labels, ((const uint32_t[]){1, 0, 1}), 12);
    assert_memory_equal(s->first, ((const size_t[]){0, 2, 2, 3}), 4 * sizeof(size_t));
    assert_memory_equal(s->times, ((const uint32_t[]){5, 3, 9}), 12);
    assert_memory_equal(s->units, ((const uint16_t[]){2, 0, 2}), 6);
}

static void events__accepted_forms__same_samples(void **state)
{
    static const char *const texts[] = {
        PLAIN,
        "sample,time,unit\n" PLAIN,
        "\"sample\",\"label\"\r\n" PLAIN "\n \t\r\n",
        "\xef\xbb\xbf" PLAIN,
        "0,1\r\n0,5,2\r\n0,3,0\r\n1,0\r\n2,1\r\n2,9,2",
        " 0 ,\t1\n0, 5.0 ,+2\n0,3e0,0\n1,0\n2,1\n2,9,2\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct snn_samples s = {0};
        struct snn_error err = {0};

        if (read_events(&s, true, texts[i], strlen(texts[i]), &err) != SNN_OK)
            fail_msg("'%s': %s", texts[i], err.message);
        assert_plain(&s);
        snn_samples_clear(&s);
        assert_int_equal(read_events(NULL, false, texts[i], strlen(texts[i]), &err), SNN_OK);
    }
}

static void events__gzip__same_samples(void **state)
{
    unsigned char packed[500];
    const size_t n = files_gzip(packed, sizeof packed, BYTES(PLAIN));
    struct snn_samples s = {0};

    (void)state;
    assert_int_equal(read_events(&s, true, packed, n, NULL), SNN_OK);
    assert_plain(&s);
    snn_samples_clear(&s);
}

static void events__malformed__says_what_and_where(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "e.csv: no samples, want at least one"},
        {"sample,label\n", "e.csv: no samples, want at least one"},
        {"0,1\n1,0\n", "e.csv: no events, want at least one"},
        {"0,1,2\n", "e.csv: line 1 is an event, want a sample and its label before it"},
        {"1,0\n", "line 1, column 1: found '1', want 0, the number of the next sample"},
        {"0,0\n0,1\n", "line 2, column 1: found '0', want 1, the number of the next sample"},
        {"0,0\n2,1\n", "line 2, column 1: found '2', want 1, the number of the next sample"},
        {"0,0\n1,1\n0,3,4\n", "line 3, column 1: found '0', want 1, the sample begun last"},
        {"0,0\n1,3,4\n", "line 2, column 1: found '1', want 0, the sample begun last"},
        {"0,0\nx,3,4\n", "line 2, column 1: found 'x', want 0, the sample begun last"},
        {"0,0\n0,-1,4\n", "line 2, column 2: found '-1', want the time of the event, a whole"},
        {"0,0\n0,1.5,4\n", "line 2, column 2: found '1.5', want the time"},
        {"0,0\n0,4294967296,4\n", "column 2: found '4294967296', want the time"},
        {"0,0\n0,nan,4\n", "column 2: found 'nan', want the time"},
        {"0,0\n0,1,65536\n", "line 2, column 3: found '65536', want the unit of the event"},
        {"0,0\n0,1,\n", "line 2, column 3: found '', want the unit"},
        {"0,nan\n", "line 1, column 2: found 'nan', want the label of the sample"},
        {"0,65536\n", "line 1, column 2: found '65536', want the label"},
        {"0,0\na,b,c\n", "line 2, column 1: found 'a', want 0"},
        {"0\n", "line 1 has 1 columns, want 2 (sample, label) or 3 (sample, time, unit)"},
        {"0,0\n0,1,2,3\n", "line 2 has 4 columns, want 2"},
        {"0,0\n\n0,1,2\n", "line 2 is blank, want a row: more follow it"},
        {"\x1f\x8b", "e.csv: truncated: the gzip data ends early"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        const char *text = rows[i / 2].text;
        struct snn_samples s = {0};
        struct snn_error err = {0};

        if (read_events(&s, i % 2, text, strlen(text), &err) != SNN_FORMAT)
            fail_msg("'%s': code %s: %s", text, snn_code_name(err.code), err.message);
        assert_contains(err.message, rows[i / 2].message);
        assert_null(s.times);
        assert_null(s.labels);
    }
}

static void events__limits__largest_numbers_accepted(void **state)
{
    struct snn_samples s = {0};

    (void)state;
    assert_int_equal(read_events(&s, true, BYTES("0,65535\n0,4294967295,65535"), NULL), SNN_OK);
    assert_int_equal(s.labels[0], 65535);
    assert_int_equal(s.times[0], UINT32_MAX);
    assert_int_equal(s.units[0], UINT16_MAX);
    assert_int_equal(s.shape[0], 65536);
    snn_samples_clear(&s);
}

#define SIZE ((size_t)1 << 20)

static void events__many__every_one_in_order(void **state)
{
    const size_t samples = 3000;
    char *text = malloc(SIZE);
    size_t n = 0, seen = 0;
    struct snn_samples s = {0};

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < samples; i++) {
        n += (size_t)snprintf(text + n, SIZE - n, "%zu,%zu\n", i, i % 7);
        for (size_t k = 0; k < i % 5; k++)
            n += (size_t)snprintf(text + n, SIZE - n, "%zu,%zu,%zu\n", i, 10 * i + k, k);
    }
    assert_int_equal(read_events(&s, true, text, n, NULL), SNN_OK);
    free(text);
    assert_int_equal(s.count, samples);
    for (size_t i = 0; i < samples; i++) {
        assert_int_equal(s.labels[i], i % 7);
        assert_int_equal(s.first[i], seen);
        for (size_t k = 0; k < i % 5; k++, seen++) {
            assert_int_equal(s.times[seen], 10 * i + k);
            assert_int_equal(s.units[seen], k);
        }
    }
    assert_int_equal(s.first[samples], seen);
    snn_samples_clear(&s);
}

/* ------------------------------------------------------------------------------ whole sets -- */

static const char *const names[] = {"train.csv", "test.csv"};

static char *put_set(const char *train, const char *test)
{
    char *dir = tmpdir_create();

    free(tmpdir_write(dir, names[0], train, strlen(train)));
    free(tmpdir_write(dir, names[1], test, strlen(test)));
    return dir;
}

static enum snn_code open_set(struct snn_data **out, const char *train, const char *test,
                              struct snn_error *err)
{
    char *dir = put_set(train, test);
    enum snn_code rc = files_open(out, "events", dir, names, err);

    tmpdir_remove(dir);
    return rc;
}

static void open__two_files__units_and_duration_of_both(void **state)
{
    struct snn_data *data = NULL;
    struct snn_error err = {0};
    const struct snn_data_info *info;
    struct snn_events e;

    (void)state;
    assert_int_equal(open_set(&data, PLAIN, "0,1\n0,99,4\n", &err), SNN_OK);
    info = snn_data_describe(data);
    assert_true(info->events);
    assert_int_equal(info->duration, 100);
    assert_int_equal(info->train, 3);
    assert_int_equal(info->test, 1);
    assert_int_equal(info->features, 5);
    assert_int_equal(info->classes, 2);
    assert_int_equal(info->bytes, sizeof *data + 4 * 12 + 2 * 8 + 4 * 6);
    e = snn_data_events(data, false, 0);
    assert_int_equal(e.n, 2);
    assert_int_equal(e.times[1], 3);
    assert_int_equal(e.duration, 100);
    assert_int_equal(snn_data_events(data, false, 1).n, 0);
    e = snn_data_events(data, true, 0);
    assert_int_equal(e.n, 1);
    assert_int_equal(e.units[0], 4);
    assert_int_equal(e.duration, 100);
    snn_data_free(data);
}

/* The comment at `digest` in data.c. */
static void open__digest__is_of_the_documented_bytes(void **state)
{
    static const unsigned char bytes[] =
        "spiked-data 1\n"
        "\0\0\0\0\0\0\0\0"                 /* divided by */
        "\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0" /* rank, shape */
        "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0" /* 1 sample, 2 events up to its end */
        "\5\0\0\0\0\1\0\0\2\0\1\0"         /* times 5, 256; units 2, 1 */
        "\1\0\0\0"
        "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
        "\7\0\0\0\0\0"
        "\0\0\0\0";
    struct snn_data *data = NULL;
    struct snn_digest d;
    char want[SNN_SHA256_HEX];

    (void)state;
    assert_int_equal(open_set(&data, "0,1\n0,5,2\n0,256,1\n", "0,0\n0,7,0\n", NULL), SNN_OK);
    snn_digest_init(&d);
    snn_digest_add(&d, bytes, sizeof bytes - 1);
    snn_digest_hex(&d, want);
    assert_string_equal(snn_data_describe(data)->sha256, want);
    snn_data_free(data);
}

static void open__test_label_beyond_training__is_refused(void **state)
{
    struct snn_data *data = NULL;
    struct snn_error err = {0};

    (void)state;
    assert_int_equal(open_set(&data, PLAIN, "0,2\n0,1,1\n", &err), SNN_FORMAT);
    assert_contains(err.message, "test set: sample 0 (from 0) has label 2, want 0 to 1");
    assert_null(data);
}

static void open__no_memory__says_so(void **state)
{
    struct snn_data_source source = {.format = snn_registry_find(&snn_formats, "events")};
    char *dir = put_set(PLAIN, PLAIN), paths[2][512];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", dir, names[i]);
        source.paths[i] = paths[i];
    }
    assert_true(files_refuse_allocations(&source) >= 2 * 9);
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events__accepted_forms__same_samples),
        cmocka_unit_test(events__gzip__same_samples),
        cmocka_unit_test(events__malformed__says_what_and_where),
        cmocka_unit_test(events__limits__largest_numbers_accepted),
        cmocka_unit_test(events__many__every_one_in_order),
        cmocka_unit_test(open__two_files__units_and_duration_of_both),
        cmocka_unit_test(open__digest__is_of_the_documented_bytes),
        cmocka_unit_test(open__test_label_beyond_training__is_refused),
        cmocka_unit_test(open__no_memory__says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
