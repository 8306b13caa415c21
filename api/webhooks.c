/* SPDX-License-Identifier: MIT */
/* What was told of jobs' ends, or could not be. */
#include <stdlib.h>

#include "api/problem.h"
#include "server/webhook.h"

static json_t *hook_json(const struct srv_webhook *w)
{
    bool pending = w->state == SRV_WEBHOOK_pending;

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "id", w->id,
                     "object", "webhook", "job", w->job, "type", w->type, "url", api_text(w->url),
                     "state", srv_webhook_state_name(w->state), "created_at",
                     (json_int_t)w->created_at, "attempts", (json_int_t)w->attempts, "next_at",
                     pending ? json_integer(w->at) : json_null(), "settled_at",
                     pending ? json_null() : json_integer(w->at), "status", api_time(w->status),
                     "error", api_text_or_null(w->error));
}

/* ?state=; *out is -1 where there is none. False with the reply made. */
static bool query_state(struct api_call *c, int *out)
{
    const char *name = srv_request_query(c->req, "state");
    enum srv_webhook_state state;

    *out = -1;
    if (!name)
        return true;
    if (!srv_webhook_state_find(&state, name)) {
        api_refuse_query(c, "state", "unknown_name",
                         "state is \"%.40s\", want pending, delivered or dead", name);
        return false;
    }
    *out = (int)state;
    return true;
}

void api_webhooks_retry(struct api_call *c)
{
    struct srv_webhook hook;
    struct snn_error err = {0};
    enum snn_code rc;

    if (!api_no_fields(c))
        return;
    rc = srv_store_webhook_retry(c->api->options.store, c->param[0], &hook, &err);
    if (rc == SNN_OK)
        api_reply(c, 202, hook_json(&hook));
    else if (rc == SNN_INVALID)
        api_problem(c, 409, "illegal_transition", "%s", err.message);
    else
        api_error(c, &err);
}

void api_webhooks_list(struct api_call *c)
{
    static const char *const known[] = {"limit", "after", "state", NULL};
    struct srv_webhook *list = NULL;
    struct snn_error err = {0};
    int64_t limit, after;
    json_t *data = NULL;
    size_t n = 0;
    int state;

    if (!api_query_known(c, known) || !query_state(c, &state) ||
        !api_query_integer(c, "limit", 1, 100, 20, &limit) ||
        !api_query_integer(c, "after", 1, INT64_MAX, 0, &after))
        return;
    if (srv_store_webhook_list(c->api->options.store, state, after, (size_t)limit, &list, &n,
                               &err) != SNN_OK) {
        api_error(c, &err);
        return;
    }
    data = json_array();
    for (size_t i = 0; data && i < n; i++) {
        if (json_array_append_new(data, hook_json(&list[i])) != 0) {
            json_decref(data);
            data = NULL;
        }
    }
    api_reply(c, 200,
              data ? json_pack("{s:s, s:o, s:o, s:b}", "object", "list", "data", data, "last_id",
                               n ? json_integer(list[n - 1].seq) : json_null(), "has_more",
                               n == (size_t)limit)
                   : NULL);
    free(list);
}
