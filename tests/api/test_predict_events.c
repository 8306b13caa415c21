/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs/{job}/predict of jobs on lists of events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/api/trained.h"
#include "tests/support/test.h"

#define CONFIG(encoding)                                                                           \
    "{\"seed\":3,\"dataset\":{\"name\":\"spikes\"},\"encoding\":{\"kind\":\"events\","             \
    "\"time_steps\":10" encoding "},\"layers\":[{\"kind\":\"dense\",\"units\":24},{\"kind\":"      \
    "\"dense\",\"units\":3}],\"training\":{\"epochs\":8,\"batch_size\":8,\"optimizer\":"           \
    "{\"learning_rate\":0.02}}}"
#define TEST 50
#define UNITS 6
#define SIZE 32768

struct bench {
    struct trained trained;
    char set[SRV_ID_SIZE];
    char text[SIZE]; /* of a file of events */
};

/* ------------------------------------------------------------------------------------ data -- */

/* The event of a unit in sample i, of class i mod 3; false where it has none. */
static bool event_of(size_t i, size_t unit, size_t *time)
{
    *time = (i % 3 + 1) * (unit + 1) * 37 % 100 * 10 + i * 7 % 30;
    return (i + unit) % 7 != 0;
}

static void put_part(struct bench *b, const char *part, size_t from, size_t samples, size_t later)
{
    size_t n = 0, time;

    for (size_t i = 0; i < samples; i++) {
        n += (size_t)snprintf(b->text + n, SIZE - n, "%zu,%zu\n", i, (from + i) % 3);
        for (size_t u = 0; u < UNITS; u++)
            if (event_of(from + i, u, &time))
                n += (size_t)snprintf(b->text + n, SIZE - n, "%zu,%zu,%zu\n", i, time + later, u);
    }
    world_put(b->trained.world, b->set, part, b->text, n);
    if (b->trained.world->res.status != 200)
        fail_msg("%s", b->trained.world->text);
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    void *world = NULL;

    assert_non_null(b);
    world_setup(&world);
    b->trained.world = world;
    assert_int_equal(ask_post(world, "/v1/datasets", "{\"name\":\"spikes\",\"format\":\"events\"}"),
                     201);
    snprintf(b->set, sizeof b->set, "%s", world_text(world, "id"));
    put_part(b, "train", 0, 150, 0);
    put_part(b, "test", 1000, TEST, 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    void *world = b->trained.world;

    world_teardown(&world);
    free(b);
    return 0;
}

/* ------------------------------------------------------------------------------------- job -- */

/* As its worker would leave it, done on that data. */
static void finish_job(struct bench *b)
{
    struct srv_store *store = b->trained.world->store;
    struct srv_dataset_row set;
    struct srv_job job;
    bool found = true, deleted;

    assert_int_equal(srv_store_dataset_get(store, b->set, &set, NULL), SNN_OK);
    while (found) {
        assert_int_equal(srv_store_job_claim(store, "boot", INT64_MAX, &job, &found, NULL), SNN_OK);
        if (!found)
            return;
        job.status = SRV_JOB_succeeded;
        memcpy(job.dataset_sha256, set.info.sha256, sizeof job.dataset_sha256);
        assert_int_equal(srv_store_job_release(store, &job, &deleted, NULL), SNN_OK);
        srv_job_clear(&job);
    }
}

static void train(struct bench *b, const char *config)
{
    trained_train(&b->trained, b->set, config);
    finish_job(b);
}

static int predict(struct bench *b, const char *body)
{
    char target[96];

    snprintf(target, sizeof target, "/v1/jobs/%s/predict", b->trained.job);
    return ask_post(b->trained.world, target, body);
}

/* The test set as a request. */
static char *request(void)
{
    json_t *inputs = json_array();
    size_t time;

    for (size_t i = 1000; i < 1000 + TEST; i++) {
        json_t *sample = json_array();
        for (size_t u = 0; u < UNITS; u++)
            if (event_of(i, u, &time))
                json_array_append_new(sample, json_pack("[I, I]", (json_int_t)time, (json_int_t)u));
        json_array_append_new(inputs, sample);
    }
    json_t *body = json_pack("{s:o}", "inputs", inputs);
    char *text = json_dumps(body, 0);
    json_decref(body);
    assert_non_null(text);
    return text;
}

static void assert_accuracy(struct bench *b)
{
    char *body = request();
    size_t right = 0;

    world_call(b->trained.world, api_jobs_predict,
               &(struct world_request){.param = {b->trained.job},
                                       .headers = {{"Content-Type", "application/json"}},
                                       .body = body});
    free(body);
    if (b->trained.world->res.status != 200)
        fail_msg("%s", b->trained.world->text);
    json_t *data = json_object_get(b->trained.world->json, "data");
    assert_int_equal(json_array_size(data), TEST);
    for (size_t i = 0; i < TEST; i++) {
        json_t *one = json_array_get(data, i);
        assert_int_equal(json_array_size(json_object_get(one, "scores")), 3);
        assert_int_equal(json_array_size(json_object_get(one, "spike_counts")), 3);
        right += json_integer_value(json_object_get(one, "class")) == (json_int_t)(1000 + i) % 3;
    }
    assert_true(b->trained.accuracy > 0.5); /* far from chance */
    assert_near((double)right / TEST, b->trained.accuracy, 0);
}

/* ----------------------------------------------------------------------------------- tests -- */

static void predict__the_test_set__reproduces_the_accuracy_of_the_job(void **state)
{
    static const char *const configs[] = {CONFIG(""), CONFIG(",\"mask\":true,\"drop\":0.1"),
                                          CONFIG(",\"duration\":800,\"time_shift\":20")};

    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        train(*state, configs[i]);
        assert_accuracy(*state);
    }
}

