/* SPDX-License-Identifier: MIT */
/* Sweeps through the whole app: judged as a whole, linked, ranked, ended. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"

#define BASE(extra)                                                                                \
    "\"base\":{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}"    \
    "]" extra "}"
#define SWEEP(rest) "{" BASE("") "," rest "}"
#define VALIDATED ",\"training\":{\"epochs\":9,\"validation_fraction\":0.1}"
#define TWO_BY_TWO                                                                                 \
    "\"grid\":{\"/neuron/surrogate\":[\"sigmoid\",\"arctan\"],\"/training/batch_size\":[16,32]}"

static void make(struct world *w, const char *body, char id[SRV_ID_SIZE])
{
    if (ask_post(w, "/v1/sweeps", body) != 201)
        fail_msg("%s", w->text);
    snprintf(id, SRV_ID_SIZE, "%s", ask_text_at(w, "id"));
}

static int act(struct world *w, const char *method, const char *id, const char *tail)
{
    char target[120];

    snprintf(target, sizeof target, "/v1/sweeps/%s%s", id, tail);
    return ask(w, &(struct ask){.method = method, .target = target});
}

static int64_t jobs_in(struct world *w)
{
    int64_t counts[SRV_JOB_STATUS_COUNT], n = 0;

    assert_int_equal(srv_store_job_counts(w->store, counts, NULL), SNN_OK);
    for (int i = 0; i < SRV_JOB_STATUS_COUNT; i++)
        n += counts[i];
    return n;
}

/* ---------------------------------------------------------------------------------- create -- */

static void create__grid_and_seeds__is_a_job_for_each(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE], target[100], job[SRV_ID_SIZE];

    make(w, SWEEP(TWO_BY_TWO ",\"seeds\":[5,9],\"name\":\"two by two\""), id);
    snprintf(target, sizeof target, "/v1/sweeps/%s", id);
    assert_string_equal(world_header(w, "Location"), target);
    assert_string_equal(ask_text_at(w, "object"), "sweep");
    assert_string_equal(ask_text_at(w, "status"), "running");
    assert_string_equal(ask_text_at(w, "metric"), "test_accuracy");
    assert_int_equal(ask_integer_at(w, "combinations"), 4);
    assert_int_equal(ask_integer_at(w, "jobs.total"), 8);
    assert_true(ask_null_at(w, "early_stopping"));
    /* the last field varies first */
    assert_int_equal(json_integer_value(json_object_get(ask_at(w, "ranking.1.parameters"),
                                                        "/training/batch_size")),
                     32);
    assert_string_equal(
        json_string_value(json_object_get(ask_at(w, "ranking.1.parameters"), "/neuron/surrogate")),
        "sigmoid");
    snprintf(job, sizeof job, "%s", ask_text_at(w, "ranking.3.jobs.1"));
    snprintf(target, sizeof target, "/v1/jobs/%s", job);
    assert_int_equal(ask_get(w, target), 200);
    assert_string_equal(ask_text_at(w, "sweep"), id);
    assert_int_equal(ask_integer_at(w, "seed"), 9);
    assert_int_equal(ask_integer_at(w, "config.seed"), 9);
    assert_int_equal(ask_integer_at(w, "config.training.batch_size"), 32);
    assert_string_equal(ask_text_at(w, "config.neuron.surrogate"), "arctan");
    snprintf(target, sizeof target, "/v1/jobs?sweep=%s&limit=100", id);
    assert_int_equal(ask_get(w, target), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 8);
}

static void create__random__follows_from_the_seed(void **state)
{
    static const char body[] =
        SWEEP("\"random\":{\"samples\":5,\"seed\":3,\"parameters\":{\"/training/optimizer/"
              "learning_rate\":{\"kind\":\"log_uniform\",\"min\":0.0001,\"max\":0.1}}}");
    struct world *w = *state;
    char id[SRV_ID_SIZE];
    json_t *first;

    make(w, body, id);
    assert_int_equal(ask_integer_at(w, "combinations"), 5);
    first = json_deep_copy(ask_at(w, "ranking.4.parameters"));
    make(w, body, id);
    assert_true(json_equal(first, ask_at(w, "ranking.4.parameters")));
    assert_false(json_equal(first, ask_at(w, "ranking.3.parameters")));
    json_decref(first);
}

