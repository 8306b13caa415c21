/* SPDX-License-Identifier: MIT */
/* What is kept of finished jobs: which have to go, and their going. */
#include "server/store_internal.h"

#define AT_A_TIME 64
#define OVER "('succeeded', 'failed', 'cancelled')"

/* The oldest that are too old, too many, or too much; but the last to finish is kept, however large
 * it is, and so is one whose weights a job that is not over starts from, or whose sweep is not
 * over.
 */
static const char find_sql[] =
    "WITH over AS (SELECT seq, id, sweep, finished_at, ROW_NUMBER() OVER w AS place, SUM(size) "
    "OVER w AS "
    "total FROM (SELECT seq, id, sweep, finished_at, COALESCE((SELECT SUM(bytes) FROM checkpoints "
    "WHERE "
    "job_seq = jobs.seq), 0) AS size FROM jobs WHERE status IN " OVER ") "
    "WINDOW w AS (ORDER BY finished_at DESC, seq DESC)) "
    "SELECT id FROM over WHERE ((?1 > 0 AND finished_at < ?2) OR (?3 > 0 AND place > ?3) OR "
    "(?4 > 0 AND total > ?4 AND place > 1)) AND id NOT IN (SELECT init_job FROM jobs WHERE status "
    "NOT IN " OVER ") AND sweep NOT IN (SELECT sweep FROM jobs WHERE sweep <> '' AND status NOT "
    "IN " OVER ") ORDER BY finished_at, seq LIMIT ?5";

static size_t find(struct srv_conn *c, const struct srv_retention *r, int64_t now,
                   char ids[AT_A_TIME][SRV_ID_SIZE], struct snn_error *err)
{
    struct srv_query q;
    size_t n = 0;

    srv_query(&q, c, find_sql, err);
    srv_put_int(&q, r->seconds);
    srv_put_int(&q, now - r->seconds);
    srv_put_int(&q, r->jobs);
    srv_put_int(&q, r->bytes);
    srv_put_int(&q, AT_A_TIME);
    while (n < AT_A_TIME && srv_next(&q))
        srv_get_text(&q, ids[n++], SRV_ID_SIZE);
    return srv_done(&q) == SNN_OK ? n : 0;
}

struct retire {
    const char *id;
    bool gone;
};

/* Looks once more: a job that wants its weights may have come since. */
static SRV_COMMAND(run_retire)
{
    struct retire *a = arg;
    struct srv_query q;
    enum snn_code rc;

    srv_query(&q, c,
              "DELETE FROM jobs WHERE id = ?1 AND status IN " OVER " AND NOT EXISTS (SELECT 1 FROM "
              "jobs WHERE init_job = ?1 AND status NOT IN " OVER ")",
              err);
    srv_put_text(&q, a->id);
    rc = srv_run(&q);
    a->gone = rc == SNN_OK && srv_conn_changes(c) > 0;
    return rc;
}

enum snn_code srv_store_retire(struct srv_store *s, const struct srv_retention *r,
                               void (*gone)(void *user, const char *id), void *user, size_t *n,
                               struct snn_error *err)
{
    char ids[AT_A_TIME][SRV_ID_SIZE];
    struct srv_conn *c = NULL;
    struct snn_error why = {0};
    size_t found;
    enum snn_code rc;

    *n = 0;
    if (r->seconds <= 0 && r->jobs <= 0 && r->bytes <= 0)
        return SNN_OK;
    rc = srv_store_read(s, &c, err);
    if (rc != SNN_OK)
        return rc;
    found = find(c, r, s->clock.wall_seconds(), ids, &why);
    srv_store_unread(s, c);
    if (why.code != SNN_OK)
        return snn_fail(err, why.code, "%s", why.message);
    for (size_t i = 0; rc == SNN_OK && i < found; i++) {
        struct retire a = {.id = ids[i]};

        rc = srv_writer_call(s->writer, run_retire, &a, err);
        if (rc != SNN_OK || !a.gone)
            continue;
        ++*n;
        gone(user, ids[i]);
    }
    return rc;
}

/* ------------------------------------------------------------------------- keys of requests -- */

static SRV_COMMAND(run_forget)
{
    const int64_t *before = arg;
    struct srv_query q;

    enum snn_code rc;

    srv_query(&q, c, "DELETE FROM idempotency_keys WHERE created_at < ?", err);
    srv_put_int(&q, *before);
    rc = srv_run(&q);
    if (rc != SNN_OK)
        return rc;
    srv_query(&q, c, "DELETE FROM sweep_keys WHERE created_at < ?", err);
    srv_put_int(&q, *before);
    return srv_run(&q);
}

enum snn_code srv_store_keys_forget(struct srv_store *s, int64_t seconds, struct snn_error *err)
{
    int64_t before = s->clock.wall_seconds() - seconds;

    return srv_writer_call(s->writer, run_forget, &before, err);
}
