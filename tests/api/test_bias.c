/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs/{job}/bias: a trained job, at once and aside, and bad input. */
#include <math.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/api/trained.h"
#include "tests/support/test.h"

static int bias(struct trained *t, const char *body)
{
    char target[96];

    snprintf(target, sizeof target, "/v1/jobs/%s/bias", t->job);
    return ask_post(t->world, target, body);
}

static double number_at(struct trained *t, const char *path)
{
    return json_number_value(ask_at(t->world, path));
}

static void bias__of_a_trained_job__has_a_row_for_all_each_layer_and_tensor(void **state)
{
    struct trained *t = *state;

    assert_int_equal(bias(t, "{\"samples\":64,\"repeats\":100,\"sigma\":0.25,\"seed\":7}"), 200);
    assert_string_equal(ask_text_at(t->world, "object"), "bias");
    assert_string_equal(ask_text_at(t->world, "job"), t->job);
    assert_int_equal(ask_integer_at(t->world, "samples"), 64);
    assert_int_equal(ask_integer_at(t->world, "repeats"), 112); /* whole groups of 16 */
    assert_int_equal(ask_integer_at(t->world, "seed"), 7);
    assert_near(number_at(t, "sigma"), 0.25, 0);
    assert_true(ask_integer_at(t->world, "step") > 0);
    assert_string_equal(ask_text_at(t->world, "layers.0.name"), "layer1");
    assert_string_equal(ask_text_at(t->world, "layers.0.surrogate"), "arctan");
    assert_string_equal(ask_text_at(t->world, "layers.1.name"), "out");
    assert_near(number_at(t, "layers.1.surrogate_scale"), 7, 0);
    assert_string_equal(ask_text_at(t->world, "layers.1.tensors.0.name"), "out.weight");
    assert_int_equal(ask_integer_at(t->world, "all.count"), 64 * 6 + 6 + 6 * 10 + 10);
    assert_true(number_at(t, "all.cosine") > 0.3 && number_at(t, "all.cosine") < 1.1);
    assert_true(number_at(t, "all.cosine_error") > 0 && number_at(t, "all.cosine_error") < 0.3);
    assert_true(number_at(t, "explained") > 0.3);
    /* squares of norms add up, from the tensors to all */
    double sum = 0;
    for (size_t i = 0; i < 2; i++) {
        const json_t *l = json_array_get(ask_at(t->world, "layers"), i);
        sum += pow(json_number_value(json_object_get(l, "surrogate_norm")), 2);
    }
    assert_near(sqrt(sum), number_at(t, "all.surrogate_norm"), 1e-9);
}

static void bias__the_same_question__has_the_same_answer_to_the_last_digit(void **state)
{
    struct trained *t = *state;
    char first[4096];

    assert_int_equal(bias(t, "{\"samples\":4,\"repeats\":32}"), 200);
    assert_true(t->world->size < sizeof first);
    memcpy(first, t->world->text, t->world->size + 1);
    t->world->config.threads_per_job = 3;
    assert_int_equal(bias(t, "{\"samples\":4,\"repeats\":32,\"seed\":0}"), 200);
    assert_string_equal(t->world->text, first);
    assert_int_equal(bias(t, "{\"samples\":4,\"repeats\":32,\"seed\":1}"), 200);
    assert_string_not_equal(t->world->text, first);
}

static void bias__nothing_said__takes_the_usual_sizes(void **state)
{
    struct trained *t = *state;

    assert_int_equal(bias(t, "{}"), 200);
    assert_int_equal(ask_integer_at(t->world, "samples"), 128);
    assert_int_equal(ask_integer_at(t->world, "repeats"), 128);
    assert_near(number_at(t, "sigma"), 0.1, 1e-12);
}

static void bias__wrong_fields__are_all_named(void **state)
{
    struct trained *t = *state;
    struct world *w = t->world;

    assert_int_equal(bias(t, "{\"samples\":0,\"repeats\":31,\"sigma\":0,\"seed\":-1,\"draws\":3}"),
                     422);
    assert_true(ask_has_error(w, "/samples", "out_of_range"));
    assert_true(ask_has_error(w, "/repeats", "out_of_range"));
    assert_true(ask_has_error(w, "/sigma", "out_of_range"));
    assert_true(ask_has_error(w, "/seed", "out_of_range"));
    assert_true(ask_has_error(w, "/draws", "unknown_field"));
    assert_contains(w->text, "want one of: samples, repeats, sigma, seed");
    assert_int_equal(bias(t, "{\"samples\":\"many\"}"), 422);
    assert_true(ask_has_error(w, "/samples", "wrong_type"));
}

