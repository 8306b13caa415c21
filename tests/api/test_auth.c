/* SPDX-License-Identifier: MIT */
/* Tokens before every route there is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define JOB "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}]}"

struct door {
    struct world *w;
    char secret[SRV_SCOPE_COUNT][SRV_TOKEN_SIZE];
};

static int setup(void **state)
{
    static const char *const names[] = {"reader", "writer", "admin"};
    struct door *d = calloc(1, sizeof *d);
    char path[600];

    assert_non_null(d);
    world_setup((void **)&d->w);
    snprintf(path, sizeof path, "%s/tokens", d->w->dir);
    for (int i = 0; i < SRV_SCOPE_COUNT; i++)
        assert_int_equal(srv_token_add(d->secret[i], path, names[i], (enum srv_scope)i, NULL),
                         SNN_OK);
    assert_int_equal(srv_tokens_open(&d->w->api.options.tokens, path, &srv_system_clock, NULL),
                     SNN_OK);
    assert_int_equal(
        srv_throttle_new(&d->w->api.options.guesses, 0.001, 3, &srv_system_clock, NULL), SNN_OK);
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    struct door *d = *state;

    srv_tokens_free(d->w->api.options.tokens);
    srv_throttle_free(d->w->api.options.guesses);
    world_teardown((void **)&d->w);
    free(d);
    return 0;
}

/* With the token in the header; NULL = none. */
static int ask_as(struct world *w, const char *secret, const char *method, const char *target,
                  const char *body)
{
    char value[128];
    struct ask a = {method, target, .body = body};

    snprintf(value, sizeof value, "Bearer %s", secret ? secret : "");
    if (secret)
        a.headers[0] = (struct srv_pair){"Authorization", value};
    return ask(w, &a);
}

/* Seconds of the last answer's Retry-After. */
static long retry_after(const struct world *w)
{
    const char *value = world_header(w, "Retry-After");

    return value ? strtol(value, NULL, 10) : -1;
}

static void routes__every_one__says_who_may(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];

        if (r->access == API_UNSAID)
            fail_msg("%s %s says not who may", r->method, r->pattern);
        /* Nothing under /v1 is open, and what only looks is never the only way to change. */
        if (strncmp(r->pattern, "/v1/", 4) == 0)
            assert_int_not_equal(r->access, API_OPEN);
        if (strcmp(r->method, "DELETE") == 0 || strcmp(r->method, "PUT") == 0)
            assert_true(r->access >= API_WRITE);
    }
}

static void routes__without_a_token__are_all_closed(void **state)
{
    struct door *d = *state;
    char path[200];

    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];
        int status;

        ask_fill(path, sizeof path, r->pattern, d->w->job, "mine");
        status = ask_as(d->w, NULL, r->method, path, strcmp(r->method, "GET") ? "{}" : NULL);
        if (r->access == API_OPEN) /* the dashboard has no file "mine" */
            assert_true((status >= 200 && status <= 299) ||
                        (status == 404 && strncmp(r->pattern, "/web/{", 6) == 0));
        else if (status != 401)
            fail_msg("%s %s: %d, want 401: %s", r->method, path, status, d->w->text);
    }
    assert_int_equal(ask_as(d->w, NULL, "GET", "/v1/nothing", NULL), 401);
    assert_int_equal(ask_as(d->w, NULL, "OPTIONS", "/v1/jobs", NULL), 401);
}

static void token__missing__is_401_that_says_how(void **state)
{
    struct door *d = *state;

    assert_int_equal(ask_as(d->w, NULL, "GET", "/v1/jobs", NULL), 401);
    assert_string_equal(world_header(d->w, "WWW-Authenticate"), "Bearer realm=\"spiked\"");
    assert_string_equal(world_text(d->w, "code"), "unauthorized");
    assert_string_equal(world_text(d->w, "title"), "Unauthorized");
}

static void token__scope__is_what_its_holder_may(void **state)
{
    static const struct {
        const char *method, *target, *body;
        int status[SRV_SCOPE_COUNT];
    } rows[] = {
        {"GET", "/v1/jobs", NULL, {200, 200, 200}},
        {"HEAD", "/v1/jobs", NULL, {200, 200, 200}},
        {"OPTIONS", "/v1/jobs", NULL, {204, 204, 204}},
        {"POST", "/v1/jobs/validate", JOB, {200, 200, 200}},
        {"POST", "/v1/jobs", JOB, {403, 201, 201}},
        {"POST", "/v1/datasets", "{\"name\":\"n\",\"format\":\"csv\"}", {403, 201, 409}},
        {"DELETE", "/v1/datasets/n", NULL, {403, 204, 404}},
        {"GET", "/v1/nothing", NULL, {404, 404, 404}},
    };
    struct door *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int s = 0; s < SRV_SCOPE_COUNT; s++) {
            int status = ask_as(d->w, d->secret[s], rows[i].method, rows[i].target, rows[i].body);

            if (status != rows[i].status[s])
                fail_msg("%s %s as %d: %d, want %d: %s", rows[i].method, rows[i].target, s, status,
                         rows[i].status[s], d->w->text);
        }
    assert_int_equal(ask_as(d->w, d->secret[0], "POST", "/v1/jobs", JOB), 403);
    assert_contains(world_header(d->w, "WWW-Authenticate"),
                    "error=\"insufficient_scope\", scope=\"write\"");
    assert_string_equal(world_text(d->w, "code"), "insufficient_scope");
    assert_contains(world_text(d->w, "detail"), "the token reader has the scope read, want write");
}

