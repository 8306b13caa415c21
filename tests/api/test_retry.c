/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs/{job}/retry, through the whole app. */
#include <stdio.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"

#define JOB                                                                                        \
    "{\"name\":\"first\",\"seed\":7,\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":"      \
    "\"dense\",\"units\":10}],\"training\":{\"optimizer\":{\"kind\":\"adam\",\"learning_rate\":"   \
    "0.1}},\"metadata\":{\"paper\":\"fig1\"}}"

static int retry(struct world *w, const char *id, const char *body)
{
    char target[100];

    snprintf(target, sizeof target, "/v1/jobs/%s/retry", id);
    return ask(w, &(struct ask){.method = "POST", .target = target, .body = body});
}

static void make(struct world *w, char id[SRV_ID_SIZE])
{
    if (ask_post(w, "/v1/jobs", JOB) != 201)
        fail_msg("%s", w->text);
    snprintf(id, SRV_ID_SIZE, "%s", ask_text_at(w, "id"));
}

static void retry__without_changes__is_the_same_job_once_more(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE], sha[SNN_SHA256_HEX];

    make(w, id);
    snprintf(sha, sizeof sha, "%s", ask_text_at(w, "reproducibility.config_sha256"));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(retry(w, id, i ? "{}" : NULL), 201);
        assert_string_not_equal(ask_text_at(w, "id"), id);
        assert_string_equal(ask_text_at(w, "name"), "first");
        assert_string_equal(ask_text_at(w, "metadata.paper"), "fig1");
        assert_string_equal(ask_text_at(w, "metadata.retry_of"), id);
        assert_string_equal(ask_text_at(w, "reproducibility.config_sha256"), sha);
        assert_non_null(strstr(world_header(w, "Location"), ask_text_at(w, "id")));
    }
}

static void retry__changes__are_in_the_new_job_alone(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE], target[80];

    make(w, id);
    assert_int_equal(retry(w, id,
                           "{\"changes\":{\"/training/optimizer/learning_rate\":0.001,"
                           "\"/neuron/tau\":4,\"/layers/0/initialisation/kind\":\"rate\"}}"),
                     201);
    assert_near(json_number_value(ask_at(w, "config.training.optimizer.learning_rate")), 0.001, 0);
    assert_near(json_number_value(ask_at(w, "config.neuron.tau")), 4, 0);
    assert_string_equal(ask_text_at(w, "config.layers.0.initialisation.kind"), "rate");
    snprintf(target, sizeof target, "/v1/jobs/%s", id);
    assert_int_equal(ask_get(w, target), 200);
    assert_near(json_number_value(ask_at(w, "config.training.optimizer.learning_rate")), 0.1, 0);
    assert_true(ask_at(w, "config.neuron") == NULL);
    assert_true(ask_at(w, "metadata.retry_of") == NULL);
    snprintf(target, sizeof target, "/v1/jobs?metadata[retry_of]=%s", id);
    assert_int_equal(ask_get(w, target), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 1);
}

static void retry__wrong_changes__are_422_that_name_each(void **state)
{
    static const struct {
        const char *body, *pointer, *code;
    } rows[] = {
        {"{\"change\":{}}", "/change", "unknown_field"},
        {"{\"changes\":[1]}", "/changes", "wrong_type"},
        {"{\"changes\":{\"tau\":1}}", "/changes/tau", "invalid"},
        {"{\"changes\":{\"/layers/7/name\":\"x\"}}", "/changes/~1layers~17~1name", "invalid"},
        {"{\"changes\":{\"/neuron/tau\":-1}}", "/neuron/tau", "out_of_range"},
        {"{\"changes\":{\"/neuron/tow\":1}}", "/neuron/tow", "unknown_field"},
    };
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    make(w, id);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(retry(w, id, rows[i].body), 422);
        if (!ask_has_error(w, rows[i].pointer, rows[i].code))
            fail_msg("want %s at %s in %s", rows[i].code, rows[i].pointer, w->text);
    }
    assert_int_equal(ask_get(w, "/v1/jobs?metadata[paper]=fig1"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 1);
}

static void retry__no_such_job__is_404(void **state)
{
    assert_int_equal(retry(*state, "job_none", "{}"), 404);
}

static void retry__the_same_key_twice__makes_one_job(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE], first[SRV_ID_SIZE], target[100];
    struct ask again = {
        .method = "POST", .target = target, .body = "{}", .headers = {{"Idempotency-Key", "once"}}};

    make(w, id);
    snprintf(target, sizeof target, "/v1/jobs/%s/retry", id);
    assert_int_equal(ask(w, &again), 201);
    snprintf(first, sizeof first, "%s", ask_text_at(w, "id"));
    assert_int_equal(ask(w, &again), 200);
    assert_string_equal(ask_text_at(w, "id"), first);
}

static void retry__no_memory__is_an_error_not_the_end(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    make(w, id);
    world_starve(w, api_jobs_retry,
                 &(struct world_request){.param = {id},
                                         .headers = {{"Content-Type", "application/json"}},
                                         .body = "{\"changes\":{\"/neuron/tau\":4}}"});
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(retry__without_changes__is_the_same_job_once_more),
        TEST(retry__changes__are_in_the_new_job_alone),
        TEST(retry__wrong_changes__are_422_that_name_each),
        TEST(retry__no_such_job__is_404),
        TEST(retry__the_same_key_twice__makes_one_job),
        TEST(retry__no_memory__is_an_error_not_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
