/* SPDX-License-Identifier: MIT */
/* GET / and /web/...: the dashboard, from the program itself. */
#include "api/web.h"

#include <stdlib.h>
#include <string.h>

#include "api/etag.h"
#include "api/gzip.h"

/* Nothing but the daemon's own files and answers: no inline script or style, no other host. Charts
 * that are saved as pictures are blobs. */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "        \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const struct {
    const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".json", "application/json"},
};

static const char *type_of(const char *path)
{
    const char *suffix = strrchr(path, '.');

    for (size_t i = 0; suffix && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(suffix, types[i].suffix) == 0)
            return types[i].type;
    return "application/octet-stream";
}

static const struct api_web_file *find(const char *path)
{
    for (size_t i = 0; i < api_web_file_count; i++)
        if (strcmp(api_web_files[i].path, path) == 0)
            return &api_web_files[i];
    return NULL;
}

void api_web(struct api_call *c)
{
    const char *path = c->req->path[1] ? c->req->path : "/web/index.html";
    const struct api_web_file *file = find(path);
    const bool gzip = api_gzip_wanted(c->req);
    const struct api_web_bytes *bytes = !file ? NULL : gzip ? &file->gzip : &file->plain;
    char *copy;

    if (!file) {
        api_problem(c, 404, "not_found", "there is nothing at %.300s", path);
        return;
    }
    srv_response_header(c->res, "Vary", "Accept-Encoding");
    srv_response_header(c->res, "Content-Security-Policy", "%s", POLICY);
    if (api_not_modified(c, "%s%s", file->sha, gzip ? "-gzip" : ""))
        return;
    copy = malloc((size_t)(bytes->end - bytes->from));
    if (!copy) {
        api_problem(c, 503, "out_of_memory", "no memory for %s", path);
        return;
    }
    memcpy(copy, bytes->from, (size_t)(bytes->end - bytes->from));
    if (gzip)
        srv_response_header(c->res, "Content-Encoding", "gzip");
    srv_response_body(c->res, 200, type_of(path), copy, (size_t)(bytes->end - bytes->from));
}