static void bias__more_than_may_be__is_refused_with_the_numbers(void **state)
{
    struct trained *t = *state;

    assert_int_equal(bias(t, "{\"samples\":4096,\"repeats\":100000}"), 422);
    assert_string_equal(ask_text_at(t->world, "code"), "too_much_work");
    assert_contains(ask_text_at(t->world, "detail"), "want at most 5e+10");
    t->world->config.memory_limit = 1000;
    assert_int_equal(bias(t, "{}"), 422);
    assert_string_equal(ask_text_at(t->world, "code"), "memory_limit");
}

static void bias__a_job_without_weights__is_refused(void **state)
{
    struct trained *t = *state;
    char target[96];

    snprintf(target, sizeof target, "/v1/jobs/%s/bias", t->world->job);
    assert_int_equal(ask_post(t->world, target, "{}"), 404);
    assert_string_equal(ask_text_at(t->world, "code"), "no_checkpoint");
}

/* An errand that is before it. */
static void wait_for_it(void *user, const struct srv_errand *errand)
{
    (void)errand;
    sem_wait(user);
}

static void let_be(void *user)
{
    (void)user;
}

static void post(void *news)
{
    sem_post(news);
}

/* The first call gives nothing but the wish to wait; after the news comes the answer. */
static void bias__aside__answers_after_the_news(void **state)
{
    struct trained *t = *state;
    struct api *api = &t->world->api;
    struct srv_response res = {0};
    struct srv_request req = {.method = "POST",
                              .path = "/test",
                              .body = "{\"samples\":4,\"repeats\":32}",
                              .body_size = 26,
                              .content_length = 26,
                              .may_wait = true,
                              .headers = &(struct srv_pair){"Content-Type", "application/json"},
                              .n_headers = 1,
                              .id = "req"};
    struct api_call c = {.api = api, .req = &req, .res = &res};
    sem_t news, first;
    const struct srv_errand_work work = {.user = &first, .run = wait_for_it, .free = let_be};
    struct srv_errand *before;

    assert_int_equal(sem_init(&news, 0, 0), 0);
    assert_int_equal(sem_init(&first, 0, 0), 0);
    assert_int_equal(srv_aside_start(&api->options.aside, NULL), SNN_OK);
    srv_aside_listen(api->options.aside, post, &news);
    assert_int_equal(srv_aside_ask(api->options.aside, &before, &work, NULL), SNN_OK);
    snprintf(c.param[0], sizeof c.param[0], "%s", t->job);
    api_jobs_bias(&c);
    assert_int_equal(res.status, 0);
    assert_true(res.wait_ms > 0);
    sem_post(&first);
    do {
        assert_int_equal(sem_wait(&news), 0);
        res = (struct srv_response){0};
        api_jobs_bias(&c);
    } while (res.wait_ms > 0);
    assert_int_equal(res.status, 200);
    assert_contains(res.body, "\"object\":\"bias\"");
    srv_response_clear(&res);
    srv_errand_drop(c.errand);
    srv_errand_drop(before);
    srv_aside_listen(api->options.aside, NULL, NULL);
    srv_aside_stop(api->options.aside);
    api->options.aside = NULL;
    sem_destroy(&news);
    sem_destroy(&first);
}

static void bias__memory_runs_out__is_no_wrong_answer(void **state)
{
    struct trained *t = *state;

    world_starve(t->world, api_jobs_bias,
                 &(struct world_request){.param = {t->job},
                                         .headers = {{"Content-Type", "application/json"}},
                                         .body = "{\"samples\":1,\"repeats\":32}"});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, trained_setup, trained_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bias__of_a_trained_job__has_a_row_for_all_each_layer_and_tensor),
        TEST(bias__the_same_question__has_the_same_answer_to_the_last_digit),
        TEST(bias__nothing_said__takes_the_usual_sizes),
        TEST(bias__wrong_fields__are_all_named),
        TEST(bias__more_than_may_be__is_refused_with_the_numbers),
        TEST(bias__a_job_without_weights__is_refused),
        TEST(bias__aside__answers_after_the_news),
        TEST(bias__memory_runs_out__is_no_wrong_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
