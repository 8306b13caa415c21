/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/world.h"
#include "tests/support/test.h"

#define STEPS 11

/* Step s: a loss of s + 0.1 (NaN at 4), a norm, and from step 2 on one value per time step. */
static int setup(void **state)
{
    world_setup(state);
    struct world *w = *state;

    for (size_t s = 0; s < STEPS; s++) {
        double loss = s == 4 ? NAN : (double)s + 0.1, norm = 2 * (double)s;
        double steps[] = {(double)s, s == 10 ? INFINITY : 0.25, -1};
        const struct snn_point points[] = {
            {.name = "train_loss", .values = &loss, .n = 1},
            {.name = "gradient_norm/layer1.weight", .values = &norm, .n = 1},
            {.name = "gradient_norm_by_step/layer1", .values = steps, .n = 3},
        };
        assert_int_equal(
            srv_store_points_post(w->store, w->job, 10 * s, s / 4, points, s < 2 ? 2 : 3), SNN_OK);
    }
    world_flush(w);
    return 0;
}

static json_t *get(struct world *w, struct world_request r, int status)
{
    r.param[0] = r.param[0] ? r.param[0] : w->job;
    world_call(w, api_jobs_metrics, &r);
    assert_int_equal(w->res.status, status);
    return json_object_get(w->json, "series");
}

static json_t *at(json_t *series, const char *name, const char *part, size_t i)
{
    return json_array_get(json_object_get(json_object_get(series, name), part), i);
}

static size_t rows(json_t *series, const char *name)
{
    json_t *one = json_object_get(series, name);
    size_t n = json_array_size(json_object_get(one, "step"));

    assert_int_equal(json_array_size(json_object_get(one, "epoch")), n);
    assert_int_equal(json_array_size(json_object_get(one, "value")), n);
    return n;
}

static void metrics__no_names__gives_every_series(void **state)
{
    struct world *w = *state;
    json_t *s = get(w, (struct world_request){.body = NULL}, 200);

    assert_string_equal(world_text(w, "object"), "metrics");
    assert_string_equal(world_text(w, "job"), w->job);
    assert_int_equal(json_array_size(json_object_get(w->json, "missing")), 0);
    assert_int_equal(json_object_size(s), 3);
    assert_int_equal(rows(s, "train_loss"), STEPS);
    assert_int_equal(rows(s, "gradient_norm_by_step/layer1"), STEPS - 2);
    assert_int_equal(json_integer_value(at(s, "train_loss", "step", 7)), 70);
    assert_int_equal(json_integer_value(at(s, "train_loss", "epoch", 7)), 1);
    assert_true(json_real_value(at(s, "train_loss", "value", 7)) == 7.1);
    assert_contains(w->text, "7.1");
}

static void metrics__non_finite__is_null_and_counted(void **state)
{
    json_t *s = get(*state, (struct world_request){.body = NULL}, 200);
    json_t *last = at(s, "gradient_norm_by_step/layer1", "value", 8);

    assert_true(json_is_null(at(s, "train_loss", "value", 4)));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(s, "train_loss"), "nonfinite")), 1);
    assert_int_equal(json_array_size(last), 3);
    assert_true(json_is_null(json_array_get(last, 1)));
    assert_true(json_number_value(json_array_get(last, 2)) == -1);
    s = json_object_get(s, "gradient_norm/layer1.weight");
    assert_int_equal(json_integer_value(json_object_get(s, "nonfinite")), 0);
}

static void metrics__names__select_by_name_and_prefix(void **state)
{
    struct world *w = *state;
    json_t *s =
        get(w, (struct world_request){.query = {{"names", "train_loss,gradient_norm*"}}}, 200);

    assert_int_equal(json_object_size(s), 3);
    s = get(w, (struct world_request){.query = {{"names", "gradient_norm/*"}}}, 200);
    assert_int_equal(json_object_size(s), 1);
    s = get(w, (struct world_request){.query = {{"names", "train,train_loss,nope*"}}}, 200);
    assert_int_equal(json_object_size(s), 1);
    json_t *want = json_pack("[s, s]", "train", "nope*");
    assert_true(json_equal(json_object_get(w->json, "missing"), want));
    json_decref(want);
}

