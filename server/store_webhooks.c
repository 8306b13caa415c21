/* SPDX-License-Identifier: MIT */
/* The outbox of webhooks. */
#include <stdlib.h>
#include <string.h>

#include "server/store_internal.h"
#include "server/webhook.h"

static const char *const names[] = {"pending", "delivered", "dead"};

const char *srv_webhook_state_name(enum srv_webhook_state state)
{
    return names[state];
}

bool srv_webhook_state_find(enum srv_webhook_state *out, const char *name)
{
    for (int i = 0; i <= SRV_WEBHOOK_dead; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *out = (enum srv_webhook_state)i;
        return true;
    }
    return false;
}

/* Whether somebody wants to hear of it; where, and of which job. */
static enum snn_code find(struct srv_conn *c, int64_t job_seq, const char *status,
                          struct srv_webhook *out, bool *wanted, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "SELECT id, webhook_url, traceparent FROM jobs WHERE seq = ?1 AND webhook_url <> '' "
              "AND instr(webhook_events, ' ' || ?2 || ' ') > 0",
              err);
    srv_put_int(&q, job_seq);
    srv_put_text(&q, status);
    *wanted = srv_next(&q);
    if (*wanted) {
        srv_get_text(&q, out->job, sizeof out->job);
        srv_get_text(&q, out->url, sizeof out->url);
        srv_get_text(&q, out->trace, sizeof out->trace);
    }
    return srv_done(&q);
}

enum snn_code srv_webhook_note(struct srv_conn *c, int64_t job_seq, enum srv_job_status status,
                               int64_t now, struct snn_error *err)
{
    const char *name = srv_job_status_name(status);
    struct srv_webhook w = {.seq = 0};
    struct srv_query q;
    bool wanted;
    enum snn_code rc = find(c, job_seq, name, &w, &wanted, err);

    if (rc != SNN_OK || !wanted)
        return rc;
    srv_id_make(w.id, "evt_");
    snprintf(w.type, sizeof w.type, "training.job.%s", name);
    /* No text of a client's stands in it, so there is nothing to escape. */
    snprintf(w.body, sizeof w.body,
             "{\"type\":\"%s\",\"timestamp\":%lld,\"data\":{\"object\":\"job\",\"id\":\"%s\","
             "\"status\":\"%s\"}}",
             w.type, (long long)now, w.job, name);
    srv_query(&q, c,
              "INSERT INTO webhook_deliveries (id, job, url, type, body, created_at, state, at, "
              "traceparent) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', ?6, ?7)",
              err);
    srv_put_text(&q, w.id);
    srv_put_text(&q, w.job);
    srv_put_text(&q, w.url);
    srv_put_text(&q, w.type);
    srv_put_text(&q, w.body);
    srv_put_int(&q, now);
    srv_put_text(&q, w.trace);
    return srv_run(&q);
}

/* ------------------------------------------------------------------------------------ read -- */

#define COLUMNS                                                                                    \
    "seq, id, job, url, type, body, created_at, state, attempts, at, status, error, traceparent"

static void read_row(struct srv_query *q, struct srv_webhook *out)
{
    char state[16] = "";

    *out = (struct srv_webhook){.seq = srv_get_int(q)};
    srv_get_text(q, out->id, sizeof out->id);
    srv_get_text(q, out->job, sizeof out->job);
    srv_get_text(q, out->url, sizeof out->url);
    srv_get_text(q, out->type, sizeof out->type);
    srv_get_text(q, out->body, sizeof out->body);
    out->created_at = srv_get_int(q);
    srv_get_text(q, state, sizeof state);
    (void)srv_webhook_state_find(&out->state, state);
    out->attempts = srv_get_int(q);
    out->at = srv_get_int(q);
    out->status = srv_get_int(q);
    srv_get_text(q, out->error, sizeof out->error);
    srv_get_text(q, out->trace, sizeof out->trace);
}

/* Whether an earlier one of the same job has still to be sent: they come in order. */
static enum snn_code waits(struct srv_conn *c, const struct srv_webhook *w, bool *out,
                           struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "SELECT 1 FROM webhook_deliveries WHERE state = 'pending' AND job = ? AND seq < ? "
              "LIMIT 1",
              err);
    srv_put_text(&q, w->job);
    srv_put_int(&q, w->seq);
    *out = srv_next(&q);
    return srv_done(&q);
}

static enum snn_code read_due(struct srv_conn *c, int64_t now,
                              bool (*takes)(void *user, const struct srv_webhook *w), void *user,
                              struct srv_webhook *out, size_t room, size_t *n,
                              struct snn_error *err)
{
    struct srv_query q;
    bool late;

    srv_query(&q, c,
              "SELECT " COLUMNS " FROM webhook_deliveries WHERE state = 'pending' AND at <= ? "
              "ORDER BY at, seq",
              err);
    srv_put_int(&q, now);
    while (*n < room && srv_next(&q)) {
        read_row(&q, &out[*n]);
        if (waits(c, &out[*n], &late, err) != SNN_OK) {
            srv_query_fail(&q, err ? err->code : SNN_IO);
            break;
        }
        *n += !late && (!takes || takes(user, &out[*n]));
    }
    return srv_done(&q);
}

