/* SPDX-License-Identifier: MIT */
/* Jobs on digits that are broken on purpose: each is told how, and repaired by exactly what is
 * suggested. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

/* With nothing broken it comes to 94%. */
#define LONG_JOB(steps, neuron, layer, encoding, optimizer)                                        \
    "{\"seed\":1,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"constant\","           \
    "\"time_steps\":" #steps encoding "},\"neuron\":{" neuron "},\"layers\":[{\"kind\":\"dense\"," \
    "\"units\":64" layer "},{\"kind\":\"dense\",\"units\":10}],\"training\":{\"epochs\":20,"       \
    "\"batch_size\":64,\"optimizer\":{" optimizer "}},\"diagnostics\":{\"every_steps\":20}}"
#define JOB(...) LONG_JOB(8, __VA_ARGS__)
#define ARCTAN "\"surrogate\":\"arctan\""
#define LINEAR "\"surrogate\":\"linear\",\"surrogate_scale\":0.7"
#define ADAM "\"kind\":\"adam\",\"learning_rate\":0.005"

static const struct {
    const char *job, *rule, *pointer;
} broken[] = {
    {JOB(ARCTAN, "", "", "\"kind\":\"adam\",\"learning_rate\":10"), "learning_rate_high",
     "/training/optimizer/learning_rate"},
    {JOB(ARCTAN, "", "", "\"kind\":\"adam\",\"learning_rate\":1e-6"), "learning_rate_low",
     "/training/optimizer/learning_rate"},
    {JOB(ARCTAN ",\"threshold\":200", "", "", ADAM), "dead_layer", "/neuron/threshold"},
    {JOB("\"surrogate\":\"linear\",\"surrogate_scale\":0.001", "", "", ADAM), "surrogate_narrow",
     "/neuron/surrogate_scale"},
    {LONG_JOB(32, ARCTAN ",\"tau\":0.1", "", "", ADAM), "unstable_dynamics", "/neuron/tau"},
    {JOB(LINEAR, ",\"weight_scale\":0.001", "", ADAM), "dead_layer", "/layers/0/weight_scale"},
    {JOB(LINEAR, "", ",\"gain\":0.001", ADAM), "input_weak", "/encoding/gain"},
    {JOB(ARCTAN, ",\"weight_scale\":10000", "", ADAM), "saturated_layer", "/layers/0/weight_scale"},
};

/* Of the first finding: "rule", or "pointer" of its suggestion; "" where there is none. */
static const char *first(const struct answer *a, const char *key)
{
    const json_t *finding = json_array_get(answer_at(a, "verdict.findings"), 0);
    const json_t *suggestion = json_object_get(finding, "suggestion");
    const json_t *value = json_object_get(suggestion, key);
    const char *text = json_string_value(value ? value : json_object_get(finding, key));

    return text ? text : "";
}

/* The verdict of a job that is over: the first finding's rule and knob. */
static void check_verdict(const struct answer *a, size_t i)
{
    if (strcmp(first(a, "rule"), broken[i].rule) != 0 ||
        strcmp(first(a, "pointer"), broken[i].pointer) != 0)
        fail_msg("job %zu wants %s with %s: %s", i, broken[i].rule, broken[i].pointer, a->text);
    assert_true(json_is_false(answer_at(a, "verdict.healthy")));
    assert_string_equal(answer_text(a, "verdict.summary"), first(a, "sentence"));
}

/* A new job with every change that is suggested. */
static void retry(struct daemon *d, struct answer *a, const char *id, char again[32])
{
    json_t *changes = json_object(), *finding;
    char path[80], *body;
    size_t i;

    json_array_foreach(answer_at(a, "verdict.findings"), i, finding)
    {
        json_t *s = json_object_get(finding, "suggestion");

        if (json_is_object(s))
            json_object_set(changes, json_string_value(json_object_get(s, "pointer")),
                            json_object_get(s, "to"));
    }
    json_t *wanted = json_pack("{s:o}", "changes", changes);
    body = json_dumps(wanted, 0);
    assert_non_null(body);
    snprintf(path, sizeof path, "/v1/jobs/%s/retry", id);
    daemon_post(d, a, path, body, 201);
    snprintf(again, 32, "%s", answer_text(a, "id"));
    assert_string_equal(answer_text(a, "metadata.retry_of"), id);
    free(body);
    json_decref(wanted);
}

static void verdict__jobs_broken_on_purpose__are_repaired_by_what_is_suggested(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char id[32], again[32];

        daemon_submit(d, broken[i].job, id);
        daemon_wait(d, &a, id, NULL);
        /* NaN where it was given up. */
        const double before = answer_number(&a, "metrics.test_accuracy");
        if (before > 0.9)
            fail_msg("job %zu is not broken: test accuracy %g", i, before);
        check_verdict(&a, i);
        retry(d, &a, id, again);
        daemon_wait(d, &a, again, "succeeded");
        if (!(answer_number(&a, "metrics.test_accuracy") > 0.9))
            fail_msg("job %zu came from %g to %g: %s", i, before,
                     answer_number(&a, "metrics.test_accuracy"), a.text);
        if (!json_is_true(answer_at(&a, "verdict.healthy")))
            fail_msg("job %zu is repaired, and yet: %s", i, a.text);
    }
    answer_clear(&a);
}

static void verdict__a_job_that_diverges__is_told_the_learning_rate(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char id[32];

    daemon_submit(d, JOB(ARCTAN, "", "", "\"kind\":\"sgd\",\"learning_rate\":1e6"), id);
    daemon_wait(d, &a, id, "failed");
    assert_string_equal(answer_text(&a, "error.code"), "diverged");
    assert_string_equal(first(&a, "rule"), "learning_rate_high");
    assert_string_equal(first(&a, "pointer"), "/training/optimizer/learning_rate");
    answer_clear(&a);
}

/* What is judged after a stop is what would have been judged without one. */
static void verdict__a_job_that_was_stopped__is_judged_as_one_that_was_not(void **state)
{
    static const char job[] =
        "{\"seed\":3,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"time_steps\":8},\"neuron\":"
        "{\"surrogate\":\"linear\",\"surrogate_scale\":0.001},\"layers\":[{\"kind\":\"dense\","
        "\"units\":64},{\"kind\":\"dense\",\"units\":10}],\"training\":{\"epochs\":1000},"
        "\"diagnostics\":{\"every_steps\":7}}";
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char whole[32], stopped[32];
    json_t *verdict;

    daemon_submit(d, job, whole);
    daemon_wait(d, &a, whole, "succeeded");
    verdict = json_incref(answer_at(&a, "verdict"));
    assert_string_equal(first(&a, "rule"), "surrogate_narrow");
    daemon_submit(d, job, stopped);
    daemon_wait_epoch(d, stopped, 2);
    assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
    daemon_start(d, NULL);
    daemon_wait(d, &a, stopped, "succeeded");
    assert_true(answer_number(&a, "attempt") > 1);
    if (!json_equal(verdict, answer_at(&a, "verdict")))
        fail_msg("%s", a.text);
    json_decref(verdict);
    answer_clear(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(verdict__jobs_broken_on_purpose__are_repaired_by_what_is_suggested),
        TEST(verdict__a_job_that_diverges__is_told_the_learning_rate),
        TEST(verdict__a_job_that_was_stopped__is_judged_as_one_that_was_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
