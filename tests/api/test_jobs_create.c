/* SPDX-License-Identifier: MIT */
/* Jobs that are made and judged, through the whole app with a real store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"

#define LAYERS "\"layers\":[{\"kind\":\"dense\",\"units\":128},{\"kind\":\"dense\",\"units\":10}]"
#define JOB(extra) "{\"dataset\":{\"name\":\"digits\"}," LAYERS extra "}"

/* Makes a job and copies its id. */
static void create(struct world *w, const char *body, char id[SRV_ID_SIZE])
{
    if (ask_post(w, "/v1/jobs", body) != 201)
        fail_msg("%s", w->text);
    snprintf(id, SRV_ID_SIZE, "%s", ask_text_at(w, "id"));
}

static int act(struct world *w, const char *method, const char *id, const char *action)
{
    char target[100];

    snprintf(target, sizeof target, "/v1/jobs/%s%s", id, action);
    return ask(w, &(struct ask){.method = method, .target = target});
}

/* ---------------------------------------------------------------------------------- create -- */

static void create__least_job__is_201_with_the_whole_object(void **state)
{
    struct world *w = *state;
    char location[100];

    assert_int_equal(ask_post(w, "/v1/jobs", JOB("")), 201);
    snprintf(location, sizeof location, "/v1/jobs/%s", ask_text_at(w, "id"));
    assert_string_equal(world_header(w, "Location"), location);
    assert_string_equal(world_header(w, "Content-Type"), "application/json");
    assert_string_equal(ask_text_at(w, "object"), "job");
    assert_string_equal(ask_text_at(w, "status"), "queued");
    assert_true(ask_integer_at(w, "created_at") > 1600000000);
    assert_int_equal(ask_integer_at(w, "updated_at"), ask_integer_at(w, "created_at"));
    assert_int_equal(ask_integer_at(w, "attempt"), 0);
    assert_int_equal(ask_integer_at(w, "priority"), 0);
    assert_int_equal(ask_integer_at(w, "seed"), 0);
    assert_int_equal(ask_integer_at(w, "progress.epochs"), 10);
    /* 1438 training samples of digits, 64 a step: 23 steps */
    assert_int_equal(ask_integer_at(w, "progress.steps"), 230);
    assert_int_equal(ask_integer_at(w, "progress.step"), 0);
    assert_near(json_number_value(ask_at(w, "progress.fraction")), 0, 0);
    assert_int_equal(ask_integer_at(w, "resources.threads"), 1);
    assert_true(ask_integer_at(w, "resources.memory_bytes") > 0);
    assert_true(json_is_object(ask_at(w, "metadata")));
    assert_int_equal(json_integer_value(ask_at(w, "config.layers.0.units")), 128);
}

static void create__what_is_not_known__is_null(void **state)
{
    static const char *const paths[] = {"started_at",
                                        "finished_at",
                                        "estimated_finish",
                                        "name",
                                        "error",
                                        "model",
                                        "progress.eta_seconds",
                                        "progress.samples_per_second",
                                        "metrics.train_loss",
                                        "metrics.train_accuracy",
                                        "metrics.validation_loss",
                                        "metrics.validation_accuracy",
                                        "metrics.test_loss",
                                        "metrics.test_accuracy"};
    struct world *w = *state;

    assert_int_equal(ask_post(w, "/v1/jobs", JOB("")), 201);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (!ask_null_at(w, paths[i]))
            fail_msg("%s is not null in %s", paths[i], w->text);
}

static void create__everything_given__comes_back(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    create(w,
           JOB(",\"name\":\"fig\xc3\xa9\",\"seed\":9223372036854775807,\"priority\":5,"
               "\"metadata\":{\"paper\":\"fig1\"},\"training\":{\"epochs\":2,\"optimizer\":"
               "{\"learning_rate\":0.1}}"),
           id);
    assert_int_equal(act(w, "GET", id, ""), 200);
    assert_string_equal(ask_text_at(w, "name"), "fig\xc3\xa9");
    assert_int_equal(ask_integer_at(w, "seed"), INT64_MAX);
    assert_int_equal(ask_integer_at(w, "priority"), 5);
    assert_string_equal(ask_text_at(w, "metadata.paper"), "fig1");
    assert_int_equal(ask_integer_at(w, "progress.epochs"), 2);
    /* numbers as they were written */
    assert_contains(w->text, "\"learning_rate\":0.1}");
}

