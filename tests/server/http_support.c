/* SPDX-License-Identifier: MIT */
#include "tests/server/http_support.h"

#include "tests/support/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "server/http_listen.h"

/* -------------------------------------------------------------------------------------- app -- */

struct stream {
    size_t bytes, sum;
    bool failed;
};

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static bool sink(void *user, const void *bytes, size_t n)
{
    struct stream *s = user;

    for (size_t i = 0; i < n; i++) {
        s->sum += ((const unsigned char *)bytes)[i];
        s->failed = s->failed || ((const unsigned char *)bytes)[i] == 0xff;
    }
    s->bytes += n;
    return !s->failed;
}

static void answer(struct srv_response *res, int status, const char *text, size_t size)
{
    char *body = malloc(size + 1);

    if (body)
        memcpy(body, text, size);
    srv_response_body(res, status, "text/plain", body, body ? size : 0);
}

static bool tiny_begin(void *user, struct srv_request *req, struct srv_response *res)
{
    struct tiny *t = user;

    req->body_limit = TINY_LIMIT;
    req->app = calloc(1, sizeof(struct stream));
    if (strcmp(req->path, "/stream") == 0) {
        req->body_limit = TINY_STREAM_LIMIT;
        req->sink = (struct srv_sink){req->app, sink};
    }
    atomic_fetch_add(&t->begun, 1);
    if (strcmp(req->path, "/refused") != 0)
        return true;
    answer(res, 403, "refused", 7);
    return false;
}

static void finish_stream(struct tiny *t, struct srv_request *req, struct srv_response *res)
{
    const struct stream *s = req->app;
    char text[128];

    (void)t;
    snprintf(text, sizeof text, "bytes=%zu sum=%zu received=%zu failed=%d", s->bytes, s->sum,
             req->body_size, s->failed);
    answer(res, 200, text, strlen(text));
}

static void finish_echo(struct tiny *t, struct srv_request *req, struct srv_response *res)
{
    (void)t;
    answer(res, 200, req->body, req->body_size);
}

static void finish_file(struct tiny *t, struct srv_request *req, struct srv_response *res)
{
    (void)t;
    (void)req;
    res->fd = memfd_create("tiny", MFD_CLOEXEC);
    if (write(res->fd, "0123456789", 10) == 10)
        res->size = 10;
    res->status = 200;
    srv_response_header(res, "Cache-Control", "max-age=%d", 60);
}

static void finish_wait(struct tiny *t, struct srv_request *req, struct srv_response *res)
{
    (void)req;
    atomic_fetch_add(&t->waiting, 1);
    while (!atomic_load(&t->go))
        nap();
    answer(res, 200, "waited", 6);
}

static void finish_fail(struct tiny *t, struct srv_request *req, struct srv_response *res)
{
    (void)t;
    (void)req;
    res->status = 500;
}

static void finish_words(struct tiny *t, struct srv_request *req, struct srv_response *res)
{
    char text[2048];
    int n = snprintf(text, sizeof text, "%s %s peer=%s id=%s length=%lld", req->method, req->path,
                     req->peer, req->id, (long long)req->content_length);

    (void)t;
    for (size_t i = 0; i < req->n_query; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, " query[%s]=%s", req->query[i].name,
                      req->query[i].value);
    for (size_t i = 0; i < req->n_headers; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, " header[%s]=%s", req->headers[i].name,
                      req->headers[i].value);
    answer(res, 200, text, (size_t)n);
}

static void tiny_finish(void *user, struct srv_request *req, struct srv_response *res)
{
    static const struct {
        const char *path;
        void (*finish)(struct tiny *t, struct srv_request *req, struct srv_response *res);
    } routes[] = {{"/stream", finish_stream},
                  {"/echo", finish_echo},
                  {"/file", finish_file},
                  {"/wait", finish_wait},
                  {"/fail", finish_fail}};
    struct tiny *t = user;

    atomic_fetch_add(&t->finished, 1);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (strcmp(req->path, routes[i].path) == 0) {
            routes[i].finish(t, req, res);
            return;
        }
    finish_words(t, req, res);
}

static void tiny_release(void *user, struct srv_request *req)
{
    struct tiny *t = user;

    free(req->app);
    req->app = NULL;
    atomic_fetch_add(&t->released, 1);
}

