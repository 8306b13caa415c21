/* SPDX-License-Identifier: MIT */
/* A network of fractional order that learns its own constants, from submission to weights. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define JOB                                                                                        \
    "{\"name\":\"fractional\",\"seed\":1,\"dataset\":{\"name\":\"digits\"},"                       \
    "\"encoding\":{\"time_steps\":12},"                                                            \
    "\"neuron\":{\"solver\":\"gl\",\"alpha\":0.5,\"surrogate\":\"arctan\","                        \
    "\"learn\":{\"tau\":\"neuron\",\"alpha\":\"layer\"}},"                                         \
    "\"layers\":[{\"kind\":\"dense\",\"units\":64},{\"kind\":\"dense\",\"units\":10,"              \
    "\"neuron\":{\"learn\":{\"tau\":\"layer\"}}}],"                                                \
    "\"training\":{\"epochs\":15,\"optimizer\":{\"learning_rate\":0.005}},"                        \
    "\"diagnostics\":{\"every_steps\":40}}"

static double parameter(json_t *layer, const char *name, size_t i)
{
    json_t *one = json_object_get(json_object_get(layer, "parameters"), name);

    return json_number_value(json_array_get(json_object_get(one, "data"), i));
}

static void check_weights(const struct answer *a)
{
    json_t *layers = answer_at(a, "layers"), *first = json_array_get(layers, 0);
    json_t *second = json_array_get(layers, 1), *neuron = json_object_get(first, "neuron");
    size_t moved = 0;

    assert_string_equal(json_string_value(json_object_get(neuron, "solver")), "gl");
    assert_near(json_number_value(json_object_get(neuron, "alpha")), 0.5, 0);
    for (size_t i = 0; i < 64; i++) {
        assert_true(parameter(first, "tau", i) > 0.5);
        moved += fabs(parameter(first, "tau", i) - 2) > 0.01;
    }
    assert_true(moved > 32);
    assert_true(fabs(parameter(second, "tau", 0) - 2) > 0.01);
    for (size_t i = 0; i < 2; i++) {
        const double alpha = parameter(json_array_get(layers, i), "alpha", 0);

        assert_true(alpha > 0 && alpha < 1 && fabs(alpha - 0.5) > 0.005);
    }
}

/* The last point is what the weights say: the job has no validation split. */
static void check_course(const struct answer *metrics, const struct answer *weights)
{
    json_t *series = json_object_get(answer_at(metrics, "series"), "alpha/layer1");
    json_t *values = json_object_get(series, "value");
    size_t n = json_array_size(values);

    assert_true(n >= 15);
    assert_near(json_number_value(json_array_get(values, n - 1)),
                parameter(json_array_get(answer_at(weights, "layers"), 0), "alpha", 0), 1e-6);
    assert_non_null(json_object_get(answer_at(metrics, "series"), "tau/layer2"));
    assert_null(json_object_get(answer_at(metrics, "series"), "threshold/layer1"));
}

static void job__fractional__learns_digits_and_its_own_constants(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0}, weights = {.status = 0};
    char id[32], path[100];

    daemon_submit(d, JOB, id);
    daemon_wait(d, &a, id, "succeeded");
    if (answer_number(&a, "metrics.test_accuracy") < 0.93)
        fail_msg("test accuracy %g, want at least 0.93",
                 answer_number(&a, "metrics.test_accuracy"));
    snprintf(path, sizeof path, "/v1/jobs/%s/weights", id);
    daemon_get(d, &weights, path, 200);
    assert_string_equal(answer_text(&weights, "sha256"), answer_text(&a, "model.sha256"));
    check_weights(&weights);
    snprintf(path, sizeof path, "/v1/jobs/%s/metrics", id);
    daemon_get(d, &a, path, 200);
    check_course(&a, &weights);
    answer_clear(&a);
    answer_clear(&weights);
}

#define LONG_JOB                                                                                   \
    "{\"seed\":1,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"time_steps\":30},"              \
    "\"neuron\":{\"solver\":\"gl\",\"alpha\":0.5,\"surrogate\":\"arctan\",\"exponentials\":%d,"    \
    "\"learn\":{\"alpha\":\"layer\"}},"                                                            \
    "\"layers\":[{\"kind\":\"dense\",\"units\":32},{\"kind\":\"dense\",\"units\":10}],"            \
    "\"training\":{\"epochs\":4,\"optimizer\":{\"learning_rate\":0.005}}}"

/* Its test accuracy; of each layer's past the plan says so much. */
static double accuracy_of(struct daemon *d, int exponentials)
{
    struct answer a = {.status = 0};
    char id[32], job[1024];

    snprintf(job, sizeof job, LONG_JOB, exponentials);
    daemon_submit(d, job, id);
    daemon_wait(d, &a, id, "succeeded");
    const double accuracy = answer_number(&a, "metrics.test_accuracy");
    for (size_t i = 0; i < 2; i++) {
        json_t *layer = json_array_get(answer_at(&a, "plan"), i);
        json_t *history = json_object_get(layer, "history");
        const double error = json_number_value(json_object_get(history, "kernel_error"));

        assert_string_equal(json_string_value(json_object_get(history, "way")),
                            exponentials ? "exponentials" : "sums");
        assert_int_equal(json_integer_value(json_object_get(history, "count")), exponentials);
        assert_true(exponentials ? error > 0 && error < 1e-6 : error <= 0);
    }
    answer_clear(&a);
    return accuracy;
}

/* With weights as near as this it is the same network: of 360 samples at most a few fall elsewhere.
 */
static void job__exponentials__learns_what_exact_sums_do(void **state)
{
    const double exact = accuracy_of(*state, 0), states = accuracy_of(*state, 10);

    assert_true(exact > 0.85);
    assert_near(states, exact, 0.012);
}

static void validate__fractional__resolves_counts_and_warns(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};

    daemon_post(d, &a, "/v1/jobs/validate",
                "{\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"time_steps\":100},"
                "\"neuron\":{\"solver\":\"gl\",\"alpha\":[0.5,0.8],\"memory\":3,\"tau\":0.2},"
                "\"layers\":[{\"kind\":\"dense\",\"units\":10}]}",
                200);
    assert_true(json_is_true(answer_at(&a, "valid")));
    json_t *neuron = json_object_get(json_array_get(answer_at(&a, "layers"), 0), "neuron");
    assert_int_equal(json_array_size(json_object_get(neuron, "alpha")), 2);
    assert_near(json_number_value(json_array_get(json_object_get(neuron, "coefficients"), 1)), 1,
                0);
    assert_int_equal(json_integer_value(json_object_get(neuron, "memory")), 3);
    assert_int_equal(json_array_size(answer_at(&a, "warnings")), 2);
    answer_clear(&a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(job__fractional__learns_digits_and_its_own_constants),
        TEST(job__exponentials__learns_what_exact_sums_do),
        TEST(validate__fractional__resolves_counts_and_warns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
