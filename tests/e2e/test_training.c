/* SPDX-License-Identifier: MIT */
/* A job from its submission to its weights, over real sockets. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

/* The README's job, made smaller. */
#define JOB                                                                                        \
    "{\"name\":\"e2e\",\"seed\":1,\"metadata\":{\"suite\":\"training\"},"                          \
    "\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"constant\",\"time_steps\":8},"     \
    "\"neuron\":{\"model\":\"lif\",\"tau\":2.0,\"threshold\":1.0,\"surrogate\":\"arctan\"},"       \
    "\"layers\":[{\"kind\":\"dense\",\"units\":64},{\"kind\":\"dense\",\"units\":10}],"            \
    "\"readout\":{\"kind\":\"membrane_mean\"},\"training\":{\"epochs\":12,\"batch_size\":64,"      \
    "\"validation_fraction\":0.1,\"optimizer\":{\"kind\":\"adam\",\"learning_rate\":0.004}},"      \
    "\"diagnostics\":{\"every_steps\":20}}"

static struct answer *get(struct daemon *d, struct answer *a, const char *id, const char *what,
                          long status)
{
    char path[160];

    snprintf(path, sizeof path, "/v1/jobs/%s%s", id, what);
    daemon_get(d, a, path, status);
    return a;
}

static void check_job(const struct answer *a)
{
    static const char *const metrics[] = {"metrics.train_loss",      "metrics.train_accuracy",
                                          "metrics.validation_loss", "metrics.validation_accuracy",
                                          "metrics.test_loss",       "metrics.test_accuracy"};

    assert_string_equal(answer_text(a, "status"), "succeeded");
    assert_string_equal(answer_text(a, "name"), "e2e");
    assert_string_equal(answer_text(a, "metadata.suite"), "training");
    assert_true(json_is_null(answer_at(a, "error")));
    assert_near(answer_number(a, "progress.fraction"), 1, 0);
    assert_near(answer_number(a, "progress.epoch"), 12, 0);
    assert_near(answer_number(a, "progress.step"), answer_number(a, "progress.steps"), 0);
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        assert_true(isfinite(answer_number(a, metrics[i])));
    if (answer_number(a, "metrics.test_accuracy") < 0.93)
        fail_msg("test accuracy %g, want at least 0.93", answer_number(a, "metrics.test_accuracy"));
    assert_true(answer_number(a, "finished_at") >= answer_number(a, "started_at"));
    assert_int_equal(strlen(answer_text(a, "model.sha256")), 64);
}

static void check_events(const struct answer *a)
{
    json_t *data = answer_at(a, "data"), *event;
    bool started = false, epochs = false;
    size_t i;

    json_array_foreach(data, i, event)
    {
        const char *type = json_string_value(json_object_get(event, "type"));
        assert_int_equal(json_integer_value(json_object_get(event, "seq")), i + 1);
        started = started || strcmp(type, "started") == 0;
        epochs = epochs || strcmp(type, "epoch") == 0;
    }
    assert_true(started && epochs);
    event = json_array_get(data, 0);
    assert_string_equal(json_string_value(json_object_get(event, "type")), "created");
    event = json_array_get(data, json_array_size(data) - 1);
    assert_string_equal(json_string_value(json_object_get(event, "type")), "succeeded");
}

/* zeros + nan + inf + sum(n) == count */
static void check_entry(json_t *entry)
{
    json_int_t sum = 0;
    json_t *bin;
    size_t i;

    json_array_foreach(json_object_get(entry, "bins"), i, bin) sum +=
        json_integer_value(json_array_get(bin, 2));
    sum += json_integer_value(json_object_get(entry, "zeros"));
    sum += json_integer_value(json_object_get(entry, "nan"));
    sum += json_integer_value(json_object_get(entry, "inf"));
    assert_int_equal(sum, json_integer_value(json_object_get(entry, "count")));
    assert_true(sum > 0);
}

static void check_histograms(const struct answer *a)
{
    static const char *const names[] = {
        "gradients/layer1.weight", "gradients/layer1.bias", "gradients/layer1.membrane",
        "gradients/layer2.weight", "gradients/layer2.bias", "gradients/layer2.membrane",
        "weights/layer1.weight",   "activity/layer1",       "membrane/layer1"};
    size_t found[sizeof names / sizeof names[0]] = {0}, i;
    json_t *entry;

    json_array_foreach(answer_at(a, "data"), i, entry)
    {
        check_entry(entry);
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            found[k] += strcmp(json_string_value(json_object_get(entry, "name")), names[k]) == 0;
    }
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if (found[k] < 2 || found[k] != found[0])
            fail_msg("%s: %zu entries, %s has %zu", names[k], found[k], names[0], found[0]);
}

