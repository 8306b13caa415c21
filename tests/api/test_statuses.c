/* SPDX-License-Identifier: MIT */
/* Every status that the document has of a route, provoked: what it says is true, and nothing is in
 * it that cannot happen. That nothing comes which is not in it: tests/support/contract.c, in all
 * tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/webhook.h"
#include "tests/api/steps.h"
#include "tests/api/trained.h"
#include "tests/support/contract.h"
#include "tests/support/test.h"

#define JOB "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}]}"
#define SWEEP "{\"base\":" JOB ",\"seeds\":[1,2]}"
/* Whose network cannot be put together again without the samples' shape. */
#define SHAPED                                                                                     \
    "{\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"time_steps\":1},\"layers\":[{\"kind\":"    \
    "\"conv2d\",\"filters\":2,\"kernel\":3},{\"kind\":\"flatten\"},{\"kind\":\"dense\","           \
    "\"units\":10}],\"training\":{\"epochs\":1,\"batch_size\":256}}"
#define NOBODY "job_00000000000000000000000000"

/* ---------------------------------------------------------------- what many routes have alike --
 */

#define THERE                                                                                      \
    {                                                                                              \
        .job = t->job, .sweep = sweep, .dataset = "digits", .word = "arctan"                       \
    }

/* A sweep of two jobs. */
static void make_sweep(struct world *w, char id[SRV_ID_SIZE])
{
    assert_int_equal(ask_post(w, "/v1/sweeps", SWEEP), 201);
    snprintf(id, SRV_ID_SIZE, "%s", ask_text_at(w, "id"));
}

static void routes__asked_wrongly__say_what_is_wrong(void **state)
{
    struct trained *t = *state;
    char sweep[SRV_ID_SIZE];

    make_sweep(t->world, sweep);
    const struct step_names there = THERE;
    const struct step_names gone = {.job = NOBODY,
                                    .sweep = "swp_00000000000000000000000000",
                                    .dataset = "nothing",
                                    .word = "nothing"};
    const struct provocation rows[] = {
        {.status = 404, .names = gone, .body = "{\"inputs\":[[1]]}"},
        {.status = 413, .names = there, .length = (uint64_t)1 << 40},
        {.status = 400, .names = there, .body = "{", .readers = true},
        {.status = 415, .names = there, .body = "{}", .type = "text/plain", .readers = true},
        {.status = 422, .names = there, .body = "[]", .readers = true},
        {.status = 422, .names = there, .query = "?colour=red", .body = JOB},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        steps_provoke(t->world, &rows[i]);
}

static void routes__asked_by_strangers__answer_401_and_403(void **state)
{
    struct trained *t = *state;
    struct world *w = t->world;
    char path[600], secret[SRV_TOKEN_SIZE], bearer[SRV_TOKEN_SIZE + 16],
        sweep[] = "swp_00000000000000000000000000";
    const struct step_names there = THERE;

    snprintf(path, sizeof path, "%s/tokens", w->dir);
    assert_int_equal(srv_token_add(secret, path, "reader", SRV_SCOPE_read, NULL), SNN_OK);
    snprintf(bearer, sizeof bearer, "Bearer %s", secret);
    assert_int_equal(srv_tokens_open(&w->api.options.tokens, path, &srv_system_clock, NULL),
                     SNN_OK);
    steps_provoke(w, &(struct provocation){.status = 401, .names = there, .body = "{}"});
    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];
        struct ask a = {.method = r->method,
                        .target = path,
                        .headers = {{"Authorization", bearer},
                                    {r->access > API_READ ? NULL : "Origin", "http://evil"}}};

        if (!json_object_get(steps_said(r), "403"))
            continue;
        steps_fill(path, sizeof path, r->pattern, &there);
        ask(w, &a);
        steps_want(w, r->method, path, 403);
    }
    srv_tokens_free(w->api.options.tokens);
    w->api.options.tokens = NULL;
}

/* --------------------------------------------------------------------------- each for itself -- */

/* Each GET that has nothing special about it. */
static void looks__at_what_is_there__answer_200(void **state)
{
    static const uint32_t ones[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const struct snn_confusion confusion = {.classes = 10, .samples = ones, .correct = ones};
    struct trained *t = *state;
    char sweep[SRV_ID_SIZE], path[300];

    make_sweep(t->world, sweep);
    assert_int_equal(srv_store_confusion_post(t->world->store, t->job, &confusion), SNN_OK);
    world_flush(t->world);
    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];
        const struct step_names there = THERE;

        if (strcmp(r->method, "GET") != 0 || strncmp(r->pattern, "/web/", 5) == 0)
            continue;
        steps_fill(path, sizeof path, r->pattern, &there);
        ask_get(t->world, path);
        steps_want(t->world, "GET", path, 200);
    }
}

