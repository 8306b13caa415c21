/* SPDX-License-Identifier: MIT */
/* Jobs through the whole app with a real store: shown, cancelled, removed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"

static int act(struct world *w, const char *method, const char *id, const char *action)
{
    char target[100];

    snprintf(target, sizeof target, "/v1/jobs/%s%s", id, action);
    return ask(w, &(struct ask){.method = method, .target = target});
}

/* Takes the first queued job as a worker would and returns it; the caller clears it. */
static struct srv_job claim(struct world *w)
{
    struct snn_error err = {0};
    struct srv_job job;
    bool found = false;

    assert_int_equal(srv_store_job_claim(w->store, "boot", INT64_MAX, &job, &found, &err), SNN_OK);
    assert_true(found);
    return job;
}

static void finish_as(struct world *w, struct srv_job *job, enum srv_job_status status)
{
    struct snn_error err = {0};
    bool deleted;

    job->status = status;
    assert_int_equal(srv_store_job_release(w->store, job, &deleted, &err), SNN_OK);
}

/* ------------------------------------------------------------------------------------- get -- */

static void get__no_such_job__is_404(void **state)
{
    static const char *const actions[] = {"", "/config", "/events", "/metrics"};
    struct world *w = *state;

    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(act(w, "GET", "job_01HZX3Q5V7K9M2N4P6R8S0T1W3", actions[i]), 404);
        assert_string_equal(ask_text_at(w, "code"), "not_found");
        assert_contains(ask_text_at(w, "detail"), "job_01HZX3Q5V7K9M2N4P6R8S0T1W3");
    }
    assert_int_equal(act(w, "DELETE", "job_01HZX3Q5V7K9M2N4P6R8S0T1W3", ""), 404);
    assert_int_equal(act(w, "POST", "job_01HZX3Q5V7K9M2N4P6R8S0T1W3", "/cancel"), 404);
}

static void get__running_and_finished__shows_what_the_worker_wrote(void **state)
{
    struct world *w = *state;
    struct srv_job job = claim(w);

    assert_int_equal(act(w, "GET", job.id, ""), 200);
    assert_string_equal(ask_text_at(w, "status"), "running");
    assert_int_equal(ask_integer_at(w, "attempt"), 1);
    job.steps = 8;
    job.step = 6;
    job.metrics.train_loss = INFINITY;
    job.metrics.test_accuracy = 0.5;
    snprintf(job.error_code, sizeof job.error_code, "diverged");
    snprintf(job.error_message, sizeof job.error_message, "the loss is inf");
    finish_as(w, &job, SRV_JOB_failed);
    assert_int_equal(act(w, "GET", job.id, ""), 200);
    assert_string_equal(ask_text_at(w, "status"), "failed");
    assert_near(json_number_value(ask_at(w, "progress.fraction")), 0.75, 0);
    assert_true(ask_null_at(w, "metrics.train_loss"));
    assert_near(json_number_value(ask_at(w, "metrics.test_accuracy")), 0.5, 0);
    assert_string_equal(ask_text_at(w, "error.code"), "diverged");
    assert_string_equal(ask_text_at(w, "error.message"), "the loss is inf");
    assert_true(ask_null_at(w, "error.param"));
    assert_true(ask_integer_at(w, "finished_at") > 0);
    srv_job_clear(&job);
}

/* As where patience ends a job: all is done, and the counts say how much of what it might have
 * taken. */
static void get__succeeded_before_the_last_step__has_the_whole_fraction(void **state)
{
    struct world *w = *state;
    struct srv_job job = claim(w);

    job.steps = 8;
    job.step = 6;
    job.epochs = 4;
    job.epoch = 3;
    finish_as(w, &job, SRV_JOB_succeeded);
    assert_int_equal(act(w, "GET", job.id, ""), 200);
    assert_string_equal(ask_text_at(w, "status"), "succeeded");
    assert_near(json_number_value(ask_at(w, "progress.fraction")), 1, 0);
    assert_int_equal(ask_integer_at(w, "progress.step"), 6);
    assert_int_equal(ask_integer_at(w, "progress.steps"), 8);
    srv_job_clear(&job);
}

