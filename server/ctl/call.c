/* SPDX-License-Identifier: MIT */
/* Requests and what came of them. */
#include <string.h>

#include "server/ctl/ctl.h"

#define DEFAULT_SECONDS 30 /* for an answer that fits into memory */

void ctl_print_json(FILE *to, const struct ctl_text *text, bool lines)
{
    const char *data = ctl_text_of(text);
    size_t n = text->n;

    while (n && strchr(" \t\r\n", data[n - 1]))
        n--;
    /* A line break can only stand between JSON's tokens: inside a string it is escaped. */
    for (size_t i = 0; i < n; i++)
        fputc(lines && (data[i] == '\n' || data[i] == '\r') ? ' ' : data[i], to);
    fputc('\n', to);
}

json_t *ctl_parse(struct ctl *c, const struct ctl_reply *reply)
{
    json_error_t why;
    json_t *value;

    if (reply->body.n == 0)
        return NULL;
    value = json_loadb(ctl_text_of(&reply->body), reply->body.n, 0, &why);
    if (!value)
        ctl_fail(c, CTL_UNREACHABLE, "the answer of %s is no JSON that this program can read: %s",
                 ctl_client_server(c->client), why.text);
    return value;
}

/* -------------------------------------------------------------------------------- refusals -- */

static void add_errors(struct ctl_text *t, const json_t *errors)
{
    const json_t *e;
    size_t i;

    json_array_foreach(errors, i, e)
    {
        const json_t *parameter = json_object_get(e, "parameter");
        const char *at = ctl_string(e, parameter ? "parameter" : "pointer");

        ctl_text_add(t, "  %s", parameter ? "?" : "");
        ctl_text_safe(t, at[0] ? at : "(the whole)");
        ctl_text_add(t, ": ");
        ctl_text_safe(t, ctl_string(e, "detail"));
        ctl_text_add(t, "\n");
    }
}

static void add_reasons(struct ctl_text *t, const json_t *reasons)
{
    const json_t *reason;
    size_t i;

    json_array_foreach(reasons, i, reason)
    {
        if (!json_is_string(reason))
            continue;
        ctl_text_add(t, "  ");
        ctl_text_safe(t, json_string_value(reason));
        ctl_text_add(t, "\n");
    }
}

/* What the server says in the API's words, in this program's. */
static void add_advice(struct ctl_text *t, const char *code)
{
    static const struct {
        const char *code, *advice;
    } rows[] = {
        {"not_in_nir", "want --approximate to write it all the same, or --format safetensors"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].code, code) == 0)
            ctl_text_add(t, "  %s\n", rows[i].advice);
}

/* "422 Unprocessable Content (invalid): ..." and a line per pointer or reason. */
static void add_problem(struct ctl_text *t, const struct ctl_reply *reply, const json_t *problem)
{
    ctl_text_add(t, "%ld", reply->status);
    if (!json_is_object(problem)) {
        ctl_text_add(t, ", which says no more\n");
        return;
    }
    ctl_text_add(t, " ");
    ctl_text_safe(t, ctl_string(problem, "title"));
    ctl_text_add(t, " (");
    ctl_text_safe(t, ctl_string(problem, "code"));
    ctl_text_add(t, "): ");
    ctl_text_safe(t, ctl_string(problem, "detail"));
    ctl_text_add(t, "\n");
    add_errors(t, json_object_get(problem, "errors"));
    add_reasons(t, json_object_get(problem, "reasons"));
    add_advice(t, ctl_string(problem, "code"));
}

enum ctl_exit ctl_judge(struct ctl *c, const struct ctl_reply *reply)
{
    struct ctl_text t = {0};
    json_t *problem;

    if (reply->status == 0)
        return ctl_fail(c, reply->sink_failed ? CTL_LOCAL : CTL_UNREACHABLE, "%s: %s",
                        ctl_client_server(c->client), reply->why);
    if (reply->status / 100 == 2)
        return CTL_OK;
    problem = reply->body.n ? json_loadb(ctl_text_of(&reply->body), reply->body.n, 0, NULL) : NULL;
    if (c->json && problem) {
        ctl_print_json(c->err, &reply->body, false);
    } else {
        add_problem(&t, reply, problem);
        fprintf(c->err, "%sspikectl:%s the server answered %s", ctl_color(c, CTL_RED),
                ctl_color(c, CTL_PLAIN), ctl_text_of(&t));
        ctl_text_free(&t);
    }
    json_decref(problem);
    return reply->status / 100 == 4 ? CTL_REFUSED : CTL_UNREACHABLE;
}

/* -------------------------------------------------------------------------------- requests -- */

enum ctl_exit ctl_call(struct ctl *c, const struct ctl_request *request, struct ctl_reply *reply)
{
    struct ctl_request r = *request;

    if (c->timeout > 0)
        r.seconds = c->timeout;
    else if (r.seconds <= 0 && !r.sink && !r.upload)
        r.seconds = DEFAULT_SECONDS;
    ctl_client_send(c->client, &r, reply);
    return ctl_judge(c, reply);
}

static enum ctl_exit fetch(struct ctl *c, const struct ctl_request *request, json_t **out)
{
    struct ctl_reply reply;
    enum ctl_exit rc = ctl_call(c, request, &reply);

    *out = NULL;
    if (rc == CTL_OK && reply.body.n) {
        *out = ctl_parse(c, &reply);
        rc = *out ? CTL_OK : CTL_UNREACHABLE;
    }
    if (*out && c->json)
        ctl_print_json(c->out, &reply.body, false);
    ctl_reply_clear(&reply);
    return rc;
}

enum ctl_exit ctl_fetch(struct ctl *c, const char *method, struct ctl_text *path, json_t **out)
{
    enum ctl_exit rc;

    *out = NULL;
    if (path->failed)
        rc = ctl_fail(c, CTL_LOCAL, "no memory for the path");
    else
        rc = fetch(c, &(struct ctl_request){.method = method, .path = ctl_text_of(path)}, out);
    ctl_text_free(path);
    return rc;
}

enum ctl_exit ctl_post(struct ctl *c, const char *path, const struct ctl_text *body, json_t **out)
{
    return fetch(c,
                 &(struct ctl_request){.method = "POST",
                                       .path = path,
                                       .type = "application/json",
                                       .body = ctl_text_of(body),
                                       .size = body->n},
                 out);
}

enum ctl_exit ctl_look(struct ctl *c, const char *id, const char *tail, json_t **out)
{
    struct ctl_text path = {0};
    bool json = c->json;
    enum ctl_exit rc = ctl_job_path(c, &path, id, tail);

    *out = NULL;
    if (rc != CTL_OK)
        return rc;
    c->json = false;
    rc = ctl_fetch(c, "GET", &path, out);
    c->json = json;
    return rc;
}

enum ctl_exit ctl_act(struct ctl *c, struct ctl_text *path, const char *state)
{
    json_t *object;
    enum ctl_exit rc = ctl_fetch(c, "POST", path, &object);

    if (rc == CTL_OK && !c->json)
        fprintf(c->out, "%s %s\n", ctl_string(object, "id"), ctl_string(object, state));
    json_decref(object);
    return rc;
}
