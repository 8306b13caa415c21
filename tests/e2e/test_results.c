/* SPDX-License-Identifier: MIT */
/* What a job leaves beside its weights, asked of a real daemon. */
#include <stdio.h>
#include <string.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define JOB                                                                                        \
    "\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":16},"             \
    "{\"kind\":\"dense\",\"units\":10}],\"encoding\":{\"time_steps\":4},"                          \
    "\"training\":{\"epochs\":2}"

static void path_of(char path[96], const char *id, const char *what)
{
    snprintf(path, 96, "/v1/jobs/%s%s", id, what);
}

/* The sum of all numbers in arrays within arrays. */
static double sum_of(const json_t *value)
{
    double sum = json_number_value(value);
    const json_t *item;
    size_t i;

    json_array_foreach(value, i, item) sum += sum_of(item);
    return sum;
}

static void confusion__of_a_job_that_succeeded__agrees_with_its_accuracy(void **state)
{
    struct daemon *d = *state;
    struct answer job = {.status = 0}, a = {.status = 0};
    char id[32], path[96];
    double right = 0;

    daemon_submit(d, "{" JOB "}", id);
    daemon_wait(d, &job, id, "succeeded");
    path_of(path, id, "/confusion");
    daemon_get(d, &a, path, 200);
    assert_string_equal(answer_text(&a, "object"), "confusion");
    assert_string_equal(answer_text(&a, "job"), id);
    assert_int_equal(json_array_size(answer_at(&a, "labels")), 10);
    assert_int_equal(json_array_size(answer_at(&a, "matrix")), 10);
    for (size_t i = 0; i < 10; i++) {
        const json_t *row = json_array_get(answer_at(&a, "matrix"), i);
        const double hits = json_number_value(json_array_get(row, i));
        right += hits;
        assert_near(json_number_value(json_array_get(answer_at(&a, "per_class_accuracy"), i)),
                    hits / sum_of(row), 1e-12);
    }
    assert_near(sum_of(answer_at(&a, "samples")), sum_of(answer_at(&a, "matrix")), 0);
    assert_near(right / sum_of(answer_at(&a, "matrix")),
                answer_number(&job, "metrics.test_accuracy"), 1e-12);
    answer_clear(&a);
    answer_clear(&job);
}

static void confusion__of_a_job_that_is_not_over__is_not_there(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char id[32], path[96];

    daemon_submit(d,
                  "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}"
                  "],\"training\":{\"epochs\":100000}}",
                  id);
    path_of(path, id, "/confusion");
    daemon_get(d, &a, path, 404);
    assert_string_equal(answer_text(&a, "code"), "no_confusion");
    path_of(path, id, "/cancel");
    daemon_post(d, &a, path, "{}", 202);
    answer_clear(&a);
}

#define SMALLER                                                                                    \
    "\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":8},"              \
    "{\"kind\":\"dense\",\"units\":10}],\"training\":{\"epochs\":1}"

/* Submits a job that starts from that one; its answer once it is over in *a. */
static void start_from(struct daemon *d, struct answer *a, const char *id, const char *status)
{
    char job[500], next[32];

    snprintf(job, sizeof job, "{" JOB ",\"init\":{\"job\":\"%s\",\"checkpoint\":\"last\"}}", id);
    daemon_submit(d, job, next);
    daemon_wait(d, a, next, status);
}

static void init__of_a_trained_job__goes_on_from_its_weights(void **state)
{
    struct daemon *d = *state;
    struct answer first = {.status = 0}, a = {.status = 0}, b = {.status = 0};
    char id[32];

    daemon_submit(d, "{" JOB "}", id);
    daemon_wait(d, &first, id, "succeeded");
    start_from(d, &a, id, "succeeded");
    start_from(d, &b, id, "succeeded");
    assert_true(answer_number(&a, "metrics.train_loss") <
                answer_number(&first, "metrics.train_loss"));
    assert_string_not_equal(answer_text(&a, "model.sha256"), answer_text(&first, "model.sha256"));
    assert_string_equal(answer_text(&a, "model.sha256"), answer_text(&b, "model.sha256"));
    answer_clear(&first);
    answer_clear(&a);
    answer_clear(&b);
}

static void init__of_no_or_another_network__is_refused_with_the_reason(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char id[32], job[500];

    daemon_submit(d, "{" JOB "}", id);
    daemon_wait(d, &a, id, "succeeded");
    daemon_post(d, &a, "/v1/jobs", "{" JOB ",\"init\":{\"job\":\"job_none\"}}", 422);
    assert_contains(a.text, "/init/job");
    assert_contains(a.text, "unknown_name");
    daemon_post(d, &a, "/v1/jobs", "{" JOB ",\"init\":{\"job\":\"\"}}", 422);
    daemon_post(d, &a, "/v1/jobs", "{" JOB ",\"init\":{\"checkpoint\":\"best\"}}", 422);
    snprintf(job, sizeof job, "{" SMALLER ",\"init\":{\"job\":\"%s\"}}", id);
    daemon_post(d, &a, "/v1/jobs", job, 422);
    assert_contains(a.text, "/init/job");
    assert_contains(a.text, "layer1.weight is 16 x 64, want 8 x 64");
    answer_clear(&a);
}

/* The source goes while the job that is to start from it waits. */
static void init__source_deleted_before_the_start__fails_with_the_reason(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char source[32], busy[32], id[32], path[96], job[500];

    daemon_submit(d, "{" JOB "}", source);
    daemon_wait(d, &a, source, "succeeded");
    daemon_submit(d,
                  "{\"dataset\":{\"name\":\"digits\"},\"training\":{\"epochs\":100000},"
                  "\"layers\":[{\"kind\":\"dense\",\"units\":10}]}",
                  busy);
    daemon_wait(d, &a, busy, "running");
    snprintf(job, sizeof job, "{" JOB ",\"init\":{\"job\":\"%s\"}}", source);
    daemon_submit(d, job, id);
    snprintf(path, sizeof path, "/v1/jobs/%s", source);
    daemon_delete(d, &a, path, 204);
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", busy);
    daemon_post(d, &a, path, "{}", 202);
    daemon_wait(d, &a, id, "failed");
    assert_string_equal(answer_text(&a, "error.code"), "not_found");
    assert_string_equal(answer_text(&a, "error.param"), "/init/job");
    assert_contains(answer_text(&a, "error.message"), source);
    answer_clear(&a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(confusion__of_a_job_that_succeeded__agrees_with_its_accuracy),
        TEST(confusion__of_a_job_that_is_not_over__is_not_there),
        TEST(init__of_a_trained_job__goes_on_from_its_weights),
        TEST(init__of_no_or_another_network__is_refused_with_the_reason),
        TEST(init__source_deleted_before_the_start__fails_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
