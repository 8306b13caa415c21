/* SPDX-License-Identifier: MIT */
/* Any lines as a request: target, then Host, then header fields. What passes the checks has one
 * length, one host and no control characters, and finds a route or none. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/route.h"
#include "server/http_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define MAX_FIELDS 120

static void check_fit(const struct srv_request *req)
{
    size_t lengths = 0, hosts = 0;

    for (size_t i = 0; i < req->n_headers; i++) {
        lengths += strcasecmp(req->headers[i].name, "Content-Length") == 0;
        lengths += strcasecmp(req->headers[i].name, "Transfer-Encoding") == 0;
        hosts += strcasecmp(req->headers[i].name, "Host") == 0;
        if (strpbrk(req->headers[i].name, " \t\r\n:") || strpbrk(req->headers[i].value, "\r\n"))
            abort();
    }
    if (lengths > 1 || hosts != 1)
        abort();
}

static void find_route(const struct srv_request *req)
{
    struct api_call c = {.req = req};
    char allow[64], why[256];
    bool known;
    const struct api_route *r = api_route_find(&c, allow, sizeof allow, &known);

    for (size_t i = 0; i < c.n_params; i++)
        if (r && strchr(c.param[i], '/'))
            abort();
    api_route_explain(req->path, why, sizeof why);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = calloc(1, n + 1), *line = text, *next;
    struct srv_pair headers[MAX_FIELDS];
    struct srv_request req = {.method = "GET", .headers = headers};

    if (!text)
        return 0;
    memcpy(text, bytes, n);
    next = strchr(line, '\n');
    if (next)
        *next++ = '\0';
    req.path = line;
    for (; (line = next) && req.n_headers < MAX_FIELDS; req.n_headers++) {
        char *colon;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        colon = strchr(line, ':');
        headers[req.n_headers].name = line;
        headers[req.n_headers].value = colon ? colon + 1 : "";
        if (colon)
            *colon = '\0';
    }
    if (!srv_check_target(req.path) && !srv_check_request(&req, "HTTP/1.1", "ours")) {
        check_fit(&req);
        find_route(&req);
    }
    free(text);
    return 0;
}
