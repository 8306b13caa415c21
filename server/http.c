/* SPDX-License-Identifier: MIT */
/* libmicrohttpd's daemon and its callbacks. Of every request its handler is called first with the
 * header alone (a reply queued there closes the connection, so only refusals are), then with each
 * piece of the body, then once more for the reply. libmicrohttpd's own threads run all callbacks; a
 * request stays on one of them. */
#include "server/http_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/log.h"
#include "server/meter.h"

/* Bounds a request's line and header where http_check.c does not, and what is read of a body at a
 * time. */
#define CONNECTION_MEMORY ((size_t)64 * 1024)
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"
/* At the end streams have so long to tell their clients that there is no more. */
#define STREAM_END_MS 500

static const struct srv_fault no_memory = {503, "out_of_memory",
                                           "there is no memory for the request now"},
                              too_large = {413, "body_too_large", NULL};

/* --------------------------------------------------------------------------------- requests -- */

/* The header is in: refuses, or makes ready for the body. */
static enum MHD_Result start(struct exchange *x, struct MHD_Connection *connection,
                             const char *version)
{
    const struct srv_app *app = &x->http->app;
    struct srv_request *req = &x->req;
    struct srv_response res = {0};

    x->started = true;
    if (!srv_http_take_head(x, connection))
        return srv_http_refuse(x, connection, &no_memory);
    if (!x->fault)
        x->fault = srv_check_request(req, version ? version : "", x->http->hosts);
    if (x->fault)
        return srv_http_refuse(x, connection, x->fault);
    x->begun = true;
    if (!srv_watch_phase(&x->http->watch, x->watched, SRV_PHASE_BODY, 0))
        return MHD_NO;
    if (!app->begin(app->user, req, &res))
        return srv_http_decline(x, connection, &res);
    if (req->content_length == UINT64_MAX || req->content_length <= req->body_limit)
        return MHD_YES;
    return srv_http_decline_fault(x, connection, &too_large);
}

/* Whether the client has closed its side meanwhile: libmicrohttpd does not look at a connection
 * that waits. */
static bool has_gone(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd p = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};

    return poll(&p, 1, 0) > 0;
}

/* The body is in. */
static enum MHD_Result finish(struct exchange *x, struct MHD_Connection *connection)
{
    const struct srv_app *app = &x->http->app;
    struct srv_response res = {0};

    if (!srv_watch_phase(&x->http->watch, x->watched, SRV_PHASE_BUSY, 0))
        return MHD_NO;
    if (x->is_refused)
        return srv_http_send(x, connection, &x->refusal);
    if (x->body.over)
        return srv_http_refuse(x, connection, &too_large);
    if (x->body.no_memory)
        return srv_http_refuse(x, connection, &no_memory);
    if (x->wait_until_ms && has_gone(connection))
        return MHD_NO;
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

static struct srv_watched *watched_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static bool has_room(void *http)
{
    struct srv_http *h = http;

    return srv_watch_count(&h->watch) < h->watch.options.connections;
}

/* From the door to libmicrohttpd. It is on the list first: then the next one's share is known. */
static void take_connection(void *http, int fd, const struct sockaddr *from, socklen_t size)
{
    struct srv_http *h = http;
    struct srv_watched *c =
        srv_watch_admits(&h->watch, from) ? srv_watch_add(&h->watch, fd, from) : NULL;

    if (!c)
        close(fd);
    else if (MHD_add_connection(h->daemon, fd, from, size) != MHD_YES)
        srv_watch_remove(&h->watch, c); /* it has closed it */
}

static void on_connection(void *http, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct srv_http *h = http;
    const union MHD_ConnectionInfo *fd;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        srv_watch_remove(&h->watch, *context);
        *context = NULL;
        srv_accept_left(&h->door);
        return;
    }
    fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = srv_watch_find(&h->watch, fd->connect_fd);
}

/* First of all, with the line as it came in. What it returns is the request's object from then on.
 */
static void *on_target(void *http, const char *target, struct MHD_Connection *connection)
{
    struct exchange *x = calloc(1, sizeof *x);

    if (!x)
        return NULL;
    x->http = http;
    x->watched = watched_of(connection);
    x->start_us = srv_microseconds();
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
    srv_watch_received(&x->http->watch, x->watched, x->req.body_size);
    *size = 0;
    return MHD_YES;
}

