/* SPDX-License-Identifier: MIT */
/* Responses as libmicrohttpd wants them: from memory, from a file, or made as they are sent. */
#include <stdlib.h>

#include "server/clock.h"
#include "server/http_internal.h"
#include "server/log.h"

/* What a stream is asked for at a time. */
#define STREAM_BLOCK 4096
#define LONG_STREAM_BLOCK 65536

/* ---------------------------------------------------------------------------------- streams -- */

/* A response that goes on; lives until libmicrohttpd is done with it. */
struct stream {
    struct srv_http *http;
    struct MHD_Connection *connection;
    struct srv_stream app;
    struct srv_waiter waiter;
    int64_t late_ms; /* when the client may think it is dead */
};

void srv_http_suspend(void *connection)
{
    MHD_suspend_connection(connection);
}

void srv_http_resume(void *connection)
{
    MHD_resume_connection(connection);
}

static ssize_t read_stream(void *stream, uint64_t position, char *to, size_t room)
{
    struct stream *s = stream;
    struct srv_waiting *waiting = &s->http->waiting;

    (void)position;
    while (srv_waiting_open(waiting)) {
        uint64_t seen = srv_waiting_seen(waiting);
        int64_t now = srv_system_clock.monotonic_ms();
        bool end = false;
        size_t n = s->app.read(s->app.user, to, room, now >= s->late_ms, &end);

        if (n > 0) {
            s->late_ms = now + s->http->late_ms;
            return (ssize_t)n;
        }
        if (end)
            break;
        if (srv_waiting_suspend(waiting, &s->waiter, seen, s->late_ms, srv_http_suspend,
                                s->connection))
            return 0;
    }
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_stream(void *stream)
{
    struct stream *s = stream;

    s->app.free(s->app.user);
    atomic_fetch_sub(&s->http->streams, 1);
    free(s);
}

static struct MHD_Response *make_stream(const struct exchange *x, struct MHD_Connection *connection,
                                        struct srv_response *res)
{
    struct stream *s = calloc(1, sizeof *s);
    struct MHD_Response *out;

    if (!s)
        return NULL;
    s->http = x->http;
    s->connection = connection;
    s->app = res->stream;
    s->late_ms = srv_system_clock.monotonic_ms() + x->http->late_ms;
    out = MHD_create_response_from_callback(res->size ? res->size : MHD_SIZE_UNKNOWN,
                                            res->size ? LONG_STREAM_BLOCK : STREAM_BLOCK,
                                            read_stream, s, free_stream);
    if (!out) {
        free(s);
        return NULL;
    }
    res->stream.read = NULL;
    atomic_fetch_add(&x->http->streams, 1);
    return out;
}

/* ---------------------------------------------------------------------------------- replies -- */

/* The body, the file or the stream becomes libmicrohttpd's. */
static struct MHD_Response *
make_response(const struct exchange *x, struct MHD_Connection *connection, struct srv_response *res)
{
    static char nothing[1];
    struct MHD_Response *out;

    if (res->stream.read)
        return make_stream(x, connection, res);
    if (res->fd > 0) {
        out = MHD_create_response_from_fd_at_offset64(res->size, res->fd, res->offset);
        if (out)
            res->fd = 0;
        return out;
    }
    if (!res->body)
        return MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    out = MHD_create_response_from_buffer(res->size, res->body, MHD_RESPMEM_MUST_FREE);
    if (out)
        res->body = NULL;
    return out;
}

static bool add_headers(struct MHD_Response *out, const struct exchange *x,
                        const struct srv_response *res)
{
    struct srv_pair headers[SRV_RESPONSE_PAIRS];
    size_t n = srv_response_pairs(headers, res, x->http->server_name, x->req.id,
                                  x->is_refused || atomic_load(&x->http->draining));

    for (size_t i = 0; i < n; i++)
        if (MHD_add_response_header(out, headers[i].name, headers[i].value) != MHD_YES)
            return false;
    return true;
}

enum MHD_Result srv_http_send(struct exchange *x, struct MHD_Connection *connection,
                              struct srv_response *res)
{
    enum MHD_Result sent = MHD_NO;
    struct MHD_Response *out;

    if (!srv_watch_phase(&x->http->watch, x->watched,
                         res->stream.read && !res->size ? SRV_PHASE_BUSY : SRV_PHASE_REPLY,
                         res->size)) {
        srv_response_clear(res);
        return MHD_NO;
    }
    x->status = res->status >= 200 && res->status <= 599 ? res->status : 500;
    out = make_response(x, connection, res);
    if (out && add_headers(out, x, res))
        sent = MHD_queue_response(connection, (unsigned)x->status, out);
    if (sent != MHD_YES)
        srv_log(SRV_LOG_error, "reply_not_sent", "request_id=%s status=%d", x->req.id, x->status);
    if (out)
        MHD_destroy_response(out);
    srv_response_clear(res);
    return sent;
}
