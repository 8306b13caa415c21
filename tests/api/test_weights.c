/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/tensors.h"
#include "tests/api/trained.h"
#include "tests/support/test.h"

/* Shapes agree with offsets, and the offsets cover the bytes once, in order. */
static void check_layout(const struct tensors *t)
{
    static const struct {
        const char *name;
        json_int_t shape[2];
    } want[] = {{"layer1.weight", {6, 64}},
                {"layer1.bias", {6, 0}},
                {"out.weight", {10, 6}},
                {"out.bias", {10, 0}}};
    json_int_t end = 0;

    assert_int_equal(json_object_size(t->header), 5);
    for (size_t i = 0; i < 4; i++) {
        json_t *one = json_object_get(t->header, want[i].name);
        json_t *shape = json_object_get(one, "shape"), *at = json_object_get(one, "data_offsets");
        size_t rank = want[i].shape[1] ? 2 : 1;
        json_int_t count = want[i].shape[0] * (want[i].shape[1] ? want[i].shape[1] : 1);

        assert_string_equal(json_string_value(json_object_get(one, "dtype")), "F32");
        assert_int_equal(json_array_size(shape), rank);
        for (size_t k = 0; k < rank; k++)
            assert_int_equal(json_integer_value(json_array_get(shape, k)), want[i].shape[k]);
        assert_int_equal(json_integer_value(json_array_get(at, 0)), end);
        end += 4 * count;
        assert_int_equal(json_integer_value(json_array_get(at, 1)), end);
    }
    assert_int_equal(end, t->size);
}

/* What it takes to run it: as the JSON format says, and what comes in. */
static void check_network(struct trained *t, const json_t *network)
{
    struct world *w = trained_get(t, (struct world_request){0}, 200);
    json_t *layers = json_object_get(w->json, "layers"), *layer;
    size_t i;

    json_array_foreach(layers, i, layer) json_object_del(layer, "parameters");
    assert_int_equal(json_object_size(network), 4);
    assert_int_equal(json_array_size(json_object_get(network, "input")), 3);
    assert_true(json_equal(json_object_get(network, "layers"), layers));
    assert_true(
        json_equal(json_object_get(network, "encoding"), json_object_get(w->json, "encoding")));
    assert_true(
        json_equal(json_object_get(network, "readout"), json_object_get(w->json, "readout")));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(layers, 0), "units")), 6);
}

static void weights__safetensors__is_read_by_a_reader_of_its_own(void **state)
{
    struct trained *t = *state;
    struct world *w =
        trained_get(t, (struct world_request){.query = {{"format", "safetensors"}}}, 200);
    char hex[SNN_SHA256_HEX], name[96];
    struct snn_digest d;
    struct tensors file;

    snprintf(name, sizeof name, "attachment; filename=\"%s.safetensors\"", t->job);
    assert_string_equal(world_header(w, "Content-Disposition"), name);
    tensors_read(&file, w->text, w->size);
    check_layout(&file);
    snn_digest_init(&d);
    snn_digest_add(&d, file.bytes, file.size);
    snn_digest_hex(&d, hex);

    json_t *meta = json_object_get(file.header, "__metadata__");
    json_t *want = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "format", "spiked", "job", t->job,
                             "sha256", hex, "step", "6", "which", "best", "config", TRAINED_CONFIG);
    json_t *network = json_loads(json_string_value(json_object_get(meta, "network")), 0, NULL);
    json_object_del(meta, "network");
    assert_true(json_equal(meta, want));
    json_decref(want);
    tensors_free(&file);
    check_network(t, network);
    json_decref(network);
}

static void check_values(const struct tensors *file, json_t *layers)
{
    json_t *layer, *one, *number;
    size_t i, k, compared = 0;
    const char *role;

    json_array_foreach(layers, i, layer)
    {
        json_object_foreach(json_object_get(layer, "parameters"), role, one)
        {
            char name[64];
            snprintf(name, sizeof name, "%s.%s", json_string_value(json_object_get(layer, "name")),
                     role);
            assert_true(json_equal(json_object_get(one, "shape"),
                                   json_object_get(json_object_get(file->header, name), "shape")));
            json_array_foreach(json_object_get(one, "data"), k, number)
            {
                assert_true((float)json_number_value(number) == tensors_at(file, name, k));
                compared++;
            }
        }
    }
    assert_int_equal(compared, file->size / 4);
}