/* Of a database of before: the files still say it. */
static void predict__duration_never_written_down__is_read_from_the_files(void **state)
{
    struct bench *b = *state;
    struct srv_store *store = b->trained.world->store;
    struct srv_dataset_row row;

    train(b, CONFIG(""));
    assert_int_equal(srv_store_dataset_get(store, b->set, &row, NULL), SNN_OK);
    assert_true(row.info.duration > 0);
    row.info.duration = 0;
    assert_int_equal(srv_store_dataset_put(store, &row, NULL), SNN_OK);
    assert_accuracy(b);
}

/* The set has other samples by now, which end later: its duration is not the job's. */
static void predict__other_data_under_the_name__wants_a_duration_of_the_job(void **state)
{
    struct bench *b = *state;

    train(b, CONFIG(""));
    put_part(b, "test", 1000, TEST, 500);
    assert_int_equal(predict(b, "{\"inputs\":[[[1,2]]]}"), 422);
    assert_contains(b->trained.world->text, "encoding.duration");
}

static void predict__data_set_gone__wants_a_duration_of_the_job(void **state)
{
    struct bench *b = *state;
    struct snn_error err = {0};

    train(b, CONFIG(""));
    if (srv_datasets_delete(b->trained.world->datasets, b->set, &err) != SNN_OK)
        fail_msg("%s", err.message);
    assert_int_equal(predict(b, "{\"inputs\":[[[1,2]]]}"), 422);
    assert_contains(b->trained.world->text, "encoding.duration");
}

static void predict__data_set_gone__a_duration_of_the_job_is_enough(void **state)
{
    struct bench *b = *state;

    train(b, CONFIG(",\"duration\":1000"));
    assert_int_equal(srv_datasets_delete(b->trained.world->datasets, b->set, NULL), SNN_OK);
    assert_accuracy(b);
}

static void predict__wrong_events__are_refused_with_their_place(void **state)
{
    static const struct {
        const char *inputs, *pointer, *code, *detail;
    } wrong[] = {
        {"[3]", "/inputs/0", "wrong_type", "inputs[0] is 3, want an array of events"},
        {"[[],[[1,2],7]]", "/inputs/1/1", "wrong_type", "inputs[1][1] is 7, want an event"},
        {"[[[1]]]", "/inputs/0/0", "out_of_range", "inputs[0][0] has 1 numbers, want 2"},
        {"[[[1,2,3]]]", "/inputs/0/0", "out_of_range", "inputs[0][0] has 3 numbers, want 2"},
        {"[[[1,2],[\"a\",2]]]", "/inputs/0/1/0", "wrong_type", "inputs[0][1][0] is "},
        {"[[[1.5,2]]]", "/inputs/0/0/0", "wrong_type", "inputs[0][0][0] is 1.5"},
        {"[[[-1,2]]]", "/inputs/0/0/0", "out_of_range", "the time is -1"},
        {"[[[4294967296,2]]]", "/inputs/0/0/0", "out_of_range", "the time is 4294967296"},
        {"[[[1,6]]]", "/inputs/0/0/1", "out_of_range", "the unit is 6"},
        {"[[[1,null]]]", "/inputs/0/0/1", "wrong_type", "inputs[0][0][1] is null"},
    };
    struct bench *b = *state;
    char body[128];

    train(b, CONFIG(""));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(body, sizeof body, "{\"inputs\":%s}", wrong[i].inputs);
        assert_int_equal(predict(b, body), 422);
        if (!ask_has_error(b->trained.world, wrong[i].pointer, wrong[i].code) ||
            !strstr(b->trained.world->text, wrong[i].detail))
            fail_msg("%s: %s", body, b->trained.world->text);
    }
    assert_int_equal(predict(b, "{\"inputs\":[[],[[4294967295,5],[0,0]]]}"), 200);
}

static void predict__no_memory__is_a_5xx(void **state)
{
    struct bench *b = *state;
    const struct world_request r = {.param = {b->trained.job},
                                    .headers = {{"Content-Type", "application/json"}},
                                    .body = "{\"inputs\":[[[10,2],[20,3]]]}"};

    train(b, CONFIG(""));
    world_starve(b->trained.world, api_jobs_predict, &r);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(predict__the_test_set__reproduces_the_accuracy_of_the_job),
        EACH(predict__duration_never_written_down__is_read_from_the_files),
        EACH(predict__other_data_under_the_name__wants_a_duration_of_the_job),
        EACH(predict__data_set_gone__wants_a_duration_of_the_job),
        EACH(predict__data_set_gone__a_duration_of_the_job_is_enough),
        EACH(predict__wrong_events__are_refused_with_their_place),
        EACH(predict__no_memory__is_a_5xx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
