/* SPDX-License-Identifier: MIT */
/* Filling a struct srv_response, and what every one of them says. */
#include "server/http_response.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void srv_response_header(struct srv_response *res, const char *name, const char *format, ...)
{
    char *value;
    size_t i = 0;
    va_list args;

    while (i < res->n_headers && strcasecmp(res->headers[i].name, name) != 0)
        i++;
    if (i == SRV_MAX_HEADERS)
        return;
    if (i == res->n_headers)
        snprintf(res->headers[res->n_headers++].name, sizeof res->headers[0].name, "%s", name);
    value = res->headers[i].value;
    va_start(args, format);
    vsnprintf(value, sizeof res->headers[0].value, format, args);
    va_end(args);
    /* A line break here would let whoever chose the text write headers of his own. */
    for (; *value; value++)
        if ((unsigned char)*value < 0x20 || *value == 0x7f)
            *value = ' ';
}

void srv_response_body(struct srv_response *res, int status, const char *content_type, char *body,
                       size_t size)
{
    free(res->body);
    res->status = status;
    res->body = body;
    res->size = size;
    srv_response_header(res, "Content-Type", "%s", content_type);
}

void srv_response_clear(struct srv_response *res)
{
    free(res->body);
    if (res->fd > 0)
        close(res->fd);
    if (res->stream.read)
        res->stream.free(res->stream.user);
    *res = (struct srv_response){0};
}

static bool has_header(const struct srv_response *res, const char *name)
{
    for (size_t i = 0; i < res->n_headers; i++)
        if (strcasecmp(res->headers[i].name, name) == 0)
            return true;
    return false;
}

size_t srv_response_pairs(struct srv_pair out[SRV_RESPONSE_PAIRS], const struct srv_response *res,
                          const char *server_name, const char *request_id, bool closing)
{
    const struct srv_pair defaults[SRV_RESPONSE_DEFAULTS] = {
        {"Server", server_name},
        {"X-Request-Id", request_id},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Connection", closing ? "close" : ""},
    };
    size_t n = 0;

    for (size_t i = 0; i < SRV_RESPONSE_DEFAULTS; i++)
        if (defaults[i].value[0] && !has_header(res, defaults[i].name))
            out[n++] = defaults[i];
    for (size_t i = 0; i < res->n_headers; i++)
        out[n++] = (struct srv_pair){res->headers[i].name, res->headers[i].value};
    return n;
}
