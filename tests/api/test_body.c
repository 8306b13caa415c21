/* SPDX-License-Identifier: MIT */
/* JSON from outside: what is refused, where, and with which status. */
#include "api/body.h"

#include <stdlib.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"

static void parse__malformed__says_line_and_column(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "line 1, column 0"},
        {"{", "line 1, column 1"},
        {"{\"a\":1,\n \"b\" 2}", "line 2, column 6"},
        {"{\"a\":1,\"a\":2}", "duplicate object key near '\"a\"'"},
        {"{\"a\":1} x", "end of file expected near 'x'"},
        {"{\"a\":1e999}", "real number overflow"},
        {"{\"a\":99999999999999999999}", "too big integer"},
        {"{\"a\":NaN}", "invalid token near 'NaN'"},
        {"{\"a\":\"\\u0000\"}", "\\u0000 is not allowed"},
        {"{\"a\":\"\xff\"}", "unable to decode byte 0xff"},
        {"7", "'[' or '{' expected near '7'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_error err = {0};

        assert_null(api_json_parse(rows[i].text, strlen(rows[i].text), &err));
        assert_int_equal(err.code, SNN_FORMAT);
        assert_contains(err.message, rows[i].want);
    }
}

static char *nested(int depth)
{
    char *text = calloc(1, (size_t)(2 * depth) + 1);

    assert_non_null(text);
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    return text;
}

static void parse__depth__up_to_the_limit_and_no_further(void **state)
{
    char *fits = nested(API_MAX_DEPTH), *deep = nested(API_MAX_DEPTH + 1);
    struct snn_error err = {0};
    json_t *value = api_json_parse(fits, strlen(fits), &err);

    (void)state;
    assert_non_null(value);
    json_decref(value);
    assert_null(api_json_parse(deep, strlen(deep), &err));
    assert_contains(err.message, "line 1, column 33: nested deeper than 32 levels");
    free(fits);
    free(deep);
}

static void parse__brackets_in_strings__are_no_depth(void **state)
{
    char text[200] = "{\"a\":\"\\\"";
    struct snn_error err = {0};
    json_t *value;

    (void)state;
    memset(text + strlen(text), '[', 100);
    memcpy(text + strlen(text), "\"}", 3);
    value = api_json_parse(text, strlen(text), &err);
    assert_non_null(value);
    json_decref(value);
}

static void body__content_type__must_be_json(void **state)
{
    static const struct {
        const char *type;
        int status;
    } rows[] = {
        {"", 415},
        {"text/plain", 415},
        {"application/x-www-form-urlencoded", 415},
        {"application/jsonp", 415},
        {"application/json", 200},
        {"Application/JSON; charset=utf-8", 200},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ask a = {"POST", "/v1/jobs/validate", .body = "{}", .type = rows[i].type};

        assert_int_equal(ask(w, &a), rows[i].status);
        if (rows[i].status == 415)
            assert_string_equal(world_text(w, "code"), "unsupported_media_type");
    }
}

static void body__malformed__is_400_with_the_place(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_post(w, "/v1/jobs", "{\"a\":\n 1,}"), 400);
    assert_string_equal(world_text(w, "code"), "malformed_json");
    assert_contains(world_text(w, "detail"), "line 2, column");
    assert_string_equal(world_header(w, "Content-Type"), "application/problem+json");
    assert_int_equal(ask_post(w, "/v1/jobs", ""), 400);
    assert_contains(world_text(w, "detail"), "the body is empty");
}

static void body__array__is_422(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_post(w, "/v1/jobs", "[]"), 422);
    assert_true(ask_has_error(w, "", "wrong_type"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__malformed__says_line_and_column),
        cmocka_unit_test(parse__depth__up_to_the_limit_and_no_further),
        cmocka_unit_test(parse__brackets_in_strings__are_no_depth),
        cmocka_unit_test_setup_teardown(body__content_type__must_be_json, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(body__malformed__is_400_with_the_place, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(body__array__is_422, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
