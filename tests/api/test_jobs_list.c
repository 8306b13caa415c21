/* SPDX-License-Identifier: MIT */
/* Lists of jobs through the whole app with a real store: pages, filters, orders. */
#include <stdio.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"

#define LAYERS "\"layers\":[{\"kind\":\"dense\",\"units\":128},{\"kind\":\"dense\",\"units\":10}]"
#define JOB(extra) "{\"dataset\":{\"name\":\"digits\"}," LAYERS extra "}"

/* Makes a job and copies its id. */
static void create(struct world *w, const char *body, char id[SRV_ID_SIZE])
{
    if (ask_post(w, "/v1/jobs", body) != 201)
        fail_msg("%s", w->text);
    snprintf(id, SRV_ID_SIZE, "%s", ask_text_at(w, "id"));
}

static void list__pages__meet_without_gap_or_overlap(void **state)
{
    struct world *w = *state;
    char id[5][SRV_ID_SIZE], target[100];

    snprintf(id[0], sizeof id[0], "%s", w->job);
    for (int i = 1; i < 5; i++)
        create(w, JOB(""), id[i]);
    assert_int_equal(ask_get(w, "/v1/jobs?limit=2"), 200);
    assert_string_equal(ask_text_at(w, "object"), "list");
    assert_int_equal(json_array_size(ask_at(w, "data")), 2);
    assert_string_equal(ask_text_at(w, "data.0.id"), id[4]);
    assert_string_equal(ask_text_at(w, "first_id"), id[4]);
    assert_string_equal(ask_text_at(w, "last_id"), id[3]);
    assert_true(json_is_true(ask_at(w, "has_more")));
    snprintf(target, sizeof target, "/v1/jobs?limit=3&after=%s", id[3]);
    assert_int_equal(ask_get(w, target), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 3);
    assert_string_equal(ask_text_at(w, "first_id"), id[2]);
    assert_string_equal(ask_text_at(w, "last_id"), id[0]);
    assert_true(json_is_false(ask_at(w, "has_more")));
    assert_int_equal(ask_get(w, "/v1/jobs?order=asc&limit=1"), 200);
    assert_string_equal(ask_text_at(w, "data.0.id"), id[0]);
}

static void list__filters__by_status_and_metadata(void **state)
{
    struct world *w = *state;
    char a[SRV_ID_SIZE], b[SRV_ID_SIZE], target[100];

    create(w, JOB(",\"metadata\":{\"k\":\"1\",\"l\":\"x\"}"), a);
    create(w, JOB(",\"metadata\":{\"k\":\"2\",\"l\":\"x\"}"), b);
    snprintf(target, sizeof target, "/v1/jobs/%s/cancel", b);
    assert_int_equal(ask_post(w, target, "{}"), 202);
    assert_int_equal(ask_get(w, "/v1/jobs?status=cancelled"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 1);
    assert_string_equal(ask_text_at(w, "data.0.id"), b);
    assert_int_equal(ask_get(w, "/v1/jobs?metadata[l]=x"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 2);
    assert_int_equal(ask_get(w, "/v1/jobs?metadata[l]=x&metadata[k]=1"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 1);
    assert_string_equal(ask_text_at(w, "data.0.id"), a);
    assert_int_equal(ask_get(w, "/v1/jobs?metadata[k]=3"), 200);
    assert_int_equal(json_array_size(ask_at(w, "data")), 0);
    assert_true(ask_null_at(w, "first_id"));
    assert_true(ask_null_at(w, "last_id"));
}

/* The names of the first page's jobs, one after the other. */
static void expect_names(struct world *w, const char *query, const char *want)
{
    char names[100] = "", target[300];
    const json_t *job;
    size_t i;

    snprintf(target, sizeof target, "/v1/jobs?%s", query);
    assert_int_equal(ask_get(w, target), 200);
    json_array_foreach(ask_at(w, "data"), i, job) strncat(
        names, json_string_value(json_object_get(job, "name")), sizeof names - strlen(names) - 1);
    assert_string_equal(names, want);
}

static void list__text_and_sort__go_over_all_jobs(void **state)
{
    struct world *w = *state;
    char id[SRV_ID_SIZE], target[120];

    create(w, JOB(",\"name\":\"b\",\"metadata\":{\"paper\":\"Fig_1\"}"), id);
    create(w, JOB(",\"name\":\"C\""), id);
    create(w, JOB(",\"name\":\"a\",\"metadata\":{\"paper\":\"fig21\"}"), id);
    expect_names(w, "text=fig_1", "b"); /* not what a pattern of SQL would take it for */
    expect_names(w, "text=APER=fig&limit=1", "a");
    expect_names(w, "text=nothing%", "");
    expect_names(w, "text=&limit=3", "aCb");
    expect_names(w, "sort=name&limit=3", "Cba");
    snprintf(target, sizeof target, "sort=name&after=%s&order=asc", id);
    expect_names(w, target, "bC");
    snprintf(target, sizeof target, "text=%s", id);
    expect_names(w, target, "a");
}

static void list__wrong_query__is_422_that_names_it(void **state)
{
    static const struct {
        const char *query, *name, *code;
    } rows[] = {
        {"limit=0", "limit", "out_of_range"},
        {"limit=101", "limit", "out_of_range"},
        {"limit=", "limit", "out_of_range"},
        {"limit=1x", "limit", "out_of_range"},
        {"limit=+1", "limit", "out_of_range"},
        {"limit=99999999999999999999", "limit", "out_of_range"},
        {"order=up", "order", "unknown_name"},
        {"sort=size", "sort", "unknown_name"},
        {"status=done", "status", "unknown_name"},
        {"after=job_01HZX3Q5V7K9M2N4P6R8S0T1W3", "after", "unknown_name"},
        {"page=2", "page", "unknown_field"},
        {"metadata=x", "metadata", "unknown_field"},
        {"metadata[k=x", "metadata[k", "unknown_field"},
        {"limit=1&limit=2", "limit", "invalid"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char target[100];

        snprintf(target, sizeof target, "/v1/jobs?%s", rows[i].query);
        if (ask_get(w, target) != 422 || !ask_has_error(w, rows[i].name, rows[i].code))
            fail_msg("%s: %s", rows[i].query, w->text);
    }
    assert_int_equal(ask_get(w, "/v1/jobs?status=done"), 422);
    assert_contains(ask_text_at(w, "detail"), "queued, running, pausing, paused, cancelling");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(list__pages__meet_without_gap_or_overlap),
        TEST(list__filters__by_status_and_metadata),
        TEST(list__text_and_sort__go_over_all_jobs),
        TEST(list__wrong_query__is_422_that_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
