/* SPDX-License-Identifier: MIT */
/* Sweeps as users see them: made, looked at, listed. */
#include <stdlib.h>
#include <string.h>

#include "server/store_internal.h"

void srv_sweep_clear(struct srv_sweep *sweep)
{
    free(sweep->config);
    sweep->config = NULL;
}

bool srv_sweep_over(const struct srv_sweep *sweep)
{
    for (int i = 0; i < SRV_JOB_STATUS_COUNT; i++)
        if (sweep->counts[i] && !srv_job_status_terminal((enum srv_job_status)i))
            return false;
    return true;
}

/* ------------------------------------------------------------------------------------ read -- */

#define COLUMNS                                                                                    \
    "seq, id, name, created_at, cancelled_at, combinations, metric, maximize, rung_epochs, "       \
    "rung_factor, config"

static void read_sweep(struct srv_query *q, struct srv_sweep *out)
{
    *out = (struct srv_sweep){.seq = srv_get_int(q)};
    srv_get_text(q, out->id, sizeof out->id);
    srv_get_text(q, out->name, sizeof out->name);
    out->created_at = srv_get_int(q);
    out->cancelled_at = srv_get_int(q);
    out->combinations = srv_get_int(q);
    srv_get_text(q, out->metric, sizeof out->metric);
    out->maximize = srv_get_int(q);
    out->rung_epochs = srv_get_int(q);
    out->rung_factor = srv_get_int(q);
    out->config = srv_get_text_copy(q);
}

static enum snn_code read_counts(struct srv_conn *c, struct srv_sweep *sweep, struct snn_error *err)
{
    struct srv_query q;
    int64_t last = 0;

    srv_query(&q, c,
              "SELECT status, COUNT(*), MAX(finished_at) FROM jobs "
              "WHERE sweep = ? AND sweep <> '' GROUP BY status",
              err);
    srv_put_text(&q, sweep->id);
    while (srv_next(&q)) {
        enum srv_job_status status;
        char name[16] = "";
        int64_t n, at;

        srv_get_text(&q, name, sizeof name);
        n = srv_get_int(&q);
        at = srv_get_int(&q);
        if (srv_job_status_find(&status, name))
            sweep->counts[status] = n;
        last = at > last ? at : last;
    }
    sweep->finished_at = srv_sweep_over(sweep) ? last : 0;
    return srv_done(&q);
}

enum snn_code srv_sweep_load(struct srv_conn *c, const char *id, struct srv_sweep *out,
                             struct snn_error *err)
{
    struct srv_sweep sweep = {0};
    struct srv_query q;
    bool found;
    enum snn_code rc;

    srv_query(&q, c, "SELECT " COLUMNS " FROM sweeps WHERE id = ?", err);
    srv_put_text(&q, id);
    found = srv_next(&q);
    if (found)
        read_sweep(&q, &sweep);
    rc = srv_done(&q);
    if (rc == SNN_OK && !found)
        rc = snn_fail(err, SNN_NOT_FOUND, "there is no sweep \"%.40s\"", id);
    if (rc == SNN_OK)
        rc = read_counts(c, &sweep, err);
    if (rc == SNN_OK)
        *out = sweep;
    else
        srv_sweep_clear(&sweep);
    return rc;
}

/* ---------------------------------------------------------------------------------- create -- */

struct create {
    struct srv_sweep sweep; /* borrows the caller's config */
    const char *const *combinations;
    struct srv_job *jobs;
    size_t n_jobs, max_queued;
    const char *key, *body;
    bool again; /* it was there: loaded, with what it holds */
};

/* The sweep that was made with the key. */
static enum snn_code find_made(struct srv_conn *c, struct create *a, struct snn_error *err)
{
    char body[SNN_SHA256_HEX] = "", id[SRV_ID_SIZE] = "";
    struct srv_query q;
    enum snn_code rc;