static void create__record__has_the_config_and_not_yet_what_trained(void **state)
{
    struct world *w = *state;
    char digest[SNN_SHA256_HEX];

    assert_int_equal(ask_post(w, "/v1/jobs", JOB(",\"seed\":3")), 201);
    snprintf(digest, sizeof digest, "%s", ask_text_at(w, "reproducibility.config_sha256"));
    assert_int_equal(strlen(digest), 64);
    assert_int_equal(ask_integer_at(w, "reproducibility.seed"), 3);
    assert_true(ask_null_at(w, "reproducibility.dataset_sha256"));
    assert_true(ask_null_at(w, "reproducibility.revision"));
    assert_true(ask_null_at(w, "reproducibility.model_sha256"));
    assert_int_equal(ask_post(w, "/v1/jobs", JOB(",\"seed\":3,\"name\":\"other\"")), 201);
    assert_string_equal(ask_text_at(w, "reproducibility.config_sha256"), digest);
    assert_int_equal(ask_post(w, "/v1/jobs", JOB(",\"seed\":4")), 201);
    assert_string_not_equal(ask_text_at(w, "reproducibility.config_sha256"), digest);
}

static void create__stored_text__is_the_text_that_came(void **state)
{
    static const char body[] = JOB(",\n  \"seed\" : 3");
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    create(w, body, id);
    assert_int_equal(act(w, "GET", id, "/config"), 200);
    assert_string_equal(w->text, body);
    assert_string_equal(world_header(w, "Content-Type"), "application/json");
}

static void create__several_things_wrong__is_422_with_all_and_nothing_stored(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_post(w, "/v1/jobs",
                              "{\"dataset\":{\"name\":\"digit\"},\"sead\":1,\"layers\":[{\"kind\":"
                              "\"dense\",\"units\":0}]}"),
                     422);
    assert_string_equal(world_header(w, "Content-Type"), "application/problem+json");
    assert_string_equal(ask_text_at(w, "code"), "invalid");
    assert_int_equal(json_array_size(ask_at(w, "errors")), 3);
    assert_true(ask_has_error(w, "/sead", "unknown_field"));
    assert_true(ask_has_error(w, "/dataset/name", "unknown_name"));
    assert_true(ask_has_error(w, "/layers/0/units", "out_of_range"));
    assert_int_equal(ask_get(w, "/v1/jobs"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 1); /* the world's own */
}

static void create__unknown_dataset__lists_those_there_are(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_post(w, "/v1/jobs", "{\"dataset\":{\"id\":\"builtin:no\"}," LAYERS "}"),
                     422);
    assert_true(ask_has_error(w, "/dataset/id", "unknown_name"));
    assert_string_equal(ask_text_at(w, "code"), "unknown_name"); /* of the one wrong field */
    assert_contains(ask_text_at(w, "errors.0.detail"), "no data set with the id \"builtin:no\"");
    assert_int_equal(ask_post(w, "/v1/jobs", "{\"dataset\":{\"name\":\"no\"}," LAYERS "}"), 422);
    assert_true(ask_has_error(w, "/dataset/name", "unknown_name"));
    assert_contains(ask_text_at(w, "errors.0.detail"), "digits");
}

static void create__dataset_without_its_files__is_422(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_post(w, "/v1/datasets", "{\"name\":\"mine\",\"format\":\"csv\"}"), 201);
    assert_int_equal(ask_post(w, "/v1/jobs", "{\"dataset\":{\"name\":\"mine\"}," LAYERS "}"), 422);
    assert_true(ask_has_error(w, "/dataset/name", "not_ready"));
}

static void create__more_memory_than_allowed__is_422_with_both_numbers(void **state)
{
    struct world *w = *state;

    w->config.memory_limit = 1000;
    assert_int_equal(ask_post(w, "/v1/jobs", JOB("")), 422);
    assert_string_equal(ask_text_at(w, "code"), "memory_limit");
    assert_int_equal(ask_integer_at(w, "limit_bytes"), 1000);
    assert_true(ask_integer_at(w, "estimated_bytes") > 1000);
}