static void get__not_changed__is_304_until_it_is(void **state)
{
    struct world *w = *state;
    char target[100], tag[100];
    struct ask again = {.method = "GET", .target = target};

    snprintf(target, sizeof target, "/v1/jobs/%s", w->job);
    assert_int_equal(ask_get(w, target), 200);
    assert_non_null(world_header(w, "ETag"));
    snprintf(tag, sizeof tag, "%s", world_header(w, "ETag"));
    again.headers[0] = (struct srv_pair){"If-None-Match", tag};
    assert_int_equal(ask(w, &again), 304);
    assert_int_equal(w->size, 0);
    assert_string_equal(world_header(w, "ETag"), tag);
    assert_int_equal(act(w, "POST", w->job, "/cancel"), 202);
    assert_int_equal(ask(w, &again), 200);
    assert_string_not_equal(world_header(w, "ETag"), tag);
}

/* Who has what there is, or wants the end, is kept waiting only where http can do that. */
static void get__preferring_to_wait__is_put_off_where_nothing_is_new(void **state)
{
    struct world *w = *state;
    struct ask a = {.method = "GET", .headers = {{"Prefer", "respond-async, wait=120"}}};
    char target[100], tag[80];

    snprintf(target, sizeof target, "/v1/jobs/%s", w->job);
    a.target = target;
    a.may_wait = true;
    assert_int_equal(ask(w, &a), 0); /* the job is not over */
    assert_int_equal(w->res.wait_ms, 60000);
    a.may_wait = false; /* the time is over */
    assert_int_equal(ask(w, &a), 200);
    assert_string_equal(world_header(w, "Preference-Applied"), "wait=60");
    snprintf(tag, sizeof tag, "%s", world_header(w, "ETag"));
    a.headers[1] = (struct srv_pair){"If-None-Match", tag};
    a.may_wait = true;
    ask(w, &a);
    assert_int_equal(w->res.wait_ms, 60000);
    a.may_wait = false;
    assert_int_equal(ask(w, &a), 304);
    assert_int_equal(act(w, "POST", w->job, "/cancel"), 202);
    a.may_wait = true;
    assert_int_equal(ask(w, &a), 200); /* something new */
    assert_int_equal(w->res.wait_ms, 0);
}

/* ------------------------------------------------------------------------ cancel, pause, delete --
 */

static void cancel__queued__is_202_then_200(void **state)
{
    struct world *w = *state;

    assert_int_equal(act(w, "POST", w->job, "/cancel"), 202);
    assert_string_equal(ask_text_at(w, "status"), "cancelled");
    assert_int_equal(act(w, "POST", w->job, "/cancel"), 200);
    assert_string_equal(ask_text_at(w, "status"), "cancelled");
}

static void cancel__running__is_cancelling(void **state)
{
    struct world *w = *state;
    struct srv_job job = claim(w);

    assert_int_equal(act(w, "POST", job.id, "/cancel"), 202);
    assert_string_equal(ask_text_at(w, "status"), "cancelling");
    assert_int_equal(act(w, "POST", job.id, "/cancel"), 202);
    srv_job_clear(&job);
}

static void cancel__succeeded__is_409(void **state)
{
    struct world *w = *state;
    struct srv_job job = claim(w);

    finish_as(w, &job, SRV_JOB_succeeded);
    assert_int_equal(act(w, "POST", job.id, "/cancel"), 409);
    assert_string_equal(ask_text_at(w, "code"), "illegal_transition");
    assert_contains(ask_text_at(w, "detail"), "succeeded");
    srv_job_clear(&job);
}

static void cancel__body__may_be_empty_but_no_more(void **state)
{
    struct world *w = *state;
    char target[100];

    snprintf(target, sizeof target, "/v1/jobs/%s/cancel", w->job);
    assert_int_equal(ask_post(w, target, "{\"force\":true}"), 422);
    assert_string_equal(ask_text_at(w, "errors.0.code"), "unknown_field");
    assert_int_equal(ask_post(w, target, "{}"), 202);
}

