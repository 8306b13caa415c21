/* SPDX-License-Identifier: MIT */
#include "api/gzip.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

#include "api/file.h"

#define LEVEL 1          /* a fifth of the time of 6; the numbers: api/README.md */
#define WINDOW (15 + 16) /* zlib's largest, and gzip's frame around it */
#define MEMORY 8
#define CHUNK 65536

/* -------------------------------------------------------------------------------- the wish -- */

/* The weight of one entry, "gzip;q=0.5", up to its comma; 1 where it has none. */
static double weight(const char *entry, size_t n)
{
    const char *at = memchr(entry, ';', n);

    while (at) {
        const char *end = entry + n;

        at += 1 + strspn(at + 1, " \t");
        if (end - at > 2 && (at[0] == 'q' || at[0] == 'Q') && at[1] == '=')
            return strtod(at + 2, NULL);
        at = at < end ? memchr(at, ';', (size_t)(end - at)) : NULL;
    }
    return 1;
}

bool api_gzip_wanted(const struct srv_request *req)
{
    const char *at = srv_request_header(req, "Accept-Encoding");
    double gzip = -1, identity = -1, any = -1; /* -1: it is not named */

    for (; at && *at; at += strcspn(at, ",")) {
        size_t n, name;

        at += strspn(at, ", \t");
        n = strcspn(at, ",");
        name = strcspn(at, ",; \t");
        if ((name == 4 && strncasecmp(at, "gzip", 4) == 0) ||
            (name == 6 && strncasecmp(at, "x-gzip", 6) == 0))
            gzip = weight(at, n);
        else if (name == 8 && strncasecmp(at, "identity", 8) == 0)
            identity = weight(at, n);
        else if (name == 1 && at[0] == '*')
            any = weight(at, n);
    }
    gzip = gzip < 0 ? any : gzip;
    return gzip > 0 && gzip >= identity;
}

/* ------------------------------------------------------------------------------- the bytes -- */

/* Where they come from, one of the two, and where they go to. */
struct source {
    char *bytes;
    int fd;
    uint64_t size, at;
};

static size_t read_some(struct source *from, unsigned char *chunk)
{
    uint64_t left = from->size - from->at;
    size_t n = left < CHUNK ? (size_t)left : CHUNK;

    if (from->bytes) {
        memcpy(chunk, from->bytes + from->at, n);
    } else {
        ssize_t got = pread(from->fd, chunk, n, (off_t)from->at);

        n = got > 0 ? (size_t)got : 0;
    }
    from->at += n;
    return n;
}

/* All that deflate has to say of what it has. False where it cannot be written. */
static bool drain(z_stream *z, int flush, unsigned char *out, FILE *to)
{
    do {
        z->next_out = out;
        z->avail_out = CHUNK;
        if (deflate(z, flush) == Z_STREAM_ERROR ||
            fwrite(out, 1, CHUNK - z->avail_out, to) != CHUNK - z->avail_out)
            return false;
    } while (z->avail_out == 0);
    return true;
}

static bool compress_all(struct source *from, FILE *to)
{
    unsigned char *buffer = malloc(2 * (size_t)CHUNK);
    z_stream z = {0};
    bool ok =
        buffer && deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW, MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;

    while (ok && from->at < from->size) {
        size_t n = read_some(from, buffer);

        z.next_in = buffer;
        z.avail_in = (uInt)n;
        ok = n > 0 && drain(&z, from->at < from->size ? Z_NO_FLUSH : Z_FINISH, buffer + CHUNK, to);
    }
    if (buffer)
        deflateEnd(&z);
    free(buffer);
    return ok;
}

static bool from_memory(struct srv_response *res)
{
    struct source from = {.bytes = res->body, .size = res->size};
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    bool ok = to && compress_all(&from, to);

    ok = to && fclose(to) == 0 && ok;
    if (!ok) {
        free(text);
        return false;
    }
    free(res->body);
    res->body = text;
    res->size = size;
    return true;
}

static bool from_file(const struct api_call *c, struct srv_response *res)
{
    struct source from = {.fd = res->fd, .size = res->size, .at = res->offset};
    int fd = api_file_temporary(c), own = fd >= 0 ? dup(fd) : -1;
    FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
    long size = -1;

    from.size += res->offset;
    if (to && own >= 0 && compress_all(&from, to))
        size = ftell(to);
    if ((to ? fclose(to) : fd >= 0 ? close(fd) : 0) != 0)
        size = -1;
    if (size < 0 || own <= 0) {
        if (own >= 0)
            close(own);
        return false;
    }
    close(res->fd);
    res->fd = own;
    res->offset = 0;
    res->size = (size_t)size;
    return true;
}

/* ------------------------------------------------------------------------------ the answer -- */

static const char *header(const struct srv_response *res, const char *name)
{
    for (size_t i = 0; i < res->n_headers; i++)
        if (strcasecmp(res->headers[i].name, name) == 0)
            return res->headers[i].value;
    return NULL;
}

static bool is_long_text(const struct srv_response *res)
{
    static const char *const types[] = {"application/json", "text/csv", "text/plain"};
    const char *type = header(res, "Content-Type");

    if (!type || res->stream.read || res->wait_ms || res->size < API_GZIP_BYTES ||
        header(res, "Accept-Ranges") || header(res, "Content-Encoding"))
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncmp(type, types[i], strlen(types[i])) == 0)
            return true;
    return false;
}

void api_gzip(struct api_call *c)
{
    struct srv_response *res = c->res;
    const char *tag;
    char weak[80];

    if (!is_long_text(res))
        return;
    srv_response_header(res, "Vary", "Accept-Encoding");
    if (!api_gzip_wanted(c->req) || !(res->fd > 0 ? from_file(c, res) : from_memory(res)))
        return;
    srv_response_header(res, "Content-Encoding", "gzip");
    tag = header(res, "ETag");
    if (tag && strncmp(tag, "W/", 2) != 0) {
        snprintf(weak, sizeof weak, "W/%s", tag);
        srv_response_header(res, "ETag", "%s", weak);
    }
}
