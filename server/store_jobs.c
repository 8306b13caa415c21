/* SPDX-License-Identifier: MIT */
/* Jobs as users see them: made, looked at, listed, removed. What moves them is in store_queue.c. */
#include "server/meter.h"
#include "server/store_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------- create -- */

struct create {
    struct srv_job job; /* borrows config and metadata of the caller */
    size_t max_queued;
    const char *key, *body; /* NULL = the request has none */
    bool again;             /* the job was there: loaded, with what it holds */
};

enum snn_code srv_job_room(struct srv_conn *c, size_t n, size_t max_queued, struct snn_error *err)
{
    struct srv_query q;
    int64_t queued = 0;
    enum snn_code rc;

    srv_query(&q, c, "SELECT COUNT(*) FROM jobs WHERE status = 'queued'", err);
    if (srv_next(&q))
        queued = srv_get_int(&q);
    rc = srv_done(&q);
    if (rc == SNN_OK && (size_t)queued + n > max_queued)
        rc = snn_fail(err, SNN_LIMIT, "%lld jobs are waiting already, at most %zu may",
                      (long long)queued, max_queued);
    return rc;
}

/* The job that was made with the key. */
static enum snn_code find_made(struct srv_conn *c, struct create *a, struct snn_error *err)
{
    char body[SNN_SHA256_HEX] = "";
    struct srv_query q;
    int64_t seq = 0;
    enum snn_code rc;

    srv_query(&q, c, "SELECT job_seq, body FROM idempotency_keys WHERE key = ?", err);
    srv_put_text(&q, a->key);
    if (srv_next(&q)) {
        seq = srv_get_int(&q);
        srv_get_text(&q, body, sizeof body);
    }
    rc = srv_done(&q);
    if (rc != SNN_OK || !seq)
        return rc;
    if (strcmp(body, a->body) != 0)
        return snn_fail(err, SNN_FORMAT,
                        "the key \"%.64s\" came before with another body: want a key of its own "
                        "for each job",
                        a->key);
    a->again = true;
    return srv_job_load(c, seq, &a->job, err);
}

static enum snn_code insert_key(struct srv_conn *c, const struct create *a, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "INSERT INTO idempotency_keys (key, job_seq, body, created_at) VALUES (?, ?, ?, ?)",
              err);
    srv_put_text(&q, a->key);
    srv_put_int(&q, a->job.seq);
    srv_put_text(&q, a->body);
    srv_put_int(&q, a->job.created_at);
    return srv_run(&q);
}

static SRV_COMMAND(run_create)
{
    struct create *a = arg;
    enum snn_code rc = a->key ? find_made(c, a, err) : SNN_OK;

    if (rc != SNN_OK || a->again)
        return rc;
    rc = srv_job_room(c, 1, a->max_queued, err);
    if (rc == SNN_OK)
        rc = srv_job_add(c, &a->job, err);
    if (rc == SNN_OK && a->key)
        rc = insert_key(c, a, err);
    return rc;
}

void srv_job_begin(const struct srv_store *s, struct srv_job *job)
{
    srv_id_make(job->id, "job_");
    job->seq = 0;
    job->status = SRV_JOB_queued;
    job->created_at = job->updated_at = s->clock.wall_seconds();
    job->started_at = job->finished_at = 0;
    job->attempt = 0;
    job->version = 1;
}

enum snn_code srv_store_job_create(struct srv_store *s, struct srv_job *job, size_t max_queued,
                                   struct snn_error *err)
{
    bool again;

    return srv_store_job_create_once(s, job, max_queued, NULL, NULL, &again, err);
}

enum snn_code srv_store_job_create_once(struct srv_store *s, struct srv_job *job, size_t max_queued,
                                        const char *key, const char body[SNN_SHA256_HEX],
                                        bool *again, struct snn_error *err)
{
    struct create a = {.job = *job, .max_queued = max_queued, .key = key, .body = body};
    enum snn_code rc;

    if (job->n_metadata > SRV_MAX_METADATA)
        return snn_fail(err, SNN_LIMIT, "a job has %zu metadata keys, at most %d are kept",
                        job->n_metadata, SRV_MAX_METADATA);
    srv_job_begin(s, &a.job);
    rc = srv_writer_call(s->writer, run_create, &a, err);
    if (rc == SNN_OK) /* after the commit: this is the last word before the promise */
        rc = srv_store_in_place(s, err);
    if (rc == SNN_OK && !a.again)
        srv_count(SRV_COUNTER_jobs_submitted, 1);
    if (a.again && rc != SNN_OK)
        srv_job_clear(&a.job);
    if (rc != SNN_OK)
        return rc;
    if (a.again)
        srv_job_clear(job);
    *job = a.job;
    *again = a.again;
    return SNN_OK;
}

/* ------------------------------------------------------------------------------------ look -- */

enum snn_code srv_store_job_get(struct srv_store *s, const char *id, struct srv_job *out,
                                struct snn_error *err)
{
    struct srv_conn *c = NULL;
    int64_t seq = 0;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = srv_job_seq(c, id, &seq, err);
    if (rc == SNN_OK)
        rc = srv_job_load(c, seq, out, err);
    srv_store_unread(s, c);
    return rc;
}

enum snn_code srv_store_dataset_in_use(struct srv_store *s, const char *dataset, bool *in_use,
                                       struct snn_error *err)
{
    struct srv_conn *c = NULL;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = srv_job_uses_dataset(c, dataset, in_use, err);
    srv_store_unread(s, c);
    return rc;
}

enum snn_code srv_job_uses_dataset(struct srv_conn *c, const char *dataset, bool *in_use,
                                   struct snn_error *err)
{
    struct srv_query q;
    bool found;
    enum snn_code rc;

