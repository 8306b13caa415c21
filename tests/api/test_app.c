/* SPDX-License-Identifier: MIT */
/* The app around the handlers: what is refused before one is reached, and what becomes of streams.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

#define GIB (1024ull * 1024 * 1024)

static void begin__no_such_path__is_404(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_get(w, "/v1/nothing"), 404);
    assert_string_equal(world_text(w, "code"), "not_found");
    assert_string_equal(world_text(w, "instance"), "/v1/nothing");
    assert_int_equal(ask_get(w, "/v1/jobs/not-an-id"), 404);
    assert_int_equal(ask_get(w, "/v1/jobs/"), 404);
    /* not 413, though nothing there takes a body */
    assert_int_equal(ask_post(w, "/v1/nothing", "{}"), 404);
}

static void begin__options__tells_the_methods(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, &(struct ask){.method = "OPTIONS", .target = "/v1/jobs"}), 204);
    assert_string_equal(world_header(w, "Allow"), "POST, GET, HEAD, OPTIONS");
    assert_int_equal(ask(w, &(struct ask){.method = "OPTIONS", .target = "/v1/nothing"}), 404);
}

static void begin__other_method__is_405_with_those_there_are(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, &(struct ask){.method = "PUT", .target = "/v1/jobs"}), 405);
    assert_string_equal(world_header(w, "Allow"), "POST, GET, HEAD, OPTIONS");
    assert_string_equal(world_text(w, "code"), "method_not_allowed");
    assert_int_equal(ask_post(w, "/v1/catalog", "{}"), 405);
    assert_string_equal(world_header(w, "Allow"), "GET, HEAD, OPTIONS");
}

static void begin__head__answers_like_get(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, &(struct ask){.method = "HEAD", .target = "/livez"}), 200);
    assert_int_equal(ask(w, &(struct ask){.method = "HEAD", .target = "/v1/nothing"}), 404);
}

static void begin__body_over_the_limit__is_413_before_a_byte_is_read(void **state)
{
    struct world *w = *state;
    struct ask big = {"POST", "/v1/jobs", .body = "{}", .content_length = GIB};
    struct ask get = {"GET", "/v1/jobs", .body = "{}"};
    struct ask put = {"PUT", "/v1/datasets/mine/files/train", .body = "1,2\n",
                      .content_length = GIB};

    assert_int_equal(ask(w, &big), 413);
    assert_string_equal(world_text(w, "code"), "body_too_large");
    assert_contains(world_text(w, "detail"), "1073741824 bytes, want at most 1048576");
    assert_int_equal(ask(w, &get), 413);
    assert_int_equal(ask_post(w, "/v1/datasets", "{\"name\":\"mine\",\"format\":\"csv\"}"), 201);
    assert_int_equal(ask(w, &put), 413); /* config's max_upload_bytes */
}

static void begin__page_of_another_origin__may_read_but_not_write(void **state)
{
    struct world *w = *state;
    struct ask a = {"POST", "/v1/jobs/validate", .body = "{}"};

    a.headers[0] = (struct srv_pair){"Origin", "http://evil.example"};
    assert_int_equal(ask(w, &a), 403);
    assert_string_equal(world_text(w, "code"), "foreign_origin");
    a.headers[0].value = "null";
    assert_int_equal(ask(w, &a), 403);
    a.headers[0].value = "http://127.0.0.1:8080";
    assert_int_equal(ask(w, &a), 200);
    a = (struct ask){"GET", "/livez", .headers = {{"Origin", "http://evil.example"}}};
    assert_int_equal(ask(w, &a), 200);
}

static void stream__upload__goes_to_its_sink(void **state)
{
    struct world *w = *state;
    struct ask put = {"PUT", "/v1/datasets/mine/files/train", .body = "1,2,0\n3,4,1\n", .type = ""};

    assert_int_equal(ask(w, &put), 404); /* no such set yet */
    assert_int_equal(ask_post(w, "/v1/datasets", "{\"name\":\"mine\",\"format\":\"csv\"}"), 201);
    assert_int_equal(ask(w, &put), 200);
    put.target = "/v1/datasets/mine/files/nothing";
    assert_true(ask(w, &put) >= 400);
    put.target = "/v1/datasets/mine/files/test";
    assert_int_equal(ask(w, &put), 200);
    assert_int_equal(ask_post(w, "/v1/jobs/validate",
                              "{\"dataset\":{\"name\":\"mine\"},\"layers\":[{\"kind\":\"dense\","
                              "\"units\":2}]}"),
                     200);
    assert_true(json_is_true(ask_at(w, "valid")));
}