static void jobs__from_post_to_delete__answer_as_they_stand(void **state)
{
    static const struct step made[] = {
        {"POST", "/v1/jobs/validate", JOB, 200, {0}},
        {"POST", "/v1/jobs", JOB, 201, {"Idempotency-Key", "once"}},
        {"POST", "/v1/jobs", JOB, 200, {"Idempotency-Key", "once"}},
        {"POST", "/v1/jobs/{job}/retry", "{}", 201, {"Idempotency-Key", "again"}},
        {"POST", "/v1/jobs/{job}/retry", "{}", 200, {"Idempotency-Key", "again"}},
        {"POST", "/v1/jobs/{job}/resume", NULL, 200, {0}},
        {"POST", "/v1/jobs/{job}/pause", NULL, 202, {0}},
        {"POST", "/v1/jobs/{job}/pause", NULL, 200, {0}},
        {"POST", "/v1/jobs/{job}/resume", NULL, 202, {0}},
        {"POST", "/v1/jobs/{job}/cancel", NULL, 202, {0}},
        {"POST", "/v1/jobs/{job}/cancel", NULL, 200, {0}},
        {"POST", "/v1/jobs/{job}/pause", NULL, 409, {0}},
        {"POST", "/v1/jobs/{job}/resume", NULL, 409, {0}},
    };
    static const struct step over[] = {
        {"POST", "/v1/jobs/{job}/cancel", NULL, 409, {0}},
        {"DELETE", "/v1/jobs/{job}", NULL, 204, {0}},
    };
    static const struct step held[] = {{"DELETE", "/v1/jobs/{job}", NULL, 202, {0}}};
    struct trained *t = *state;
    struct world *w = t->world;
    struct srv_job job;
    char tag[80];
    const struct ask again = {"GET", tag, .headers = {{"If-None-Match", "*"}}};

    WALK(w, &(struct step_names){.job = t->job}, made);
    steps_claim(w, &job);
    const struct step_names first = {.job = job.id};
    assert_int_equal(ask_get(w, "/v1/jobs?limit=1"), 200);
    steps_release(w, &job, SRV_JOB_succeeded);
    WALK(w, &first, over);
    steps_claim(w, &job);
    WALK(w, &(struct step_names){.job = job.id}, held);
    snprintf(tag, sizeof tag, "/v1/jobs/%s", job.id);
    assert_int_equal(ask_get(w, tag), 200);
    assert_int_equal(ask(w, &again), 304);
    srv_job_clear(&job);
}

static void events__of_a_job_that_is_over__end_with_204(void **state)
{
    struct trained *t = *state;
    struct srv_job job;
    char path[120];
    struct ask a = {.method = "GET", .target = path, .headers = {{"Accept", "text/event-stream"}}};

    steps_claim(t->world, &job);
    snprintf(path, sizeof path, "/v1/jobs/%s/events?after=1000", job.id);
    steps_release(t->world, &job, SRV_JOB_succeeded);
    assert_int_equal(ask(t->world, &a), 204);
}

static void sweeps__from_post_to_delete__answer_as_they_stand(void **state)
{
    static const struct step made[] = {
        {"POST", "/v1/sweeps", SWEEP, 201, {"Idempotency-Key", "once"}},
        {"POST", "/v1/sweeps", SWEEP, 200, {"Idempotency-Key", "once"}},
    };
    static const struct step ended[] = {
        {"POST", "/v1/sweeps/{sweep}/resume", NULL, 200, {0}},
        {"POST", "/v1/sweeps/{sweep}/pause", NULL, 202, {0}},
        {"POST", "/v1/sweeps/{sweep}/pause", NULL, 200, {0}},
        {"POST", "/v1/sweeps/{sweep}/resume", NULL, 202, {0}},
        {"POST", "/v1/sweeps/{sweep}/cancel", NULL, 202, {0}},
        {"POST", "/v1/sweeps/{sweep}/cancel", NULL, 200, {0}},
        {"POST", "/v1/sweeps/{sweep}/pause", NULL, 409, {0}},
        {"POST", "/v1/sweeps/{sweep}/resume", NULL, 409, {0}},
        {"DELETE", "/v1/sweeps/{sweep}", NULL, 204, {0}},
    };
    static const struct step held[] = {{"DELETE", "/v1/sweeps/{sweep}", NULL, 202, {0}}};
    struct trained *t = *state;
    struct world *w = t->world;
    char sweep[SRV_ID_SIZE];
    struct srv_job job;

    WALK(w, &(struct step_names){0}, made);
    snprintf(sweep, sizeof sweep, "%s", ask_text_at(w, "id"));
    WALK(w, &(struct step_names){.sweep = sweep}, ended);
    make_sweep(w, sweep);
    do { /* past the world's own jobs */
        steps_claim(w, &job);
        if (!job.sweep[0])
            srv_job_clear(&job);
    } while (!job.sweep[0]);
    WALK(w, &(struct step_names){.sweep = sweep}, held);
    srv_job_clear(&job);
}

