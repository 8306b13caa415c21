/* SPDX-License-Identifier: MIT */
/* POST /v1/gradcheck and POST /v1/jobs/{job}/gradcheck: every example, a trained job, bad input. */
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/api/ask.h"
#include "tests/api/trained.h"
#include "tests/support/test.h"

/* Of the examples: what single precision promises, and double. */
#define TOLERANCE (sizeof(real) == sizeof(double) ? 1e-9 : 1e-4)

/* weight_scale at which every neuron layer of each example fires from the first. */
#define FIRING 8

/* The Debian package dataset-fashion-mnist, where it is installed. */
#define FASHION "/usr/share/datasets/fashion-mnist"

static char *read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *from = fopen(path, "rb"), *to = open_memstream(&text, &size);
    int c;

    assert_non_null(from);
    assert_non_null(to);
    while ((c = getc(from)) != EOF)
        putc(c, to);
    fclose(from);
    fclose(to);
    return text;
}

/* The job with weights so large that neurons fire from the first: each layer then hears something,
 * and a gradient reaches every tensor. */
static char *firing(const char *text)
{
    json_t *job = json_loads(text, 0, NULL), *layer;
    char *out;
    size_t i;

    assert_non_null(job);
    json_array_foreach(json_object_get(job, "layers"), i, layer)
    {
        const char *kind = json_string_value(json_object_get(layer, "kind"));
        if (strcmp(kind, "dense") == 0 || strcmp(kind, "recurrent") == 0 ||
            strcmp(kind, "conv2d") == 0)
            assert_int_equal(json_object_set_new(layer, "weight_scale", json_real(FIRING)), 0);
    }
    out = json_dumps(job, JSON_COMPACT);
    json_decref(job);
    assert_non_null(out);
    return out;
}

/* Checks the job of that file: within the tolerance, and where `whole` no tensor without gradient.
 */
static void check(struct world *w, const char *file, const char *job, bool whole)
{
    const json_t *layer, *tensor;
    size_t i, k;

    if (ask_post(w, "/v1/gradcheck", job) != 200 || !json_is_true(ask_at(w, "passed")) ||
        !(json_number_value(ask_at(w, "error")) <= TOLERANCE))
        fail_msg("%s: %s", file, w->text);
    assert_string_equal(ask_text_at(w, "weights"), "initial");
    json_array_foreach(ask_at(w, "layers"), i, layer)
    {
        json_array_foreach(json_object_get(layer, "tensors"), k, tensor)
        {
            if (whole && !(json_number_value(json_object_get(tensor, "gradient_norm")) > 0))
                fail_msg("%s: no gradient in %s", file,
                         json_string_value(json_object_get(tensor, "name")));
        }
    }
}

static void gradcheck__each_example_shipped__agrees(void **state)
{
    struct trained *t = *state;
    glob_t files;

    assert_int_equal(glob("api/examples/*.json", 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 6);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char *job = read_file(files.gl_pathv[i]);
        if (strstr(job, "fashion-mnist") && access(FASHION, R_OK) != 0) {
            free(job);
            continue;
        }
        if (ask_post(t->world, "/v1/jobs/validate", job) != 200 ||
            !json_is_true(ask_at(t->world, "valid")) ||
            json_array_size(ask_at(t->world, "warnings")) != 0)
            fail_msg("%s: %s", files.gl_pathv[i], t->world->text);
        char *fires = firing(job);
        check(t->world, files.gl_pathv[i], job, false);
        check(t->world, files.gl_pathv[i], fires, true);
        free(fires);
        free(job);
    }
    globfree(&files);
}

static void gradcheck__a_trained_job__is_checked_with_its_weights(void **state)
{
    struct trained *t = *state;
    char target[96];

    snprintf(target, sizeof target, "/v1/jobs/%s/gradcheck", t->job);
    assert_int_equal(ask_post(t->world, target, "{}"), 200);
    assert_string_equal(ask_text_at(t->world, "object"), "gradcheck");
    assert_string_equal(ask_text_at(t->world, "weights"), "trained");
    assert_true(json_is_true(ask_at(t->world, "passed")));
    assert_int_equal(ask_integer_at(t->world, "samples"), 8);
    assert_string_equal(ask_text_at(t->world, "layers.0.tensors.0.name"), "layer1.weight");
    assert_true(json_number_value(ask_at(t->world, "layers.0.tensors.0.gradient_norm")) > 0);
    /* every layer's error is at most the whole's, and one is it */
    const double worst = json_number_value(ask_at(t->world, "error"));
    double largest = 0;
    for (size_t i = 0; i < json_array_size(ask_at(t->world, "layers")); i++) {
        const json_t *layer = json_array_get(ask_at(t->world, "layers"), i);
        const double error = json_number_value(json_object_get(layer, "error"));
        largest = error > largest ? error : largest;
    }
    assert_near(largest, worst, 0);
}

static void gradcheck__a_job_without_weights__is_refused(void **state)
{
    struct trained *t = *state;
    char target[96];

    snprintf(target, sizeof target, "/v1/jobs/%s/gradcheck", t->world->job);
    assert_int_equal(ask_post(t->world, target, "{}"), 404);
    assert_string_equal(ask_text_at(t->world, "code"), "no_checkpoint");
    assert_int_equal(ask_post(t->world, "/v1/jobs/job_0000000000000000/gradcheck", "{}"), 404);
}

static void gradcheck__bad_jobs__are_told_as_validate_tells(void **state)
{
    struct trained *t = *state;

    assert_int_equal(ask_post(t->world, "/v1/gradcheck",
                              "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\","
                              "\"units\":0}]}"),
                     422);
    assert_true(ask_has_error(t->world, "/layers/0/units", "out_of_range"));
    assert_int_equal(ask_post(t->world, "/v1/gradcheck", "{"), 400);
    assert_int_equal(
        ask_post(t->world, "/v1/gradcheck",
                 "{\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"time_steps\":10000},"
                 "\"layers\":[{\"kind\":\"dense\",\"units\":2000},"
                 "{\"kind\":\"dense\",\"units\":2000},{\"kind\":\"dense\",\"units\":10}]}"),
        422);
    assert_string_equal(ask_text_at(t->world, "code"), "too_much_work");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradcheck__each_example_shipped__agrees),
        cmocka_unit_test(gradcheck__a_trained_job__is_checked_with_its_weights),
        cmocka_unit_test(gradcheck__a_job_without_weights__is_refused),
        cmocka_unit_test(gradcheck__bad_jobs__are_told_as_validate_tells),
    };
    return cmocka_run_group_tests(tests, trained_setup, trained_teardown);
}
