/* SPDX-License-Identifier: MIT */
/* The document from the tables. What every route of a kind may answer is said here once; what only
 * some may, their rows say. */
#include "api/openapi/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/spec.h"

#define WORD 64

/* The next word of a list, false at its end. */
static bool next_word(const char **list, char word[WORD])
{
    size_t n;

    *list += *list ? strspn(*list, " ") : 0;
    if (!*list || !**list)
        return false;
    n = strcspn(*list, " ");
    snprintf(word, WORD, "%.*s", (int)n, *list);
    *list += n;
    return true;
}

/* ------------------------------------------------------------------------------- parameters -- */

/* The component, and where its own name is another's already, its name. */
static bool add_parameter(json_t *list, const json_t *components, const char *word, bool in_path)
{
    json_t *p = json_deep_copy(json_object_get(json_object_get(components, "parameters"), word));

    if (!json_object_get(p, "name"))
        json_object_set_new(p, "name", json_string(word));
    if (in_path)
        json_object_set_new(p, "required", json_true());
    return json_array_append_new(list, p) == 0;
}

static json_t *parameters(const struct api_route *r, const json_t *components)
{
    json_t *list = json_array();
    const char *query = r->query;
    char word[WORD];

    for (const char *at = strchr(r->pattern, '{'); at; at = strchr(at + 1, '{')) {
        snprintf(word, sizeof word, "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        if (!add_parameter(list, components, word, true))
            goto fail;
    }
    while (next_word(&query, word))
        if (!add_parameter(list, components, word, false))
            goto fail;
    return list;
fail:
    json_decref(list);
    return NULL;
}

/* ---------------------------------------------------------------------------------- answers -- */

static json_t *schema_ref(const char *name)
{
    return json_pack("{s:{s:s+}}", "schema", "$ref", "#/components/schemas/", name);
}

/* The media types of a good answer, and the schema of JSON. */
static json_t *content(const struct api_route *r)
{
    json_t *types = json_object();
    const char *media = r->media;
    char word[WORD];

    if (r->answer)
        json_object_set_new(types, "application/json", schema_ref(r->answer));
    while (next_word(&media, word))
        json_object_set_new(types, word, json_object());
    return types;
}

static json_t *good(const struct api_route *r, int status)
{
    json_t *answer = json_pack("{s:s}", "description", r->doc);

    if (answer && status != 204 && status != 304)
        json_object_set_new(answer, "content", content(r));
    return answer;
}

static bool add_status(json_t *answers, const struct api_route *r, int status)
{
    char key[8];

    snprintf(key, sizeof key, "%d", status);
    return json_object_set_new(
               answers, key,
               status < 400 ? good(r, status)
                            : json_pack("{s:s}", "$ref", "#/components/responses/Problem")) == 0;
}

static bool is_read_only(const struct api_route *r)
{
    return strcmp(r->method, "GET") == 0;
}

/* 401 where a token may be wanted, 403 where the least of them is not enough or a page of another
 * origin may not ask; 400 and 415 where JSON is read; 422 at least for parameters. */
static json_t *answers(const struct api_route *r)
{
    const bool json = r->body_limit > 0;
    const struct {
        int status;
        bool there;
    } rules[] = {
        {r->status ? r->status : 200, true},
        {400, json},
        {401, r->access != API_OPEN},
        {403, r->access > API_READ || !is_read_only(r)},
        {404, strchr(r->pattern, '{') != NULL},
        {413, true},
        {415, json},
        {422, r->access != API_OPEN},
    };
    json_t *all = json_object();
    const char *others = r->others;
    bool ok = all != NULL;
    char word[WORD];

    for (size_t i = 0; ok && i < sizeof rules / sizeof rules[0]; i++)
        ok = !rules[i].there || add_status(all, r, rules[i].status);
    while (ok && next_word(&others, word))
        ok = add_status(all, r, (int)strtol(word, NULL, 10));
    if (ok &&
        json_object_set_new(all, "default",
                            json_pack("{s:s}", "$ref", "#/components/responses/Problem")) == 0)
        return all;
    json_decref(all);
    return NULL;
}

/* ------------------------------------------------------------------------------- operations -- */

/* "getJobsJobEvents": the method and the words of the path. */
static void operation_id(char id[2 * WORD], const struct api_route *r)
{
    size_t n = 0;
    bool upper = true;

    for (const char *m = r->method; *m && n < 2 * WORD - 1; m++)
        id[n++] = (char)tolower((unsigned char)*m);
    for (const char *at = r->pattern; *at && n < 2 * WORD - 1; at++) {
        if (isalnum((unsigned char)*at))
            id[n++] = (char)(upper ? toupper((unsigned char)*at) : *at);
        upper = !isalnum((unsigned char)*at);
    }
    id[n] = '\0';
}

static json_t *body(const struct api_route *r)
{
    if (r->open)
        return json_pack("{s:b, s:{s:{}}}", "required", 1, "content", "application/octet-stream");
    if (!r->body)
        return NULL;
    return json_pack("{s:b, s:{s:o}}", "required", 1, "content", "application/json",
                     schema_ref(r->body));
}

static json_t *security(const struct api_route *r)
{
    static const char *const scopes[] = {
        [API_UNSAID] = "admin", [API_READ] = "read", [API_WRITE] = "write", [API_ADMIN] = "admin"};

    if (r->access == API_OPEN)
        return json_array();
    return json_pack("[{s:[s]}, {}]", "token", scopes[r->access]);
}

static json_t *operation(const struct api_route *r, const json_t *components)
{
    json_t *o, *reads = body(r);
    char id[2 * WORD];

    operation_id(id, r);
    o = json_pack("{s:s, s:s, s:o, s:o, s:o}", "operationId", id, "summary", r->doc, "security",
                  security(r), "parameters", parameters(r, components), "responses", answers(r));
    if (reads && json_object_set_new(o, "requestBody", reads) != 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

/* The dashboard's own files are no part of the API. */
static bool is_asset(const struct api_route *r)
{
    return strncmp(r->pattern, "/web/", 5) == 0;
}

static bool add_route(json_t *paths, const struct api_route *r, const json_t *components)
{
    json_t *path = json_object_get(paths, r->pattern);
    char method[16] = "";

    for (size_t i = 0; r->method[i] && i < sizeof method - 1; i++)
        method[i] = (char)tolower((unsigned char)r->method[i]);
    if (!path) {
        path = json_object();
        if (json_object_set_new(paths, r->pattern, path) != 0)
            return false;
    }
    return json_object_set_new(path, method, operation(r, components)) == 0;
}

/* --------------------------------------------------------------------------------- document -- */

#define ABOUT                                                                                      \
    "Trains spiking neural networks with surrogate gradients. A GET route answers HEAD too, and "  \
    "every path OPTIONS. Beside what an operation names, any may answer with a problem of "        \
    "x-any-operation."

/* What has nothing to do with what is asked for. */
static const struct {
    const char *status, *why;
} any[] = {
    {"400", "the request is malformed, or could be taken for two"},
    {"408", "header or body came too slowly"},
    {"414", "the request target has more than 8192 bytes"},
    {"421", "Host is not this server"},
    {"429", "too many requests, or wrong tokens, from this address; Retry-After says when"},
    {"431", "the header has too many fields or bytes"},
    {"500", "the daemon failed, or its files are damaged"},
    {"503", "the daemon is stopping, or has no memory for the answer; Retry-After may say when"},
    {"505", "no version of HTTP that is spoken here"},
    {"507", "the disk is full"},
};

static json_t *any_operation(void)
{
    json_t *out = json_object();

    for (size_t i = 0; i < sizeof any / sizeof any[0]; i++)
        json_object_set_new(out, any[i].status, json_string(any[i].why));
    return out;
}

json_t *api_openapi(const char *version)
{
    json_t *components = json_loads(api_openapi_components, 0, NULL), *paths = json_object();
    bool ok = components && paths &&
              api_openapi_shape(json_object_get(components, "schemas"), &api_job_shape);

    for (size_t i = 0; ok && i < api_route_count; i++)
        ok = is_asset(&api_routes[i]) || add_route(paths, &api_routes[i], components);
    if (ok) {
        json_object_del(components, "parameters"); /* they stand where they are used */
        return json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:o, s:o, s:o}", "openapi",
                         "3.1.0", "info", "title", "spiked", "version", version, "description",
                         ABOUT, "license", "name", "MIT", "identifier", "MIT", "x-any-operation",
                         any_operation(), "paths", paths, "components", components);
    }
    json_decref(components);
    json_decref(paths);
    return NULL;
}

void api_openapi_get(struct api_call *c)
{
    api_reply(c, 200, api_openapi(c->api->options.version));
}
