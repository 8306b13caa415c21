/* SPDX-License-Identifier: MIT */
/* GET /v1/webhooks: what was told of jobs' ends, or could not be. */
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

void api_webhooks_list(struct api_call *c)
{
    static const char *const known[] = {"limit", "after", NULL};
    struct srv_webhook *list = NULL;
    struct snn_error err = {0};
    int64_t limit, after;
    json_t *data = NULL;
    size_t n = 0;

    if (!api_query_known(c, known) || !api_query_integer(c, "limit", 1, 100, 20, &limit) ||
        !api_query_integer(c, "after", 1, INT64_MAX, 0, &after))
        return;
    if (srv_store_webhook_list(c->api->options.store, after, (size_t)limit, &list, &n, &err) !=
        SNN_OK) {
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
