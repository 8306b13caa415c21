/* SPDX-License-Identifier: MIT */
/* The trained bits depend on the job alone: not on threads, crashes or stops. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

/* With every source of randomness in use, and long enough to be caught in the middle; in wide
 * layers, whose products take as long under a sanitizer as without. */
#define MIDDLE 3 /* of 60 epochs */
#define JOB                                                                                        \
    "{\"seed\":5,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"rate\","               \
    "\"time_steps\":4},\"neuron\":{\"surrogate\":\"noisy\"},\"layers\":[{\"kind\":\"dense\","      \
    "\"units\":256},{\"kind\":\"dense\",\"units\":256},{\"kind\":\"dense\",\"units\":10}],"        \
    "\"training\":{\"epochs\":60,\"batch_size\":128,\"validation_fraction\":0.2,"                  \
    "\"optimizer\":{\"kind\":\"adam\",\"learning_rate\":0.002}}}"

/* One daemon's folder for all tests, and in it a job that was trained on one thread without a
 * break. */
static struct {
    char job[32], sha256[65];
} reference;

static void digest_of(struct daemon *d, const char *id, char hex[65])
{
    struct answer a = {.status = 0};

    daemon_wait(d, &a, id, "succeeded");
    snprintf(hex, 65, "%s", answer_text(&a, "model.sha256"));
    assert_int_equal(strlen(hex), 64);
    answer_clear(&a);
}

static void restart(struct daemon *d, const char *threads)
{
    if (d->pid)
        assert_int_equal(daemon_stop(d, SIGTERM), 0);
    daemon_start(d, (const char *const[]){"--threads-per-job", threads, NULL});
}

static int train_reference(void **state)
{
    daemon_setup(state);
    struct daemon *d = *state;

    restart(d, "1");
    daemon_submit(d, JOB, reference.job);
    digest_of(d, reference.job, reference.sha256);
    return 0;
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

/* Every number a client can read of a job's course, as one text. */
static void course(struct daemon *d, const char *id, struct answer *a, const char *what)
{
    char path[128];

    snprintf(path, sizeof path, "/v1/jobs/%s/%s", id, what);
    daemon_get(d, a, path, 200);
    json_object_del(a->json, "job");
}

static void check_same(struct daemon *d, const char *id)
{
    static const char *const what[] = {"metrics", "histograms"};
    struct answer a = {.status = 0}, b = {.status = 0};
    char hex[65];

    digest_of(d, id, hex);
    assert_string_equal(hex, reference.sha256);
    for (size_t i = 0; i < 2; i++) {
        course(d, reference.job, &a, what[i]);
        course(d, id, &b, what[i]);
        assert_true(json_equal(a.json, b.json));
    }
    answer_clear(&a);
    answer_clear(&b);
}

static void bits__two_threads__are_those_of_one(void **state)
{
    struct daemon *d = *state;
    char id[32];

    restart(d, "2");
    daemon_submit(d, JOB, id);
    check_same(d, id);
}

static void bits__killed_in_the_middle__are_the_same(void **state)
{
    struct daemon *d = *state;
    struct answer job = {.status = 0};
    char id[32];

    restart(d, "2");
    daemon_submit(d, JOB, id);
    daemon_wait_epoch(d, id, MIDDLE);
    assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
    restart(d, "1");
    check_same(d, id);
    assert_true(has_event(d, id, "recovered"));
    daemon_wait(d, &job, id, NULL);
    assert_true(answer_number(&job, "attempt") >= 2);
    answer_clear(&job);
}

static void bits__stopped_in_the_middle__are_the_same(void **state)
{
    struct daemon *d = *state;
    struct answer job = {.status = 0};
    char id[32], path[64];

    restart(d, "1");
    daemon_submit(d, JOB, id);
    daemon_wait_epoch(d, id, MIDDLE);
    restart(d, "2");
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    daemon_get(d, &job, path, 200);
    /* It goes on from the checkpoint that the stop wrote, not from the start. */
    assert_true(answer_number(&job, "progress.epoch") >= MIDDLE);
    answer_clear(&job);
    check_same(d, id);
}

/* Paused; killed as it is (pausing, or paused already); resumed on another number of threads. */
static void bits__paused_killed_and_resumed__are_the_same(void **state)
{
    struct daemon *d = *state;
    struct answer job = {.status = 0};
    char id[32], path[64];

    restart(d, "2");
    daemon_submit(d, JOB, id);
    daemon_wait_epoch(d, id, MIDDLE);
    snprintf(path, sizeof path, "/v1/jobs/%s/pause", id);
    daemon_post(d, &job, path, "{}", 202);
    assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
    restart(d, "1");
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    daemon_get(d, &job, path, 200);
    assert_string_equal(answer_text(&job, "status"), "paused");
    snprintf(path, sizeof path, "/v1/jobs/%s/resume", id);
    daemon_post(d, &job, path, "", 202);
    answer_clear(&job);
    check_same(d, id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits__two_threads__are_those_of_one),
        cmocka_unit_test(bits__killed_in_the_middle__are_the_same),
        cmocka_unit_test(bits__stopped_in_the_middle__are_the_same),
        cmocka_unit_test(bits__paused_killed_and_resumed__are_the_same),
    };
    return cmocka_run_group_tests(tests, train_reference, daemon_teardown);
}
