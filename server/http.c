/* SPDX-License-Identifier: MIT */
/* libmicrohttpd's daemon and its callbacks. Of every request its handler is called first with the
 * header alone (a reply queued there closes the connection, so only refusals are), then with each
 * piece of the body, then once more for the reply. libmicrohttpd's own threads run all callbacks; a
 * request stays on one of them. */
#include "server/http_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/log.h"

/* Bounds a request's line and header, and what is read of a body at a time. */
#define CONNECTION_MEMORY ((size_t)32 * 1024)
/* At the end streams have so long to tell their clients that there is no more. */
#define STREAM_END_MS 500

static const struct srv_fault no_memory = {503, "out_of_memory",
                                           "there is no memory for the request now"},
                              embedded_nul = {400, "bad_request",
                                              "the header or the query has a NUL character"},
                              too_large = {413, "body_too_large", NULL};

static enum MHD_Result refuse(struct exchange *x, struct MHD_Connection *connection,
                              const struct srv_fault *fault)
{
    const struct srv_app *app = &x->http->app;
    struct srv_response res = {0};
    char limit[96];

    snprintf(limit, sizeof limit, "the body may have at most %llu bytes here",
             (unsigned long long)x->req.body_limit);
    app->reject(app->user, fault->status, fault->code, fault->detail ? fault->detail : limit,
                &x->req, &res);
    return srv_http_send(x, connection, &res);
}

/* --------------------------------------------------------------------------------- requests -- */

struct list {
    struct exchange *exchange;
    struct srv_pairs *pairs;
};

static enum MHD_Result take_pair(void *list, enum MHD_ValueKind kind, const char *name,
                                 size_t name_size, const char *value, size_t value_size)
{
    const struct list *l = list;

    (void)kind;
    if (!name || strlen(name) != name_size || (value && strlen(value) != value_size))
        l->exchange->fault = &embedded_nul;
    else if (!srv_pairs_add(l->pairs, name, value ? value : ""))
        l->exchange->incomplete = true;
    return MHD_YES;
}

static bool take_pairs(struct exchange *x, struct MHD_Connection *connection,
                       enum MHD_ValueKind kind, struct srv_pairs *pairs)
{
    struct list list = {x, pairs};
    int n = MHD_get_connection_values(connection, kind, NULL, NULL);

    if (n < 0 || !srv_pairs_reserve(pairs, (size_t)n))
        return false;
    MHD_get_connection_values_n(connection, kind, take_pair, &list);
    return !x->incomplete;
}

static void take_id(struct srv_request *req)
{
    const char *given = srv_request_header(req, "X-Request-Id");

    if (given && srv_check_id(given))
        snprintf(req->id, sizeof req->id, "%s", given);
    else
        srv_id_make(req->id, "req_");
}

/* False when there is no memory. */
static bool take_head(struct exchange *x, struct MHD_Connection *connection)
{
    struct srv_request *req = &x->req;
    bool whole = take_pairs(x, connection, MHD_HEADER_KIND, &x->headers) &&
                 take_pairs(x, connection, MHD_GET_ARGUMENT_KIND, &x->query);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const char *length;

    req->headers = x->headers.rows;
    req->n_headers = x->headers.count;
    req->query = x->query.rows;
    req->n_query = x->query.count;
    req->body = "";
    if (info)
        srv_listen_peer(req->peer, info->client_addr);
    take_id(req);
    length = srv_request_header(req, "Content-Length");
    if (length)
        req->content_length = strtoull(length, NULL, 10);
    else if (srv_request_header(req, "Transfer-Encoding"))
        req->content_length = UINT64_MAX;
    return whole;
}