static void log_access(const struct exchange *x, enum MHD_RequestTerminationCode why)
{
    char method[32], path[256];
    bool whole = why == MHD_REQUEST_TERMINATED_COMPLETED_OK;

    srv_log(x->status >= 500 ? SRV_LOG_info : SRV_LOG_debug, "request",
            "request_id=%s method=%s path=%s status=%d ms=%lld peer=%s token=%s%s%s%s",
            x->req.id[0] ? x->req.id : "-", srv_log_quote(method, sizeof method, x->req.method),
            srv_log_quote(path, sizeof path, x->req.path), x->status,
            (long long)x->req.microseconds / 1000, x->req.peer,
            x->req.token[0] ? x->req.token : "-", x->req.trace[0] ? " traceparent=" : "",
            x->req.trace, whole ? "" : " broken_off=true");
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
    srv_watch_phase(&x->http->watch, x->watched, SRV_PHASE_IDLE, 0);
    x->req.status = x->status;
    x->req.microseconds = srv_microseconds() - x->start_us;
    log_access(x, why);
    if (x->begun)
        x->http->app.release(x->http->app.user, &x->req);
    srv_pairs_free(&x->headers);
    srv_pairs_free(&x->query);
    srv_body_free(&x->body);
    srv_response_clear(&x->refusal);
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
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, http->tls.cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, http->tls.key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem none = {MHD_OPTION_END, 0, NULL};
    const unsigned threads = or_else(o->threads, 2);

    if (!http->tls.cert)
        tls[0] = none;
    /* STRICT_FOR_CLIENT 0: what 1 adds are a 400 for a missing Host, whose header block
     * libmicrohttpd sends twice, and silence for a space in the target; http_check.c refuses both
     * with a proper reply. The limit is of all threads together and would be shared out between
     * them; the door keeps the real one, so that here each may have it. */
    return MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
            MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (http->tls.cert ? MHD_USE_TLS : 0),
        0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT,
        threads * http->watch.options.connections, MHD_OPTION_CONNECTION_TIMEOUT,
        or_else(o->timeout_seconds, 30), MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
        MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_ARRAY, tls, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_URI_LOG_CALLBACK, on_target, http,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, http, MHD_OPTION_END);
}

static enum snn_code start_watch(struct srv_http *http, const struct srv_http_options *o,
                                 struct snn_error *err)
{
    const struct srv_watch_options options = {.head_ms = or_else(o->head_ms, 10000),
                                              .idle_ms = or_else(o->timeout_seconds, 30) * 1000,
                                              .grace_ms = or_else(o->grace_ms, 30000),
                                              .rate = or_else(o->rate, 1024),
                                              .connections = or_else(o->connections, 1024),
                                              .per_address = or_else(o->per_address, 256),
                                              .plain = !http->tls.cert};

    return srv_watch_start(&http->watch, &options, err);
}

enum snn_code srv_http_start(struct srv_http **out, const struct srv_http_options *options,
                             const struct srv_app *app, struct snn_error *err)
{
    struct srv_http *http = calloc(1, sizeof *http);
    enum snn_code rc = SNN_OK;

    if (!http)
        return snn_fail(err, SNN_NOMEM, "no memory for the HTTP server");
    http->app = *app;
    http->door = (struct srv_accept){.user = http, .room = has_room, .take = take_connection};
    http->late_ms = or_else(options->late_ms, 15000);
    snprintf(http->server_name, sizeof http->server_name, "%s",
             options->server_name ? options->server_name : "");
    rc = srv_waiting_start(&http->waiting, srv_http_resume, err);
    if (rc == SNN_OK)
        rc = srv_tls_read(&http->tls, options->tls_cert, options->tls_key, err);
    if (rc == SNN_OK)
        rc = start_watch(http, options, err);
    if (rc == SNN_OK)
        rc = srv_listen_parse(&http->at, options->listen, err);
    snprintf(http->hosts, sizeof http->hosts, "%s,%s", http->at.host,
             options->allow_hosts ? options->allow_hosts : "");
    if (rc == SNN_OK)
        rc = srv_listen_open(&http->door.listen_fd, &http->at, err);
    if (rc != SNN_OK)
        goto out;
    srv_listen_name(http->address, http->door.listen_fd);
    http->daemon = start_daemon(http, options);
    if (!http->daemon) {
        rc = snn_fail(err, SNN_IO, "cannot serve %s: libmicrohttpd did not start: %s",
                      http->address, strerror(errno));
        close(http->door.listen_fd);
        goto out;
    }
    rc = srv_accept_start(&http->door, err);
    if (rc != SNN_OK)
        goto out;
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

const char *srv_http_scheme(const struct srv_http *http)
{
    return http->tls.cert ? "https" : "http";
}

size_t srv_http_connections(struct srv_http *http)
{
    return srv_watch_count(&http->watch);
}

void srv_http_drain(struct srv_http *http)
{
    if (!http->daemon || atomic_exchange(&http->draining, true))
        return;
    srv_accept_close(&http->door);
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
    srv_accept_end(&http->door);
    srv_watch_stop(&http->watch);
    srv_waiting_stop(&http->waiting);
    srv_tls_free(&http->tls);
    free(http);
}
