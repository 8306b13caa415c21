/* SPDX-License-Identifier: MIT */
/* GET /v1/jobs/{job}/spikes and GET /v1/datasets/{dataset}/samples. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/api/trained.h"
#include "tests/support/test.h"

#define GET(t, status, ...)                                                                        \
    get(t, &(struct world_request){.query = {__VA_ARGS__}}, api_jobs_spikes, (t)->job, status)
#define SAMPLES(t, status, ...)                                                                    \
    get(t, &(struct world_request){.query = {__VA_ARGS__}}, api_datasets_samples, "digits", status)

#define SPIKING_INPUT                                                                              \
    "{\"seed\":3,\"dataset\":{\"name\":\"digits\"},"                                               \
    "\"encoding\":{\"kind\":\"rate\",\"time_steps\":4},\"neuron\":{\"threshold\":0.1},"            \
    "\"layers\":[{\"kind\":\"dense\",\"units\":600},{\"kind\":\"dense\",\"units\":10}],"           \
    "\"training\":{\"epochs\":1,\"batch_size\":256}}"

static struct world *get(struct trained *t, struct world_request *r,
                         void (*handle)(struct api_call *c), const char *of, int status)
{
    r->param[0] = of;
    world_call(t->world, handle, r);
    if (t->world->res.status != status)
        fail_msg("status %d, want %d: %s", t->world->res.status, status, t->world->text);
    return t->world;
}

static void spikes__of_a_sample__are_of_every_layer(void **state)
{
    struct trained *t = *state;
    struct world *w = GET(t, 200, {"sample", "3"}, {"split", "test"});

    assert_string_equal(world_text(w, "object"), "spikes");
    assert_string_equal(world_text(w, "split"), "test");
    assert_int_equal(ask_integer_at(w, "sample"), 3);
    assert_int_equal(ask_integer_at(w, "samples"), 359);
    assert_int_equal(ask_integer_at(w, "time_steps"), 2);
    assert_int_equal(json_array_size(ask_at(w, "scores")), 10);
    assert_int_equal(json_array_size(ask_at(w, "input.constant")), 64);
    assert_int_equal(json_array_size(ask_at(w, "input.shape")), 3);
    assert_string_equal(ask_text_at(w, "layers.1.name"), "out");
    assert_int_equal(ask_integer_at(w, "layers.0.units"), 6);
    assert_int_equal(ask_integer_at(w, "layers.0.stride"), 1);
    for (int i = 0; i < 2; i++) {
        char path[40];

        snprintf(path, sizeof path, "layers.%d.start", i);
        json_t *start = ask_at(w, path);
        assert_int_equal(json_array_size(start), 3);
        snprintf(path, sizeof path, "layers.%d.unit", i);
        assert_int_equal(json_array_size(ask_at(w, path)),
                         json_integer_value(json_array_get(start, 2)));
    }
}

static void spikes__more_units_than_wanted__are_thinned_evenly(void **state)
{
    struct trained *t = *state;
    struct world *w = GET(t, 200, {"max_units", "2"});
    json_t *unit;
    size_t i;

    assert_int_equal(ask_integer_at(w, "layers.1.units"), 10);
    assert_int_equal(ask_integer_at(w, "layers.1.stride"), 5);
    json_array_foreach(ask_at(w, "layers.1.unit"), i, unit)
        assert_in_range(json_integer_value(unit), 0, 1);
}

/* The rows that the JSON's spikes are, of one layer. */
static void add_rows(FILE *to, const char *layer, const json_t *spikes)
{
    const json_t *start = json_object_get(spikes, "start"), *unit = json_object_get(spikes, "unit");
    const json_int_t stride = json_integer_value(json_object_get(spikes, "stride"));

    for (size_t t = 0; t + 1 < json_array_size(start); t++)
        for (json_int_t i = json_integer_value(json_array_get(start, t));
             i < json_integer_value(json_array_get(start, t + 1)); i++)
            fprintf(to, "%s,%zu,%lld\n", layer, t + 1,
                    (long long)(stride * json_integer_value(json_array_get(unit, (size_t)i))));
}