static void datasets__from_post_to_delete__answer_as_they_stand(void **state)
{
    static const struct step steps[] = {
        {"POST", "/v1/datasets", "{\"name\":\"mine\",\"format\":\"csv\"}", 201, {0}},
        {"POST", "/v1/datasets", "{\"name\":\"mine\",\"format\":\"csv\"}", 409, {0}},
        {"PUT", "/v1/datasets/mine/files/train", "1,2,no label\n", 422, {0}},
        {"PUT", "/v1/datasets/mine/files/train", "1,2,0\n3,4,1\n", 200, {0}},
        {"PUT", "/v1/datasets/digits/files/train", "1,2,0\n", 409, {0}},
        {"DELETE", "/v1/datasets/digits", NULL, 409, {0}},
        {"DELETE", "/v1/datasets/mine", NULL, 204, {0}},
    };

    WALK(((struct trained *)*state)->world, &(struct step_names){0}, steps);
}

static void webhooks__retried__are_202_until_they_are_delivered(void **state)
{
    static const char job[] = "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":"
                              "\"dense\",\"units\":10}],\"priority\":9,\"webhook\":{\"url\":"
                              "\"https://example.org/\"}}";
    static const struct step steps[] = {{"POST", "/v1/webhooks/{webhook}/retry", NULL, 202, {0}}};
    static const struct step after[] = {{"POST", "/v1/webhooks/{webhook}/retry", NULL, 409, {0}}};
    struct world *w = ((struct trained *)*state)->world;
    struct srv_webhook hook = {.state = SRV_WEBHOOK_delivered, .seq = 1};
    struct srv_job ended;
    char id[SRV_ID_SIZE];

    snprintf(w->config.webhooks, sizeof w->config.webhooks, "*");
    assert_int_equal(ask_post(w, "/v1/jobs", job), 201);
    do {
        steps_claim(w, &ended);
        steps_release(w, &ended, SRV_JOB_succeeded);
        assert_int_equal(ask_get(w, "/v1/webhooks?state=pending"), 200);
    } while (!ask_at(w, "data.0"));
    snprintf(id, sizeof id, "%s", ask_text_at(w, "data.0.id"));
    WALK(w, &(struct step_names){.webhook = id}, steps);
    assert_int_equal(srv_store_webhook_tried(w->store, &hook, NULL), SNN_OK);
    WALK(w, &(struct step_names){.webhook = id}, after);
}

static void model__of_a_trained_job__answers_whole_and_in_parts(void **state)
{
    static const struct step steps[] = {
        {"GET", "/v1/jobs/{job}/weights", NULL, 206, {"Range", "bytes=0-3"}},
        {"GET", "/v1/jobs/{job}/weights", NULL, 416, {"Range", "bytes=999999999-"}},
        {"GET", "/v1/jobs/{job}/weights", NULL, 304, {"If-None-Match", "*"}},
        {"POST", "/v1/jobs/{job}/predict", "{\"inputs\":[[1]]}", 422, {0}},
        {"POST", "/v1/jobs/{job}/gradcheck", NULL, 200, {0}},
        {"POST", "/v1/gradcheck", JOB, 200, {0}},
        {"POST", "/v1/jobs/{job}/bias", "{\"samples\":2,\"repeats\":32}", 200, {0}},
    };
    struct trained *t = *state;
    char inputs[400], path[120];
    size_t n = (size_t)snprintf(inputs, sizeof inputs, "{\"inputs\":[[0");

    WALK(t->world, &(struct step_names){.job = t->job}, steps);
    for (size_t i = 1; i < 64; i++)
        n += (size_t)snprintf(inputs + n, sizeof inputs - n, ",0");
    snprintf(inputs + n, sizeof inputs - n, "]]}");
    snprintf(path, sizeof path, "/v1/jobs/%s/predict", t->job);
    assert_int_equal(ask_post(t->world, path, inputs), 200);
}

static void model__of_data_that_are_gone__answers_409(void **state)
{
    static const struct step steps[] = {
        {"GET", "/v1/jobs/{job}/weights?format=nir", NULL, 409, {0}},
        {"GET", "/v1/jobs/{job}/spikes", NULL, 409, {0}},
        {"POST", "/v1/jobs/{job}/predict", "{\"inputs\":[[1]]}", 409, {0}},
        {"POST", "/v1/jobs/{job}/gradcheck", NULL, 409, {0}},
        {"POST", "/v1/jobs/{job}/bias", "{}", 409, {0}},
    };
    struct trained *t = *state;

    trained_train(t, "ds_00000000000000000000000000", SHAPED);
    WALK(t->world, &(struct step_names){.job = t->job}, steps);
}