static void weights__json__holds_the_same_bits_as_safetensors(void **state)
{
    struct trained *t = *state;
    struct world *w =
        trained_get(t, (struct world_request){.query = {{"format", "safetensors"}}}, 200);
    struct tensors file;

    tensors_read(&file, w->text, w->size);
    trained_get(t, (struct world_request){.body = NULL}, 200);
    assert_non_null(w->json);
    assert_string_equal(world_text(w, "object"), "model");
    assert_string_equal(world_text(w, "job"), t->job);
    assert_string_equal(
        world_text(w, "sha256"),
        json_string_value(json_object_get(json_object_get(file.header, "__metadata__"), "sha256")));
    check_values(&file, json_object_get(w->json, "layers"));
    tensors_free(&file);
}

static void weights__neurons__are_whole_even_without_the_data_set(void **state)
{
    struct trained *t = *state;

    for (int gone = 0; gone < 2; gone++) {
        if (gone)
            trained_train(t, "ds_01HZZZZZZZZZZZZZZZZZZZZZZZ", TRAINED_CONFIG);
        struct world *w = trained_get(t, (struct world_request){.body = NULL}, 200);
        json_t *layers = json_object_get(w->json, "layers");
        json_t *want =
            json_pack("{s:s, s:f, s:f, s:f, s:b, s:s, s:f, s:s, s:s, s:f, s:n, s:n, s:i, s:{s:b, "
                      "s:b, s:b, s:b, "
                      "s:b, s:b}, s:n}",
                      "model", "lif", "tau", 3.5, "threshold", 1.0, "step", 1.0, "detach_reset", 1,
                      "surrogate", "arctan", "surrogate_scale", 2.0, "reset", "zero", "solver",
                      "euler", "alpha", 1.0, "coefficients", "memory", "exponentials", 0, "learn",
                      "tau", 0, "threshold", 0, "alpha", 0, "coefficients", 0, "beta", 0,
                      "alpha_syn", 0, "learning_rate");
        assert_int_equal(json_array_size(layers), 2);
        json_t *first = json_array_get(layers, 0), *second = json_array_get(layers, 1);
        assert_true(json_equal(json_object_get(first, "neuron"), want));
        assert_string_equal(json_string_value(json_object_get(first, "kind")), "dense");
        json_object_set_new(want, "surrogate", json_string("sigmoid"));
        json_object_set_new(want, "surrogate_scale", json_real(7));
        assert_true(json_equal(json_object_get(second, "neuron"), want));
        assert_string_equal(json_string_value(json_object_get(second, "name")), "out");
        json_decref(want);
    }
}

#define CONVOLUTION                                                                                \
    "{\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"time_steps\":2},\"layers\":["              \
    "{\"kind\":\"conv2d\",\"filters\":3,\"kernel_height\":2,\"kernel_width\":4,\"neuron\":null},"  \
    "{\"kind\":\"max_pool2d\",\"kernel\":2},{\"kind\":\"flatten\"},"                               \
    "{\"kind\":\"dense\",\"units\":10}],\"training\":{\"epochs\":1,\"batch_size\":256}}"

static void weights__layers_without_neurons_or_weights__are_in_their_place(void **state)
{
    static const char *const kinds[] = {"conv2d", "max_pool2d", "flatten", "dense"};
    struct trained *t = *state;

    trained_train(t, "builtin:digits", CONVOLUTION);
    struct world *w = trained_get(t, (struct world_request){.body = NULL}, 200);
    json_t *layers = json_object_get(w->json, "layers");
    assert_int_equal(json_array_size(layers), 4);
    for (size_t i = 0; i < 4; i++) {
        json_t *layer = json_array_get(layers, i), *p = json_object_get(layer, "parameters");
        assert_string_equal(json_string_value(json_object_get(layer, "kind")), kinds[i]);
        assert_int_equal(json_is_null(json_object_get(layer, "neuron")), i != 3);
        assert_int_equal(json_object_size(p), i == 0 || i == 3 ? 2 : 0);
    }
    json_t *want = json_pack("[i, i, i, i]", 3, 1, 2, 4);
    json_t *weight =
        json_object_get(json_object_get(json_array_get(layers, 0), "parameters"), "weight");
    assert_true(json_equal(json_object_get(weight, "shape"), want));
    assert_int_equal(json_array_size(json_object_get(weight, "data")), 24);
    json_decref(want);
}

