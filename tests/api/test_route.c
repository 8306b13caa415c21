/* SPDX-License-Identifier: MIT */
/* Paths against patterns, and the table of routes itself. */
#include <string.h>

#include "api/route.h"
#include "tests/support/test.h"

#define ULID "01HZX3Q5V7K9M2N4P6R8S0T1W3"

static void match__paths__as_listed(void **state)
{
    static const struct {
        const char *pattern, *path;
        bool want;
        const char *param;
    } rows[] = {
        {"/livez", "/livez", true, NULL},
        {"/livez", "/livez/", false, NULL},
        {"/livez", "/Livez", false, NULL},
        {"/livez", "livez", false, NULL},
        {"/livez", "/", false, NULL},
        {"/livez", "", false, NULL},
        {"/", "/", true, NULL},
        {"/", "//", false, NULL},
        {"/v1/jobs", "/v1//jobs", false, NULL},
        {"/v1/jobs",
         "/v1/jobs/"
         "job_" ULID,
         false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/job_" ULID, true, "job_" ULID},
        {"/v1/jobs/{job}", "/v1/jobs/job_" ULID "/", false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/job_" ULID "A", false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/job_01HZX3Q5V7K9M2N4P6R8S0T1W", false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/job_01HZX3Q5V7K9M2N4P6R8S0T1WU", false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/job_01hzx3q5v7k9m2n4p6r8s0t1w3", false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/JOB_" ULID, false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/_" ULID, false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/ckpt_" ULID, false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/validate", false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/", false, NULL},
        {"/v1/jobs/{job}", "/v1/jobs/..", false, NULL},
        {"/v1/jobs/{job}/events", "/v1/jobs/job_" ULID "/events", true, "job_" ULID},
        {"/v1/jobs/{job}/events", "/v1/jobs/job_" ULID "/event", false, NULL},
        {"/v1/datasets/{dataset}", "/v1/datasets/builtin:digits", true, "builtin:digits"},
        {"/v1/datasets/{dataset}", "/v1/datasets/a.B-c_9", true, "a.B-c_9"},
        {"/v1/datasets/{dataset}", "/v1/datasets/a b", false, NULL},
        {"/v1/datasets/{dataset}", "/v1/datasets/\xc3\xa9", false, NULL},
        {"/v1/surrogates/{name}", "/v1/surrogates/arctan", true, "arctan"},
        {"/v1/surrogates/{name}", "/v1/surrogates/a.b", false, NULL},
        {"/v1/x/{unheard-of}", "/v1/x/y", false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char param[API_MAX_PATH_PARAMS][72];
        size_t n;
        bool got = api_route_match(rows[i].pattern, rows[i].path, param, &n);

        if (got != rows[i].want)
            fail_msg("%s against %s: %s", rows[i].path, rows[i].pattern, got ? "fits" : "does not");
        if (rows[i].param)
            assert_string_equal(param[0], rows[i].param);
    }
}

static void match__two_parameters__both_in_order(void **state)
{
    char param[API_MAX_PATH_PARAMS][72];
    size_t n;

    (void)state;
    assert_true(api_route_match("/v1/datasets/{dataset}/files/{part}",
                                "/v1/datasets/mine/files/train-images", param, &n));
    assert_int_equal(n, 2);
    assert_string_equal(param[0], "mine");
    assert_string_equal(param[1], "train-images");
}

static void match__segment_longer_than_its_room__does_not_fit(void **state)
{
    char param[API_MAX_PATH_PARAMS][72], path[100] = "/v1/datasets/";
    size_t n, start = strlen(path);

    (void)state;
    memset(path + start, 'a', 71);
    assert_true(api_route_match("/v1/datasets/{dataset}", path, param, &n));
    assert_int_equal(strlen(param[0]), 71);
    path[start + 71] = 'a';
    assert_false(api_route_match("/v1/datasets/{dataset}", path, param, &n));
}

static const struct api_route *find(const char *method, const char *path, char allow[64],
                                    bool *path_known)
{
    struct srv_request req = {.method = method, .path = path};
    struct api_call c = {.req = &req};

    return api_route_find(&c, allow, 64, path_known);
}

static void find__head__is_the_row_of_get(void **state)
{
    char allow[64];
    bool known;

    (void)state;
    assert_ptr_equal(find("HEAD", "/livez", allow, &known), find("GET", "/livez", allow, &known));
    assert_non_null(find("HEAD", "/livez", allow, &known));
}

static void find__other_method__lists_those_there_are(void **state)
{
    char allow[64];
    bool known;

    (void)state;
    assert_null(find("PATCH", "/v1/jobs", allow, &known));
    assert_true(known);
    assert_string_equal(allow, "POST, GET, HEAD");
    assert_null(find("get", "/livez", allow, &known));
    assert_true(known);
    assert_null(find("GET", "/nothing", allow, &known));
    assert_false(known);
}

static void routes__rows__are_whole_and_different(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];

        assert_non_null(r->handle);
        assert_non_null(r->doc);
        assert_true((r->open == NULL) == (r->close == NULL));
        for (size_t k = 0; k < i; k++)
            assert_false(strcmp(r->method, api_routes[k].method) == 0 &&
                         strcmp(r->pattern, api_routes[k].pattern) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(match__paths__as_listed),
        cmocka_unit_test(match__two_parameters__both_in_order),
        cmocka_unit_test(match__segment_longer_than_its_room__does_not_fit),
        cmocka_unit_test(find__head__is_the_row_of_get),
        cmocka_unit_test(find__other_method__lists_those_there_are),
        cmocka_unit_test(routes__rows__are_whole_and_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