static void daemon__short_of_something__answers_429_500_503_and_507(void **state)
{
    static const struct step full[] = {{"POST", "/v1/jobs", JOB, 507, {0}},
                                       {"POST", "/v1/jobs/{job}/retry", "{}", 507, {0}},
                                       {"POST", "/v1/sweeps", SWEEP, 507, {0}}};
    static const struct step crowded[] = {{"POST", "/v1/jobs", JOB, 429, {0}},
                                          {"POST", "/v1/jobs/{job}/retry", "{}", 429, {0}},
                                          {"POST", "/v1/sweeps", SWEEP, 429, {0}}};
    static const struct step stopping[] = {{"GET", "/readyz", NULL, 503, {0}},
                                           {"GET", "/v1/jobs/{job}/weights", NULL, 500, {0}},
                                           {"POST", "/v1/jobs", JOB, 503, {0}},
                                           {"POST", "/v1/jobs/{job}/retry", "{}", 503, {0}},
                                           {"POST", "/v1/sweeps", SWEEP, 503, {0}}};
    struct trained *t = *state;
    struct world *w = t->world;
    char path[1200];

    w->config.disk_reserve = SIZE_MAX;
    WALK(w, &(struct step_names){.job = t->job}, full);
    w->config.disk_reserve = 0;
    w->config.max_queued = 1;
    WALK(w, &(struct step_names){.job = t->job}, crowded);
    atomic_store(&w->api.backing_up, true);
    assert_int_equal(ask_get(w, "/v1/backup"), 429);
    snprintf(path, sizeof path, "%s/%s.ckpt", w->dir, t->job);
    assert_int_equal(truncate(path, 9), 0);
    api_drain(&w->api);
    WALK(w, &(struct step_names){.job = t->job}, stopping);
}

/* Whoever may not wait is told so, and then that too many do. */
static void calculations__while_another_is_made__answer_503_and_429(void **state)
{
    static const struct step late[] = {{"POST", "/v1/jobs/{job}/bias", "{}", 503, {0}}};
    static const struct step crowded[] = {{"POST", "/v1/jobs/{job}/bias", "{}", 429, {0}}};
    struct trained *t = *state;
    struct step_crowd crowd;

    steps_crowd(t->world, &crowd, 1);
    WALK(t->world, &(struct step_names){.job = t->job}, late);
    steps_crowd(t->world, &crowd, STEPS_CROWD);
    WALK(t->world, &(struct step_names){.job = t->job}, crowded);
    steps_crowd_end(t->world, &crowd);
}

static void dashboard__that_the_client_has__is_304(void **state)
{
    static const struct step steps[] = {{"GET", "/", NULL, 304, {"If-None-Match", "*"}}};

    WALK(((struct trained *)*state)->world, &(struct step_names){0}, steps);
}

/* ------------------------------------------------------------------------------- all of them -- */

static void document__every_status__was_provoked(void **state)
{
    const char *path, *method, *status;
    json_t *methods, *o, *answer;
    size_t missing = 0;

    (void)state;
    json_object_foreach(json_object_get(contract_document(), "paths"), path, methods)
        json_object_foreach(methods, method, o)
            json_object_foreach(json_object_get(o, "responses"), status, answer)
    {
        if (strcmp(status, "default") == 0 || contract_seen(method, path, status))
            continue;
        print_error("%s %s: nothing provokes %s\n", method, path, status);
        missing++;
    }
    assert_int_equal(missing, 0);
    /* Of any operation: the daemon's own failures. The others: tests/e2e/test_torture.c. */
    assert_true(contract_seen("get", "/v1/jobs/{job}/weights", "500"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, trained_setup, trained_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(routes__asked_wrongly__say_what_is_wrong),
        TEST(routes__asked_by_strangers__answer_401_and_403),
        TEST(looks__at_what_is_there__answer_200),
        TEST(jobs__from_post_to_delete__answer_as_they_stand),
        TEST(events__of_a_job_that_is_over__end_with_204),
        TEST(sweeps__from_post_to_delete__answer_as_they_stand),
        TEST(datasets__from_post_to_delete__answer_as_they_stand),
        TEST(webhooks__retried__are_202_until_they_are_delivered),
        TEST(model__of_a_trained_job__answers_whole_and_in_parts),
        TEST(model__of_data_that_are_gone__answers_409),
        TEST(daemon__short_of_something__answers_429_500_503_and_507),
        TEST(calculations__while_another_is_made__answer_503_and_429),
        TEST(dashboard__that_the_client_has__is_304),
        cmocka_unit_test(document__every_status__was_provoked), /* the last */
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
