/* SPDX-License-Identifier: MIT */
/* The app's three calls in http's order. */
#include "tests/api/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/contract.h"
#include "tests/support/test.h"

#define MAX_QUERY 20
#define NO_SWEEP "swp_00000000000000000000000000"

static void forget(struct world *w)
{
    srv_response_clear(&w->res);
    json_decref(w->json);
    free(w->text);
    memset(&w->res, 0, sizeof w->res);
    w->json = NULL;
    w->text = NULL;
}

/* Cuts "path?a=b&c" in place. */
static size_t cut_query(char *target, struct srv_pair query[MAX_QUERY])
{
    char *at = strchr(target, '?');
    size_t n = 0;

    while (at) {
        char *name = at + 1, *value;

        *at = '\0';
        at = strchr(name, '&');
        if (at)
            *at = '\0';
        value = strstr(name, "=");
        if (value)
            *value++ = '\0';
        assert_true(n < MAX_QUERY);
        query[n++] = (struct srv_pair){name, value ? value : ""};
        if (at)
            *at = '&';
    }
    for (size_t i = 0; i < n; i++) { /* the separators that were put back for strchr */
        query[i].name = strndup(query[i].name, strcspn(query[i].name, "&"));
        query[i].value = strndup(query[i].value, strcspn(query[i].value, "&"));
    }
    return n;
}

static size_t make_headers(const struct ask *a, struct srv_pair headers[6])
{
    const char *type = a->type ? a->type : a->body ? "application/json" : "";
    size_t n = 0;

    headers[n++] = (struct srv_pair){"Host", "127.0.0.1:8080"};
    if (*type)
        headers[n++] = (struct srv_pair){"content-type", type};
    for (size_t i = 0; i < 4 && a->headers[i].name; i++)
        headers[n++] = a->headers[i];
    return n;
}

static void take(struct world *w)
{
    w->size = w->res.size;
    w->text = calloc(1, w->size + 1);
    assert_non_null(w->text);
    if (w->size && w->res.body)
        memcpy(w->text, w->res.body, w->size);
    w->json = json_loadb(w->text, w->size, JSON_REJECT_DUPLICATES, NULL);
}

int ask(struct world *w, const struct ask *a)
{
    struct srv_app app = api_app(&w->api);
    char *target = strdup(a->target);
    struct srv_pair query[MAX_QUERY], headers[6];
    size_t n_query = cut_query(target, query);
    struct srv_request req = {
        .method = a->method,
        .path = target,
        .headers = headers,
        .n_headers = make_headers(a, headers),
        .query = query,
        .n_query = n_query,
        .content_length = a->body ? strlen(a->body) : 0,
        .id = "req_test",
        .may_wait = a->may_wait,
    };

    forget(w);
    if (a->content_length)
        req.content_length = a->content_length;
    if (app.begin(app.user, &req, &w->res)) {
        req.body = a->body ? a->body : "";
        req.body_size = a->body ? strlen(a->body) : 0;
        if (req.sink.write)
            req.sink.write(req.sink.user, req.body, req.body_size);
        app.finish(app.user, &req, &w->res);
    }
    app.release(app.user, &req);
    for (size_t i = 0; i < n_query; i++) {
        char *name, *value;

        memcpy(&name, &query[i].name, sizeof name);
        memcpy(&value, &query[i].value, sizeof value);
        free(name);
        free(value);
    }
    free(target);
    take(w);
    if (w->res.status)
        contract_check(a->method, a->target,
                       &(struct contract_answer){.status = w->res.status,
                                                 .type = world_header(w, "Content-Type"),
                                                 .json = w->json});
    return w->res.status;
}

int ask_get(struct world *w, const char *target)
{
    return ask(w, &(struct ask){.method = "GET", .target = target});
}

int ask_post(struct world *w, const char *target, const char *body)
{
    return ask(w, &(struct ask){.method = "POST", .target = target, .body = body});
}

void ask_fill(char *path, size_t size, const char *pattern, const char *job, const char *word)
{
    size_t n = 0;

    for (; *pattern && n + 1 < size; pattern += strcspn(pattern, "}") + 1) {
        size_t plain = strcspn(pattern, "{");

        n += (size_t)snprintf(path + n, size - n, "%.*s", (int)plain, pattern);
        pattern += plain;
        if (!*pattern || n + 1 >= size)
            return;
        n += (size_t)snprintf(path + n, size - n, "%s",
                              strncmp(pattern, "{job}", 5) == 0     ? job
                              : strncmp(pattern, "{sweep}", 7) == 0 ? NO_SWEEP
                                                                    : word);
    }
}

json_t *ask_at(const struct world *w, const char *path)
{
    json_t *value = w->json;

    while (value && *path) {
        size_t n = strcspn(path, ".");
        char key[64];

        snprintf(key, sizeof key, "%.*s", (int)n, path);
        value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10))
                                     : json_object_get(value, key);
        path += path[n] ? n + 1 : n;
    }
    return value;
}

int64_t ask_integer_at(const struct world *w, const char *path)
{
    if (!json_is_integer(ask_at(w, path)))
        fail_msg("%s is no integer in %s", path, w->text);
    return json_integer_value(ask_at(w, path));
}

const char *ask_text_at(const struct world *w, const char *path)
{
    const char *text = json_string_value(ask_at(w, path));

    return text ? text : "";
}

bool ask_null_at(const struct world *w, const char *path)
{
    return json_is_null(ask_at(w, path));
}

static bool is_text(const json_t *object, const char *key, const char *want)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text && strcmp(text, want) == 0;
}

bool ask_has_error(const struct world *w, const char *pointer, const char *code)
{
    json_t *entry;
    size_t i;

    json_array_foreach(
        json_object_get(w->json, "errors"), i,
        entry) if ((is_text(entry, "pointer", pointer) || is_text(entry, "parameter", pointer)) &&
                   is_text(entry, "code", code)) return true;
    return false;
}
