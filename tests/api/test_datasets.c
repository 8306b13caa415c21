/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/api/world.h"
#include "tests/support/test.h"

#define TRAIN "1,2,0\n3,4,1\n5,6,2\n"
#define TEST_SET "7,8,0\n9,1,2\n"

static json_t *call(struct world *w, void (*handle)(struct api_call *c), struct world_request r,
                    int status)
{
    world_call(w, handle, &r);
    if (w->res.status != status)
        fail_msg("status %d, want %d: %s", w->res.status, status, w->text);
    return w->json;
}

static void put(struct world *w, const char *id, const char *part, const char *text, int status)
{
    world_put(w, id, part, text, strlen(text));
    if (w->res.status != status)
        fail_msg("status %d, want %d: %s", w->res.status, status, w->text);
}

/* A new CSV upload's id. */
static void create(struct world *w, char id[64])
{
    call(w, api_datasets_create,
         (struct world_request){.body = "{\"name\":\"tiny\",\"format\":\"csv\"}",
                                .headers = {{"Content-Type", "application/json"}}},
         201);
    snprintf(id, 64, "%s", world_text(w, "id"));
}

static void create__valid__is_an_incomplete_data_set(void **state)
{
    struct world *w = *state;
    char id[64], location[96];

    create(w, id);
    snprintf(location, sizeof location, "/v1/datasets/%s", id);
    assert_string_equal(world_header(w, "Location"), location);
    assert_int_equal(strncmp(id, "ds_", 3), 0);
    assert_true(json_integer_value(json_object_get(w->json, "created_at")) > 0);
    json_object_del(w->json, "created_at");
    json_t *want = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:[], s:s, s:[s, s]}",
        "id", id, "object", "dataset", "name", "tiny", "format", "csv", "origin", "upload",
        "status", "incomplete", "samples", "features", "shape", "classes", "bytes", "sha256",
        "events", "files", "reason", "missing parts: train, test", "missing_parts", "train",
        "test");
    assert_true(json_equal(w->json, want));
    json_decref(want);
    call(w, api_datasets_get, (struct world_request){.param = {id}}, 200);
    call(w, api_datasets_get, (struct world_request){.param = {"tiny"}}, 200);
    assert_string_equal(world_text(w, "id"), id);
}

static void create__wrong_body__names_each_wrong_field(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *pointers[3], *text;
    } cases[] = {
        {"{\"name\":\"digits\",\"format\":\"csv\"}", 409, {NULL}, "digits"},
        {"{\"name\":\"a\",\"format\":\"parquet\"}", 422, {"/format"}, "idx, csv"},
        {"{\"name\":\"a\",\"format\":\"digits\"}", 422, {"/format"}, "idx, csv"},
        {"{\"name\":\"a/b\",\"format\":\"csv\"}", 422, {NULL}, "a/b"},
        {"{\"format\":7,\"colour\":\"red\"}", 422, {"/name", "/format", "/colour"}, "name"},
        {"[]", 422, {NULL}, ""},
        {"{\"name\":", 400, {NULL}, ""},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        call(w, api_datasets_create,
             (struct world_request){.body = cases[i].body,
                                    .headers = {{"Content-Type", "application/json"}}},
             cases[i].status);
        assert_contains(w->text, cases[i].text);
        for (size_t k = 0; k < 3 && cases[i].pointers[k]; k++)
            assert_contains(w->text, cases[i].pointers[k]);
    }
}

static void put__every_part__makes_it_ready(void **state)
{
    struct world *w = *state;
    char id[64];

    create(w, id);
    put(w, id, "train", TRAIN, 200);
    assert_string_equal(world_text(w, "status"), "incomplete");
    json_t *missing = json_object_get(w->json, "missing_parts");
    assert_int_equal(json_array_size(missing), 1);
    assert_string_equal(json_string_value(json_array_get(missing, 0)), "test");
    assert_string_equal(world_text(w, "reason"), "missing parts: test");

    put(w, id, "test", TEST_SET, 200);
    assert_string_equal(world_text(w, "status"), "ready");
    assert_int_equal(json_array_size(json_object_get(w->json, "missing_parts")), 0);
    assert_true(json_is_null(json_object_get(w->json, "reason")));
    json_t *want = json_pack("{s:i, s:i}", "train", 3, "test", 2);
    assert_true(json_equal(json_object_get(w->json, "samples"), want));
    json_decref(want);
    assert_int_equal(json_integer_value(json_object_get(w->json, "features")), 2);
    assert_int_equal(json_integer_value(json_object_get(w->json, "classes")), 3);
    assert_int_equal(strlen(world_text(w, "sha256")), 64);

    json_t *file = json_array_get(json_object_get(w->json, "files"), 0);
    char hex[SNN_SHA256_HEX];
    struct snn_digest d;
    snn_digest_init(&d);
    snn_digest_add(&d, TRAIN, strlen(TRAIN));
    snn_digest_hex(&d, hex);
    assert_string_equal(json_string_value(json_object_get(file, "part")), "train");
    assert_int_equal(json_integer_value(json_object_get(file, "bytes")), strlen(TRAIN));
    assert_string_equal(json_string_value(json_object_get(file, "sha256")), hex);
}