/* The header is in: refuses, or makes ready for the body. */
static enum MHD_Result start(struct exchange *x, struct MHD_Connection *connection,
                             const char *version)
{
    const struct srv_app *app = &x->http->app;
    struct srv_request *req = &x->req;
    struct srv_response res = {0};

    x->started = true;
    if (!take_head(x, connection))
        return refuse(x, connection, &no_memory);
    if (!x->fault)
        x->fault = srv_check_request(req, version ? version : "", x->http->hosts);
    if (x->fault)
        return refuse(x, connection, x->fault);
    x->begun = true;
    if (!app->begin(app->user, req, &res))
        return srv_http_send(x, connection, &res);
    if (req->content_length != UINT64_MAX && req->content_length > req->body_limit)
        return refuse(x, connection, &too_large);
    return MHD_YES;
}

/* The body is in. */
static enum MHD_Result finish(struct exchange *x, struct MHD_Connection *connection)
{
    const struct srv_app *app = &x->http->app;
    struct srv_response res = {0};

    if (x->body.over)
        return refuse(x, connection, &too_large);
    if (x->body.no_memory)
        return refuse(x, connection, &no_memory);
    for (;;) {
        uint64_t seen = srv_waiting_seen(&x->http->waiting);
        int64_t now = srv_system_clock.monotonic_ms();

        x->req.may_wait =
            srv_waiting_open(&x->http->waiting) && (!x->wait_until_ms || now < x->wait_until_ms);
        app->finish(app->user, &x->req, &res);
        if (res.wait_ms <= 0 || !x->req.may_wait)
            break;
        if (!x->wait_until_ms)
            x->wait_until_ms = now + res.wait_ms;
        srv_response_clear(&res);
        if (srv_waiting_suspend(&x->http->waiting, &x->waiter, seen, x->wait_until_ms,
                                srv_http_suspend, connection))
            return MHD_YES; /* called again when it goes on */
    }
    return srv_http_send(x, connection, &res);
}

/* -------------------------------------------------------------------------------- callbacks -- */

/* First of all, with the line as it came in. What it returns is the request's object from then on.
 */
static void *on_target(void *http, const char *target, struct MHD_Connection *connection)
{
    struct exchange *x = calloc(1, sizeof *x);

    (void)connection;
    if (!x)
        return NULL;
    x->http = http;
    x->start_ms = srv_system_clock.monotonic_ms();
    x->fault = srv_check_target(target ? target : "");
    return x;
}

static enum MHD_Result on_request(void *http, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *size, void **object)
{
    struct exchange *x = *object;

    (void)http;
    if (!x)
        return MHD_NO;
    if (!x->started) {
        x->req.method = method;
        x->req.path = url ? url : "";
        return start(x, connection, version);
    }
    if (!*size)
        return finish(x, connection);
    srv_body_take(&x->body, &x->req, bytes, *size);
    *size = 0;
    return MHD_YES;
}

static void log_access(const struct exchange *x, enum MHD_RequestTerminationCode why)
{
    char method[32], path[256];
    bool whole = why == MHD_REQUEST_TERMINATED_COMPLETED_OK;

    srv_log(x->status >= 500 ? SRV_LOG_info : SRV_LOG_debug, "request",
            "request_id=%s method=%s path=%s status=%d ms=%lld peer=%s token=%s%s",
            x->req.id[0] ? x->req.id : "-", srv_log_quote(method, sizeof method, x->req.method),
            srv_log_quote(path, sizeof path, x->req.path), x->status,
            (long long)(srv_system_clock.monotonic_ms() - x->start_ms), x->req.peer,
            x->req.token[0] ? x->req.token : "-", whole ? "" : " broken_off=true");
}

static void on_end(void *http, struct MHD_Connection *connection, void **object,
                   enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *object;

    (void)http;
    (void)connection;
    if (!x)
        return;
    *object = NULL;
    log_access(x, why);
    if (x->begun)
        x->http->app.release(x->http->app.user, &x->req);
    srv_pairs_free(&x->headers);
    srv_pairs_free(&x->query);
    srv_body_free(&x->body);
    free(x);
}

