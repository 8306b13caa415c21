/* SPDX-License-Identifier: MIT */
/* Whatever comes in, the answer is a specific 4xx, and the daemon goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define DATASET "\"dataset\":{\"name\":\"digits\"}"
#define LAYERS "\"layers\":[{\"kind\":\"dense\",\"units\":10}]"
#define JOB "{" DATASET "," LAYERS "}"

struct bad {
    const char *body;
    long status;
    const char *pointers[3]; /* each must be in errors */
    const char *text;        /* somewhere in the answer */
};

/* clang-format off */
static const struct bad jobs[] = {
    /* not JSON */
    {"", 400, {NULL}, ""},
    {"{" DATASET ",", 400, {NULL}, "line"},
    {"{" DATASET "," LAYERS "} x", 400, {NULL}, "line"},
    {"{" DATASET "," LAYERS ",\"seed\":NaN}", 400, {NULL}, "line"},
    {"{" DATASET "," LAYERS ",\"seed\":1,\"seed\":2}", 400, {NULL}, "seed"},
    {"\xff\xfe", 400, {NULL}, ""},
    /* wrong types */
    {"[]", 422, {NULL}, "object"},
    {"{\"dataset\":\"digits\"," LAYERS "}", 422, {"/dataset"}, ""},
    {"{" DATASET ",\"layers\":{}}", 422, {"/layers"}, ""},
    {"{" DATASET ",\"layers\":[{\"kind\":\"dense\",\"units\":\"ten\"}]}", 422, {"/layers/0/units"}, "ten"},
    {"{" DATASET "," LAYERS ",\"seed\":1.5}", 422, {"/seed"}, "1.5"},
    {"{" DATASET "," LAYERS ",\"name\":7}", 422, {"/name"}, ""},
    {"{" DATASET "," LAYERS ",\"neuron\":{\"tau\":\"2\"}}", 422, {"/neuron/tau"}, ""},
    /* missing and unknown */
    {"{}", 422, {"/dataset", "/layers"}, ""},
    {"{" DATASET "," LAYERS ",\"colour\":1,\"training\":{\"epoch\":3}}", 422, {"/colour", "/training/epoch"}, "epochs"},
    {"{" DATASET "," LAYERS ",\"neuron\":{\"surrogate\":\"tanh\"}}", 422, {"/neuron/surrogate"}, "arctan"},
    {"{" DATASET "," LAYERS ",\"neuron\":{\"model\":\"izhikevich\"}}", 422, {"/neuron/model"}, "lif"},
    {"{" DATASET "," LAYERS ",\"training\":{\"optimizer\":{\"kind\":\"lion\"}}}", 422, {"/training/optimizer/kind"}, "adamw"},
    {"{\"dataset\":{\"name\":\"nope\"}," LAYERS "}", 422, {"/dataset/name"}, "digits"},
    /* out of range, impossible shapes */
    {"{" DATASET ",\"layers\":[]}", 422, {"/layers"}, ""},
    {"{" DATASET ",\"layers\":[{\"kind\":\"dense\",\"units\":0}]}", 422, {"/layers/0/units"}, ""},
    {"{" DATASET ",\"layers\":[{\"kind\":\"dense\",\"units\":-3}]}", 422, {"/layers/0/units"}, ""},
    {"{" DATASET ",\"layers\":[{\"kind\":\"dense\",\"units\":1e99}]}", 422, {"/layers/0/units"}, ""},
    {"{" DATASET ",\"layers\":[{\"kind\":\"dense\",\"units\":64},{\"kind\":\"dense\",\"units\":9}]}", 422, {"/layers/1/units"}, "10"},
    {"{" DATASET "," LAYERS ",\"encoding\":{\"time_steps\":0}}", 422, {"/encoding/time_steps"}, ""},
    {"{" DATASET "," LAYERS ",\"training\":{\"epochs\":0,\"batch_size\":0,\"validation_fraction\":2}}", 422,
     {"/training/epochs", "/training/batch_size", "/training/validation_fraction"}, ""},
    {"{" DATASET "," LAYERS ",\"neuron\":{\"tau\":0,\"surrogate_scale\":-1}}", 422, {"/neuron/tau", "/neuron/surrogate_scale"}, ""},
    {"{" DATASET "," LAYERS ",\"training\":{\"optimizer\":{\"kind\":\"adam\",\"learning_rate\":-1}}}", 422,
     {"/training/optimizer/learning_rate"}, "-1"},
};
/* clang-format on */

static void check_alive(struct daemon *d)
{
    struct answer a = {.status = 0};

    daemon_get(d, &a, "/livez", 200);
    answer_clear(&a);
}

static bool has_pointer(const struct answer *a, const char *pointer)
{
    json_t *entry;
    size_t i;

    json_array_foreach(answer_at(a, "errors"), i, entry)
    {
        const char *at = json_string_value(json_object_get(entry, "pointer"));
        const char *code = json_string_value(json_object_get(entry, "code"));
        const char *detail = json_string_value(json_object_get(entry, "detail"));
        if (at && strcmp(at, pointer) == 0)
            return code && *code && detail && *detail;
    }
    return false;
}

static void check_refused(const struct answer *a, const struct bad *b)
{
    if (a->status != b->status)
        fail_msg("%s: status %ld, want %ld: %s", b->body, a->status, b->status, a->text);
    assert_string_equal(a->type, "application/problem+json");
    assert_non_null(a->json);
    assert_near(answer_number(a, "status"), (double)b->status, 0);
    assert_true(*answer_text(a, "title") && *answer_text(a, "code") && *answer_text(a, "detail"));
    for (size_t i = 0; i < 3 && b->pointers[i]; i++)
        if (!has_pointer(a, b->pointers[i]))
            fail_msg("%s: no error at %s: %s", b->body, b->pointers[i], a->text);
    if (!strstr(a->text, b->text))
        fail_msg("%s: nothing of '%s' in %s", b->body, b->text, a->text);
}