    srv_query(&q, c,
              "SELECT s.id, k.body FROM sweep_keys AS k JOIN sweeps AS s ON s.seq = k.sweep_seq "
              "WHERE k.key = ?",
              err);
    srv_put_text(&q, a->key);
    if (srv_next(&q)) {
        srv_get_text(&q, id, sizeof id);
        srv_get_text(&q, body, sizeof body);
    }
    rc = srv_done(&q);
    if (rc != SNN_OK || !id[0])
        return rc;
    if (strcmp(body, a->body) != 0)
        return snn_fail(err, SNN_FORMAT,
                        "the key \"%.64s\" came before with another body: want a key of its own "
                        "for each sweep",
                        a->key);
    a->again = true;
    return srv_sweep_load(c, id, &a->sweep, err);
}

static enum snn_code insert_key(struct srv_conn *c, const struct create *a, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "INSERT INTO sweep_keys (key, sweep_seq, body, created_at) VALUES (?, ?, ?, ?)", err);
    srv_put_text(&q, a->key);
    srv_put_int(&q, a->sweep.seq);
    srv_put_text(&q, a->body);
    srv_put_int(&q, a->sweep.created_at);
    return srv_run(&q);
}

static enum snn_code insert_sweep(struct srv_conn *c, struct srv_sweep *sweep,
                                  struct snn_error *err)
{
    struct srv_query q;
    enum snn_code rc;

    srv_query(&q, c, "INSERT INTO sweeps (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              err);
    srv_put_optional(&q, 0);
    srv_put_text(&q, sweep->id);
    srv_put_text(&q, sweep->name);
    srv_put_int(&q, sweep->created_at);
    srv_put_optional(&q, 0);
    srv_put_int(&q, sweep->combinations);
    srv_put_text(&q, sweep->metric);
    srv_put_int(&q, sweep->maximize);
    srv_put_int(&q, sweep->rung_epochs);
    srv_put_int(&q, sweep->rung_factor);
    srv_put_text(&q, sweep->config);
    rc = srv_run(&q);
    sweep->seq = srv_conn_last_rowid(c);
    return rc;
}

static enum snn_code insert_combination(struct srv_conn *c, const struct create *a, int64_t i,
                                        struct snn_error *err)
{
    struct srv_query q;

    srv_query(
        &q, c,
        "INSERT INTO sweep_combinations (sweep_seq, combination, parameters) VALUES (?, ?, ?)",
        err);
    srv_put_int(&q, a->sweep.seq);
    srv_put_int(&q, i);
    srv_put_text(&q, a->combinations[i]);
    return srv_run(&q);
}

static SRV_COMMAND(run_create)
{
    struct create *a = arg;
    enum snn_code rc = a->key ? find_made(c, a, err) : SNN_OK;

    if (rc != SNN_OK || a->again)
        return rc;
    rc = srv_job_room(c, a->n_jobs, a->max_queued, err);
    if (rc == SNN_OK)
        rc = insert_sweep(c, &a->sweep, err);
    for (int64_t i = 0; rc == SNN_OK && i < a->sweep.combinations; i++)
        rc = insert_combination(c, a, i, err);
    for (size_t i = 0; rc == SNN_OK && i < a->n_jobs; i++)
        rc = srv_job_add(c, &a->jobs[i], err);
    if (rc == SNN_OK && a->key)
        rc = insert_key(c, a, err);
    return rc;
}

enum snn_code srv_store_sweep_create(struct srv_store *s, struct srv_sweep *sweep,
                                     const char *const *combinations, struct srv_job *jobs,
                                     size_t n_jobs, size_t max_queued, const char *key,
                                     const char body[SNN_SHA256_HEX], bool *again,
                                     struct snn_error *err)
{
    struct create a = {.sweep = *sweep,
                       .combinations = combinations,
                       .jobs = jobs,
                       .n_jobs = n_jobs,
                       .max_queued = max_queued,
                       .key = key,
                       .body = body};
    enum snn_code rc;