#define LEARNER                                                                                    \
    "{\"seed\":3,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"time_steps\":4},"               \
    "\"neuron\":{\"solver\":\"gl\",\"alpha\":[0.5,0.75],\"learn\":{\"tau\":\"neuron\","            \
    "\"alpha\":\"layer\"}},\"layers\":[{\"kind\":\"dense\",\"units\":6},"                          \
    "{\"kind\":\"dense\",\"units\":10,\"neuron\":{\"solver\":\"euler\",\"learn\":null}}],"         \
    "\"training\":{\"epochs\":1,\"batch_size\":256,\"optimizer\":{\"learning_rate\":0.02}}}"

static double parameter(json_t *layer, const char *name, size_t i)
{
    json_t *data =
        json_object_get(json_object_get(json_object_get(layer, "parameters"), name), "data");

    return json_number_value(json_array_get(data, i));
}

/* What was learned is written as itself, near to where it began; a number p would be near 0. */
static void weights__learned_constants__are_the_constants(void **state)
{
    struct trained *t = *state;
    struct tensors file;

    for (int gone = 0; gone < 2; gone++) {
        trained_train(t, gone ? "ds_01HZZZZZZZZZZZZZZZZZZZZZZZ" : "builtin:digits", LEARNER);
        struct world *w =
            trained_get(t, (struct world_request){.query = {{"format", "safetensors"}}}, 200);
        tensors_read(&file, w->text, w->size);
        trained_get(t, (struct world_request){.body = NULL}, 200);
        json_t *layers = json_object_get(w->json, "layers");
        json_t *first = json_array_get(layers, 0);
        for (size_t i = 0; i < 6; i++) {
            assert_true(parameter(first, "tau", i) != 2);
            assert_near(parameter(first, "tau", i), 2, 0.5);
        }
        assert_true(parameter(first, "alpha", 0) != 0.5 && parameter(first, "alpha", 1) != 0.75);
        assert_near(parameter(first, "alpha", 0), 0.5, 0.1);
        assert_near(parameter(first, "alpha", 1), 0.75, 0.1);
        check_values(&file, layers);
        tensors_free(&file);
    }
}

static void weights__etag__is_the_digest_of_the_file_and_saves_the_download(void **state)
{
    static const char *const formats[] = {"json", "safetensors"};
    struct trained *t = *state;

    for (size_t i = 0; i < 2; i++) {
        struct world_request r = {.query = {{"format", formats[i]}}};
        struct world *w = trained_get(t, r, 200);
        char hex[SNN_SHA256_HEX], tag[80], list[200];
        struct snn_digest d;

        snn_digest_init(&d);
        snn_digest_add(&d, w->text, w->size);
        snn_digest_hex(&d, hex);
        snprintf(tag, sizeof tag, "\"%s\"", hex);
        assert_string_equal(world_header(w, "ETag"), tag);
        snprintf(list, sizeof list, "\"other\", W/%s", tag);
        const char *const matching[] = {tag, list, "*"};
        for (size_t k = 0; k < 3; k++) {
            r.headers[0] = (struct srv_pair){"If-None-Match", matching[k]};
            trained_get(t, r, 304);
            assert_int_equal(w->size, 0);
            assert_string_equal(world_header(w, "ETag"), tag);
        }
        r.headers[0].value = "\"other\"";
        trained_get(t, r, 200);
    }
}

static void weights__checkpoint__is_chosen_by_word_or_id(void **state)
{
    struct trained *t = *state;
    const char *const known[] = {"best", "last", t->checkpoint};

    for (size_t i = 0; i < 3; i++)
        trained_get(t, (struct world_request){.query = {{"checkpoint", known[i]}}}, 200);
    trained_get(
        t, (struct world_request){.query = {{"checkpoint", "ckpt_01HZZZZZZZZZZZZZZZZZZZZZZZ"}}},
        404);
    assert_contains(world_text(t->world, "detail"), t->checkpoint);
    trained_get(t, (struct world_request){.query = {{"checkpoint", "first"}}}, 422);
}

static void weights__nothing_to_send__says_why(void **state)
{
    struct trained *t = *state;
    char path[1200];

    trained_get(t, (struct world_request){.param = {t->world->job}}, 404);
    assert_contains(world_text(t->world, "detail"), "queued");
    assert_contains(world_text(t->world, "detail"), "no checkpoint yet");
    trained_get(t, (struct world_request){.param = {"job_01HZZZZZZZZZZZZZZZZZZZZZZZ"}}, 404);
    trained_get(t, (struct world_request){.query = {{"format", "pickle"}}}, 422);
    assert_contains(world_text(t->world, "detail"), "json, safetensors");
    trained_get(t, (struct world_request){.query = {{"form", "json"}}}, 422);

    snprintf(path, sizeof path, "%s/%s.ckpt", t->world->dir, t->job);
    assert_int_equal(remove(path), 0);
    trained_get(t, (struct world_request){.body = NULL}, 500);
}

