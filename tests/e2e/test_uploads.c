/* SPDX-License-Identifier: MIT */
/* Data sets of one's own: uploaded, trained on, refused when they are not what they claim to be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define SIDE 6
#define PIXELS (SIDE * SIDE)
#define CLASSES 3
#define SAMPLES 120
#define IMAGES_SIZE (16 + SAMPLES * PIXELS)
#define LABELS_SIZE (8 + SAMPLES)

static void put_big_endian(unsigned char *to, unsigned v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* Class k is bright in its own third of the rows, with noise from a fixed sequence. */
static unsigned pixel(unsigned sample, unsigned at)
{
    unsigned noise = (sample * 2654435761u + at * 40503u) >> 24;

    return at / (PIXELS / CLASSES) == sample % CLASSES ? 150 + noise / 4 : noise / 4;
}

static void make_images(unsigned char file[IMAGES_SIZE])
{
    const unsigned header[] = {0x00000803, SAMPLES, SIDE, SIDE};

    for (size_t i = 0; i < 4; i++)
        put_big_endian(file + 4 * i, header[i]);
    for (unsigned s = 0; s < SAMPLES; s++)
        for (unsigned p = 0; p < PIXELS; p++)
            file[16 + s * PIXELS + p] = (unsigned char)pixel(s, p);
}

static void make_labels(unsigned char file[LABELS_SIZE])
{
    put_big_endian(file, 0x00000801);
    put_big_endian(file + 4, SAMPLES);
    for (unsigned s = 0; s < SAMPLES; s++)
        file[8 + s] = (unsigned char)(s % CLASSES);
}

/* A header and rows; the caller frees it. */
static char *make_csv(size_t *size)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, size);

    assert_non_null(f);
    for (unsigned p = 0; p < PIXELS; p++)
        fprintf(f, "p%u,", p);
    fputs("label\n", f);
    for (unsigned s = 0; s < SAMPLES; s++) {
        for (unsigned p = 0; p < PIXELS; p++)
            fprintf(f, "%.3f,", pixel(s, p) / 255.0);
        fprintf(f, "%u\n", s % CLASSES);
    }
    assert_int_equal(fclose(f), 0);
    return text;
}

static void create(struct daemon *d, const char *name, const char *format, char id[64])
{
    struct answer a = {.status = 0};
    char body[128];

    snprintf(body, sizeof body, "{\"name\":\"%s\",\"format\":\"%s\"}", name, format);
    daemon_post(d, &a, "/v1/datasets", body, 201);
    snprintf(id, 64, "%s", answer_text(&a, "id"));
    answer_clear(&a);
}

static void put(struct daemon *d, struct answer *a, const char *id, const char *part,
                const void *bytes, size_t size, long status)
{
    char path[160];

    snprintf(path, sizeof path, "/v1/datasets/%s/files/%s", id, part);
    daemon_put(d, a, path, bytes, size, status);
}

static void train_on(struct daemon *d, const char *name)
{
    struct answer a = {.status = 0};
    char job[512], id[32];

    snprintf(job, sizeof job,
             "{\"dataset\":{\"name\":\"%s\"},\"encoding\":{\"time_steps\":6},"
             "\"layers\":[{\"kind\":\"dense\",\"units\":16},{\"kind\":\"dense\",\"units\":3}],"
             "\"training\":{\"epochs\":30,\"batch_size\":16,\"optimizer\":{\"kind\":\"adam\","
             "\"learning_rate\":0.01}}}",
             name);
    daemon_submit(d, job, id);
    daemon_wait(d, &a, id, "succeeded");
    if (answer_number(&a, "metrics.test_accuracy") < 0.95)
        fail_msg("test accuracy %g, want at least 0.95",
                 answer_number(&a, "metrics.test_accuracy"));
    answer_clear(&a);
}

static void idx__uploaded_in_four_parts__is_trained_on(void **state)
{
    static const char *const parts[] = {"train-images", "train-labels", "test-images",
                                        "test-labels"};
    unsigned char images[IMAGES_SIZE], labels[LABELS_SIZE];
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char id[64], path[96];

    make_images(images);
    make_labels(labels);
    create(d, "stripes", "idx", id);
    for (size_t i = 0; i < 4; i++) {
        put(d, &a, id, parts[i], i % 2 ? labels : images, i % 2 ? sizeof labels : sizeof images,
            200);
        assert_int_equal(json_array_size(answer_at(&a, "missing_parts")), 3 - i);
        assert_string_equal(answer_text(&a, "status"), i < 3 ? "incomplete" : "ready");
    }
    assert_near(answer_number(&a, "samples.train"), SAMPLES, 0);
    assert_near(answer_number(&a, "features"), PIXELS, 0);
    assert_near(answer_number(&a, "classes"), CLASSES, 0);
    train_on(d, "stripes");

    /* it is still there after a restart, and goes when it is deleted */
    assert_int_equal(daemon_stop(d, 15), 0);
    daemon_start(d, NULL);
    snprintf(path, sizeof path, "/v1/datasets/%s", id);
    daemon_get(d, &a, path, 200);
    assert_string_equal(answer_text(&a, "status"), "ready");
    daemon_delete(d, &a, path, 204);
    daemon_get(d, &a, path, 404);
    answer_clear(&a);
}

