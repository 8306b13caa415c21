/* SPDX-License-Identifier: MIT */
/*
 * HTTP in, HTTP out: the only file that knows libmicrohttpd is http.c. It turns a connection into a
 * plain srv_request (no hidden state, so handlers are tested as functions), enforces the limits of
 * size and form, and sends a plain srv_response. What the paths mean is the app's business.
 */
#ifndef SPIKED_SERVER_HTTP_H
#define SPIKED_SERVER_HTTP_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/snn.h"
#include "server/job.h"

struct srv_pair {
    const char *name,
        *value; /* value is "" where the wire had none; both percent-decoded in a query */
};

/* Where the bytes of a streamed body go. Set by the app's begin; called by the connection's thread.
 */
struct srv_sink {
    void *user;
    /* False: it failed; the rest of the body is read and dropped, and finish tells the client. */
    bool (*write)(void *user, const void *bytes, size_t n);
};

struct srv_request {
    const char *method; /* "GET", ... ; HEAD arrives as "HEAD" */
    const char *path;   /* percent-decoded, without the query; never contains a NUL */
    const struct srv_pair *headers, *query; /* in the order received; header names as received */
    size_t n_headers, n_query;
    uint64_t content_length;    /* UINT64_MAX when unknown (chunked) */
    const void *body;           /* whole, for finish, unless it went to the sink; NUL-terminated */
    size_t body_size;           /* bytes received, also when streamed */
    char id[64];                /* X-Request-Id as received (if it was fit) or made here; echoed */
    char trace[SRV_TRACE_SIZE]; /* traceparent as received, if it was one; "" = none */
    char peer[INET6_ADDRSTRLEN];
    /* For the app: */
    char token[33];       /* set by begin: the name of who asks, for the log; "" = nobody known */
    uint64_t body_limit;  /* bytes; set by begin; beyond it the answer is 413 */
    struct srv_sink sink; /* set by begin: the body is streamed, not kept */
    void *app;            /* whatever begin needs to remember; freed by release */
    int status;           /* for release: of the answer, 0 = there was none */
    int64_t microseconds; /* for release: since its first line came */
    bool may_wait;        /* finish may put its answer off (srv_response.wait_ms) */
};

/* First value of that name, case-insensitive for headers; NULL if there is none. */
const char *srv_request_header(const struct srv_request *req, const char *name);
const char *srv_request_query(const struct srv_request *req, const char *name);

#define SRV_MAX_HEADERS 16

/* A body that is made as it is sent, and may have pauses. Of one connection; called by http's
 * threads, one at a time. */
struct srv_stream {
    void *user;
    /* Writes at most `room` bytes and returns how many. 0: there is nothing now (ask again after
     * news), or with *end set: nothing more. `late`: nothing was sent for so long that the client
     * may think it is dead. Ended by http itself when it drains. */
    size_t (*read)(void *user, char *to, size_t room, bool late, bool *end);
    void (*free)(void *user);
};

struct srv_response {
    int status;
    struct {
        char name[40], value[216];
    } headers[SRV_MAX_HEADERS];
    size_t n_headers;
    char *body; /* malloc'ed, owned; NULL = none */
    size_t size;
    int fd; /* > 0: the body is this file's bytes offset..offset+size, owned; body is NULL */
    uint64_t offset;
    struct srv_stream stream; /* read is not NULL: the body is a stream, owned; of `size` bytes, 0 =
                                 nobody knows. One that ends before is broken off. */
    /* > 0: this is no answer yet. finish is called again after news, so many ms from the first call
     * at the latest, and then with may_wait false. Nothing else of the response counts. */
    int64_t wait_ms;
};

/* Sets or replaces a header. The value is formatted and cut at 215 bytes; CR and LF cannot get in.
 */
void srv_response_header(struct srv_response *res, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes over `body` (malloc'ed). */
void srv_response_body(struct srv_response *res, int status, const char *content_type, char *body,
                       size_t size);
void srv_response_clear(struct srv_response *res);

struct srv_app {
    void *user;
    /* The header is in, no byte of the body. Sets body_limit and perhaps sink. False: `res` is the
     * answer and the connection closes. Called once for every request that is well formed. @thread
     * http */
    bool (*begin)(void *user, struct srv_request *req, struct srv_response *res);
    /* The body is in: fills `res`. */
    void (*finish)(void *user, struct srv_request *req, struct srv_response *res);
    /* The request is over, answered or broken off. Called once after begin, whatever happened. */
    void (*release)(void *user, struct srv_request *req);
    /* Renders an error that http itself found (400, 413, 431, 503...), in the app's own format. */
    void (*reject)(void *user, int status, const char *code, const char *detail,
                   const struct srv_request *req, struct srv_response *res);
};

struct srv_http_options {
    const char *listen;             /* "127.0.0.1:8080", "[::1]:0", ... */
    unsigned threads;               /* of the pool; 2 */
    unsigned connections;           /* in all; 1024 */
    unsigned per_address;           /* from one address but this machine's own; 256 */
    unsigned timeout_seconds;       /* of inactivity; 30 */
    unsigned head_ms;               /* for a request's line and header; 10,000 */
    unsigned grace_ms;              /* for a body or a reply, before its rate counts; 30,000 */
    unsigned rate;                  /* bytes a second of those, on average and at least; 1024 */
    const char *tls_cert, *tls_key; /* PEM files; NULL or "" = plain HTTP */
    unsigned late_ms;               /* a stream that sent nothing for so long says so; 15,000 */
    const char *allow_hosts; /* names beside the listen address, divided by commas; NULL = none */
    const char *server_name; /* "spiked/0.1.0" */
};

/* Whether only this machine can reach it; false for what is no address. @thread any */
bool srv_listen_is_loopback(const char *listen);

struct srv_http;
enum snn_code srv_http_start(struct srv_http **out, const struct srv_http_options *options,
                             const struct srv_app *app, struct snn_error *err);
/* "http" or "https". */
const char *srv_http_scheme(const struct srv_http *http);
/* Connections that are open. @thread any */
size_t srv_http_connections(struct srv_http *http);
/* "127.0.0.1:41873": the address in use, with the real port. */
const char *srv_http_address(const struct srv_http *http);
/* Something has changed that streams and waiting requests may be about. @thread any */
void srv_http_news(void *http);
/* Refuses new connections at once, answers what is being asked with Connection: close. */
void srv_http_drain(struct srv_http *http);
/* Ends what is left and frees. Accepts NULL. */
void srv_http_stop(struct srv_http *http);

#endif
