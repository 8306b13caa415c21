/* SPDX-License-Identifier: MIT */
/* The lives of jobs that do not just succeed: diverging, cancelled, deleted, listed. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define DATASET "\"dataset\":{\"name\":\"digits\"}"
#define LAYERS "\"layers\":[{\"kind\":\"dense\",\"units\":16},{\"kind\":\"dense\",\"units\":10}]"
#define SHORT "{" DATASET "," LAYERS ",\"encoding\":{\"time_steps\":2},\"training\":{\"epochs\":1}}"
/* Far too long to end by itself while a test looks at it. */
#define LONG                                                                                       \
    "{" DATASET "," LAYERS ",\"training\":{\"epochs\":10000,\"optimizer\":{\"kind\":\"sgd\","      \
    "\"learning_rate\":0.01}}}"

static void path_of(char path[96], const char *id, const char *what)
{
    snprintf(path, 96, "/v1/jobs/%s%s", id, what);
}

static void check_readable(struct daemon *d, const char *id)
{
    static const char *const parts[] = {"", "/events", "/metrics", "/histograms", "/config"};
    struct answer a = {.status = 0};
    char path[96];

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        path_of(path, id, parts[i]);
        daemon_get(d, &a, path, 200);
        if (!a.json)
            fail_msg("%s is not JSON: %.300s", path, a.text);
    }
    answer_clear(&a);
}

static void job__diverging__fails_with_a_reason_and_valid_json(void **state)
{
    static const char *const optimizers[] = {"adam", "sgd"};
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char id[32], path[96], job[400];

    for (size_t i = 0; i < 2; i++) {
        snprintf(job, sizeof job,
                 "{" DATASET "," LAYERS ",\"training\":{\"epochs\":40,\"optimizer\":{\"kind\":"
                 "\"%s\",\"learning_rate\":1e6}},\"diagnostics\":{\"every_steps\":1}}",
                 optimizers[i]);
        daemon_submit(d, job, id);
        daemon_wait(d, &a, id, "failed");
        assert_string_equal(answer_text(&a, "error.code"), "diverged");
        assert_contains(answer_text(&a, "error.message"), "learning rate");
        check_readable(d, id);
        path_of(path, id, "/cancel");
        daemon_post(d, &a, path, "{}", 409);
    }
    answer_clear(&a);
}

static void job__cancelled_while_it_runs__stops(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char id[32], path[96];

    daemon_submit(d, LONG, id);
    daemon_wait_epoch(d, id, 1);
    path_of(path, id, "/cancel");
    daemon_post(d, &a, path, "{}", 202);
    daemon_wait(d, &a, id, "cancelled");
    assert_true(answer_number(&a, "progress.epoch") >= 1);
    assert_true(answer_number(&a, "progress.fraction") < 1);
    daemon_post(d, &a, path, "{}", 200); /* again: the same */
    assert_string_equal(answer_text(&a, "status"), "cancelled");
    path_of(path, id, "/weights");
    daemon_get(d, &a, path, 200); /* what was learned until then */
    answer_clear(&a);
}

static void job__cancelled_before_its_turn__never_starts(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char first[32], second[32], path[96];

    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    daemon_start(d, (const char *const[]){"--workers", "1", NULL});
    daemon_submit(d, LONG, first);
    daemon_wait(d, &a, first, "running");
    daemon_submit(d, SHORT, second);
    path_of(path, second, "/cancel");
    daemon_post(d, &a, path, "{}", 202);
    assert_string_equal(answer_text(&a, "status"), "cancelled");
    assert_true(json_is_null(answer_at(&a, "started_at")));
    path_of(path, second, "/weights");
    daemon_get(d, &a, path, 404);
    assert_contains(answer_text(&a, "detail"), "ended before a checkpoint was saved");
    answer_clear(&a);
}