static void csv__uploaded_in_two_parts__is_trained_on(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    size_t size;
    char *csv = make_csv(&size), id[64];

    create(d, "stripes.csv", "csv", id);
    put(d, &a, id, "train", csv, size, 200);
    put(d, &a, id, "test", csv, size, 200);
    assert_string_equal(answer_text(&a, "status"), "ready");
    assert_near(answer_number(&a, "samples.test"), SAMPLES, 0);
    train_on(d, "stripes.csv");
    free(csv);
    answer_clear(&a);
}

static void job__data_set_not_complete__is_refused(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char id[64];

    create(d, "half", "csv", id);
    daemon_post(d, &a, "/v1/jobs",
                "{\"dataset\":{\"name\":\"half\"},\"layers\":[{\"kind\":\"dense\",\"units\":3}]}",
                422);
    assert_contains(a.text, "/dataset/name");
    answer_clear(&a);
}

static void files__damaged__are_refused_and_leave_the_set_as_it_was(void **state)
{
    unsigned char images[IMAGES_SIZE], labels[LABELS_SIZE];
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char idx[64], csv[64], path[96], number[32];

    make_images(images);
    make_labels(labels);
    create(d, "damaged", "idx", idx);
    create(d, "damaged.csv", "csv", csv);
    const struct {
        const char *id, *part;
        const void *bytes;
        size_t size;
        const char *text;
    } cases[] = {
        {idx, "train-images", images, sizeof images - 1, "train-images"},
        {idx, "train-images", images, 10, "train-images"},
        {idx, "train-images", "", 0, "train-images"},
        {idx, "train-images", labels, sizeof labels, "train-images"},
        {idx, "train-labels", images, sizeof images, "train-labels"},
        {csv, "train", "1,2,0\n1,2\n", 10, "line 2"},
        {csv, "train", "1,2,0\n1,2,-1\n", 13, "-1"},
        {csv, "train", "1,2,0\n1,2,1.5\n", 14, "1.5"},
        {csv, "train", "1,2,0\n1,2,4000000000\n", 21, "4000000000"},
        {csv, "train", "1,2,0\n1,nan,1\n", 14, "nan"},
        {csv, "train", "\x1f\x8b\x08\x00zip", 7, "train"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put(d, &a, cases[i].id, cases[i].part, cases[i].bytes, cases[i].size, 422);
        if (!strstr(answer_text(&a, "detail"), cases[i].text))
            fail_msg("case %zu: nothing of '%s' in %s", i, cases[i].text, a.text);
        snprintf(path, sizeof path, "/v1/datasets/%s", cases[i].id);
        daemon_get(d, &a, path, 200);
        assert_int_equal(json_array_size(answer_at(&a, "files")), 0);
    }
    put(d, &a, idx, "train-images", images, sizeof images - 1, 422);
    snprintf(number, sizeof number, "%d", IMAGES_SIZE - 1);
    assert_contains(a.text, "train-images");
    answer_clear(&a);
}

static void labels__more_classes_than_the_last_layer__are_a_wrong_job(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char id[64];

    create(d, "wide", "csv", id);
    put(d, &a, id, "train", "1,2,0\n3,4,6\n", 12, 200);
    put(d, &a, id, "test", "1,2,0\n", 6, 200);
    assert_near(answer_number(&a, "classes"), 7, 0);
    daemon_post(d, &a, "/v1/jobs",
                "{\"dataset\":{\"name\":\"wide\"},\"layers\":[{\"kind\":\"dense\",\"units\":6}]}",
                422);
    assert_contains(a.text, "/layers/0/units");
    answer_clear(&a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(idx__uploaded_in_four_parts__is_trained_on),
        TEST(csv__uploaded_in_two_parts__is_trained_on),
        TEST(job__data_set_not_complete__is_refused),
        TEST(files__damaged__are_refused_and_leave_the_set_as_it_was),
        TEST(labels__more_classes_than_the_last_layer__are_a_wrong_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