static void put__bad_file__is_refused_with_the_readers_words(void **state)
{
    struct world *w = *state;
    char id[64];

    create(w, id);
    put(w, id, "train", "1,2,0\n3,x,1\n", 422);
    assert_contains(world_text(w, "detail"), "x");
    put(w, id, "train-images", TRAIN, 404);
    put(w, "ds_01HZZZZZZZZZZZZZZZZZZZZZZZ", "train", TRAIN, 404);
    put(w, "builtin:digits", "train", TRAIN, 409);
    call(w, api_datasets_get, (struct world_request){.param = {id}}, 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "files")), 0);
}

static void list__pages__cover_every_data_set_once(void **state)
{
    struct world *w = *state;
    char id[64], after[200] = "";
    size_t seen = 0;
    bool more = true, uploaded = false;

    create(w, id);
    while (more && seen < 20) {
        struct world_request r = {.query = {{"limit", "1"}, {"after", after}}};
        if (!after[0])
            r.query[1].name = NULL;
        call(w, api_datasets_list, r, 200);
        json_t *data = json_object_get(w->json, "data");
        assert_int_equal(json_array_size(data), 1);
        if (seen++ == 0)
            assert_string_equal(json_string_value(json_object_get(json_array_get(data, 0), "name")),
                                "digits");
        snprintf(after, sizeof after, "%s", world_text(w, "last_id"));
        assert_string_equal(json_string_value(json_object_get(json_array_get(data, 0), "id")),
                            after);
        uploaded = uploaded || strcmp(after, id) == 0;
        more = json_is_true(json_object_get(w->json, "has_more"));
    }
    assert_true(uploaded);
    call(w, api_datasets_list, (struct world_request){.body = NULL}, 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "data")), seen);
    call(w, api_datasets_list, (struct world_request){.query = {{"after", "nothing"}}}, 422);
}

static void delete__only_what_is_uploaded_and_idle(void **state)
{
    struct world *w = *state;
    char id[64], job[SRV_ID_SIZE];

    call(w, api_datasets_delete, (struct world_request){.param = {"builtin:digits"}}, 409);
    call(w, api_datasets_delete, (struct world_request){.param = {"ds_01HZZZZZZZZZZZZZZZZZZZZZZZ"}},
         404);
    create(w, id);
    put(w, id, "train", TRAIN, 200);
    put(w, id, "test", TEST_SET, 200);
    world_job(w, id, "{}", job);
    call(w, api_datasets_delete, (struct world_request){.param = {id}}, 409);
    struct srv_job cancelled;
    assert_int_equal(srv_store_job_cancel(w->store, job, false, &cancelled, NULL), SNN_OK);
    srv_job_clear(&cancelled);
    call(w, api_datasets_delete, (struct world_request){.param = {id}}, 204);
    assert_int_equal(w->size, 0);
    call(w, api_datasets_get, (struct world_request){.param = {id}}, 404);
}

static void datasets__no_memory__is_an_error_not_the_end(void **state)
{
    struct world *w = *state;
    char id[64];

    create(w, id);
    world_starve(w, api_datasets_list, &(struct world_request){.body = NULL});
    world_starve(w, api_datasets_get, &(struct world_request){.param = {id}});
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(create__valid__is_an_incomplete_data_set),
        TEST(create__wrong_body__names_each_wrong_field),
        TEST(put__every_part__makes_it_ready),
        TEST(put__bad_file__is_refused_with_the_readers_words),
        TEST(list__pages__cover_every_data_set_once),
        TEST(delete__only_what_is_uploaded_and_idle),
        TEST(datasets__no_memory__is_an_error_not_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