static void create__grid_and_random__is_every_sample_at_every_point(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    make(w,
         SWEEP(TWO_BY_TWO ",\"random\":{\"samples\":3,\"parameters\":{\"/neuron/tau\":{\"kind\":"
                          "\"uniform\",\"min\":1.5,\"max\":4}}}"),
         id);
    assert_int_equal(ask_integer_at(w, "combinations"), 12);
    assert_true(json_equal(json_object_get(ask_at(w, "ranking.1.parameters"), "/neuron/tau"),
                           json_object_get(ask_at(w, "ranking.4.parameters"), "/neuron/tau")));
}

static void create__wrong_jobs__are_all_told_at_their_places_and_none_is_queued(void **state)
{
    struct world *w = *state;
    int64_t before = jobs_in(w);

    assert_int_equal(ask_post(w, "/v1/sweeps",
                              "{" BASE(",\"sead\":1") ",\"grid\":{\"/neuron/surrogate\":[\"arctan\""
                                                      ",\"foo\"],\"/training/batch_size\":[0,16]}"
                                                      "}"),
                     422);
    assert_true(ask_has_error(w, "/grid/~1neuron~1surrogate/1", "unknown_name"));
    assert_true(ask_has_error(w, "/grid/~1training~1batch_size/0", "out_of_range"));
    assert_true(ask_has_error(w, "/base/sead", "unknown_field"));
    assert_int_equal(json_array_size(ask_at(w, "errors")), 3);
    assert_contains(w->text, "in 2 of 4 combinations, the first: ");
    assert_int_equal(jobs_in(w), before);
    assert_int_equal(ask_get(w, "/v1/sweeps"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 0);
}

static void create__wrong_forms__are_refused_where_they_are(void **state)
{
    static const struct {
        const char *body, *pointer, *code;
    } rows[] = {
        {"{\"grid\":{\"/seed\":[1]}}", "/base", "missing_field"},
        {SWEEP("\"name\":\"x\""), "", "missing_field"},
        {SWEEP("\"grid\":{\"seed\":[1]}"), "/grid/seed", "invalid"},
        {SWEEP("\"grid\":{\"/seed\":[]}"), "/grid/~1seed", "out_of_range"},
        {SWEEP("\"grid\":{\"/layers/7/units\":[4]}"), "/grid/~1layers~17~1units/0", "invalid"},
        {SWEEP("\"grid\":{\"/seed\":[1,2,1]}"), "/grid/~1seed/2", "invalid"},
        {SWEEP("\"grid\":{\"/seed\":3}"), "/grid/~1seed", "wrong_type"},
        {SWEEP("\"grid\":{\"/neuron\":[{}],\"/neuron/tau\":[2]}"), "/grid/~1neuron~1tau",
         "invalid"},
        {SWEEP("\"grid\":{\"/seed\":[1,2]},\"seeds\":[1]"), "/seeds", "invalid"},
        {SWEEP("\"seeds\":[1,-1]"), "/seeds/1", "out_of_range"},
        {SWEEP("\"seeds\":[1,2,3],\"max_jobs\":2"), "/max_jobs", "limit_exceeded"},
        {SWEEP("\"seeds\":[1],\"metric\":\"speed\""), "/metric", "unknown_name"},
        {SWEEP("\"seeds\":[1],\"metric\":\"validation_loss\""), "/metric", "invalid"},
        {SWEEP("\"seeds\":[1],\"goal\":\"best\""), "/goal", "unknown_name"},
        {SWEEP("\"random\":{\"parameters\":{}}"), "/random/samples", "missing_field"},
        {SWEEP("\"random\":{\"samples\":2,\"parameters\":{\"/neuron/tau\":{\"kind\":\"cauchy\"}}}"),
         "/random/parameters/~1neuron~1tau/kind", "unknown_name"},
        {SWEEP("\"seeds\":[1],\"early_stopping\":{\"kind\":\"median\",\"epochs\":1}"),
         "/early_stopping/kind", "unknown_name"},
        {SWEEP("\"seeds\":[1],\"early_stopping\":{\"kind\":\"successive_halving\",\"epochs\":10}"),
         "/early_stopping/epochs", "out_of_range"},
        {SWEEP("\"seeds\":[1],\"metric\":\"test_loss\",\"early_stopping\":{\"kind\":"
               "\"successive_halving\",\"epochs\":1}"),
         "/metric", "invalid"},
        {SWEEP("\"grid\":{\"/training/epochs\":[8,9]},\"early_stopping\":{\"kind\":"
               "\"successive_halving\",\"epochs\":1}"),
         "/early_stopping", "invalid"},
        {SWEEP("\"seeds\":[1],\"colour\":1"), "/colour", "unknown_field"},
    };
    struct world *w = *state;
    int64_t before = jobs_in(w);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (ask_post(w, "/v1/sweeps", rows[i].body) != 422 ||
            !ask_has_error(w, rows[i].pointer, rows[i].code))
            fail_msg("%s gave %s", rows[i].body, w->text);
    }
    assert_int_equal(jobs_in(w), before);
}

