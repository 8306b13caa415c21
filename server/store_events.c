/* SPDX-License-Identifier: MIT */
/* What happened to a job, numbered from 1. */
#include "server/store_internal.h"

#include <stdlib.h>

struct add {
    char job[SRV_ID_SIZE];
    struct srv_event event;
    int64_t now;
};

enum snn_code srv_event_insert(struct srv_conn *c, int64_t job_seq, int64_t now,
                               const struct srv_event *e, struct snn_error *err)
{
    struct srv_query q;
    enum snn_code rc;

    srv_query(&q, c, "UPDATE event_counter SET last = last + 1", err);
    rc = srv_run(&q);
    if (rc != SNN_OK)
        return rc;
    srv_query(&q, c,
              "INSERT INTO events (job_seq, seq, at, type, message, step, epoch, number) "
              "VALUES (?1, 1 + "
              "COALESCE((SELECT MAX(seq) FROM events WHERE job_seq = ?1), 0), ?2, ?3, ?4, ?5, ?6, "
              "(SELECT last FROM event_counter))",
              err);
    srv_put_int(&q, job_seq);
    srv_put_int(&q, e->at ? e->at : now);
    srv_put_text(&q, e->type);
    srv_put_text(&q, e->message);
    srv_put_int(&q, e->step);
    srv_put_int(&q, e->epoch);
    return srv_run(&q);
}

static SRV_COMMAND(run_add)
{
    const struct add *a = arg;
    int64_t seq = 0;
    enum snn_code rc = srv_job_seq(c, a->job, &seq, err);

    return rc == SNN_OK ? srv_event_insert(c, seq, a->now, &a->event, err) : rc;
}

/* The same for a job that may have been deleted meanwhile. */
static SRV_COMMAND(run_post)
{
    struct snn_error ignored = {0};
    const struct add *a = arg;
    int64_t seq = 0;
    enum snn_code rc = srv_job_seq(c, a->job, &seq, &ignored);

    if (rc == SNN_NOT_FOUND)
        return SNN_OK;
    return rc == SNN_OK ? srv_event_insert(c, seq, a->now, &a->event, err)
                        : snn_fail(err, rc, "%s", ignored.message);
}

static struct add add_of(const struct srv_store *s, const char *job, const struct srv_event *e)
{
    struct add a = {.event = *e, .now = s->clock.wall_seconds()};

    snprintf(a.job, sizeof a.job, "%s", job);
    return a;
}

enum snn_code srv_store_event_add(struct srv_store *s, const char *job, const struct srv_event *e,
                                  struct snn_error *err)
{
    struct add a = add_of(s, job, e);

    return srv_writer_call(s->writer, run_add, &a, err);
}

enum snn_code srv_store_event_post(struct srv_store *s, const char *job, const struct srv_event *e)
{
    struct add *a = malloc(sizeof *a);

    if (!a)
        return SNN_NOMEM;
    *a = add_of(s, job, e);
    return srv_writer_post(s->writer, run_post, a);
}

/* ------------------------------------------------------------------------------------ list -- */

static void read_event(struct srv_query *q, struct srv_event *e)
{
    *e = (struct srv_event){0};
    e->seq = srv_get_int(q);
    e->at = srv_get_int(q);
    srv_get_text(q, e->type, sizeof e->type);
    srv_get_text(q, e->message, sizeof e->message);
    e->step = srv_get_int(q);
    e->epoch = srv_get_int(q);
}

/* Reads rows into *events, which grows, up to `limit`; *more: there was another. */
static enum snn_code read_events(struct srv_query *q, size_t limit, struct srv_event **events,
                                 size_t *n, bool *more)
{
    size_t cap = 0;

    *more = false;
    while (srv_next(q)) {
        if (*n == limit) {
            *more = true;
            break;
        }
        if (*n == cap) {
            struct srv_event *grown;

            cap = cap ? 2 * cap : 32;
            grown = realloc(*events, cap * sizeof **events);
            if (!grown) {
                srv_query_fail(q, snn_fail(q->err, SNN_NOMEM, "no memory for %zu events", cap));
                break;
            }
            *events = grown;
        }
        read_event(q, &(*events)[(*n)++]);
    }
    return srv_done(q);
}

enum snn_code srv_store_event_list(struct srv_store *s, const char *job, int64_t after,
                                   size_t limit, struct srv_event **out, size_t *n, bool *has_more,
                                   struct snn_error *err)
{
    struct srv_event *events = NULL;
    struct srv_conn *c = NULL;
    struct srv_query q;
    size_t found = 0;
    int64_t seq = 0;
    bool more = false;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = srv_job_seq(c, job, &seq, err);
    if (rc == SNN_OK) {
        srv_query(&q, c,
                  "SELECT seq, at, type, message, step, epoch FROM events "
                  "WHERE job_seq = ? AND seq > ? ORDER BY seq",
                  err);
        srv_put_int(&q, seq);
        srv_put_int(&q, after);
        rc = read_events(&q, limit, &events, &found, &more);
    }
    srv_store_unread(s, c);
    if (rc != SNN_OK) {
        free(events);
        return rc;
    }
    *out = events;
    *n = found;
    *has_more = more;
    return SNN_OK;
}

enum snn_code srv_store_event_list_all(struct srv_store *s, int64_t after, size_t limit,
                                       struct srv_job_event **out, size_t *n, struct snn_error *err)
{
    struct srv_job_event *events = calloc(limit, sizeof *events);
    struct srv_conn *c = NULL;
    struct srv_query q;
    size_t found = 0;
    enum snn_code rc;

    if (!events)
        return snn_fail(err, SNN_NOMEM, "no memory for %zu events", limit);
    rc = srv_store_read(s, &c, err);
    if (rc == SNN_OK) {
        srv_query(&q, c,
                  "SELECT e.seq, e.at, e.type, e.message, e.step, e.epoch, e.number, j.id FROM "
                  "events AS e JOIN jobs AS j ON j.seq = e.job_seq WHERE e.number > ? "
                  "ORDER BY e.number LIMIT ?",
                  err);
        srv_put_int(&q, after);
        srv_put_int(&q, (int64_t)limit);
        while (found < limit && srv_next(&q)) {
            read_event(&q, &events[found].event);
            events[found].number = srv_get_int(&q);
            srv_get_text(&q, events[found].job, sizeof events[found].job);
            found++;
        }
        rc = srv_done(&q);
        srv_store_unread(s, c);
    }
    if (rc != SNN_OK) {
        free(events);
        return rc;
    }
    *out = events;
    *n = found;
    return SNN_OK;
}

enum snn_code srv_store_event_last(struct srv_store *s, int64_t *number, struct snn_error *err)
{
    struct srv_conn *c = NULL;
    struct srv_query q;
    enum snn_code rc = srv_store_read(s, &c, err);

    *number = 0;
    if (rc != SNN_OK)
        return rc;
    srv_query(&q, c, "SELECT max(number) FROM events", err);
    if (srv_next(&q))
        *number = srv_get_int(&q);
    rc = srv_done(&q);
    srv_store_unread(s, c);
    return rc;
}