static void token__guessed_too_often__is_429_but_not_for_who_has_one(void **state)
{
    struct door *d = *state;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask_as(d->w, "spk_0", "GET", "/v1/jobs", NULL), 401);
        assert_contains(world_header(d->w, "WWW-Authenticate"), "error=\"invalid_token\"");
    }
    assert_int_equal(ask_as(d->w, "spk_0", "GET", "/v1/jobs", NULL), 429);
    assert_int_equal(retry_after(d->w), 1000);
    assert_int_equal(ask_as(d->w, d->secret[0], "GET", "/v1/jobs", NULL), 200);
    assert_int_equal(ask_as(d->w, NULL, "GET", "/v1/jobs", NULL), 401);
}

static void scheme__other_than_bearer__is_no_token(void **state)
{
    struct door *d = *state;
    char value[128];
    struct ask a = {.method = "GET", .target = "/v1/jobs"};

    snprintf(value, sizeof value, "Basic %s", d->secret[2]);
    a.headers[0] = (struct srv_pair){"Authorization", value};
    assert_int_equal(ask(d->w, &a), 401);
    snprintf(value, sizeof value, "bEARER   %s", d->secret[2]);
    assert_int_equal(ask(d->w, &a), 200);
    /* nowhere else: an address is written down in logs and histories */
    a.headers[0].name = NULL;
    snprintf(value, sizeof value, "/v1/jobs?token=%s", d->secret[2]);
    a.target = value;
    assert_int_equal(ask(d->w, &a), 401);
}

static void idempotency_key__of_another_token__is_another_request(void **state)
{
    struct door *d = *state;
    char value[128], first[64];
    struct ask a = {"POST", "/v1/jobs", .body = JOB};

    a.headers[0] = (struct srv_pair){"Authorization", value};
    a.headers[1] = (struct srv_pair){"Idempotency-Key", "k"};
    snprintf(value, sizeof value, "Bearer %s", d->secret[1]);
    assert_int_equal(ask(d->w, &a), 201);
    snprintf(first, sizeof first, "%s", world_text(d->w, "id"));
    assert_int_equal(ask(d->w, &a), 200);
    assert_string_equal(world_text(d->w, "id"), first);
    snprintf(value, sizeof value, "Bearer %s", d->secret[2]);
    assert_int_equal(ask(d->w, &a), 201);
    assert_string_not_equal(world_text(d->w, "id"), first);
}

static void requests__more_than_the_rate__are_429_with_when(void **state)
{
    struct door *d = *state;
    struct srv_throttle *requests = NULL;

    assert_int_equal(srv_throttle_new(&requests, 0.01, 2, &srv_system_clock, NULL), SNN_OK);
    d->w->api.options.requests = requests;
    assert_int_equal(ask_as(d->w, d->secret[0], "GET", "/v1/jobs", NULL), 200);
    assert_int_equal(ask_as(d->w, d->secret[0], "GET", "/v1/jobs", NULL), 200);
    assert_int_equal(ask_as(d->w, d->secret[0], "GET", "/v1/jobs", NULL), 429);
    assert_string_equal(world_text(d->w, "code"), "rate_limited");
    assert_int_equal(retry_after(d->w), 100);
    assert_int_equal(ask_as(d->w, NULL, "GET", "/livez", NULL), 200);
    d->w->api.options.requests = NULL;
    srv_throttle_free(requests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes__every_one__says_who_may),
        cmocka_unit_test_setup_teardown(routes__without_a_token__are_all_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(token__missing__is_401_that_says_how, setup, teardown),
        cmocka_unit_test_setup_teardown(token__scope__is_what_its_holder_may, setup, teardown),
        cmocka_unit_test_setup_teardown(token__guessed_too_often__is_429_but_not_for_who_has_one,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(scheme__other_than_bearer__is_no_token, setup, teardown),
        cmocka_unit_test_setup_teardown(idempotency_key__of_another_token__is_another_request,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(requests__more_than_the_rate__are_429_with_when, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
