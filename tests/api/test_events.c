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

/* The stream as a client gets it until there is nothing more to send now, or ever (*end). */
static void read_stream(struct world *w, char *text, size_t size, bool late, bool *end)
{
    size_t n = 0, more;

    *end = false;
    /* a few bytes at a time: an event may come in pieces */
    while (n + 8 < size &&
           (more = w->res.stream.read(w->res.stream.user, text + n, 7, late && n == 0, end)) > 0)
        n += more;
    text[n] = '\0';
}

static void events__stream__tells_each_event_once_and_ends_with_the_job(void **state)
{
    const struct world_request r = {
        .param = {((struct world *)*state)->job},
        .headers = {{"Accept", "text/event-stream"}, {"Last-Event-ID", "2"}}};
    struct world *w = *state;
    struct srv_job after = {0};
    char text[8192];
    bool end;

    world_call(w, api_jobs_events, &r);
    assert_int_equal(w->res.status, 200);
    assert_string_equal(world_header(w, "Content-Type"), "text/event-stream");
    read_stream(w, text, sizeof text, false, &end);
    assert_false(end);
    assert_contains(text, "retry: 3000\n\n");
    assert_null(strstr(text, "id: 2\n"));
    assert_contains(text, "id: 3\nevent: ");
    assert_contains(text, "id: 4\nevent: failed\ndata: {");
    read_stream(w, text, sizeof text, false, &end);
    assert_string_equal(text, "");
    read_stream(w, text, sizeof text, true, &end);
    assert_string_equal(text, ": ping\n\n");
    assert_int_equal(srv_store_job_cancel(w->store, w->job, false, &after, NULL), SNN_OK);
    srv_job_clear(&after);
    read_stream(w, text, sizeof text, false, &end);
    assert_true(end);
    assert_contains(text, "id: 5\nevent: cancelled\n");
    assert_contains(text, "event: done\n");
}

static void events__spent_stream__is_204(void **state)
{
    struct world *w = *state;
    struct srv_job after = {0};
    const struct world_request r = {
        .param = {w->job}, .headers = {{"Accept", "text/event-stream"}, {"Last-Event-ID", "5"}}};

    assert_int_equal(srv_store_job_cancel(w->store, w->job, false, &after, NULL), SNN_OK);
    srv_job_clear(&after);
    world_call(w, api_jobs_events, &r);
    assert_int_equal(w->res.status, 204);
}

static void events__all_jobs__are_numbered_over_them(void **state)
{
    struct world *w = *state;
    char other[SRV_ID_SIZE];
    json_t *data;

    world_job(w, "builtin:digits", "{}", other);
    world_call(w, api_events_all, &(const struct world_request){.query = {{"limit", "1000"}}});
    assert_int_equal(w->res.status, 200);
    data = json_object_get(w->json, "data");
    assert_int_equal(json_array_size(data), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(data, i), "number")),
                         i + 1);
    world_call(w, api_events_all, &(const struct world_request){.query = {{"jobs", other}}});
    data = json_object_get(w->json, "data");
    assert_int_equal(json_array_size(data), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(data, 0), "job")), other);
    world_call(w, api_events_all, &(const struct world_request){.query = {{"jobs", "job_nobody"}}});
    assert_int_equal(w->res.status, 422);
}

static void events__from_the_latest_on__tell_what_runs_and_what_happens(void **state)
{
    struct world *w = *state;
    const struct world_request r = {.query = {{"after", "latest"}},
                                    .headers = {{"Accept", "text/event-stream"}}};
    static const struct srv_event event = {.type = "epoch", .step = 46, .epoch = 2};
    struct srv_job job = {0};
    char text[8192];
    bool end, found;

    world_call(w, api_events_all, &r);
    assert_int_equal(w->res.status, 200);
    read_stream(w, text, sizeof text, false, &end);
    assert_string_equal(text, "retry: 3000\n\n"); /* nothing runs, nothing is new */
    assert_int_equal(srv_store_job_claim(w->store, "boot", INT64_MAX, &job, &found, NULL), SNN_OK);
    assert_int_equal(srv_store_event_add(w->store, w->job, &event, NULL), SNN_OK);
    read_stream(w, text, sizeof text, false, &end);
    assert_contains(text, "event: progress\ndata: {\"id\":\"");
    assert_contains(text, "\"status\":\"running\"");
    assert_contains(text, "event: started\n");
    assert_contains(text, "event: epoch\n");
    assert_null(strstr(text, "event: created\n"));
    read_stream(w, text, sizeof text, false, &end);
    assert_string_equal(text, ""); /* each once */
    assert_false(end);
    srv_job_clear(&job);
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
        TEST(events__stream__tells_each_event_once_and_ends_with_the_job),
        TEST(events__spent_stream__is_204),
        TEST(events__all_jobs__are_numbered_over_them),
        TEST(events__from_the_latest_on__tell_what_runs_and_what_happens),
        TEST(events__wrong_requests__are_refused),
        TEST(events__no_memory__is_an_error_not_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
