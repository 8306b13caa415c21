/* SPDX-License-Identifier: MIT */
/* Requests that are refused without the app's having had their body. The connection is closed
 * after the answer: what else the client has sent on it is not looked at. */
#include "server/http_internal.h"

#include <stdio.h>

#include "server/meter.h"

/* Bodies up to this are read although they are refused. */
#define REFUSED_BYTES ((uint64_t)16 << 20)

static void describe(struct exchange *x, const struct srv_fault *fault, struct srv_response *res)
{
    const struct srv_app *app = &x->http->app;
    char limit[96];

    snprintf(limit, sizeof limit, "the body may have at most %llu bytes here",
             (unsigned long long)x->req.body_limit);
    srv_count(fault->status == 413 || fault->status == 414 || fault->status == 431
                  ? SRV_COUNTER_rejected_large
                  : SRV_COUNTER_rejected_malformed,
              1);
    app->reject(app->user, fault->status, fault->code, fault->detail ? fault->detail : limit,
                &x->req, res);
}

enum MHD_Result srv_http_refuse(struct exchange *x, struct MHD_Connection *connection,
                                const struct srv_fault *fault)
{
    struct srv_response res = {0};

    describe(x, fault, &res);
    return srv_http_send(x, connection, &res);
}

enum MHD_Result srv_http_decline(struct exchange *x, struct MHD_Connection *connection,
                                 struct srv_response *res)
{
    const struct srv_request *req = &x->req;

    if (req->content_length == 0 || req->content_length > REFUSED_BYTES ||
        srv_request_header(req, "Expect"))
        return srv_http_send(x, connection, res);
    x->refusal = *res;
    x->is_refused = x->body.over = true;
    return MHD_YES;
}

enum MHD_Result srv_http_decline_fault(struct exchange *x, struct MHD_Connection *connection,
                                       const struct srv_fault *fault)
{
    struct srv_response res = {0};

    describe(x, fault, &res);
    return srv_http_decline(x, connection, &res);
}
