/* SPDX-License-Identifier: MIT */
/* GET /v1/jobs/{job}/events: what happened to a job, in order. */
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/problem.h"

#define MAX_EVENTS 1000
#define DEFAULT_EVENTS 100

/* An Accept that names the event stream and nothing a page could be. */
static bool wants_stream_only(const struct srv_request *req)
{
    const char *accept = srv_request_header(req, "Accept");

    return accept && strstr(accept, "text/event-stream") && !strstr(accept, "application/json") &&
           !strstr(accept, "application/*") && !strstr(accept, "*/*");
}

/* -1 = does not apply */
static json_t *count(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

static json_t *event_json(const struct srv_event *e)
{
    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "object", "event", "seq",
                     (json_int_t)e->seq, "at", (json_int_t)e->at, "type", api_text(e->type),
                     "message", api_text(e->message), "step", count(e->step), "epoch",
                     count(e->epoch));
}

/* The ids are the events' numbers: what `after` takes. */
static json_t *page_json(const struct srv_event *events, size_t n, bool has_more)
{
    json_t *data = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(data, event_json(&events[i])) != 0) {
            json_decref(data);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:b}", "object", "list", "first_id",
                     n ? json_integer(events[0].seq) : json_null(), "last_id",
                     n ? json_integer(events[n - 1].seq) : json_null(), "data", data, "has_more",
                     has_more);
}

static void reply_page(struct api_call *c, const char *job, int64_t after, size_t limit)
{
    struct snn_error err = {.code = SNN_OK};
    struct srv_event *events = NULL;
    bool has_more = false;
    size_t n = 0;

    if (srv_store_event_list(c->api->options.store, job, after, limit, &events, &n, &has_more,
                             &err) != SNN_OK)
        api_error(c, &err);
    else
        api_reply(c, 200, page_json(events, n, has_more));
    free(events);
}

void api_jobs_events(struct api_call *c)
{
    static const char *const known[] = {"after", "limit", NULL};
    int64_t after, limit;
    struct srv_job job;

    if (!api_query_known(c, known) || !api_query_integer(c, "after", 0, INT64_MAX, 0, &after) ||
        !api_query_integer(c, "limit", 1, MAX_EVENTS, DEFAULT_EVENTS, &limit) ||
        !api_find_job(c, &job))
        return;
    if (wants_stream_only(c->req))
        api_problem(c, 406, "not_acceptable",
                    "events are served as application/json; text/event-stream is not");
    else
        reply_page(c, job.id, after, (size_t)limit);
    srv_job_clear(&job);
}
