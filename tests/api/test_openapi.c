/* SPDX-License-Identifier: MIT */
/* The OpenAPI document: that it is the one committed, and that every route answers as it says. What
 * comes back in all other tests of the API is held to it by tests/support/contract.c. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/openapi/openapi.h"
#include "tests/api/ask.h"
#include "tests/support/contract.h"
#include "tests/support/schema.h"
#include "tests/support/test.h"

#define COMMITTED "api/openapi.json"
#define BUILT "build/openapi.json"

static void document__from_the_tables__is_the_committed_one(void **state)
{
    json_t *built = api_openapi(SPIKED_VERSION);

    (void)state;
    assert_non_null(built);
    (void)mkdir("build", 0777);
    assert_int_equal(json_dump_file(built, BUILT, JSON_INDENT(1)), 0);
    if (!json_equal(built, contract_document()))
        fail_msg("%s is not what the tables say: want %s in its place (make openapi)", COMMITTED,
                 BUILT);
    json_decref(built);
}

/* Every $ref within leads somewhere. */
static void follow(const json_t *value)
{
    const json_t *components = json_object_get(contract_document(), "components");
    json_t *member;
    char group[64], name[64];
    const char *key, *ref;
    size_t i;

    json_array_foreach(value, i, member) follow(member);
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        follow(member);
        ref = strcmp(key, "$ref") == 0 ? json_string_value(member) : NULL;
        if (!ref)
            continue;
        assert_int_equal(sscanf(ref, "#/components/%63[^/]/%63s", group, name), 2);
        if (!json_object_get(json_object_get(components, group), name))
            fail_msg("%s leads nowhere", ref);
    }
}

static void document__every_reference__leads_somewhere(void **state)
{
    (void)state;
    follow(contract_document());
}

static const json_t *operation(const struct api_route *r)
{
    const json_t *paths = json_object_get(contract_document(), "paths");
    char method[16] = "";

    for (size_t k = 0; r->method[k]; k++)
        method[k] = (char)(r->method[k] | 0x20);
    return json_object_get(json_object_get(paths, r->pattern), method);
}

static void document__every_route__is_an_operation_of_its_own_name(void **state)
{
    json_t *names = json_object();
    size_t routes = 0;

    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];
        const json_t *o;

        if (strncmp(r->pattern, "/web/", 5) == 0)
            continue;
        routes++;
        o = operation(r);
        if (!json_is_string(json_object_get(o, "operationId")))
            fail_msg("%s %s is not in the document", r->method, r->pattern);
        if (!r->answer && !r->media && r->status != 204)
            fail_msg("%s %s says not what it answers", r->method, r->pattern);
        json_object_set(names, json_string_value(json_object_get(o, "operationId")), json_true());
    }
    assert_int_equal(json_object_size(names), routes);
    json_decref(names);
}

static void job__every_example__is_what_the_schema_allows(void **state)
{
    const json_t *schemas =
        json_object_get(json_object_get(contract_document(), "components"), "schemas");
    json_t *bad =
        json_loads("{\"dataset\":{\"name\":\"digits\"},\"layers\":[],\"colour\":1}", 0, NULL);
    char why[600];
    glob_t files;

    (void)state;
    assert_int_equal(glob("api/examples/*.json", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        json_t *job = json_load_file(files.gl_pathv[i], 0, NULL);

        if (!schema_allows(contract_document(), json_object_get(schemas, "JobConfig"), job, why,
                           sizeof why))
            fail_msg("%s: %s", files.gl_pathv[i], why);
        json_decref(job);
    }
    globfree(&files);
    assert_false(schema_allows(contract_document(), json_object_get(schemas, "JobConfig"), bad, why,
                               sizeof why));
    json_decref(bad);
}

/* The refusal lists the parameters there are: those of the document. */
static void routes__parameters__are_those_of_the_document(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];
        const char *detail, *name;
        const json_t *p;
        char path[300];
        size_t k;

        if (!r->query)
            continue;
        ask_fill(path, sizeof path, r->pattern, w->job, "arctan");
        strncat(path, "?colour=red", sizeof path - strlen(path) - 1);
        assert_int_equal(ask(w, &(struct ask){.method = r->method, .target = path}), 422);
        detail = ask_text_at(w, "detail");
        json_array_foreach(json_object_get(operation(r), "parameters"), k, p)
        {
            name = json_string_value(json_object_get(p, "name"));
            if (strcmp(json_string_value(json_object_get(p, "in")), "query") == 0 &&
                !strstr(detail, name))
                fail_msg("%s has no parameter %s: %s", r->pattern, name, detail);
        }
    }
}

#define TEST(name) cmocka_unit_test(name)
#define WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(document__from_the_tables__is_the_committed_one),
        TEST(document__every_reference__leads_somewhere),
        TEST(document__every_route__is_an_operation_of_its_own_name),
        TEST(job__every_example__is_what_the_schema_allows),
        WORLD(routes__parameters__are_those_of_the_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
