/* SPDX-License-Identifier: MIT */
/* What libmicrohttpd knows of a request's header, as a plain srv_request. */
#include <stdlib.h>
#include <string.h>

#include "server/clock.h"
#include "server/http_internal.h"

static const struct srv_fault embedded_nul = {400, "bad_request",
                                              "the header or the query has a NUL character"};

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

static void take_trace(struct srv_request *req)
{
    const char *given = srv_request_header(req, "traceparent");

    if (given && srv_check_trace(given))
        snprintf(req->trace, sizeof req->trace, "%s", given);
}

bool srv_http_take_head(struct exchange *x, struct MHD_Connection *connection)
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
    take_trace(req);
    length = srv_request_header(req, "Content-Length");
    if (length)
        req->content_length = strtoull(length, NULL, 10);
    else if (srv_request_header(req, "Transfer-Encoding"))
        req->content_length = UINT64_MAX;
    return whole;
}
