/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs/{job}/predict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/data/data.h"
#include "tests/api/ask.h"
#include "tests/support/test.h"

#define CONFIG                                                                                     \
    "{\"seed\":3,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"constant\","           \
    "\"time_steps\":4},\"layers\":[{\"kind\":\"dense\",\"units\":16},{\"kind\":\"dense\","         \
    "\"units\":10}],\"training\":{\"epochs\":3,\"optimizer\":{\"learning_rate\":0.01}}}"
#define FEATURES 64
#define BATCH ((size_t)200)
#define POST(job, text)                                                                            \
    {                                                                                              \
        .param = {job}, .headers = {{"Content-Type", "application/json"}}, .body = (text)          \
    }

struct trained {
    struct world *world;
    char target[96], job[SRV_ID_SIZE];
    const struct snn_data *data;
    double accuracy; /* of the job, on the test set */
};

/* A job trained to its end, with its checkpoint recorded as a worker would. */
static void train(struct trained *t)
{
    struct world *w = t->world;
    struct snn_error err = {.code = SNN_OK};
    struct snn_run *run = NULL;
    struct srv_checkpoint mark = {.step = 6, .epoch = 1};
    struct snn_spec spec;
    char path[1200], **dropped = NULL, *job = t->job;
    size_t n = 0;

    world_job(w, "builtin:digits", CONFIG, job);
    snprintf(t->target, sizeof t->target, "/v1/jobs/%s/predict", job);
    if (srv_datasets_acquire(w->datasets, "digits", &t->data, &err) != SNN_OK ||
        api_compile(CONFIG, snn_data_describe(t->data), &spec, &err) != SNN_OK ||
        snn_run_new(&run, &spec, t->data, 1, &err) != SNN_OK ||
        snn_run_train(run, &(struct snn_hooks){.user = NULL}, &err) != SNN_OK)
        fail_msg("%s: %s", err.pointer, err.message);
    snprintf(mark.path, sizeof mark.path, "%s.ckpt", job);
    snprintf(path, sizeof path, "%s/%s", w->dir, mark.path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(snn_run_save(run, f, &err), SNN_OK);
    mark.bytes = ftell(f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(srv_store_checkpoint_add(w->store, job, &mark, 2, &dropped, &n, &err), SNN_OK);
    free(dropped);
    t->accuracy = snn_run_progress(run).metrics.test_accuracy;
    snn_run_free(run);
}

static int setup(void **state)
{
    struct trained *t = calloc(1, sizeof *t);
    void *world = NULL;

    assert_non_null(t);
    world_setup(&world);
    t->world = world;
    train(t);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct trained *t = *state;
    void *world = t->world;

    srv_datasets_release(t->world->datasets, t->data);
    world_teardown(&world);
    free(t);
    return 0;
}

/* Test samples `from` and the n - 1 after it as a request. */
static char *request(const struct trained *t, size_t from, size_t n)
{
    json_t *inputs = json_array();
    real x[FEATURES];

    for (size_t i = from; i < from + n; i++) {
        json_t *sample = json_array();
        snn_data_features(t->data, true, i, x);
        for (size_t k = 0; k < FEATURES; k++)
            json_array_append_new(sample, json_real((double)x[k]));
        json_array_append_new(inputs, sample);
    }
    json_t *body = json_pack("{s:o, s:s}", "inputs", inputs, "checkpoint", "best");
    char *text = json_dumps(body, 0);
    json_decref(body);
    assert_non_null(text);
    return text;
}

/* How many of these samples are told for what they are. */
static size_t count_right(struct trained *t, size_t from, size_t n)
{
    char *body = request(t, from, n);
    size_t right = 0;

    world_call(t->world, api_jobs_predict, &(struct world_request)POST(t->job, body));
    free(body);
    assert_int_equal(t->world->res.status, 200);
    assert_string_equal(world_text(t->world, "object"), "predictions");
    json_t *data = json_object_get(t->world->json, "data");
    assert_int_equal(json_array_size(data), n);
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_array_get(data, i);
        assert_int_equal(json_array_size(json_object_get(one, "scores")), 10);
        assert_int_equal(json_array_size(json_object_get(one, "spike_counts")), 10);
        right += json_integer_value(json_object_get(one, "class")) ==
                 (json_int_t)snn_data_label(t->data, true, from + i);
    }
    return right;
}

static void predict__the_test_set__reproduces_the_accuracy_of_the_job(void **state)
{
    struct trained *t = *state;
    const size_t test = snn_data_describe(t->data)->test;
    size_t right = 0;

    for (size_t i = 0; i < test; i += BATCH)
        right += count_right(t, i, test - i < BATCH ? test - i : BATCH);
    assert_true(t->accuracy > 0.5); /* far from chance */
    assert_near((double)right / (double)test, t->accuracy, 0);
}

/* The refusals, each with its place. */
static void predict__wrong_bodies__are_refused_with_their_place(void **state)
{
    static const struct {
        const char *body, *pointer, *code, *detail;
    } wrong[] = {
        {"{}", "/inputs", "missing_field", "inputs is missing"},
        {"{\"inputs\":3}", "/inputs", "wrong_type", "inputs is 3, want an array of samples"},
        {"{\"inputs\":[]}", "/inputs", "out_of_range", "inputs has 0 samples"},
        {"{\"inputs\":[3]}", "/inputs/0", "wrong_type", "inputs[0] is 3, want an array of numbers"},
        {"{\"inputs\":[[1,2]]}", "/inputs/0", "out_of_range",
         "inputs[0] has 2 values, want the 64 of a sample"},
        {"{\"inputs\":[[1]],\"checkpoint\":\"middle\"}", "/checkpoint", "unknown_name", "middle"},
        {"{\"inputs\":[[1]],\"checkpoint\":1}", "/checkpoint", "wrong_type", "checkpoint is 1"},
        {"{\"inputs\":[[1]],\"input\":1}", "/input", "unknown_field", "input"},
    };
    struct trained *t = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ask_post(t->world, t->target, wrong[i].body), 422);
        if (!ask_has_error(t->world, wrong[i].pointer, wrong[i].code) ||
            !strstr(t->world->text, wrong[i].detail))
            fail_msg("%s: %s", wrong[i].body, t->world->text);
    }
}