/* Thinned to so many units; NULL: all, which the JSON has to be asked for. */
static void expect_csv(struct trained *t, const char *units)
{
    struct world *w = GET(t, 200, {"sample", "3"}, {"max_units", units ? units : "4096"});
    char *want = NULL;
    size_t size, i;
    FILE *to = open_memstream(&want, &size);
    json_t *layer;

    assert_non_null(to);
    fputs("layer,step,unit\n", to);
    add_rows(to, "input", ask_at(w, "input"));
    json_array_foreach(ask_at(w, "layers"), i, layer)
        add_rows(to, json_string_value(json_object_get(layer, "name")), layer);
    fclose(to);
    GET(t, 200, {"sample", "3"}, {"format", "csv"}, {units ? "max_units" : NULL, units});
    assert_string_equal(world_header(w, "Content-Type"), "text/csv; charset=utf-8");
    assert_string_equal(w->text, want);
    free(want);
}

static void spikes__csv__has_a_row_for_each_spike_of_the_json(void **state)
{
    struct trained *t = *state;

    expect_csv(t, NULL);
    expect_csv(t, "2");
    trained_train(t, "builtin:digits", SPIKING_INPUT);
    expect_csv(t, NULL);
    assert_contains(t->world->text, "\ninput,1,");
    assert_contains(t->world->text, "\ninput,4,");
    assert_contains(t->world->text, "\nlayer1,2,");
    expect_csv(t, "7");
    assert_contains(t->world->text, "\ninput,1,");
    assert_contains(t->world->text, "\nlayer1,2,");
}

static void spikes__wrong_requests__say_what_was_wanted(void **state)
{
    struct trained *t = *state;

    GET(t, 404, {"sample", "359"});
    assert_contains(world_text(t->world, "detail"), "no test sample 359, want one below 359");
    GET(t, 422, {"split", "both"});
    assert_contains(world_text(t->world, "detail"), "want train or test");
    GET(t, 422, {"checkpoint", "first"});
    GET(t, 422, {"sample", "-1"});
    GET(t, 422, {"max_units", "0"});
    GET(t, 422, {"size", "3"});
    GET(t, 422, {"format", "xml"});
    assert_contains(world_text(t->world, "detail"), "format is \"xml\", want json or csv");
    /* a job without a checkpoint has nothing to look at */
    snprintf(t->job, sizeof t->job, "%s", t->world->job);
    GET(t, 404, {NULL, NULL});
    assert_string_equal(world_text(t->world, "code"), "no_checkpoint");
}

static void spikes__no_memory__is_an_error(void **state)
{
    struct trained *t = *state;

    world_starve(t->world, api_jobs_spikes, &(struct world_request){.param = {t->job}});
    world_starve(t->world, api_jobs_spikes,
                 &(struct world_request){.param = {t->job}, .query = {{"format", "csv"}}});
}

static void samples__of_a_set__come_as_they_are(void **state)
{
    struct trained *t = *state;
    struct world *w = t->world;

    SAMPLES(t, 200, {"split", "test"}, {"from", "357"}, {"limit", "5"});
    assert_string_equal(world_text(w, "object"), "samples");
    assert_int_equal(ask_integer_at(w, "count"), 359);
    assert_int_equal(json_array_size(ask_at(w, "data")), 2);
    assert_int_equal(ask_integer_at(w, "data.1.index"), 358);
    assert_int_equal(json_array_size(ask_at(w, "data.0.values")), 64);
    assert_true(json_is_false(ask_at(w, "has_more")));
    SAMPLES(t, 200, {NULL, NULL});
    assert_int_equal(json_array_size(ask_at(w, "data")), 20);
    assert_true(json_is_true(ask_at(w, "has_more")));
    SAMPLES(t, 200, {"from", "5000"});
    assert_int_equal(json_array_size(ask_at(w, "data")), 0);
    assert_int_equal(ask_get(w, "/v1/datasets/none/samples"), 404);
    SAMPLES(t, 422, {"limit", "101"});
    SAMPLES(t, 422, {"split", "all"});
}

static void samples__no_memory__is_an_error(void **state)
{
    struct trained *t = *state;

    world_starve(t->world, api_datasets_samples,
                 &(struct world_request){.param = {"digits"}, .query = {{"limit", "2"}}});
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, trained_setup, trained_teardown)
    const struct CMUnitTest tests[] = {
        TEST(spikes__of_a_sample__are_of_every_layer),
        TEST(spikes__more_units_than_wanted__are_thinned_evenly),
        TEST(spikes__csv__has_a_row_for_each_spike_of_the_json),
        TEST(spikes__wrong_requests__say_what_was_wanted),
        TEST(spikes__no_memory__is_an_error),
        TEST(samples__of_a_set__come_as_they_are),
        TEST(samples__no_memory__is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