enum snn_code srv_store_webhook_due(struct srv_store *s,
                                    bool (*takes)(void *user, const struct srv_webhook *w),
                                    void *user, struct srv_webhook *out, size_t room, size_t *n,
                                    struct snn_error *err)
{
    struct snn_error own = {0};
    struct srv_conn *c = NULL;
    enum snn_code rc;

    *n = 0;
    err = err ? err : &own;
    rc = srv_store_read(s, &c, err);
    if (rc != SNN_OK)
        return rc;
    rc = read_due(c, s->clock.wall_seconds(), takes, user, out, room, n, err);
    srv_store_unread(s, c);
    return rc;
}

enum snn_code srv_store_webhook_list(struct srv_store *s, int state, int64_t before, size_t limit,
                                     struct srv_webhook **out, size_t *n, struct snn_error *err)
{
    struct srv_webhook *list = calloc(limit, sizeof *list);
    struct srv_conn *c = NULL;
    struct srv_query q;
    enum snn_code rc;

    *n = 0;
    if (!list)
        return snn_fail(err, SNN_NOMEM, "no memory for %zu webhooks", limit);
    rc = srv_store_read(s, &c, err);
    if (rc == SNN_OK) {
        srv_query(&q, c,
                  "SELECT " COLUMNS " FROM webhook_deliveries WHERE (?1 = 0 OR seq < ?1) "
                  "AND (?2 = '' OR state = ?2) ORDER BY seq DESC LIMIT ?3",
                  err);
        srv_put_int(&q, before);
        srv_put_text(&q, state < 0 ? "" : names[state]);
        srv_put_int(&q, (int64_t)limit);
        while (*n < limit && srv_next(&q))
            read_row(&q, &list[(*n)++]);
        rc = srv_done(&q);
        srv_store_unread(s, c);
    }
    if (rc == SNN_OK)
        *out = list;
    else
        free(list);
    return rc;
}

/* ----------------------------------------------------------------------------------- write -- */

static SRV_COMMAND(run_tried)
{
    const struct srv_webhook *w = arg;
    struct srv_query q;

    srv_query(
        &q, c,
        "UPDATE webhook_deliveries SET state = ?, attempts = ?, at = ?, status = ?, error = ? "
        "WHERE seq = ?",
        err);
    srv_put_text(&q, names[w->state]);
    srv_put_int(&q, w->attempts);
    srv_put_int(&q, w->at);
    srv_put_int(&q, w->status);
    srv_put_text(&q, w->error);
    srv_put_int(&q, w->seq);
    return srv_run(&q);
}

enum snn_code srv_store_webhook_tried(struct srv_store *s, const struct srv_webhook *w,
                                      struct snn_error *err)
{
    struct srv_webhook own = *w;

    return srv_writer_call(s->writer, run_tried, &own, err);
}

struct retry {
    const char *id;
    int64_t now;
    struct srv_webhook hook; /* after */
};

static enum snn_code load(struct srv_conn *c, struct retry *a, struct snn_error *err)
{
    struct srv_query q;
    bool found;
    enum snn_code rc;

    srv_query(&q, c, "SELECT " COLUMNS " FROM webhook_deliveries WHERE id = ?", err);
    srv_put_text(&q, a->id);
    found = srv_next(&q);
    if (found)
        read_row(&q, &a->hook);
    rc = srv_done(&q);
    if (rc == SNN_OK && !found)
        rc = snn_fail(err, SNN_NOT_FOUND, "there is no webhook \"%.40s\"", a->id);
    return rc;
}

static SRV_COMMAND(run_retry)
{
    struct retry *a = arg;
    struct srv_webhook *w = &a->hook;
    enum snn_code rc = load(c, a, err);

    if (rc == SNN_OK && w->state == SRV_WEBHOOK_delivered)
        rc = snn_fail(err, SNN_INVALID, "webhook \"%s\" was delivered: there is nothing to retry",
                      w->id);
    if (rc != SNN_OK)
        return rc;
    /* One that was given up has all its attempts before it again. */
    w->attempts = w->state == SRV_WEBHOOK_dead ? 0 : w->attempts;
    w->state = SRV_WEBHOOK_pending;
    w->at = a->now;
    return run_tried(c, w, err);
}

enum snn_code srv_store_webhook_retry(struct srv_store *s, const char *id, struct srv_webhook *out,
                                      struct snn_error *err)
{
    struct retry a = {.id = id, .now = s->clock.wall_seconds()};
    enum snn_code rc = srv_writer_call(s->writer, run_retry, &a, err);

    if (rc == SNN_OK)
        *out = a.hook;
    return rc;
}

static SRV_COMMAND(run_forget)
{
    const int64_t *before = arg;
    struct srv_query q;

    srv_query(&q, c, "DELETE FROM webhook_deliveries WHERE state <> 'pending' AND at < ?", err);
    srv_put_int(&q, *before);
    return srv_run(&q);
}

enum snn_code srv_store_webhook_forget(struct srv_store *s, int64_t seconds, struct snn_error *err)
{
    int64_t before = s->clock.wall_seconds() - seconds;

    return srv_writer_call(s->writer, run_forget, &before, err);
}