static void create__too_much_memory_or_too_many_jobs__queues_none(void **state)
{
    struct world *w = *state;
    int64_t before = jobs_in(w);

    w->config.max_queued = 4;
    assert_int_equal(ask_post(w, "/v1/sweeps", SWEEP(TWO_BY_TWO)), 429);
    assert_string_equal(ask_text_at(w, "code"), "queue_full");
    w->config.max_queued = 1000;
    w->config.memory_limit = 1000;
    assert_int_equal(ask_post(w, "/v1/sweeps", SWEEP(TWO_BY_TWO)), 422);
    assert_true(ask_has_error(w, "/base", "memory_limit"));
    assert_int_equal(jobs_in(w), before);
}

static void create__same_key__is_one_sweep(void **state)
{
    struct ask a = {.method = "POST",
                    .target = "/v1/sweeps",
                    .body = SWEEP(TWO_BY_TWO),
                    .headers = {{"Idempotency-Key", "once"}}};
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    assert_int_equal(ask(w, &a), 201);
    snprintf(id, sizeof id, "%s", ask_text_at(w, "id"));
    assert_int_equal(ask(w, &a), 200);
    assert_string_equal(ask_text_at(w, "id"), id);
    assert_string_equal(world_header(w, "Idempotency-Replayed"), "true");
    a.body = SWEEP("\"seeds\":[1]");
    assert_int_equal(ask(w, &a), 422);
    assert_string_equal(ask_text_at(w, "code"), "idempotency_key_reused");
    assert_int_equal(jobs_in(w), 5);
}

/* --------------------------------------------------------------------------------- ranking -- */

/* All jobs that are queued, ended with a test accuracy of their place in the order of making. */
static void finish_all(struct world *w, const double *accuracy, size_t n)
{
    struct snn_error err = {.code = SNN_OK};
    struct srv_job job;
    bool found, deleted;

    assert_int_equal(srv_store_job_cancel(w->store, w->job, true, &job, &err), SNN_OK);
    srv_job_clear(&job);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(srv_store_job_claim(w->store, "boot", INT64_MAX, &job, &found, &err),
                         SNN_OK);
        assert_true(found);
        job.status = isnan(accuracy[i]) ? SRV_JOB_failed : SRV_JOB_succeeded;
        job.metrics.test_accuracy = accuracy[i];
        assert_int_equal(srv_store_job_release(w->store, &job, &deleted, &err), SNN_OK);
        srv_job_clear(&job);
    }
}

