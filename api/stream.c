/* SPDX-License-Identifier: MIT */
/* Events as text/event-stream, of one job or of several. A stream holds its place in the stored
 * events and at most one text to be sent: what a slow client has not read yet stays in the
 * database. */
#include "api/stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/dump.h"
#include "api/event_json.h"
#include "api/job_object.h"
#include "api/problem.h"

#define EVENTS_AT_A_TIME 16
#define MAX_STREAMS 512
#define FULL_RETRY_SECONDS 10

struct watched {
    char id[SRV_ID_SIZE];
    int64_t version; /* of the job as it was told last */
    bool over, gone; /* gone: the job was deleted, and its events with it */
};

struct stream {
    struct api *api;
    int64_t after; /* the number of the last event told: of the job, or over all jobs */
    struct watched jobs[API_STREAM_JOBS];
    size_t n_jobs;    /* 0 = all there are */
    size_t n_running; /* then: jobs[] are those that ran when last looked at */
    bool single;
    bool started, done, broken;
    char *text; /* to be sent */
    size_t size, sent;
};

/* ------------------------------------------------------------------------------------- text -- */

/* Appends "[id: N] event: T data: {...}". `data` is stolen. What cannot be told ends the stream:
 * who comes back with the last id goes on where it broke. */
static void put(struct stream *s, FILE *to, int64_t id, const char *type, json_t *data)
{
    size_t size = 0;
    char *text = data ? api_dump(data, &size) : NULL;

    json_decref(data);
    s->broken = s->broken || !text;
    if (text && id > 0)
        fprintf(to, "id: %" PRId64 "\n", id);
    if (text)
        fprintf(to, "event: %s\ndata: %s\n\n", type, text);
    free(text);
}

/* ------------------------------------------------------------------------------------ events -- */

static bool watches(const struct stream *s, const char *job)
{
    for (size_t i = 0; i < s->n_jobs; i++)
        if (strcmp(s->jobs[i].id, job) == 0)
            return true;
    return s->n_jobs == 0;
}

/* True where events were found, told or passed over. */
static bool put_one_job(struct stream *s, FILE *to)
{
    struct srv_event *events = NULL;
    size_t n = 0;
    bool more;

    if (srv_store_event_list(s->api->options.store, s->jobs[0].id, s->after, EVENTS_AT_A_TIME,
                             &events, &n, &more, NULL) != SNN_OK)
        s->broken = !s->jobs[0].gone;
    for (size_t i = 0; i < n; i++) {
        put(s, to, events[i].seq, events[i].type, api_event_json(&events[i]));
        s->after = events[i].seq;
    }
    free(events);
    return n > 0;
}

static bool put_all_jobs(struct stream *s, FILE *to)
{
    struct srv_job_event *events = NULL;
    size_t n = 0;

    if (srv_store_event_list_all(s->api->options.store, s->after, EVENTS_AT_A_TIME, &events, &n,
                                 NULL) != SNN_OK)
        s->broken = true;
    for (size_t i = 0; i < n; i++) {
        s->after = events[i].number;
        if (watches(s, events[i].job))
            put(s, to, events[i].number, events[i].event.type, api_job_event_json(&events[i]));
    }
    free(events);
    return n > 0;
}

/* ---------------------------------------------------------------------------------- progress -- */

static json_t *progress_json(const struct srv_job *job)
{
    json_t *whole = api_job_object(job), *part = json_object();
    static const char *const keys[] = {"id", "status", "progress", "metrics", "version"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        json_object_set(part, keys[i], json_object_get(whole, keys[i]));
    json_decref(whole);
    return part;
}

/* The version of a job as it was told last; 0 = never. */
static int64_t version_told(const struct watched *jobs, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(jobs[i].id, id) == 0)
            return jobs[i].version;
    return 0;
}

/* Where the jobs stand that run, of all there are. How one ended is told by its event. */
static void put_running(struct stream *s, FILE *to)
{
    const struct srv_job_filter filter = {.status = SRV_JOB_running, .limit = API_STREAM_JOBS};
    struct watched before[API_STREAM_JOBS];
    struct srv_job *jobs = NULL;
    const size_t n_before = s->n_running;
    bool more;

    memcpy(before, s->jobs, sizeof before);
    s->n_running = 0;
    if (srv_store_job_list(s->api->options.store, &filter, &jobs, &s->n_running, &more, NULL) !=
        SNN_OK)
        s->broken = true;
    for (size_t i = 0; i < s->n_running; i++) {
        memcpy(s->jobs[i].id, jobs[i].id, SRV_ID_SIZE);
        s->jobs[i].version = jobs[i].version;
        if (jobs[i].version != version_told(before, n_before, jobs[i].id))
            put(s, to, 0, "progress", progress_json(&jobs[i]));
    }
    srv_job_list_free(jobs, s->n_running);
}

/* Where the watched jobs stand, of those that have changed. To be called before the events are
 * looked for: what had ended by then has all its events stored. */
static void put_progress(struct stream *s, FILE *to)
{
    for (size_t i = 0; i < s->n_jobs; i++) {
        struct watched *w = &s->jobs[i];
        struct srv_job job = {0};
        enum snn_code rc =
            w->over ? SNN_STOPPED : srv_store_job_get(s->api->options.store, w->id, &job, NULL);

        s->broken = s->broken || (rc != SNN_OK && rc != SNN_NOT_FOUND && !w->over);
        if (rc == SNN_NOT_FOUND) {
            w->over = w->gone = true;
            put(s, to, 0, "deleted", json_pack("{s:s}", "id", w->id));
        }
        if (rc != SNN_OK)
            continue;
        if (job.version != w->version)
            put(s, to, 0, "progress", progress_json(&job));
        w->version = job.version;
        w->over = srv_job_status_terminal(job.status);
        srv_job_clear(&job);
    }
}

