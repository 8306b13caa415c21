/* SPDX-License-Identifier: MIT */
/* Whether the process lives, and whether it can take jobs. */
#include "api/call.h"

void api_livez(struct api_call *c)
{
    api_reply(c, 200, json_pack("{s:s}", "status", "ok"));
}

void api_readyz(struct api_call *c)
{
    struct snn_error err = {0};

    srv_response_header(c->res, "Cache-Control", "no-store");
    if (atomic_load(&c->api->draining)) {
        api_problem(c, 503, "draining", "the daemon is stopping");
        return;
    }
    if (srv_store_ping(c->api->options.store, &err) != SNN_OK) {
        api_problem(c, 503, "not_ready", "the database does not answer: %s", err.message);
        return;
    }
    api_reply(c, 200, json_pack("{s:s}", "status", "ok"));
}