    srv_id_make(a.sweep.id, "swp_");
    a.sweep.created_at = s->clock.wall_seconds();
    a.sweep.cancelled_at = 0;
    memset(a.sweep.counts, 0, sizeof a.sweep.counts);
    a.sweep.counts[SRV_JOB_queued] = (int64_t)n_jobs;
    for (size_t i = 0; i < n_jobs; i++) {
        srv_job_begin(s, &jobs[i]);
        memcpy(jobs[i].sweep, a.sweep.id, sizeof jobs[i].sweep);
    }
    rc = srv_writer_call(s->writer, run_create, &a, err);
    if (rc == SNN_OK) /* as for a job: the last word before the promise */
        rc = srv_store_in_place(s, err);
    if (rc != SNN_OK) {
        if (a.again)
            srv_sweep_clear(&a.sweep);
        return rc;
    }
    if (a.again)
        srv_sweep_clear(sweep);
    *sweep = a.sweep;
    *again = a.again;
    return SNN_OK;
}

/* ------------------------------------------------------------------------------------ list -- */

static enum snn_code list_rows(struct srv_conn *c, const char *after, bool ascending, size_t limit,
                               struct srv_sweep *sweeps, size_t *n, struct snn_error *err)
{
    static const char *const sql[] = {
        "SELECT " COLUMNS " FROM sweeps WHERE ?1 = '' OR seq < (SELECT seq FROM sweeps WHERE id = "
        "?1) ORDER BY seq DESC LIMIT ?2",
        "SELECT " COLUMNS " FROM sweeps WHERE ?1 = '' OR seq > (SELECT seq FROM sweeps WHERE id = "
        "?1) ORDER BY seq LIMIT ?2",
    };
    struct srv_query q;
    enum snn_code rc;

    srv_query(&q, c, sql[ascending], err);
    srv_put_text(&q, after ? after : "");
    srv_put_int(&q, (int64_t)limit + 1); /* one more than asked for: to know has_more */
    for (*n = 0; *n <= limit && srv_next(&q); ++*n)
        read_sweep(&q, &sweeps[*n]);
    rc = srv_done(&q);
    for (size_t i = 0; rc == SNN_OK && i < *n; i++)
        rc = read_counts(c, &sweeps[i], err);
    return rc;
}

enum snn_code srv_store_sweep_list(struct srv_store *s, const char *after, bool ascending,
                                   size_t limit, struct srv_sweep **out, size_t *n, bool *has_more,
                                   struct snn_error *err)
{
    struct srv_sweep *sweeps = NULL, known = {0};
    struct srv_conn *c = NULL;
    size_t found = 0;
    enum snn_code rc;

    rc = srv_page_check(limit, err);
    if (rc != SNN_OK)
        return rc;
    sweeps = calloc(limit + 1, sizeof *sweeps);
    if (!sweeps)
        return snn_fail(err, SNN_NOMEM, "no memory for a list of %zu sweeps", limit);
    rc = srv_store_read(s, &c, err);
    if (rc == SNN_OK && after)
        rc = srv_sweep_load(c, after, &known, err);
    srv_sweep_clear(&known);
    if (rc == SNN_OK)
        rc = list_rows(c, after, ascending, limit, sweeps, &found, err);
    if (c)
        srv_store_unread(s, c);
    if (rc != SNN_OK) {
        srv_sweep_list_free(sweeps, found);
        return rc;
    }
    *n = srv_page_end(found, limit, has_more);
    for (size_t i = *n; i < found; i++)
        srv_sweep_clear(&sweeps[i]);
    *out = sweeps;
    return SNN_OK;
}

void srv_sweep_list_free(struct srv_sweep *sweeps, size_t n)
{
    for (size_t i = 0; sweeps && i < n; i++)
        srv_sweep_clear(&sweeps[i]);
    free(sweeps);
}