static void check_metrics(const struct answer *a)
{
    static const char *const names[] = {"train_loss",
                                        "train_accuracy",
                                        "validation_loss",
                                        "validation_accuracy",
                                        "learning_rate",
                                        "gradient_norm/layer1.weight",
                                        "spike_rate/layer1",
                                        "silent/layer1",
                                        "saturated/layer1",
                                        "surrogate_active/layer1",
                                        "gradient_norm_by_step/layer1"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *series = json_object_get(answer_at(a, "series"), names[i]);
        size_t rows = json_array_size(json_object_get(series, "step"));
        if (rows < 2 || json_array_size(json_object_get(series, "value")) != rows)
            fail_msg("%s: %zu rows", names[i], rows);
    }
    json_t *series = json_object_get(answer_at(a, "series"), "gradient_norm_by_step/layer1");
    assert_int_equal(json_array_size(json_array_get(json_object_get(series, "value"), 0)), 8);
}

static void job__submitted__trains_and_tells_everything(void **state)
{
    struct daemon *d = *state;
    struct answer job = {.status = 0}, a = {.status = 0};
    char id[32];

    daemon_submit(d, JOB, id);
    daemon_wait(d, &job, id, NULL);
    check_job(&job);
    check_events(get(d, &a, id, "/events?limit=1000", 200));
    check_histograms(get(d, &a, id, "/histograms", 200));
    check_metrics(get(d, &a, id, "/metrics", 200));
    get(d, &a, id, "/metrics?format=csv&names=train_loss", 200);
    assert_int_equal(strncmp(a.text, "step,epoch,name,index,value\n", 28), 0);
    get(d, &a, id, "/histograms?format=csv&name=weights/*", 200);
    assert_int_equal(strncmp(a.text, "step,epoch,name,left,right,count\n20,0,weights/", 46), 0);
    get(d, &a, id, "/spikes?format=csv", 200);
    assert_int_equal(strncmp(a.text, "layer,step,unit\n", 16), 0);
    get(d, &a, id, "/weights", 200);
    assert_string_equal(answer_text(&a, "sha256"), answer_text(&job, "model.sha256"));
    assert_int_equal(json_array_size(answer_at(&a, "layers")), 2);
    get(d, &a, id, "/config", 200);
    assert_string_equal(a.text, JOB);
    answer_clear(&job);
    answer_clear(&a);
}

static void weights__downloaded_twice__are_the_same_bytes(void **state)
{
    struct daemon *d = *state;
    struct answer job = {.status = 0}, a = {.status = 0}, b = {.status = 0};
    char id[32];

    daemon_submit(d, JOB, id);
    get(d, &a, id, "/weights?checkpoint=ckpt_01HZZZZZZZZZZZZZZZZZZZZZZZ", 404);
    daemon_wait(d, &job, id, "succeeded");
    get(d, &a, id, "/weights?format=safetensors", 200);
    get(d, &b, id, "/weights?format=safetensors", 200);
    assert_true(a.size == b.size && memcmp(a.text, b.text, a.size) == 0);
    assert_string_equal(a.etag, b.etag);
    assert_int_equal(strlen(a.etag), 66);
    assert_contains(a.text + 8, answer_text(&job, "model.sha256"));
    get(d, &a, id, "/weights?format=pickle", 422);
    answer_clear(&job);
    answer_clear(&a);
    answer_clear(&b);
}

/* A rate that is met is a metric of step 0; one out of reach is an event as well. */
static void job__initialised_to_rates__tells_what_they_became(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    bool warned = false;
    json_t *event;
    char id[32];
    size_t i;

    daemon_submit(d,
                  "{\"dataset\":{\"name\":\"digits\"},\"initialisation\":{\"kind\":\"rate\"},"
                  "\"layers\":[{\"kind\":\"dense\",\"units\":16,\"weight_scale\":0.01,"
                  "\"initialisation\":{\"target\":0.2}},"
                  "{\"kind\":\"dense\",\"units\":10,\"weight_scale\":0}],"
                  "\"training\":{\"epochs\":1}}",
                  id);
    daemon_wait(d, &a, id, "succeeded");
    get(d, &a, id, "/metrics?names=initial_rate/*", 200);
    json_t *first = json_object_get(answer_at(&a, "series"), "initial_rate/layer1");
    json_t *second = json_object_get(answer_at(&a, "series"), "initial_rate/layer2");
    assert_int_equal(json_integer_value(json_array_get(json_object_get(first, "step"), 0)), 0);
    assert_near(json_number_value(json_array_get(json_object_get(first, "value"), 0)), 0.2, 0.01);
    assert_near(json_number_value(json_array_get(json_object_get(second, "value"), 0)), 0, 0);
    get(d, &a, id, "/events?limit=1000", 200);
    json_array_foreach(answer_at(&a, "data"), i, event) warned =
        warned || (strcmp(json_string_value(json_object_get(event, "type")), "warning") == 0 &&
                   strstr(json_string_value(json_object_get(event, "message")),
                          "/layers/1/initialisation: layer2 fires 0 spikes"));
    assert_true(warned);
    answer_clear(&a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(job__submitted__trains_and_tells_everything),
        TEST(job__initialised_to_rates__tells_what_they_became),
        TEST(weights__downloaded_twice__are_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
