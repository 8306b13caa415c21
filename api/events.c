/* SPDX-License-Identifier: MIT */
/* GET /v1/jobs/{job}/events and /v1/events: what happened, in order. */
#include <stdlib.h>
#include <string.h>

#include "api/event_json.h"
#include "api/problem.h"
#include "api/stream.h"

#define MAX_EVENTS 1000
#define DEFAULT_EVENTS 100

/* -1 = does not apply */
static json_t *count(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

json_t *api_event_json(const struct srv_event *e)
{
    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "object", "event", "seq",
                     (json_int_t)e->seq, "at", (json_int_t)e->at, "type", api_text(e->type),
                     "message", api_text(e->message), "step", count(e->step), "epoch",
                     count(e->epoch));
}

json_t *api_job_event_json(const struct srv_job_event *e)
{
    json_t *event = api_event_json(&e->event);

    if (json_object_set_new(event, "job", json_string(e->job)) != 0 ||
        json_object_set_new(event, "number", json_integer(e->number)) != 0) {
        json_decref(event);
        return NULL;
    }
    return event;
}

/* The ids are the events' numbers: what `after` takes. */
static json_t *page_json(const struct srv_event *events, size_t n, bool has_more)
{
    json_t *data = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(data, api_event_json(&events[i])) != 0) {
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
    char ids[1][SRV_ID_SIZE];
    int64_t after, limit;
    struct srv_job job;

    if (!api_query_known(c, known) || !api_stream_after(c, &after) ||
        !api_query_integer(c, "limit", 1, MAX_EVENTS, DEFAULT_EVENTS, &limit) ||
        !api_find_job(c, &job))
        return;
    memcpy(ids[0], job.id, SRV_ID_SIZE);
    if (api_stream_wanted(c->req))
        api_stream_open(c, (const char(*)[SRV_ID_SIZE])ids, 1, true, after);
    else
        reply_page(c, job.id, after, (size_t)limit);
    srv_job_clear(&job);
}

/* ------------------------------------------------------------------------------- many jobs -- */

/* ?jobs=a,b: none given is all there are. False with the reply made. */
static bool query_jobs(struct api_call *c, char ids[API_STREAM_JOBS][SRV_ID_SIZE], size_t *n)
{
    const char *list = srv_request_query(c->req, "jobs");

    *n = 0;
    while (list && *list) {
        size_t size = strcspn(list, ",");
        struct srv_job job = {0};

        if (*n == API_STREAM_JOBS) {
            api_refuse_query(c, "jobs", "out_of_range", "want at most %d jobs", API_STREAM_JOBS);
            return false;
        }
        snprintf(ids[*n], SRV_ID_SIZE, "%.*s", (int)(size < SRV_ID_SIZE ? size : 0), list);
        if (srv_store_job_get(c->api->options.store, ids[*n], &job, NULL) != SNN_OK) {
            api_refuse_query(c, "jobs", "unknown_name", "there is no job \"%.*s\"",
                             (int)(size < 60 ? size : 60), list);
            return false;
        }
        srv_job_clear(&job);
        ++*n;
        list += size;
        list += *list == ',';
    }
    return true;
}

static bool is_among(char ids[API_STREAM_JOBS][SRV_ID_SIZE], size_t n, const char *job)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(ids[i], job) == 0)
            return true;
    return n == 0;
}

/* The page ends where the events that were looked at end, whoever they are of. */
static json_t *all_json(char ids[API_STREAM_JOBS][SRV_ID_SIZE], size_t n_ids,
                        const struct srv_job_event *events, size_t n, int64_t after, bool has_more)
{
    json_t *data = json_array();

    for (size_t i = 0; i < n; i++) {
        after = events[i].number;
        if (!is_among(ids, n_ids, events[i].job))
            continue;
        if (json_array_append_new(data, api_job_event_json(&events[i])) != 0) {
            json_decref(data);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o, s:I, s:b}", "object", "list", "data", data, "last_id",
                     (json_int_t)after, "has_more", has_more);
}

/* ?after=latest: what has happened so far is known. False with the reply made. */
static bool query_after(struct api_call *c, int64_t *after)
{
    const char *text = srv_request_query(c->req, "after");
    struct snn_error err = {.code = SNN_OK};

    if (!text || strcmp(text, "latest") != 0 || srv_request_header(c->req, "Last-Event-ID"))
        return api_stream_after(c, after);
    if (srv_store_event_last(c->api->options.store, after, &err) == SNN_OK)
        return true;
    api_error(c, &err);
    return false;
}

void api_events_all(struct api_call *c)
{
    static const char *const known[] = {"after", "limit", "jobs", NULL};
    char ids[API_STREAM_JOBS][SRV_ID_SIZE];
    struct snn_error err = {.code = SNN_OK};
    struct srv_job_event *events = NULL;
    int64_t after, limit;
    size_t n = 0, found = 0;

    if (!api_query_known(c, known) || !query_after(c, &after) ||
        !api_query_integer(c, "limit", 1, MAX_EVENTS, DEFAULT_EVENTS, &limit) ||
        !query_jobs(c, ids, &n))
        return;
    if (api_stream_wanted(c->req)) {
        api_stream_open(c, (const char(*)[SRV_ID_SIZE])ids, n, false, after);
        return;
    }
    if (srv_store_event_list_all(c->api->options.store, after, (size_t)limit, &events, &found,
                                 &err) != SNN_OK)
        api_error(c, &err);
    else
        api_reply(c, 200, all_json(ids, n, events, found, after, found == (size_t)limit));
    free(events);
}