static void tiny_reject(void *user, int status, const char *code, const char *detail,
                        const struct srv_request *req, struct srv_response *res)
{
    struct tiny *t = user;
    char text[512];

    (void)req;
    atomic_fetch_add(&t->rejected, 1);
    snprintf(text, sizeof text, "code=%s detail=%s", code, detail);
    answer(res, status, text, strlen(text));
}

void tiny_start(struct tiny *t)
{
    tiny_start_with(t, &(struct srv_http_options){0});
}

void tiny_start_with(struct tiny *t, const struct srv_http_options *limits)
{
    struct srv_http_options options = *limits;
    const struct srv_app app = {t, tiny_begin, tiny_finish, tiny_release, tiny_reject};
    struct snn_error err = {0};

    options.listen = "127.0.0.1:0";
    options.server_name = "tiny/1.0";
    memset(t, 0, sizeof *t);
    if (srv_http_start(&t->http, &options, &app, &err) != SNN_OK)
        fail_msg("%s", err.message);
    t->address = srv_http_address(t->http);
}

void tiny_stop(struct tiny *t)
{
    srv_http_stop(t->http);
    /* Whatever happened to a request, the app was told that it is over, and once. */
    assert_int_equal(atomic_load(&t->released), atomic_load(&t->begun));
}

/* ----------------------------------------------------------------------------------- client -- */

void eventually(atomic_int *value, int want)
{
    for (int i = 0; i < 20000 && atomic_load(value) != want; i++)
        nap();
    assert_int_equal(atomic_load(value), want);
}

int client_dial(const char *address)
{
    struct srv_listen at = {0};
    struct timeval patience = {.tv_sec = 20};
    int fd, failure;

    assert_int_equal(srv_listen_parse(&at, address, NULL), SNN_OK);
    fd = socket(at.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&at.address, at.size) == 0)
        return fd;
    failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

void client_send(int fd, const void *bytes, size_t size)
{
    const char *from = bytes;

    while (size) {
        ssize_t n = send(fd, from, size, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the reply, or its absence, is what the test looks at */
        from += n;
        size -= (size_t)n;
    }
}

void client_say(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

/* Reads until `size` bytes are there or the connection ends. */
static size_t read_up_to(int fd, char *buffer, size_t have, size_t size)
{
    while (have < size) {
        ssize_t n = recv(fd, buffer + have, size - have, 0);

        if (n <= 0)
            break;
        have += (size_t)n;
    }
    return have;
}

struct reply client_read(int fd, bool head_only)
{
    struct reply r = {.buffer = calloc(1, 65536)};
    size_t have = 0, length = 0;
    const char *field;
    char *end = NULL;

    assert_non_null(r.buffer);
    r.head = r.body = r.buffer;
    while (!end && have < 16384 && read_up_to(fd, r.buffer, have, have + 1) > have)
        end =
            ++have >= 4 && memcmp(r.buffer + have - 4, "\r\n\r\n", 4) == 0 ? r.buffer + have : NULL;
    if (!end)
        return r;
    end[-1] = '\0'; /* the head keeps the line break of its last line */
    r.status = (int)strtol(r.buffer + strlen("HTTP/1.1 "), NULL, 10);
    field = strstr(r.buffer, "\r\nContent-Length: ");
    if (field && !head_only)
        length = strtoul(field + strlen("\r\nContent-Length: "), NULL, 10);
    assert_in_range(length, 0, 40000);
    r.body = end;
    r.size = read_up_to(fd, end, 0, length);
    assert_int_equal(r.size, length);
    return r;
}

bool client_closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);

    return n == 0 || (n < 0 && errno == ECONNRESET);
}

bool client_ends(int fd)
{
    char bytes[4096];
    ssize_t n;

    do {
        n = recv(fd, bytes, sizeof bytes, 0);
    } while (n > 0);
    return n == 0 || errno == ECONNRESET;
}

void reply_free(struct reply *r)
{
    free(r->buffer);
    *r = (struct reply){0};
}

struct reply ask(const struct tiny *t, const char *request)
{
    int fd = client_dial(t->address);
    struct reply r;

    assert_true(fd >= 0);
    client_say(fd, request);
    r = client_read(fd, strncmp(request, "HEAD ", 5) == 0);
    close(fd);
    return r;
}