static void ranking__finished__has_mean_and_deviation_over_the_seeds(void **state)
{
    static const double accuracy[] = {0.5, 0.7, 0.9, 0.8, (double)NAN, (double)NAN, 0.85, 0.85};
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    make(w, SWEEP(TWO_BY_TWO ",\"seeds\":[1,2]"), id);
    finish_all(w, accuracy, 8);
    assert_int_equal(act(w, "GET", id, ""), 200);
    assert_string_equal(ask_text_at(w, "status"), "finished");
    assert_true(ask_integer_at(w, "finished_at") > 0);
    assert_int_equal(ask_integer_at(w, "jobs.failed"), 2);
    /* 1 and 3 have the same mean: the one made first is the better */
    assert_int_equal(ask_integer_at(w, "ranking.0.combination"), 1);
    assert_int_equal(ask_integer_at(w, "ranking.0.rank"), 1);
    assert_near(json_number_value(ask_at(w, "ranking.0.mean")), 0.85, 1e-12);
    assert_near(json_number_value(ask_at(w, "ranking.0.deviation")), sqrt(0.005), 1e-12);
    assert_int_equal(ask_integer_at(w, "ranking.1.combination"), 3);
    assert_near(json_number_value(ask_at(w, "ranking.1.deviation")), 0, 1e-12);
    assert_int_equal(ask_integer_at(w, "ranking.2.combination"), 0);
    assert_int_equal(ask_integer_at(w, "ranking.3.combination"), 2);
    assert_true(ask_null_at(w, "ranking.3.rank"));
    assert_true(ask_null_at(w, "ranking.3.mean"));
    assert_int_equal(ask_integer_at(w, "ranking.3.count"), 0);
    assert_int_equal(act(w, "GET", id, "?metric=train_loss"), 200);
    assert_string_equal(ask_text_at(w, "goal"), "minimize");
    assert_true(ask_null_at(w, "ranking.0.rank"));
    assert_int_equal(act(w, "GET", id, "?metric=speed"), 422);
}

#define NAMES                                                                                      \
    SWEEP("\"grid\":{\"/name\":[\"plain\",\"a \\\"b\\\", c\"],\"/layers\":[[{\"kind\":"            \
          "\"dense\",\"units\":10}]]}")

static void results__both_forms__have_a_row_a_job(void **state)
{
    static const double accuracy[] = {0.5, 0.75};
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    make(w, NAMES, id);
    finish_all(w, accuracy, 2);
    assert_int_equal(act(w, "GET", id, "/results"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 2);
    assert_near(json_number_value(ask_at(w, "data.1.metrics.test_accuracy")), 0.75, 0);
    assert_string_equal(json_string_value(json_object_get(ask_at(w, "data.0.parameters"), "/name")),
                        "plain");
    assert_int_equal(act(w, "GET", id, "/results?format=xml"), 422);
}

static void results__csv__quotes_what_must_be(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE], *line;

    make(w, NAMES, id);
    world_call(w, api_sweeps_results,
               &(struct world_request){.param = {id}, .query = {{"format", "csv"}}});
    assert_int_equal(w->res.status, 200);
    assert_ptr_equal(strstr(w->text, "combination,/name,/layers,seed,job,status,epoch,train_loss,"),
                     w->text);
    line = strchr(w->text, '\n') + 1;
    assert_ptr_equal(
        strstr(line, "0,plain,\"[{\"\"kind\"\":\"\"dense\"\",\"\"units\"\":10}]\",0,job_"), line);
    assert_contains(line, "\n1,\"a \"\"b\"\", c\",");
    assert_contains(line, ",queued,0,nan,nan,nan,nan,nan,nan,,\n");
}

/* --------------------------------------------------------------------------- cancel, delete -- */

