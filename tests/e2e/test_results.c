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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(confusion__of_a_job_that_succeeded__agrees_with_its_accuracy),
        TEST(confusion__of_a_job_that_is_not_over__is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
