/* SPDX-License-Identifier: MIT */
/* A sweep that compares its jobs on the way decides the same and ends with the same weights however
 * many workers there are and however often the daemon dies. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define BASE                                                                                       \
    "\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"rate\",\"time_steps\":4},"         \
    "\"layers\":[{\"kind\":\"dense\",\"units\":128},{\"kind\":\"dense\",\"units\":10}],"           \
    "\"training\":{\"epochs\":12,\"validation_fraction\":0.2}"
#define SWEEP                                                                                      \
    "{\"name\":\"halved\",\"base\":{" BASE "},\"grid\":{\"/neuron/surrogate\":[\"sigmoid\","       \
    "\"arctan\"],\"/training/optimizer/learning_rate\":[0.0003,0.001,0.003]},\"seeds\":[1,2],"     \
    "\"early_stopping\":{\"kind\":\"successive_halving\",\"epochs\":3,\"factor\":2}}"
/* So often the daemon is killed, at most: fewer than the crashes that a job is given up after. */
#define KILLS 4

static void sweep_path(char path[80], const char *id)
{
    snprintf(path, 80, "/v1/sweeps/%s", id);
}

/* Everything the sweep decided, without when: rungs, ranks, and the digests of what was trained. */
static void outcome(struct daemon *d, const char *id, char *text, size_t size)
{
    struct answer a = {.status = 0};
    char path[100];
    size_t used = 0, i, k;
    json_t *rung, *c;

    sweep_path(path, id);
    daemon_get(d, &a, path, 200);
    json_array_foreach(answer_at(&a, "rungs"), i, rung)
    {
        json_array_foreach(json_object_get(rung, "combinations"), k, c) used +=
            (size_t)snprintf(text + used, size - used, "%lld %lld %.17g %d\n",
                             (long long)json_integer_value(json_object_get(rung, "epoch")),
                             (long long)json_integer_value(json_object_get(c, "combination")),
                             json_number_value(json_object_get(c, "value")),
                             json_is_true(json_object_get(c, "kept")));
    }
    snprintf(path, sizeof path, "/v1/sweeps/%s/results", id);
    daemon_get(d, &a, path, 200);
    json_array_foreach(answer_at(&a, "data"), i, c) used +=
        (size_t)snprintf(text + used, size - used, "%s %lld %.64s\n",
                         json_string_value(json_object_get(c, "status")),
                         (long long)json_integer_value(json_object_get(c, "epoch")),
                         json_is_string(json_object_get(c, "model_sha256"))
                             ? json_string_value(json_object_get(c, "model_sha256"))
                             : "-");
    assert_true(used < size - 1);
    answer_clear(&a);
}

static void start(struct daemon *d, const char *workers)
{
    if (d->pid)
        assert_int_equal(daemon_stop(d, SIGTERM), 0);
    daemon_start(d, (const char *const[]){"--workers", workers, NULL});
}

static void submit(struct daemon *d, char id[32])
{
    struct answer a = {.status = 0};

    daemon_post(d, &a, "/v1/sweeps", SWEEP, 201);
    snprintf(id, 32, "%s", answer_text(&a, "id"));
    answer_clear(&a);
}

/* Waits for the end, killing the daemon now and then while it is not there; how often. */
static int finish(struct daemon *d, const char *id, int kills)
{
    static const struct timespec pause = {.tv_nsec = 300000000};
    struct answer a = {.status = 0};
    int killed = 0;
    char path[80];

    sweep_path(path, id);
    for (int turn = 0;; turn++) {
        assert_true(turn < 2000);
        daemon_get(d, &a, path, 200);
        if (strcmp(answer_text(&a, "status"), "finished") == 0)
            break;
        nanosleep(&pause, NULL);
        if (killed < kills) {
            assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
            start(d, killed % 2 ? "2" : "3");
            killed++;
        }
    }
    answer_clear(&a);
    return killed;
}

static void sweep__killed_again_and_again__decides_and_trains_the_same(void **state)
{
    struct daemon *d = *state;
    char first[32], second[32], want[8192], got[8192];

    start(d, "1");
    submit(d, first);
    finish(d, first, 0);
    outcome(d, first, want, sizeof want);
    assert_contains(want, "\n6 ");
    assert_contains(want, "succeeded 12 ");
    submit(d, second);
    assert_true(finish(d, second, KILLS) > 0);
    outcome(d, second, got, sizeof got);
    assert_string_equal(got, want);
}

static void sweep__winner__has_the_weights_of_the_same_job_alone(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0}, alone = {.status = 0};
    char path[80], sweep[32], id[32], *config;

    start(d, "2");
    submit(d, sweep);
    finish(d, sweep, 0);
    sweep_path(path, sweep);
    daemon_get(d, &a, path, 200);
    snprintf(path, sizeof path, "/v1/jobs/%s",
             json_string_value(json_array_get(
                 json_object_get(json_array_get(answer_at(&a, "ranking"), 0), "jobs"), 0)));
    daemon_get(d, &a, path, 200);
    assert_string_equal(answer_text(&a, "status"), "succeeded");
    assert_true(answer_number(&a, "attempt") >= 3); /* it stood at two rungs */
    config = json_dumps(answer_at(&a, "config"), JSON_REAL_PRECISION(17));
    daemon_submit(d, config, id);
    free(config);
    daemon_wait(d, &alone, id, "succeeded");
    assert_string_equal(answer_text(&alone, "model.sha256"), answer_text(&a, "model.sha256"));
    answer_clear(&alone);
    answer_clear(&a);
}

static void sweep__cancelled_while_it_runs__stops_all_and_can_be_removed(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char path[100], id[32];

    start(d, "2");
    submit(d, id);
    snprintf(path, sizeof path, "/v1/sweeps/%s/cancel", id);
    daemon_post(d, &a, path, "", 202);
    sweep_path(path, id);
    for (int turn = 0; strcmp(answer_text(&a, "status"), "cancelled") != 0; turn++) {
        static const struct timespec pause = {.tv_nsec = 50000000};

        assert_true(turn < 1200);
        nanosleep(&pause, NULL);
        daemon_get(d, &a, path, 200);
    }
    daemon_delete(d, &a, path, 204);
    daemon_get(d, &a, path, 404);
    answer_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweep__killed_again_and_again__decides_and_trains_the_same),
        cmocka_unit_test(sweep__winner__has_the_weights_of_the_same_job_alone),
        cmocka_unit_test(sweep__cancelled_while_it_runs__stops_all_and_can_be_removed),
    };
    return cmocka_run_group_tests(tests, daemon_setup, daemon_teardown);
}