static void jobs__wrong_in_any_way__are_refused_with_pointers(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};

    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        daemon_send(d, &a, "POST", "/v1/jobs", "application/json", jobs[i].body,
                    strlen(jobs[i].body));
        check_refused(&a, &jobs[i]);
        check_alive(d);
    }
    daemon_get(d, &a, "/v1/jobs", 200);
    assert_int_equal(json_array_size(answer_at(&a, "data")), 0);
    daemon_post(d, &a, "/v1/jobs", JOB, 201);
    answer_clear(&a);
}

static void json__nested_too_deep__is_refused(void **state)
{
    enum { DEPTH = 100000 };
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char *body = malloc(DEPTH + 1);

    assert_non_null(body);
    memset(body, '[', DEPTH);
    body[DEPTH] = '\0';
    daemon_post(d, &a, "/v1/jobs", body, 400);
    check_alive(d);
    free(body);
    answer_clear(&a);
}

static void body__larger_than_allowed__is_refused_unread(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char reply[4096];
    size_t size = 3u << 20;
    char *body = malloc(size);

    /* 1 GiB announced: the answer comes before any of it is sent */
    daemon_raw(d,
               "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
               "Content-Length: 1073741824\r\n\r\n",
               reply, sizeof reply);
    assert_contains(reply, "HTTP/1.1 413 ");
    assert_contains(reply, "application/problem+json");
    check_alive(d);

    /* a size that is not announced */
    daemon_raw(d,
               "POST /v1/datasets/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
               "application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n",
               reply, sizeof reply);
    assert_contains(reply, "HTTP/1.1 4");
    check_alive(d);

    assert_non_null(body);
    memset(body, ' ', size);
    daemon_send(d, &a, "POST", "/v1/jobs", "application/json", body, size);
    assert_int_equal(a.status, 413);
    check_alive(d);
    free(body);
    answer_clear(&a);
}

static void requests__wrong_path_method_or_type__are_refused(void **state)
{
    static const struct {
        const char *method, *path, *type, *body;
        long status;
    } cases[] = {
        {"GET", "/v1/nothing", NULL, NULL, 404},
        {"GET", "/v1/jobs/job_01HZZZZZZZZZZZZZZZZZZZZZZZ", NULL, NULL, 404},
        {"GET", "/v1/jobs/1", NULL, NULL, 404},
        {"GET", "/v1/jobs/..%2f..%2fetc%2fpasswd", NULL, NULL, 404},
        {"GET", "/v1/jobs?limit=1000000", NULL, NULL, 422},
        {"GET", "/v1/jobs?status=sleeping", NULL, NULL, 422},
        {"GET", "/v1/jobs?colour=red", NULL, NULL, 422},
        {"PATCH", "/v1/jobs", NULL, NULL, 405},
        {"POST", "/v1/jobs", "text/plain", JOB, 415},
        {"POST", "/v1/jobs/job_01HZZZZZZZZZZZZZZZZZZZZZZZ/cancel", NULL, NULL, 404},
        {"DELETE", "/v1/jobs/job_01HZZZZZZZZZZZZZZZZZZZZZZZ", NULL, NULL, 404},
        {"GET", "/v1/surrogates/tanh", NULL, NULL, 404},
    };
    struct daemon *d = *state;
    struct answer a = {.status = 0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *body = cases[i].body;
        daemon_send(d, &a, cases[i].method, cases[i].path, cases[i].type, body,
                    body ? strlen(body) : 0);
        if (a.status != cases[i].status)
            fail_msg("%s %s: status %ld, want %ld: %s", cases[i].method, cases[i].path, a.status,
                     cases[i].status, a.text);
        assert_string_equal(a.type, "application/problem+json");
        check_alive(d);
    }
    daemon_send(d, &a, "PATCH", "/v1/jobs", NULL, NULL, 0);
    assert_contains(a.allow, "POST");
    answer_clear(&a);
}

static void job__more_memory_than_allowed__is_refused(void **state)
{
    static const char *const limit[] = {"--memory-limit", "16M", NULL};
    struct daemon *d = *state;
    struct answer a = {.status = 0};

    assert_int_equal(daemon_stop(d, 15), 0);
    daemon_start(d, limit);
    daemon_post(d, &a, "/v1/jobs",
                "{" DATASET ",\"layers\":[{\"kind\":\"dense\",\"units\":4000},"
                "{\"kind\":\"dense\",\"units\":4000},{\"kind\":\"dense\",\"units\":10}]}",
                422);
    assert_string_equal(answer_text(&a, "code"), "memory_limit");
    assert_true(answer_number(&a, "estimated_bytes") > 16 << 20);
    daemon_post(d, &a, "/v1/jobs", JOB, 201);
    char id[32];
    snprintf(id, sizeof id, "%s", answer_text(&a, "id"));
    daemon_wait(d, &a, id, "succeeded");
    answer_clear(&a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(jobs__wrong_in_any_way__are_refused_with_pointers),
        TEST(json__nested_too_deep__is_refused),
        TEST(body__larger_than_allowed__is_refused_unread),
        TEST(requests__wrong_path_method_or_type__are_refused),
        TEST(job__more_memory_than_allowed__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
