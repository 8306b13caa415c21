/* SPDX-License-Identifier: MIT */
/* The trained bits depend on the job alone: not on threads, crashes or stops. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

/* Long enough to be caught in the middle, and with every source of randomness in use. */
#define EPOCHS 150
#define MIDDLE 40
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define JOB                                                                                        \
    "{\"seed\":5,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"rate\","               \
    "\"time_steps\":4},\"neuron\":{\"surrogate\":\"noisy\"},"                                      \
    "\"layers\":[{\"kind\":\"dense\",\"units\":24},{\"kind\":\"dense\",\"units\":10}],"            \
    "\"training\":{\"epochs\":" TEXT(                                                              \
        EPOCHS) ",\"batch_size\":128,\"validation_fraction\":0.2,"                                 \
                "\"optimizer\":{\"kind\":\"adam\",\"learning_rate\":0.002}}}"

static void digest_of(struct daemon *d, const char *id, char hex[65])
{
    struct answer a = {.status = 0};

    daemon_wait(d, &a, id, "succeeded");
    snprintf(hex, 65, "%s", answer_text(&a, "model.sha256"));
    assert_int_equal(strlen(hex), 64);
    answer_clear(&a);
}

static bool has_event(struct daemon *d, const char *id, const char *type)
{
    struct answer a = {.status = 0};
    bool found = false;
    char path[80];
    json_t *event;
    size_t i;

    snprintf(path, sizeof path, "/v1/jobs/%s/events?limit=1000", id);
    daemon_get(d, &a, path, 200);
    json_array_foreach(answer_at(&a, "data"), i, event) found =
        found || strcmp(json_string_value(json_object_get(event, "type")), type) == 0;
    answer_clear(&a);
    return found;
}

static void bits__one_thread_or_two__are_the_same(void **state)
{
    static const char *const two[] = {"--threads-per-job", "2", NULL};
    struct daemon *d = *state;
    char first[32], second[32], a[65], b[65];

    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    daemon_start(d, (const char *const[]){"--threads-per-job", "1", NULL});
    daemon_submit(d, JOB, first);
    digest_of(d, first, a);
    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    daemon_start(d, two);
    daemon_submit(d, JOB, second);
    digest_of(d, second, b);
    assert_string_equal(a, b);
}

/* Every number a client can read of a job's course, as one text. */
static void course(struct daemon *d, const char *id, struct answer *a, const char *what)
{
    char path[128];

    snprintf(path, sizeof path, "/v1/jobs/%s/%s", id, what);
    daemon_get(d, a, path, 200);
    json_object_del(a->json, "job");
}

static void check_same_course(struct daemon *d, const char *first, const char *second)
{
    struct answer a = {.status = 0}, b = {.status = 0};

    course(d, first, &a, "metrics");
    course(d, second, &b, "metrics");
    assert_true(json_equal(a.json, b.json));
    course(d, first, &a, "histograms");
    course(d, second, &b, "histograms");
    assert_true(json_equal(a.json, b.json));
    answer_clear(&a);
    answer_clear(&b);
}

static void bits__killed_in_the_middle__are_the_same(void **state)
{
    struct daemon *d = *state;
    char whole[32], killed[32], a[65], b[65];
    struct answer job = {.status = 0};

    daemon_submit(d, JOB, whole);
    digest_of(d, whole, a);
    daemon_submit(d, JOB, killed);
    daemon_wait_epoch(d, killed, MIDDLE);
    assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
    daemon_start(d, NULL);
    digest_of(d, killed, b);
    assert_string_equal(a, b);
    assert_true(has_event(d, killed, "recovered"));
    daemon_wait(d, &job, killed, NULL);
    assert_true(answer_number(&job, "attempt") >= 2);
    answer_clear(&job);
    check_same_course(d, whole, killed);
}

static void bits__stopped_in_the_middle__are_the_same(void **state)
{
    struct daemon *d = *state;
    char whole[32], stopped[32], a[65], b[65], path[64];
    struct answer job = {.status = 0};

    daemon_submit(d, JOB, stopped);
    daemon_wait_epoch(d, stopped, MIDDLE);
    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    daemon_start(d, (const char *const[]){"--workers", "1", NULL});
    snprintf(path, sizeof path, "/v1/jobs/%s", stopped);
    daemon_get(d, &job, path, 200);
    /* It goes on from the checkpoint that the stop wrote, not from the start. */
    assert_true(answer_number(&job, "progress.epoch") >= MIDDLE);
    answer_clear(&job);
    digest_of(d, stopped, a);
    daemon_submit(d, JOB, whole);
    digest_of(d, whole, b);
    assert_string_equal(a, b);
    check_same_course(d, whole, stopped);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(bits__one_thread_or_two__are_the_same),
        TEST(bits__killed_in_the_middle__are_the_same),
        TEST(bits__stopped_in_the_middle__are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