static void predict__value_that_is_no_number__is_refused_with_its_place(void **state)
{
    static const struct {
        const char *value, *code;
    } wrong[] = {{"null", "wrong_type"}, {"\"1\"", "wrong_type"}, {"1e39", "out_of_range"}};
    struct trained *t = *state;
    char body[400];

    for (size_t i = 0; i < 3; i++) {
        size_t n = (size_t)snprintf(body, sizeof body, "{\"inputs\":[[0,0,0,%s", wrong[i].value);
        for (size_t k = 4; k < FEATURES; k++)
            n += (size_t)snprintf(body + n, sizeof body - n, ",0");
        snprintf(body + n, sizeof body - n, "]]}");
        assert_int_equal(ask_post(t->world, t->target, body), 422);
        assert_true(ask_has_error(t->world, "/inputs/0/3", wrong[i].code));
        assert_contains(t->world->text, "inputs[0][3] is ");
    }
}

static void predict__too_many_samples__are_refused(void **state)
{
    struct trained *t = *state;
    char *body = request(t, 0, 257);

    assert_int_equal(ask_post(t->world, t->target, body), 422);
    assert_true(ask_has_error(t->world, "/inputs", "out_of_range"));
    free(body);
}

static void predict__job_without_a_checkpoint__has_none_to_ask(void **state)
{
    struct trained *t = *state;
    char target[96];

    snprintf(target, sizeof target, "/v1/jobs/%s/predict", t->world->job);
    assert_int_equal(ask_post(t->world, target, "{\"inputs\":[[1]]}"), 404);
    assert_string_equal(world_text(t->world, "code"), "no_checkpoint");
    assert_int_equal(ask_post(t->world, "/v1/jobs/job_none/predict", "{\"inputs\":[[1]]}"), 404);
}

static void predict__no_memory__is_a_5xx(void **state)
{
    struct trained *t = *state;
    char *body = request(t, 0, 1);

    world_starve(t->world, api_jobs_predict, &(struct world_request)POST(t->job, body));
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predict__the_test_set__reproduces_the_accuracy_of_the_job),
        cmocka_unit_test(predict__wrong_bodies__are_refused_with_their_place),
        cmocka_unit_test(predict__value_that_is_no_number__is_refused_with_its_place),
        cmocka_unit_test(predict__too_many_samples__are_refused),
        cmocka_unit_test(predict__job_without_a_checkpoint__has_none_to_ask),
        cmocka_unit_test(predict__no_memory__is_a_5xx),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