static void metrics__thinned__keeps_first_and_last_of_every_series(void **state)
{
    static const char *const counts[] = {"2", "3", "4", "7", "10", "11", "500"};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        json_t *s = get(*state, (struct world_request){.query = {{"max_points", counts[i]}}}, 200);
        size_t want = strtoul(counts[i], NULL, 10);
        size_t n = rows(s, "train_loss"), m = rows(s, "gradient_norm_by_step/layer1");

        assert_int_equal(n, want < STEPS ? want : STEPS);
        assert_int_equal(m, want < STEPS - 2 ? want : STEPS - 2);
        assert_int_equal(json_integer_value(at(s, "train_loss", "step", 0)), 0);
        assert_int_equal(json_integer_value(at(s, "train_loss", "step", n - 1)), 100);
        assert_int_equal(json_integer_value(at(s, "gradient_norm_by_step/layer1", "step", 0)), 20);
        assert_int_equal(json_integer_value(at(s, "gradient_norm_by_step/layer1", "step", m - 1)),
                         100);
    }
    json_t *s = get(*state, (struct world_request){.query = {{"max_points", "3"}}}, 200);
    assert_int_equal(json_integer_value(at(s, "train_loss", "step", 1)), 50);
}

static void metrics__from_step__leaves_out_what_was_before(void **state)
{
    json_t *s = get(*state, (struct world_request){.query = {{"from_step", "75"}}}, 200);

    assert_int_equal(rows(s, "train_loss"), 3);
    assert_int_equal(json_integer_value(at(s, "train_loss", "step", 0)), 80);
}

static void metrics__csv__is_all_rows_and_exact(void **state)
{
    struct world *w = *state;

    get(w, (struct world_request){.query = {{"format", "csv"}, {"from_step", "40"}}}, 200);
    assert_contains(world_header(w, "Content-Type"), "text/csv");
    assert_int_equal(strncmp(w->text,
                             "step,epoch,name,index,value\n"
                             "40,1,train_loss,0,nan\n"
                             "40,1,gradient_norm/layer1.weight,0,8\n"
                             "40,1,gradient_norm_by_step/layer1,0,4\n"
                             "40,1,gradient_norm_by_step/layer1,1,0.25\n"
                             "40,1,gradient_norm_by_step/layer1,2,-1\n"
                             "50,1,train_loss,0,5.1\n",
                             190),
                     0);
    assert_contains(w->text, "\n100,2,gradient_norm_by_step/layer1,1,inf\n");
    get(w,
        (struct world_request){
            .query = {{"format", "csv"}, {"names", "train_loss"}, {"max_points", "2"}}},
        200);
    assert_string_equal(w->text, "step,epoch,name,index,value\n0,0,train_loss,0,0.1\n"
                                 "100,2,train_loss,0,10.1\n");
}

static void metrics__too_much_for_one_reply__is_refused(void **state)
{
    struct world *w = *state;
    size_t n = 250000;
    double *values = calloc(n, sizeof *values);
    const struct snn_point p = {.name = "gradient_norm_by_step/layer9", .values = values, .n = n};

    assert_non_null(values);
    for (size_t s = 0; s < 9; s++)
        assert_int_equal(srv_store_points_post(w->store, w->job, 1000 + s, 9, &p, 1), SNN_OK);
    world_flush(w);
    free(values);
    get(w, (struct world_request){.body = NULL}, 422);
    assert_contains(world_text(w, "detail"), "max_points");
    get(w, (struct world_request){.query = {{"names", "train_loss"}}}, 200);
}

static void metrics__wrong_requests__are_refused(void **state)
{
    struct world *w = *state;

    get(w, (struct world_request){.param = {"job_01HZZZZZZZZZZZZZZZZZZZZZZZ"}}, 404);
    get(w, (struct world_request){.query = {{"max_points", "1"}}}, 422);
    get(w, (struct world_request){.query = {{"names", "a,,b"}}}, 422);
    get(w, (struct world_request){.query = {{"name", "a"}}}, 422);
    get(w, (struct world_request){.query = {{"format", "xml"}}}, 422);
    assert_contains(world_text(w, "detail"), "csv");
}

static void metrics__no_memory__is_an_error_not_the_end(void **state)
{
    struct world *w = *state;
    struct world_request r = {.param = {w->job}, .query = {{"names", "train*,gradient*"}}};

    world_starve(w, api_jobs_metrics, &r);
    r.query[1] = (struct srv_pair){"format", "csv"};
    world_starve(w, api_jobs_metrics, &r);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(metrics__no_names__gives_every_series),
        TEST(metrics__non_finite__is_null_and_counted),
        TEST(metrics__names__select_by_name_and_prefix),
        TEST(metrics__thinned__keeps_first_and_last_of_every_series),
        TEST(metrics__from_step__leaves_out_what_was_before),
        TEST(metrics__csv__is_all_rows_and_exact),
        TEST(metrics__too_much_for_one_reply__is_refused),
        TEST(metrics__wrong_requests__are_refused),
        TEST(metrics__no_memory__is_an_error_not_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