static void create__as_much_as_memory_cannot_count__is_422(void **state)
{
    struct world *w = *state;
    int status;

    status =
        ask_post(w, "/v1/jobs",
                 "{\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"rate\","
                 "\"time_steps\":100000},\"layers\":[{\"kind\":\"dense\",\"units\":1048576},"
                 "{\"kind\":\"dense\",\"units\":1048576},{\"kind\":\"dense\",\"units\":1048576}"
                 "],\"training\":{\"batch_size\":65536}}");
    assert_int_equal(status, 422);
}

static void create__queue_full__is_429_with_retry_after(void **state)
{
    struct world *w = *state;

    w->config.max_queued = 2; /* one is the world's */
    assert_int_equal(ask_post(w, "/v1/jobs", JOB("")), 201);
    assert_int_equal(ask_post(w, "/v1/jobs", JOB("")), 429);
    assert_string_equal(ask_text_at(w, "code"), "queue_full");
    assert_true(strtol(world_header(w, "Retry-After"), NULL, 10) > 0);
}

/* A request that is sent again, as after an answer that was lost. */
static void create__same_key_again__is_the_same_job(void **state)
{
    const struct ask once = {.method = "POST",
                             .target = "/v1/jobs",
                             .body = JOB(""),
                             .headers = {{"Idempotency-Key", "3f1c"}}};
    struct ask other = once;
    struct world *w = *state;
    char id[64];

    assert_int_equal(ask(w, &once), 201);
    snprintf(id, sizeof id, "%s", ask_text_at(w, "id"));
    assert_int_equal(ask(w, &once), 200);
    assert_string_equal(ask_text_at(w, "id"), id);
    assert_string_equal(world_header(w, "Idempotency-Replayed"), "true");
    assert_non_null(strstr(world_header(w, "Location"), id));
    w->config.max_queued = 1; /* what was taken is not refused */
    assert_int_equal(ask(w, &once), 200);
    other.body = JOB(",\"seed\":9");
    assert_int_equal(ask(w, &other), 422);
    assert_string_equal(ask_text_at(w, "code"), "idempotency_key_reused");
    w->config.max_queued = 100;
    other.headers[0].value = "another";
    assert_int_equal(ask(w, &other), 201);
    other.headers[0].value = "";
    assert_int_equal(ask(w, &other), 400);
    other.headers[0].value = "with blank";
    assert_int_equal(ask(w, &other), 400);
    assert_int_equal(ask_get(w, "/v1/jobs"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 3); /* one is the world's */
}

static void create__disk_short__is_507_and_nothing_stored(void **state)
{
    struct world *w = *state;

    w->config.disk_reserve = SIZE_MAX;
    assert_int_equal(ask_post(w, "/v1/jobs", JOB("")), 507);
    assert_string_equal(ask_text_at(w, "code"), "disk_reserve");
    assert_true(strtol(world_header(w, "Retry-After"), NULL, 10) > 0);
    w->config.disk_reserve = 1;
    assert_int_equal(ask_post(w, "/v1/jobs", JOB("")), 201);
    assert_int_equal(ask_get(w, "/v1/jobs"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 2); /* one is the world's */
}

static void create__draining__is_503_with_retry_after(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_get(w, "/readyz"), 200);
    api_drain(&w->api);
    assert_int_equal(ask_post(w, "/v1/jobs", JOB("")), 503);
    assert_string_equal(ask_text_at(w, "code"), "draining");
    assert_true(strtol(world_header(w, "Retry-After"), NULL, 10) > 0);
    assert_int_equal(ask_get(w, "/readyz"), 503);
    assert_int_equal(ask_get(w, "/livez"), 200);
    assert_int_equal(ask_get(w, "/v1/jobs"), 200);
}

/* -------------------------------------------------------------------------------- validate -- */

static void validate__good_job__has_its_numbers_and_is_not_stored(void **state)
{
    struct world *w = *state;

    assert_int_equal(
        ask_post(w, "/v1/jobs/validate", JOB(",\"training\":{\"validation_fraction\":0.1}")), 200);
    assert_string_equal(ask_text_at(w, "object"), "validation");
    assert_true(json_is_true(ask_at(w, "valid")));
    assert_int_equal(json_array_size(ask_at(w, "errors")), 0);
    assert_int_equal(json_array_size(ask_at(w, "warnings")), 0);
    assert_int_equal(ask_integer_at(w, "parameters"), 64 * 128 + 128 + 128 * 10 + 10);
    assert_true(ask_integer_at(w, "memory_bytes") > 0);
    assert_int_equal(ask_integer_at(w, "samples.train") + ask_integer_at(w, "samples.validation"),
                     1438);
    assert_int_equal(ask_integer_at(w, "samples.validation"), 144);
    assert_int_equal(ask_integer_at(w, "samples.test"), 359);
    assert_int_equal(ask_integer_at(w, "steps_per_epoch"), 21);
    assert_int_equal(ask_integer_at(w, "steps"), 210);
    assert_true(json_number_value(ask_at(w, "multiply_adds_per_sample")) > 64 * 128);
    assert_int_equal(ask_get(w, "/v1/jobs"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 1);
}

static void validate__long_samples__tells_how_they_are_cut(void **state)
{
    static const char job[] =
        "{\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"rate\",\"time_steps\":%s},"
        "\"neuron\":{\"solver\":\"%s\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}]}";
    static const struct {
        const char *steps, *solver;
        bool cut;
    } rows[] = {{"100", "euler", false}, {"100000", "euler", true}, {"100000", "gl", false}};
    struct world *w = *state;
    char text[512];

    for (size_t i = 0; i < 3; i++) {
        const json_int_t steps = strtol(rows[i].steps, NULL, 10);

        snprintf(text, sizeof text, job, rows[i].steps, rows[i].solver);
        assert_int_equal(ask_post(w, "/v1/jobs/validate", text), 200);
        if (rows[i].cut)
            assert_in_range(ask_integer_at(w, "segment_steps"), 16, steps / 10);
        else
            assert_int_equal(ask_integer_at(w, "segment_steps"), steps);
    }
}

static void validate__bad_job__is_200_with_errors_and_no_numbers(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_post(w, "/v1/jobs/validate", "{\"layers\":7}"), 200);
    assert_true(json_is_false(ask_at(w, "valid")));
    assert_true(ask_has_error(w, "/dataset", "missing_field"));
    assert_true(ask_has_error(w, "/layers", "wrong_type"));
    assert_true(ask_null_at(w, "parameters"));
    assert_true(ask_null_at(w, "memory_bytes"));
    assert_true(ask_null_at(w, "samples.train"));
}

static void validate__too_big__is_an_error_with_its_numbers(void **state)
{
    struct world *w = *state;

    w->config.memory_limit = 1000;
    assert_int_equal(ask_post(w, "/v1/jobs/validate", JOB("")), 200);
    assert_true(json_is_false(ask_at(w, "valid")));
    assert_true(ask_has_error(w, "", "memory_limit"));
    assert_true(ask_integer_at(w, "memory_bytes") > 1000);
}

static void validate__odd_job__warns(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_post(w, "/v1/jobs/validate", JOB(",\"neuron\":{\"tau\":0.4}")), 200);
    assert_true(json_is_true(ask_at(w, "valid")));
    assert_int_equal(json_array_size(ask_at(w, "warnings")), 2);
    assert_string_equal(ask_text_at(w, "warnings.0.pointer"), "/layers/0/neuron/tau");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(create__least_job__is_201_with_the_whole_object),
        TEST(create__what_is_not_known__is_null),
        TEST(create__everything_given__comes_back),
        TEST(create__record__has_the_config_and_not_yet_what_trained),
        TEST(create__stored_text__is_the_text_that_came),
        TEST(create__several_things_wrong__is_422_with_all_and_nothing_stored),
        TEST(create__unknown_dataset__lists_those_there_are),
        TEST(create__dataset_without_its_files__is_422),
        TEST(create__more_memory_than_allowed__is_422_with_both_numbers),
        TEST(create__as_much_as_memory_cannot_count__is_422),
        TEST(create__same_key_again__is_the_same_job),
        TEST(create__disk_short__is_507_and_nothing_stored),
        TEST(create__queue_full__is_429_with_retry_after),
        TEST(create__draining__is_503_with_retry_after),
        TEST(validate__good_job__has_its_numbers_and_is_not_stored),
        TEST(validate__long_samples__tells_how_they_are_cut),
        TEST(validate__bad_job__is_200_with_errors_and_no_numbers),
        TEST(validate__too_big__is_an_error_with_its_numbers),
        TEST(validate__odd_job__warns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
