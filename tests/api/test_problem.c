/* SPDX-License-Identifier: MIT */
/* Problems, numbers and text in answers. */
#include "api/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/dump.h"
#include "tests/api/ask.h"
#include "tests/support/test.h"

/* A call with nothing but a request and a place for the answer. */
struct bare {
    struct srv_request req;
    struct srv_response res;
    struct api_call call;
};

static struct api_call *bare(struct bare *b)
{
    memset(b, 0, sizeof *b);
    b->req = (struct srv_request){.method = "GET", .path = "/v1/x", .id = "req_1"};
    b->call = (struct api_call){.req = &b->req, .res = &b->res};
    return &b->call;
}

static json_t *answer(const struct bare *b)
{
    json_t *value = json_loadb(b->res.body, b->res.size, 0, NULL);

    assert_non_null(value);
    return value;
}

static const char *text_of(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void problem__members__are_those_of_rfc_9457_and_ours(void **state)
{
    struct bare b;
    json_t *p;

    (void)state;
    api_problem(bare(&b), 409, "illegal_transition", "the job is %s", "over");
    p = answer(&b);
    assert_int_equal(b.res.status, 409);
    assert_string_equal(text_of(p, "type"), "about:blank");
    assert_string_equal(text_of(p, "title"), "Conflict");
    assert_int_equal(json_integer_value(json_object_get(p, "status")), 409);
    assert_string_equal(text_of(p, "detail"), "the job is over");
    assert_string_equal(text_of(p, "instance"), "/v1/x");
    assert_string_equal(text_of(p, "code"), "illegal_transition");
    assert_string_equal(text_of(p, "request_id"), "req_1");
    json_decref(p);
    srv_response_clear(&b.res);
}

static void problem__path_that_is_no_utf8__is_still_json(void **state)
{
    struct bare b;
    json_t *p;

    (void)state;
    bare(&b)->req = &b.req;
    b.req.path = "/\xff\xfe\"\\";
    api_problem(&b.call, 404, "not_found", "there is nothing at %s", b.req.path);
    p = answer(&b);
    assert_string_equal(text_of(p, "instance"), "/?\?\"\\");
    json_decref(p);
    srv_response_clear(&b.res);
}

static void problem__no_request__has_no_instance(void **state)
{
    struct bare b;
    json_t *p;

    (void)state;
    bare(&b)->req = NULL;
    api_problem(&b.call, 431, "header_too_large", "too much");
    p = answer(&b);
    assert_true(json_is_null(json_object_get(p, "instance")));
    assert_string_equal(text_of(p, "title"), "Request Header Fields Too Large");
    json_decref(p);
    srv_response_clear(&b.res);
}

static void error__codes__have_their_statuses(void **state)
{
    static const struct {
        enum snn_code code;
        int status;
        const char *name;
    } rows[] = {
        {SNN_INVALID, 422, "invalid"},     {SNN_NOT_FOUND, 404, "not_found"},
        {SNN_FORMAT, 422, "bad_format"},   {SNN_LIMIT, 422, "limit_exceeded"},
        {SNN_NOMEM, 503, "out_of_memory"}, {SNN_IO, 500, "io_error"},
        {SNN_FULL, 507, "storage_full"},   {SNN_DIVERGED, 422, "diverged"},
        {SNN_STOPPED, 503, "stopped"},
    };

    (void)state;
    assert_int_equal(sizeof rows / sizeof rows[0], SNN_CODE_COUNT - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_error err = {.code = rows[i].code, .message = "m"};
        struct bare b;
        json_t *p;

        api_error(bare(&b), &err);
        p = answer(&b);
        assert_int_equal(b.res.status, rows[i].status);
        assert_string_equal(text_of(p, "code"), rows[i].name);
        assert_null(json_object_get(p, "errors"));
        json_decref(p);
        srv_response_clear(&b.res);
    }
}

static void error__with_a_place__tells_it_twice(void **state)
{
    struct snn_error err = {.code = SNN_INVALID, .pointer = "/a/b", .message = "m"};
    struct bare b;
    json_t *p, *entry;

    (void)state;
    api_error(bare(&b), &err);
    p = answer(&b);
    entry = json_array_get(json_object_get(p, "errors"), 0);
    assert_string_equal(text_of(p, "param"), "/a/b");
    assert_string_equal(text_of(entry, "pointer"), "/a/b");
    assert_string_equal(text_of(entry, "detail"), "m");
    json_decref(p);
    srv_response_clear(&b.res);
}

static void invalid__several_errors__keeps_their_order(void **state)
{
    struct api_errors e = {0};
    struct bare b;
    json_t *p;

    (void)state;
    assert_int_equal(api_errors_count(&e), 0);
    api_errors_add(&e, "/a", "wrong_type", "a is %d", 1);
    api_errors_add(&e, "/b\xff", "out_of_range", "b is \xe2\x82");
    assert_int_equal(api_errors_count(&e), 2);
    api_invalid(bare(&b), 422, &e);
    assert_int_equal(api_errors_count(&e), 0);
    p = answer(&b);
    assert_string_equal(text_of(p, "detail"), "a is 1 (and more: see errors)");
    assert_string_equal(text_of(p, "param"), "/a");
    assert_int_equal(json_array_size(json_object_get(p, "errors")), 2);
    assert_string_equal(text_of(json_array_get(json_object_get(p, "errors"), 1), "detail"),
                        "b is ?\?");
    json_decref(p);
    srv_response_clear(&b.res);
}

static void reply__no_body__is_a_500_problem(void **state)
{
    struct bare b;

    (void)state;
    api_reply(bare(&b), 200, NULL);
    assert_int_equal(b.res.status, 500);
    assert_contains(b.res.body, "out_of_memory");
    srv_response_clear(&b.res);
}

/* ------------------------------------------------------------------------------------ dump -- */

static void dump__trees__read_back_the_same(void **state)
{
    static const char *const rows[] = {
        "{}",
        "[]",
        "[[],{}]",
        "{\"a\":{\"b\":[1,-2,3.5,true,false,null,\"\"]}}",
        "[0.1,0.002,1e+300,2.5e-08,2.0,-0.0,123456789012.5,100000.0]",
        "[9223372036854775807,-9223372036854775808]",
        "{\"z\":1,\"a\":2}",
        "[\"\\\"\\\\\\u000a\\u001f/\xc3\xa9\xf0\x9f\x98\x80\"]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *value = json_loads(rows[i], 0, NULL);
        size_t size = 0;
        char *text = api_dump(value, &size);

        assert_non_null(text);
        assert_string_equal(text, rows[i]);
        assert_int_equal(size, strlen(rows[i]));
        free(text);
        json_decref(value);
    }
}

static void dump__doubles__lose_no_bit(void **state)
{
    static const double rows[] = {1.0 / 3, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 1e15, 1e17};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *value = json_pack("[f]", rows[i]), *back;
        size_t size;
        char *text = api_dump(value, &size);

        back = json_loads(text, 0, NULL);
        assert_true(json_is_real(json_array_get(back, 0)));
        assert_true(json_real_value(json_array_get(back, 0)) == rows[i]);
        free(text);
        json_decref(value);
        json_decref(back);
    }
}

static void number__not_finite__is_null(void **state)
{
    static const double rows[] = {INFINITY, -INFINITY, NAN};
    json_t *one = api_number(1);

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_true(json_is_null(api_number(rows[i])));
    assert_true(json_is_real(one));
    json_decref(one);
    assert_true(json_is_null(api_time(0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problem__members__are_those_of_rfc_9457_and_ours),
        cmocka_unit_test(problem__path_that_is_no_utf8__is_still_json),
        cmocka_unit_test(problem__no_request__has_no_instance),
        cmocka_unit_test(error__codes__have_their_statuses),
        cmocka_unit_test(error__with_a_place__tells_it_twice),
        cmocka_unit_test(invalid__several_errors__keeps_their_order),
        cmocka_unit_test(reply__no_body__is_a_500_problem),
        cmocka_unit_test(dump__trees__read_back_the_same),
        cmocka_unit_test(dump__doubles__lose_no_bit),
        cmocka_unit_test(number__not_finite__is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