static void on_log(void *http, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void on_log(void *http, const char *format, va_list args)
{
    char text[256], quoted[512];

    (void)http;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    srv_log(SRV_LOG_debug, "libmicrohttpd", "text=%s", srv_log_quote(quoted, sizeof quoted, text));
}

/* ------------------------------------------------------------------------- start and finish -- */

static unsigned or_else(unsigned value, unsigned otherwise)
{
    return value ? value : otherwise;
}

static struct MHD_Daemon *start_daemon(struct srv_http *http, const struct srv_http_options *o)
{
    /* ALLOW_SUSPEND_RESUME has ITC with it, without which the daemon cannot be quiesced.
     * STRICT_FOR_CLIENT 0: what 1 adds are a 400 for a missing Host, whose header block
     * libmicrohttpd sends twice, and silence for a space in the target; http_check.c refuses both
     * with a proper reply. */
    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL |
                                MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
                            0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log,
                            NULL, MHD_OPTION_LISTEN_SOCKET, http->listen_fd,
                            MHD_OPTION_THREAD_POOL_SIZE, or_else(o->threads, 2),
                            MHD_OPTION_CONNECTION_LIMIT, or_else(o->connections, 1024),
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT, or_else(o->per_address, 256),
                            MHD_OPTION_CONNECTION_TIMEOUT, or_else(o->timeout_seconds, 30),
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
                            MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_URI_LOG_CALLBACK, on_target,
                            http, MHD_OPTION_NOTIFY_COMPLETED, on_end, http, MHD_OPTION_END);
}

enum snn_code srv_http_start(struct srv_http **out, const struct srv_http_options *options,
                             const struct srv_app *app, struct snn_error *err)
{
    struct srv_http *http = calloc(1, sizeof *http);
    enum snn_code rc = SNN_OK;

    if (!http)
        return snn_fail(err, SNN_NOMEM, "no memory for the HTTP server");
    http->app = *app;
    http->listen_fd = -1;
    http->late_ms = or_else(options->late_ms, 15000);
    snprintf(http->server_name, sizeof http->server_name, "%s",
             options->server_name ? options->server_name : "");
    rc = srv_waiting_start(&http->waiting, srv_http_resume, err);
    if (rc == SNN_OK)
        rc = srv_listen_parse(&http->at, options->listen, err);
    snprintf(http->hosts, sizeof http->hosts, "%s,%s", http->at.host,
             options->allow_hosts ? options->allow_hosts : "");
    if (rc == SNN_OK)
        rc = srv_listen_open(&http->listen_fd, &http->at, err);
    if (rc != SNN_OK)
        goto out;
    srv_listen_name(http->address, http->listen_fd);
    http->daemon = start_daemon(http, options);
    if (!http->daemon) {
        rc = snn_fail(err, SNN_IO, "cannot serve %s: libmicrohttpd did not start: %s",
                      http->address, strerror(errno));
        goto out;
    }
    *out = http;
    http = NULL; /* now the caller's */
out:
    srv_http_stop(http);
    return rc;
}

const char *srv_http_address(const struct srv_http *http)
{
    return http->address;
}

void srv_http_drain(struct srv_http *http)
{
    if (!http->daemon || atomic_exchange(&http->draining, true))
        return;
    MHD_quiesce_daemon(http->daemon);
    /* The kernel goes on accepting for a socket that nobody asks: clients would hang, not be
     * refused. */
    shutdown(http->listen_fd, SHUT_RDWR);
    /* libmicrohttpd ends the process where it is stopped with connections suspended: all go on, and
     * from here on none is suspended. */
    srv_waiting_drain(&http->waiting);
}

void srv_http_news(void *http)
{
    srv_waiting_news(&((struct srv_http *)http)->waiting);
}

void srv_http_stop(struct srv_http *http)
{
    if (!http)
        return;
    srv_http_drain(http);
    /* So that clients see streams end, not break. */
    for (int i = 0; i < STREAM_END_MS && atomic_load(&http->streams) > 0; i++)
        nanosleep(&(const struct timespec){.tv_nsec = 1000000}, NULL);
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    srv_waiting_stop(&http->waiting);
    /* A quiesced daemon leaves its socket to us; its threads may look at it until they have ended.
     */
    if (http->listen_fd >= 0)
        close(http->listen_fd);
    free(http);
}
