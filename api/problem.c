/* SPDX-License-Identifier: MIT */
/* Refusals as application/problem+json (RFC 9457), and the table from the core's codes to statuses.
 */
#include "api/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/dump.h"

#define PROBLEM_TYPE "application/problem+json"
#define DETAIL_SIZE 1024

static const struct {
    int status;
    const char *title;
} titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

/* What a failure below means to a client. */
static const int statuses[SNN_CODE_COUNT] = {
    [SNN_OK] = 500, /* a handler that reports a failure has one */
    [SNN_INVALID] = 422, [SNN_NOT_FOUND] = 404, [SNN_FORMAT] = 422,
    [SNN_LIMIT] = 422,   [SNN_NOMEM] = 503,     [SNN_IO] = 500,
    [SNN_FULL] = 507,    [SNN_DIVERGED] = 422,  [SNN_STOPPED] = 503,
};

static const char *title_of(int status)
{
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return status < 500 ? "Client Error" : "Server Error";
}

json_t *api_text(const char *text)
{
    json_t *value = json_string(text);
    char *copy = value ? NULL : strdup(text);

    if (!copy)
        return value;
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    value = json_string(copy);
    free(copy);
    return value;
}

json_t *api_text_or_null(const char *text)
{
    return text[0] ? api_text(text) : json_null();
}

json_t *api_problem_new(const struct api_call *c, int status, const char *code, const char *detail)
{
    const struct srv_request *req = c->req;

    return json_pack("{s:s, s:s, s:i, s:o, s:o, s:s, s:o}", "type", "about:blank", "title",
                     title_of(status), "status", status, "detail", api_text(detail), "instance",
                     req && req->path ? api_text(req->path) : json_null(), "code", code,
                     "request_id", req && req->id[0] ? api_text(req->id) : json_null());
}

void api_problem_send(struct api_call *c, int status, json_t *problem)
{
    size_t size = 0;
    char *text = problem ? api_dump(problem, &size) : NULL;

    json_decref(problem);
    srv_response_body(c->res, text ? status : 500, PROBLEM_TYPE, text, text ? size : 0);
}

void api_problem(struct api_call *c, int status, const char *code, const char *format, ...)
{
    char detail[DETAIL_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    api_problem_send(c, status, api_problem_new(c, status, code, detail));
}

/* Sends the problem with errors:[entry] and `param`, the place for clients that know one only.
 * Steals entry. */
static void send_with_entry(struct api_call *c, int status, json_t *problem, const char *param,
                            json_t *entry)
{
    if (problem && json_object_set_new(problem, "param", api_text(param)) == 0)
        json_object_set_new(problem, "errors", json_pack("[o]", entry));
    else
        json_decref(entry);
    api_problem_send(c, status, problem);
}

void api_refuse_query(struct api_call *c, const char *name, const char *code, const char *format,
                      ...)
{
    char detail[DETAIL_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    send_with_entry(c, 422, api_problem_new(c, 422, code, detail), name,
                    json_pack("{s:o, s:s, s:o}", "parameter", api_text(name), "code", code,
                              "detail", api_text(detail)));
}

void api_error(struct api_call *c, const struct snn_error *err)
{
    const char *code = snn_code_name(err->code);
    int status = (unsigned)err->code < SNN_CODE_COUNT ? statuses[err->code] : 500;
    json_t *problem = api_problem_new(c, status, code, err->message);

    if (status == 503)
        srv_response_header(c->res, "Retry-After", "%d", 5);
    if (err->pointer[0] == '\0') {
        api_problem_send(c, status, problem);
        return;
    }
    send_with_entry(c, status, problem, err->pointer,
                    json_pack("{s:o, s:s, s:o}", "pointer", api_text(err->pointer), "code", code,
                              "detail", api_text(err->message)));
}

void api_errors_add(struct api_errors *e, const char *pointer, const char *code, const char *format,
                    ...)
{
    char detail[DETAIL_SIZE];
    va_list args;
    json_t *entry;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    entry = json_pack("{s:o, s:s, s:o}", "pointer", api_text(pointer), "code", code, "detail",
                      api_text(detail));
    if (!e->list)
        e->list = json_array();
    if (json_array_append_new(e->list, entry) != 0) {
        /* An error that finds no memory must not make the input valid: json_true costs none. */
        json_decref(e->list);
        e->list = json_true();
    }
}

size_t api_errors_count(const struct api_errors *e)
{
    if (!e->list)
        return 0;
    return json_is_array(e->list) ? json_array_size(e->list) : 1;
}

void api_errors_clear(struct api_errors *e)
{
    json_decref(e->list);
    e->list = NULL;
}

void api_invalid(struct api_call *c, int status, struct api_errors *e)
{
    json_t *first = json_array_get(e->list, 0);
    const char *detail = json_string_value(json_object_get(first, "detail"));
    const char *pointer = json_string_value(json_object_get(first, "pointer"));
    const char *code = json_string_value(json_object_get(first, "code"));
    size_t n = api_errors_count(e);
    char text[DETAIL_SIZE];
    json_t *problem;

    snprintf(text, sizeof text, "%s%s", detail ? detail : "the request is not valid",
             n > 1 ? " (and more: see errors)" : "");
    /* Of one wrong field its own code, which is more to the point. */
    problem = api_problem_new(c, status, n == 1 && code ? code : "invalid", text);
    if (problem && first) {
        json_object_set_new(problem, "param", api_text(pointer ? pointer : ""));
        json_object_set(problem, "errors", e->list);
    }
    api_problem_send(c, status, problem);
    api_errors_clear(e);
}