static void cancel__sweep__is_202_then_200(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    make(w, SWEEP(TWO_BY_TWO), id);
    assert_int_equal(act(w, "POST", id, "/cancel"), 202);
    assert_string_equal(ask_text_at(w, "status"), "cancelled");
    assert_int_equal(ask_integer_at(w, "jobs.cancelled"), 4);
    assert_int_equal(act(w, "POST", id, "/cancel"), 200);
}

static void delete__sweep__is_204_and_404_from_then_on(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    make(w, SWEEP(TWO_BY_TWO), id);
    assert_int_equal(act(w, "DELETE", id, ""), 204);
    assert_int_equal(act(w, "GET", id, ""), 404);
    assert_int_equal(act(w, "DELETE", id, ""), 404);
    assert_int_equal(act(w, "POST", id, "/cancel"), 404);
    assert_int_equal(act(w, "GET", id, "/results"), 404);
    assert_int_equal(jobs_in(w), 1);
    assert_int_equal(ask_get(w, "/v1/sweeps/swp_x"), 404);
    assert_contains(w->text, "is no id of a sweep");
}

static void list__pages__are_walked_by_cursor(void **state)
{
    struct world *w = *state;
    char ids[3][SRV_ID_SIZE], target[100];

    for (size_t i = 0; i < 3; i++)
        make(w, SWEEP("\"seeds\":[1]"), ids[i]);
    assert_int_equal(ask_get(w, "/v1/sweeps?limit=2"), 200);
    assert_string_equal(ask_text_at(w, "data.0.id"), ids[2]);
    assert_true(json_is_true(ask_at(w, "has_more")));
    snprintf(target, sizeof target, "/v1/sweeps?after=%s", ask_text_at(w, "last_id"));
    assert_int_equal(ask_get(w, target), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 1);
    assert_string_equal(ask_text_at(w, "data.0.id"), ids[0]);
    assert_int_equal(ask_get(w, "/v1/sweeps?after=swp_none"), 422);
}

static void create__early_stopping__is_shown(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE];

    make(w,
         "{" BASE(VALIDATED) "," TWO_BY_TWO
                             ",\"early_stopping\":{\"kind\":\"successive_halving\",\"epochs\":2}}",
         id);
    assert_string_equal(ask_text_at(w, "metric"), "validation_accuracy");
    assert_int_equal(ask_integer_at(w, "early_stopping.factor"), 3);
    assert_int_equal(json_array_size(ask_at(w, "rungs")), 0);
}

/* Every allocation of a POST refused once: a sweep is made whole or not at all. */
static void create__allocation_refused__is_5xx_and_nothing_is_half_made(void **state)
{
    struct world *w = *state;
    int64_t before = jobs_in(w);

    world_starve(w, api_sweeps_create,
                 &(struct world_request){.headers = {{"Content-Type", "application/json"}},
                                         .body = SWEEP(TWO_BY_TWO)});
    assert_int_equal(w->res.status, 201);
    assert_int_equal((jobs_in(w) - before) % 4, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(create__grid_and_seeds__is_a_job_for_each),
        TEST(create__random__follows_from_the_seed),
        TEST(create__grid_and_random__is_every_sample_at_every_point),
        TEST(create__wrong_jobs__are_all_told_at_their_places_and_none_is_queued),
        TEST(create__wrong_forms__are_refused_where_they_are),
        TEST(create__too_much_memory_or_too_many_jobs__queues_none),
        TEST(create__same_key__is_one_sweep),
        TEST(create__early_stopping__is_shown),
        TEST(create__allocation_refused__is_5xx_and_nothing_is_half_made),
        TEST(ranking__finished__has_mean_and_deviation_over_the_seeds),
        TEST(results__both_forms__have_a_row_a_job),
        TEST(results__csv__quotes_what_must_be),
        TEST(cancel__sweep__is_202_then_200),
        TEST(delete__sweep__is_204_and_404_from_then_on),
        TEST(list__pages__are_walked_by_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