/* True once the job is gone. */
static bool is_gone(struct daemon *d, const char *id)
{
    struct answer a = {.status = 0};
    char path[96];

    path_of(path, id, "");
    daemon_send(d, &a, "GET", path, NULL, NULL, 0);
    bool gone = a.status == 404;
    answer_clear(&a);
    return gone;
}

static void job__deleted__is_gone_with_all_it_had(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char done[32], running[32], path[96];

    daemon_submit(d, SHORT, done);
    daemon_wait(d, &a, done, "succeeded");
    path_of(path, done, "");
    daemon_delete(d, &a, path, 204);
    assert_true(is_gone(d, done));
    path_of(path, done, "/weights");
    daemon_get(d, &a, path, 404);

    daemon_submit(d, LONG, running);
    daemon_wait_epoch(d, running, 1);
    path_of(path, running, "");
    daemon_delete(d, &a, path, 202);
    /* the runner's own time limit ends a wait that has no end */
    for (struct timespec pause = {.tv_nsec = 10000000}; !is_gone(d, running);)
        nanosleep(&pause, NULL);
    daemon_get(d, &a, "/v1/jobs", 200);
    assert_int_equal(json_array_size(answer_at(&a, "data")), 0);
    answer_clear(&a);
}

static void jobs__listed_by_pages__each_appears_once(void **state)
{
    enum { JOBS = 7 };
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char ids[JOBS][32], path[96] = "/v1/jobs?limit=3";
    size_t seen = 0;
    bool more = true;

    for (size_t i = 0; i < JOBS; i++)
        daemon_submit(d, SHORT, ids[i]);
    while (more) {
        daemon_get(d, &a, path, 200);
        json_t *data = answer_at(&a, "data"), *job;
        size_t i;
        json_array_foreach(data, i, job)
        {
            assert_true(seen < JOBS);
            /* newest first */
            assert_string_equal(json_string_value(json_object_get(job, "id")),
                                ids[JOBS - 1 - seen++]);
        }
        snprintf(path, sizeof path, "/v1/jobs?limit=3&after=%s", answer_text(&a, "last_id"));
        more = json_is_true(answer_at(&a, "has_more"));
    }
    assert_int_equal(seen, JOBS);
    for (size_t i = 0; i < JOBS; i++)
        daemon_wait(d, &a, ids[i], "succeeded");
    daemon_get(d, &a, "/v1/jobs?status=succeeded&limit=100", 200);
    assert_int_equal(json_array_size(answer_at(&a, "data")), JOBS);
    daemon_get(d, &a, "/v1/jobs?status=failed", 200);
    assert_int_equal(json_array_size(answer_at(&a, "data")), 0);
    answer_clear(&a);
}

/* A signal that comes with the daemon's first breath ends it as cleanly as any other. */
static void daemon__stopped_at_once__exits_cleanly(void **state)
{
    struct daemon *d = *state;

    for (int i = 0; i < 5; i++) {
        assert_int_equal(daemon_stop(d, i % 2 ? SIGINT : SIGTERM), 0);
        daemon_start(d, NULL);
    }
}

static void jobs__acknowledged__survive_a_kill(void **state)
{
    enum { JOBS = 5 };
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char ids[JOBS][32];

    for (size_t i = 0; i < JOBS; i++)
        daemon_submit(d, SHORT, ids[i]);
    assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
    daemon_start(d, NULL);
    for (size_t i = 0; i < JOBS; i++)
        daemon_wait(d, &a, ids[i], "succeeded");
    answer_clear(&a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(job__diverging__fails_with_a_reason_and_valid_json),
        TEST(job__cancelled_while_it_runs__stops),
        TEST(job__cancelled_before_its_turn__never_starts),
        TEST(job__deleted__is_gone_with_all_it_had),
        TEST(jobs__listed_by_pages__each_appears_once),
        TEST(jobs__acknowledged__survive_a_kill),
        TEST(daemon__stopped_at_once__exits_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