    srv_query(&q, c,
              "SELECT 1 FROM jobs WHERE dataset = ? AND status IN ('queued', 'running', 'pausing', "
              "'paused', 'cancelling') LIMIT 1",
              err);
    srv_put_text(&q, dataset);
    found = srv_next(&q);
    rc = srv_done(&q);
    if (rc == SNN_OK)
        *in_use = found;
    return rc;
}

/* ------------------------------------------------------------------------------------ list -- */

/* The first label drives: its index gives jobs in the list's order, so a rare label is no long
 * walk. */
static void list_sql(char *sql, size_t size, const struct srv_job_filter *f)
{
    const char *seq = f->n_metadata ? "m.job_seq" : "seq";
    size_t n = 0;

#define ADD(...)                                                                                   \
    do {                                                                                           \
        int added = snprintf(sql + n, size - n, __VA_ARGS__);                                      \
        n += added > 0 && (size_t)added < size - n ? (size_t)added : 0;                            \
    } while (0)
    ADD("%s", srv_job_select);
    ADD(" FROM %s WHERE 1",
        f->n_metadata ? "job_metadata m CROSS JOIN jobs ON seq = m.job_seq" : "jobs");
    if (f->n_metadata)
        ADD(" AND m.key = ? AND m.value = ?");
    for (size_t i = 1; i < f->n_metadata; i++)
        ADD(" AND EXISTS (SELECT 1 FROM job_metadata WHERE job_seq = m.job_seq AND key = ? AND "
            "value = ?)");
    if (f->status >= 0)
        ADD(" AND status = ?");
    if (f->sweep) /* the second half lets it use the index of those that have one */
        ADD(" AND sweep = ? AND sweep <> ''");
    if (f->after)
        ADD(" AND %s %s ?", seq, f->ascending ? ">" : "<");
    ADD(" ORDER BY %s %s LIMIT ?", seq, f->ascending ? "ASC" : "DESC");
#undef ADD
}

static enum snn_code list_rows(struct srv_conn *c, const struct srv_job_filter *f, int64_t after,
                               struct srv_job *jobs, size_t *n, struct snn_error *err)
{
    char sql[4096];
    struct srv_query q;

    list_sql(sql, sizeof sql, f);
    srv_query_once(&q, c, sql, err);
    for (size_t i = 0; i < f->n_metadata; i++) {
        srv_put_text(&q, f->metadata[i].key);
        srv_put_text(&q, f->metadata[i].value);
    }
    if (f->status >= 0)
        srv_put_text(&q, srv_job_status_name((enum srv_job_status)f->status));
    if (f->sweep)
        srv_put_text(&q, f->sweep);
    if (f->after)
        srv_put_int(&q, after);
    srv_put_int(&q, (int64_t)f->limit + 1);
    for (*n = 0; *n <= f->limit && srv_next(&q); ++*n)
        srv_job_read(&q, &jobs[*n]);
    return srv_done(&q);
}

enum snn_code srv_store_job_list(struct srv_store *s, const struct srv_job_filter *f,
                                 struct srv_job **out, size_t *n, bool *has_more,
                                 struct snn_error *err)
{
    struct srv_conn *c = NULL;
    struct srv_job *jobs = NULL;
    size_t found = 0;
    int64_t after = 0;
    enum snn_code rc;

    rc = srv_page_check(f->limit, err);
    if (rc != SNN_OK)
        return rc;
    if (f->n_metadata > SRV_MAX_METADATA)
        return snn_fail(err, SNN_INVALID, "%zu metadata filters, at most %d can match",
                        f->n_metadata, SRV_MAX_METADATA);
    rc = srv_store_read(s, &c, err);
    if (rc != SNN_OK)
        return rc;
    jobs = calloc(f->limit + 1, sizeof *jobs); /* one more than asked for: to know has_more */
    if (!jobs)
        rc = snn_fail(err, SNN_NOMEM, "no memory for a list of %zu jobs", f->limit);
    if (rc == SNN_OK && f->after)
        rc = srv_job_seq(c, f->after, &after, err);
    if (rc == SNN_OK)
        rc = list_rows(c, f, after, jobs, &found, err);
    for (size_t i = 0; rc == SNN_OK && i < found; i++)
        rc = srv_job_read_metadata(c, &jobs[i], err);
    srv_store_unread(s, c);
    if (rc != SNN_OK) {
        srv_job_list_free(jobs, found);
        return rc;
    }
    *n = srv_page_end(found, f->limit, has_more);
    for (size_t i = *n; i < found; i++)
        srv_job_clear(&jobs[i]);
    *out = jobs;
    return SNN_OK;
}

void srv_job_list_free(struct srv_job *jobs, size_t n)
{
    for (size_t i = 0; jobs && i < n; i++)
        srv_job_clear(&jobs[i]);
    free(jobs);
}

/* ---------------------------------------------------------------------------------- delete -- */

struct named {
    const char *id;
};

static SRV_COMMAND(run_delete)
{
    const struct named *a = arg;
    struct srv_job job = {0};
    int64_t seq = 0;
    enum snn_code rc = srv_job_seq(c, a->id, &seq, err);

    if (rc == SNN_OK)
        rc = srv_job_load(c, seq, &job, err);
    if (rc == SNN_OK && !srv_job_status_terminal(job.status))
        rc = snn_fail(err, SNN_INVALID, "job \"%s\" is %s: only a job that is over can be deleted",
                      job.id, srv_job_status_name(job.status));
    if (rc == SNN_OK)
        rc = srv_job_remove(c, seq, err);
    srv_job_clear(&job);
    return rc;
}

enum snn_code srv_store_job_delete(struct srv_store *s, const char *id, struct snn_error *err)
{
    struct named a = {id};

    return srv_writer_call(s->writer, run_delete, &a, err);
}
