/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/api/world.h"
#include "tests/support/test.h"

static int setup(void **state)
{
    world_setup(state);
    struct world *w = *state;
    static const struct srv_event events[] = {
        {.at = 5, .type = "started", .message = "attempt 1", .step = -1, .epoch = -1},
        {.at = 6, .type = "epoch", .message = "epoch 1 of 2", .step = 23, .epoch = 1},
        {.at = 7, .type = "failed", .message = "bad \xff byte", .step = 46, .epoch = 2},
    };

    for (size_t i = 0; i < 3; i++)
        assert_int_equal(srv_store_event_add(w->store, w->job, &events[i], NULL), SNN_OK);
    return 0;
}

static json_t *get(struct world *w, struct world_request r, int status)
{
    r.param[0] = r.param[0] ? r.param[0] : w->job;
    world_call(w, api_jobs_events, &r);
    assert_int_equal(w->res.status, status);
    assert_non_null(w->json);
    return json_object_get(w->json, "data");
}

static void events__whole_page__is_in_order_with_every_member(void **state)
{
    struct world *w = *state;
    json_t *data = get(w, (struct world_request){.body = NULL}, 200);

    assert_string_equal(world_text(w, "object"), "list");
    assert_true(json_is_false(json_object_get(w->json, "has_more")));
    assert_int_equal(json_array_size(data), 4); /* "created" comes first */
    assert_int_equal(json_integer_value(json_object_get(w->json, "first_id")), 1);
    assert_int_equal(json_integer_value(json_object_get(w->json, "last_id")), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(data, i), "seq")),
                         i + 1);

    json_t *want =
        json_pack("{s:s, s:i, s:i, s:s, s:s, s:i, s:i}", "object", "event", "seq", 3, "at", 6,
                  "type", "epoch", "message", "epoch 1 of 2", "step", 23, "epoch", 1);
    json_t *got = json_array_get(data, 2);
    if (json_is_integer(json_object_get(got, "at")))
        json_object_set_new(want, "at", json_incref(json_object_get(got, "at")));
    assert_true(json_equal(got, want));
    json_decref(want);
    assert_true(json_is_null(json_object_get(json_array_get(data, 1), "step")));
    assert_true(json_is_null(json_object_get(json_array_get(data, 1), "epoch")));
}

static void events__text_that_is_not_utf8__is_still_json(void **state)
{
    json_t *data = get(*state, (struct world_request){.body = NULL}, 200);
    json_t *message = json_object_get(json_array_get(data, 3), "message");

    assert_string_equal(json_string_value(message), "bad ? byte");
}

static void events__small_pages__meet_without_gap_or_overlap(void **state)
{
    struct world *w = *state;
    char after[24] = "0";
    size_t seen = 0;
    bool more = true;

    while (more && seen < 10) {
        json_t *data =
            get(w, (struct world_request){.query = {{"limit", "3"}, {"after", after}}}, 200);
        for (size_t i = 0; i < json_array_size(data); i++) {
            json_t *seq = json_object_get(json_array_get(data, i), "seq");
            assert_int_equal(json_integer_value(seq), ++seen);
        }
        more = json_is_true(json_object_get(w->json, "has_more"));
        snprintf(after, sizeof after, "%zu", seen);
    }
    assert_int_equal(seen, 4);
}

static void events__stream_only__is_not_acceptable(void **state)
{
    struct world_request r = {.headers = {{"Accept", "text/event-stream"}}};

    get(*state, r, 406);
    r.headers[0].value = "text/event-stream, application/json;q=0.5";
    get(*state, r, 200);
    r.headers[0].value = "text/event-stream, */*";
    get(*state, r, 200);
}

static void events__wrong_requests__are_refused(void **state)
{
    struct world *w = *state;

    get(w, (struct world_request){.param = {"job_01HZZZZZZZZZZZZZZZZZZZZZZZ"}}, 404);
    get(w, (struct world_request){.query = {{"limit", "0"}}}, 422);
    get(w, (struct world_request){.query = {{"limit", "1001"}}}, 422);
    get(w, (struct world_request){.query = {{"after", "-1"}}}, 422);
    get(w, (struct world_request){.query = {{"since", "1"}}}, 422);
    assert_contains(world_text(w, "detail"), "since");
}

static void events__no_memory__is_an_error_not_the_end(void **state)
{
    struct world *w = *state;

    world_starve(w, api_jobs_events, &(struct world_request){.param = {w->job}});
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(events__whole_page__is_in_order_with_every_member),
        TEST(events__text_that_is_not_utf8__is_still_json),
        TEST(events__small_pages__meet_without_gap_or_overlap),
        TEST(events__stream_only__is_not_acceptable),
        TEST(events__wrong_requests__are_refused),
        TEST(events__no_memory__is_an_error_not_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
