/* SPDX-License-Identifier: MIT */
/* Jobs as users see them: made, looked at, removed. Lists are in store_list.c, what moves them in
 * store_queue.c. */
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