static void pause__queued__is_202_then_200_and_resumes(void **state)
{
    struct world *w = *state;

    assert_int_equal(act(w, "POST", w->job, "/pause"), 202);
    assert_string_equal(ask_text_at(w, "status"), "paused");
    assert_int_equal(act(w, "POST", w->job, "/pause"), 200);
    assert_int_equal(act(w, "POST", w->job, "/resume"), 202);
    assert_string_equal(ask_text_at(w, "status"), "queued");
    assert_int_equal(act(w, "POST", w->job, "/resume"), 200);
}

static void pause__running__is_pausing_until_its_worker_lets_go(void **state)
{
    struct world *w = *state;
    struct srv_job job = claim(w);

    assert_int_equal(act(w, "POST", job.id, "/pause"), 202);
    assert_string_equal(ask_text_at(w, "status"), "pausing");
    assert_int_equal(act(w, "POST", job.id, "/pause"), 202);
    assert_int_equal(act(w, "POST", job.id, "/resume"), 202);
    assert_string_equal(ask_text_at(w, "status"), "running");
    assert_int_equal(act(w, "POST", job.id, "/pause"), 202);
    finish_as(w, &job, SRV_JOB_queued);
    assert_int_equal(act(w, "GET", job.id, ""), 200);
    assert_string_equal(ask_text_at(w, "status"), "paused");
    assert_int_equal(act(w, "POST", job.id, "/cancel"), 202);
    assert_int_equal(act(w, "POST", job.id, "/pause"), 409);
    assert_contains(ask_text_at(w, "detail"), "cancelled and cannot be paused");
    assert_int_equal(act(w, "POST", job.id, "/resume"), 409);
    srv_job_clear(&job);
}

static void delete__terminal__is_204_and_gone(void **state)
{
    struct world *w = *state;

    assert_int_equal(act(w, "POST", w->job, "/cancel"), 202);
    assert_int_equal(act(w, "DELETE", w->job, ""), 204);
    assert_int_equal(w->size, 0);
    assert_int_equal(act(w, "GET", w->job, ""), 404);
    assert_int_equal(act(w, "DELETE", w->job, ""), 404);
}

static void delete__queued__is_204_and_gone(void **state)
{
    struct world *w = *state;

    assert_int_equal(act(w, "DELETE", w->job, ""), 204);
    assert_int_equal(act(w, "GET", w->job, ""), 404);
}

static void delete__running__is_cancelled_and_gone_when_its_worker_lets_go(void **state)
{
    struct world *w = *state;
    struct srv_job job = claim(w);
    struct snn_error err = {0};
    bool deleted = false;

    assert_int_equal(act(w, "DELETE", job.id, ""), 202);
    assert_string_equal(ask_text_at(w, "status"), "cancelling");
    assert_int_equal(act(w, "GET", job.id, ""), 200);
    job.status = SRV_JOB_cancelled;
    assert_int_equal(srv_store_job_release(w->store, &job, &deleted, &err), SNN_OK);
    assert_true(deleted);
    assert_int_equal(act(w, "GET", job.id, ""), 404);
    srv_job_clear(&job);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(get__no_such_job__is_404),
        TEST(get__running_and_finished__shows_what_the_worker_wrote),
        TEST(get__succeeded_before_the_last_step__has_the_whole_fraction),
        TEST(get__not_changed__is_304_until_it_is),
        TEST(get__preferring_to_wait__is_put_off_where_nothing_is_new),
        TEST(cancel__queued__is_202_then_200),
        TEST(cancel__running__is_cancelling),
        TEST(cancel__succeeded__is_409),
        TEST(cancel__body__may_be_empty_but_no_more),
        TEST(pause__queued__is_202_then_200_and_resumes),
        TEST(pause__running__is_pausing_until_its_worker_lets_go),
        TEST(delete__terminal__is_204_and_gone),
        TEST(delete__queued__is_204_and_gone),
        TEST(delete__running__is_cancelled_and_gone_when_its_worker_lets_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