static bool all_over(const struct stream *s)
{
    for (size_t i = 0; i < s->n_jobs; i++)
        if (!s->jobs[i].over)
            return false;
    return s->n_jobs > 0;
}

/* ----------------------------------------------------------------------------------- reading -- */

/* Makes the next text; it may be empty. */
static void fill(struct stream *s, bool late)
{
    FILE *to = open_memstream(&s->text, &s->size);
    bool over;

    s->sent = 0;
    s->broken = !to;
    if (!to)
        return;
    if (!s->started)
        fputs("retry: 3000\n\n", to);
    s->started = true;
    if (s->n_jobs == 0)
        put_running(s, to);
    else
        put_progress(s, to);
    over = all_over(s);
    if (!(s->single ? put_one_job(s, to) : put_all_jobs(s, to)) && over && !s->broken) {
        put(s, to, 0, "done", json_pack("{s:I}", "after", (json_int_t)s->after));
        s->done = true;
    }
    if (ftell(to) == 0 && late)
        fputs(": ping\n\n", to);
    s->broken = fclose(to) != 0 || s->broken;
    if (s->broken)
        s->size = 0;
}

static size_t read_stream(void *stream, char *to, size_t room, bool late, bool *end)
{
    struct stream *s = stream;
    int64_t before;
    size_t n;

    /* Events of other jobs are passed over without a text. */
    while (s->sent == s->size && !s->done && !s->broken) {
        before = s->after;
        free(s->text);
        s->text = NULL;
        s->size = s->sent = 0;
        fill(s, late);
        if (s->after == before)
            break;
    }
    n = s->size - s->sent < room ? s->size - s->sent : room;
    if (n)
        memcpy(to, s->text + s->sent, n);
    s->sent += n;
    *end = n == 0 && (s->done || s->broken);
    return n;
}

static void free_stream(void *stream)
{
    struct stream *s = stream;

    atomic_fetch_sub(&s->api->streams, 1);
    free(s->text);
    free(s);
}

/* ------------------------------------------------------------------------------------ opening --
 */

bool api_stream_wanted(const struct srv_request *req)
{
    const char *accept = srv_request_header(req, "Accept");

    return accept && strstr(accept, "text/event-stream") && !strstr(accept, "application/json") &&
           !strstr(accept, "application/*") && !strstr(accept, "*/*");
}

/* Last-Event-ID, which a browser sends by itself, before ?after=. False with the reply made. */
bool api_stream_after(struct api_call *c, int64_t *after)
{
    const char *given = srv_request_header(c->req, "Last-Event-ID");
    char *end = NULL;

    if (!api_query_integer(c, "after", 0, INT64_MAX, 0, after))
        return false;
    if (!given || !given[0])
        return true;
    *after = strtoll(given, &end, 10);
    if (given[0] >= '0' && given[0] <= '9' && !*end && strlen(given) <= 18)
        return true;
    api_problem(c, 400, "bad_request", "Last-Event-ID is \"%.40s\", want the id of an event",
                given);
    return false;
}

/* Nothing more will come of the one job beyond `after`: who asks again is told to stop. */
static bool is_spent(struct api_call *c, const char *job, int64_t after)
{
    struct srv_event *events = NULL;
    struct srv_job now = {0};
    size_t n = 1;
    bool more, over;

    if (after == 0 || srv_store_job_get(c->api->options.store, job, &now, NULL) != SNN_OK)
        return false;
    over = srv_job_status_terminal(now.status);
    srv_job_clear(&now);
    if (!over || srv_store_event_list(c->api->options.store, job, after, 1, &events, &n, &more,
                                      NULL) != SNN_OK)
        return false;
    free(events);
    return n == 0;
}

void api_stream_open(struct api_call *c, const char ids[][SRV_ID_SIZE], size_t n, bool single,
                     int64_t after)
{
    struct stream *s;

    if (single && is_spent(c, ids[0], after)) {
        c->res->status = 204;
        return;
    }
    if (atomic_fetch_add(&c->api->streams, 1) >= MAX_STREAMS) {
        atomic_fetch_sub(&c->api->streams, 1);
        srv_response_header(c->res, "Retry-After", "%d", FULL_RETRY_SECONDS);
        api_problem(c, 503, "too_many_streams", "%d event streams are open, more are not served",
                    MAX_STREAMS);
        return;
    }
    s = calloc(1, sizeof *s);
    if (!s) {
        atomic_fetch_sub(&c->api->streams, 1);
        api_problem(c, 503, "out_of_memory", "no memory for a stream");
        return;
    }
    s->api = c->api;
    s->after = after;
    s->n_jobs = n;
    s->single = single;
    for (size_t i = 0; i < n; i++)
        memcpy(s->jobs[i].id, ids[i], SRV_ID_SIZE);
    c->res->status = 200;
    c->res->stream = (struct srv_stream){.user = s, .read = read_stream, .free = free_stream};
    srv_response_header(c->res, "Content-Type", "text/event-stream");
    srv_response_header(c->res, "Cache-Control", "no-cache");
    srv_response_header(c->res, "X-Accel-Buffering", "no");
}
