/* SPDX-License-Identifier: MIT */
/* Replies that go through a nameless temporary file. */
#include "api/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/etag.h"
#include "api/range.h"

static void problem(struct api_call *c, int error)
{
    if (error == ENOSPC || error == EDQUOT)
        api_problem(c, 507, "storage_full", "the data directory has no room for the reply");
    else
        api_problem(c, 500, "io_error", "cannot write the reply's file: %s", strerror(error));
}

int api_file_temporary(const struct api_call *c)
{
    char path[sizeof c->api->options.config->data_dir + 32];
    int fd;

    snprintf(path, sizeof path, "%s/.reply-XXXXXX", c->api->options.config->data_dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

FILE *api_file_open(struct api_call *c)
{
    int fd = api_file_temporary(c);
    FILE *f;

    if (fd < 0) {
        problem(c, errno);
        return NULL;
    }
    f = fdopen(fd, "w+");
    if (!f) {
        problem(c, errno);
        close(fd);
    }
    return f;
}

/* SHA-256 of the first `size` bytes; false where they cannot be read. */
static bool digest(int fd, size_t size, char hex[SNN_SHA256_HEX])
{
    static const size_t chunk = 65536;
    unsigned char *buffer = malloc(chunk);
    struct snn_digest d;
    size_t done = 0;

    snn_digest_init(&d);
    while (buffer && done < size) {
        ssize_t n = pread(fd, buffer, chunk, (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        snn_digest_add(&d, buffer, (size_t)n);
        done += (size_t)n;
    }
    snn_digest_hex(&d, hex);
    free(buffer);
    return buffer && done == size;
}

/* 206 where a part is wanted of what the client has already, 416 where there is no such part: then
 * false, and the reply is made. */
static bool choose_range(struct api_call *c, uint64_t size, const char *hex)
{
    const char *range = srv_request_header(c->req, "Range");
    const char *only_if = srv_request_header(c->req, "If-Range");
    char tag[SNN_SHA256_HEX + 2];
    uint64_t from = 0, n = 0;

    snprintf(tag, sizeof tag, "\"%s\"", hex);
    srv_response_header(c->res, "Accept-Ranges", "bytes");
    if (!range || (only_if && strcmp(only_if, tag) != 0) || !size ||
        !api_range_read(range, size, &from, &n))
        return true;
    if (from >= size) {
        close(c->res->fd);
        c->res->fd = 0;
        srv_response_header(c->res, "Content-Range", "bytes */%llu", (unsigned long long)size);
        api_problem(c, 416, "range_not_satisfiable", "Range is %.60s of %llu bytes", range,
                    (unsigned long long)size);
        return false;
    }
    c->res->status = 206;
    c->res->offset = from;
    c->res->size = n;
    srv_response_header(c->res, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)from,
                        (unsigned long long)(from + n - 1), (unsigned long long)size);
    return true;
}

static void send_file(struct api_call *c, int fd, size_t size, const struct api_file_form *form)
{
    char hex[SNN_SHA256_HEX];

    if (form->etag && !digest(fd, size, hex)) {
        problem(c, EIO);
        close(fd);
        return;
    }
    if (form->etag && api_not_modified(c, "%s", hex)) {
        close(fd);
        return;
    }
    c->res->status = 200;
    c->res->fd = fd;
    c->res->size = size;
    if (form->etag && !choose_range(c, size, hex))
        return;
    srv_response_header(c->res, "Content-Type", "%s", form->content_type);
    if (form->name)
        srv_response_header(c->res, "Content-Disposition", "attachment; filename=\"%s\"",
                            form->name);
}

void api_file_reply(struct api_call *c, FILE *f, const struct api_file_form *form)
{
    errno = 0;
    bool failed = fflush(f) != 0 || ferror(f);
    long size = ftell(f);
    int error = errno ? errno : EIO;
    int fd = failed || size < 0 ? -1 : fcntl(fileno(f), F_DUPFD_CLOEXEC, 3);

    if (fd < 0 && !failed && size >= 0)
        error = errno;
    fclose(f);
    if (fd < 0)
        problem(c, error);
    else
        send_file(c, fd, (size_t)size, form);
}