static void begin__id_that_is_none__says_what_one_is(void **state)
{
    static const struct {
        const char *path, *want;
    } cases[] = {
        {"/v1/jobs/nope", "\"nope\" is no id of a job, want job_ and 26 characters"},
        {"/v1/jobs/nope/weights", "\"nope\" is no id of a job"},
        {"/v1/datasets/a b", "\"a b\" is no id or name of a data set"},
        {"/v1/jobs/nope/nothing", "there is nothing at /v1/jobs/nope/nothing"},
        {"/v1/jobs/", "there is nothing at /v1/jobs/"},
        {"/v2/jobs", "there is nothing at /v2/jobs"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ask_get(w, cases[i].path), 404);
        assert_string_equal(ask_text_at(w, "code"), "not_found");
        assert_contains(ask_text_at(w, "detail"), cases[i].want);
    }
}

static void reject__errors_of_http__are_problems_too(void **state)
{
    struct world *w = *state;
    struct srv_app app = api_app(&w->api);
    struct srv_response res = {0};

    app.reject(app.user, 431, "header_too_large", "the header is too large", NULL, &res);
    assert_int_equal(res.status, 431);
    assert_contains(res.body, "\"code\":\"header_too_large\"");
    assert_contains(res.body, "\"request_id\":null");
    srv_response_clear(&res);
}

static void new__allocation_fails__says_so(void **state)
{
    struct api_options options = {.version = "0", .clock = &srv_system_clock};
    struct snn_error err = {0};
    struct api *api = NULL;

    (void)state;
    oom_fail_at(0);
    assert_int_equal(api_new(&api, &options, &err), SNN_NOMEM);
    assert_true(oom_off());
    assert_null(api);
    assert_int_equal(api_new(&api, &options, &err), SNN_OK);
    assert_string_equal(api->options.version, "0");
    api_free(api);
    api_free(NULL);
}

/* Whichever allocation fails: an answer, and the job is either stored or not. */
static void create__any_allocation_fails__is_an_answer(void **state)
{
    static const char body[] =
        "{\"dataset\":{\"name\":\"digits\"},\"metadata\":{\"a\":\"b\"},\"layers\":[{\"kind\":"
        "\"dense\",\"units\":10}]}";
    struct world *w = *state;
    struct srv_app app = api_app(&w->api);
    const struct srv_pair type = {"Content-Type", "application/json"};
    int last = 0;

    assert_int_equal(ask_post(w, "/v1/jobs", body), 201); /* digits is decoded by now */
    for (unsigned long n = 0; n < 200; n++) {
        struct srv_request req = {.method = "POST",
                                  .path = "/v1/jobs",
                                  .headers = &type,
                                  .n_headers = 1,
                                  .content_length = sizeof body - 1,
                                  .body = body,
                                  .body_size = sizeof body - 1};
        struct srv_response res = {0};

        oom_fail_at(n);
        if (app.begin(app.user, &req, &res))
            app.finish(app.user, &req, &res);
        app.release(app.user, &req);
        last = res.status;
        srv_response_clear(&res);
        if (!oom_off())
            break;
        assert_true(last == 201 || last >= 500);
    }
    assert_int_equal(last, 201);
    assert_int_equal(ask_get(w, "/v1/jobs"), 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(begin__no_such_path__is_404),
        TEST(begin__options__tells_the_methods),
        TEST(begin__other_method__is_405_with_those_there_are),
        TEST(begin__head__answers_like_get),
        TEST(begin__body_over_the_limit__is_413_before_a_byte_is_read),
        TEST(begin__page_of_another_origin__may_read_but_not_write),
        TEST(stream__upload__goes_to_its_sink),
        TEST(begin__id_that_is_none__says_what_one_is),
        TEST(reject__errors_of_http__are_problems_too),
        TEST(new__allocation_fails__says_so),
        TEST(create__any_allocation_fails__is_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
