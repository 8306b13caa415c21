/* SPDX-License-Identifier: MIT */
/* Request bodies. */
#include "api/body.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "api/call.h"
#include "api/problem.h"

/* jansson descends recursively to 2048 levels, more than a small stack holds: the depth is looked
 * at first, with no recursion. Strings are skipped; anything else that is wrong is left to jansson.
 */
static bool too_deep(const char *text, size_t size, size_t *line, size_t *column)
{
    size_t depth = 0;
    bool quoted = false;

    *line = 1;
    *column = 0;
    for (size_t i = 0; i < size; i++) {
        ++*column;
        if (text[i] == '\n') {
            ++*line;
            *column = 0;
        } else if (quoted && text[i] == '\\') {
            i++;
            ++*column;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && (text[i] == '{' || text[i] == '[')) {
            if (++depth > API_MAX_DEPTH)
                return true;
        } else if (!quoted && (text[i] == '}' || text[i] == ']') && depth) {
            depth--;
        }
    }
    return false;
}

json_t *api_json_parse(const char *text, size_t size, struct snn_error *err)
{
    json_error_t found;
    size_t line, column;
    json_t *value;

    if (too_deep(text, size, &line, &column)) {
        snn_fail(err, SNN_FORMAT, "line %zu, column %zu: nested deeper than %d levels", line,
                 column, API_MAX_DEPTH);
        return NULL;
    }
    value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &found);
    if (value)
        return value;
    snn_fail(err, json_error_code(&found) == json_error_out_of_memory ? SNN_NOMEM : SNN_FORMAT,
             "line %d, column %d: %s", found.line, found.column, found.text);
    return NULL;
}

/* "application/json", in any case, with or without parameters. */
static bool is_json(const char *type)
{
    static const char want[] = "application/json";
    size_t n = sizeof want - 1;

    return type && strncasecmp(type, want, n) == 0 && strchr("; \t", type[n]);
}

json_t *api_body(struct api_call *c)
{
    const char *type = srv_request_header(c->req, "Content-Type");
    struct snn_error err = {0};
    struct api_errors errors = {0};
    json_t *value;

    /* Required, not guessed: a web page of another origin cannot send this type unasked. */
    if (!is_json(type)) {
        api_problem(c, 415, "unsupported_media_type",
                    "Content-Type is %s%.60s%s, want application/json", type ? "\"" : "missing",
                    type ? type : "", type ? "\"" : "");
        return NULL;
    }
    if (c->req->body_size == 0) {
        api_problem(c, 400, "malformed_json", "the body is empty, want a JSON object");
        return NULL;
    }
    value = api_json_parse(c->req->body, c->req->body_size, &err);
    if (!value && err.code == SNN_NOMEM) {
        api_error(c, &err);
    } else if (!value) {
        api_problem(c, 400, "malformed_json", "the body is not valid JSON: %s", err.message);
    } else if (!json_is_object(value)) {
        api_errors_add(&errors, "", "wrong_type", "the body is an array, want an object");
        api_invalid(c, 422, &errors);
        json_decref(value);
        value = NULL;
    }
    return value;
}

bool api_no_fields(struct api_call *c)
{
    struct api_errors errors = {0};
    json_t *body, *value;
    const char *key;
    bool empty;

    if (c->req->body_size == 0)
        return true;
    body = api_body(c);
    if (!body)
        return false;
    json_object_foreach(body, key, value) api_errors_add(
        &errors, "", "unknown_field", "there is no field \"%.60s\" here, want none", key);
    empty = api_errors_count(&errors) == 0;
    if (!empty)
        api_invalid(c, 422, &errors);
    json_decref(body);
    return empty;
}