static void weights__job_that_ended_without__does_not_say_yet(void **state)
{
    struct trained *t = *state;
    struct srv_job job;

    assert_int_equal(srv_store_job_cancel(t->world->store, t->world->job, false, &job, NULL),
                     SNN_OK);
    srv_job_clear(&job);
    trained_get(t, (struct world_request){.param = {t->world->job}}, 404);
    assert_string_equal(world_text(t->world, "code"), "no_checkpoint");
    assert_contains(world_text(t->world, "detail"),
                    "is cancelled and ended before a checkpoint was saved");
}

/* What a reader of the file alone needs to run the network. */
static void weights__files__say_how_to_run_the_network(void **state)
{
    struct trained *t = *state;
    struct world *w =
        trained_get(t, (struct world_request){.query = {{"checkpoint", "last"}}}, 200);
    json_t *encoding =
        json_pack("{s:s, s:f, s:i}", "kind", "constant", "gain", 1.0, "time_steps", 2);
    json_t *readout = json_pack("{s:s, s:i}", "kind", "membrane_mean", "population", 1), *meta;
    struct tensors file;

    assert_string_equal(world_text(w, "which"), "last");
    assert_int_equal(json_integer_value(json_object_get(w->json, "step")), 6);
    if (!json_equal(json_object_get(w->json, "encoding"), encoding) ||
        !json_equal(json_object_get(w->json, "readout"), readout))
        fail_msg("%.300s", w->text);
    json_decref(encoding);
    json_decref(readout);
    w = trained_get(t, (struct world_request){.query = {{"format", "safetensors"}}}, 200);
    tensors_read(&file, w->text, w->size);
    meta = json_object_get(file.header, "__metadata__");
    assert_string_equal(json_string_value(json_object_get(meta, "step")), "6");
    assert_string_equal(json_string_value(json_object_get(meta, "which")), "best");
    tensors_free(&file);
}

static void checkpoints__list__has_the_recorded_file(void **state)
{
    struct trained *t = *state;
    struct world *w = t->world;

    world_call(w, api_jobs_checkpoints, &(struct world_request){.param = {t->job}});
    assert_int_equal(w->res.status, 200);
    json_t *data = json_object_get(w->json, "data"), *one = json_array_get(data, 0);
    assert_int_equal(json_array_size(data), 1);
    assert_string_equal(json_string_value(json_object_get(one, "id")), t->checkpoint);
    assert_int_equal(json_integer_value(json_object_get(one, "step")), 6);
    assert_int_equal(json_integer_value(json_object_get(one, "epoch")), 1);
    assert_true(json_integer_value(json_object_get(one, "created_at")) > 0);
    world_call(w, api_jobs_checkpoints, &(struct world_request){.param = {w->job}});
    assert_int_equal(json_array_size(json_object_get(w->json, "data")), 0);
}

static void weights__no_memory__is_an_error_not_the_end(void **state)
{
    struct trained *t = *state;
    struct world_request r = {.param = {t->job}};

    world_starve(t->world, api_jobs_weights, &r);
    r.query[0] = (struct srv_pair){"format", "safetensors"};
    world_starve(t->world, api_jobs_weights, &r);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, trained_setup, trained_teardown)
    const struct CMUnitTest tests[] = {
        TEST(weights__safetensors__is_read_by_a_reader_of_its_own),
        TEST(weights__json__holds_the_same_bits_as_safetensors),
        TEST(weights__learned_constants__are_the_constants),
        TEST(weights__neurons__are_whole_even_without_the_data_set),
        TEST(weights__layers_without_neurons_or_weights__are_in_their_place),
        TEST(weights__etag__is_the_digest_of_the_file_and_saves_the_download),
        TEST(weights__checkpoint__is_chosen_by_word_or_id),
        TEST(weights__nothing_to_send__says_why),
        TEST(weights__job_that_ended_without__does_not_say_yet),
        TEST(weights__files__say_how_to_run_the_network),
        TEST(checkpoints__list__has_the_recorded_file),
        TEST(weights__no_memory__is_an_error_not_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
