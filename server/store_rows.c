/* SPDX-License-Identifier: MIT */
/* A job as a row: which field is which column, in one list. */
#include "server/meter.h"
#include "server/store_internal.h"

#include <math.h>
#include <stdlib.h>

/* clang-format off */
/* What a worker writes as it goes, and at the end. Kinds are the suffixes of the functions below. */
#define PROGRESS_COLUMNS(X)                                                                        \
    X(int, epoch) X(int, epochs) X(int, step) X(int, steps)                                        \
    X(rate, samples_per_second) X(rate, eta_seconds) X(text, instruction_set)                         \
    X(text, blas) X(text, plan) X(text, verdict) X(text, init_sha256) X(text, dataset_sha256)                                        \
    X(text, build_version) X(text, build_revision)
#define RESULT_COLUMNS(X)                                                                          \
    X(text, error_code) X(text, error_message) X(text, error_param) X(text, model_sha256)
/* What is given when it is created. */
#define CREATE_COLUMNS(X)                                                                          \
    X(optional, seq) X(text, id) X(status, status) X(text, name) X(int, priority) X(int, seed)     \
    X(optional, created_at) X(optional, started_at) X(optional, finished_at)                       \
    X(optional, updated_at) X(int, attempt) X(int, version)                                        \
    X(text, dataset) X(int, memory_bytes) X(int, threads)                                          \
    X(text, config_sha256) X(text, init_job) X(text, init_checkpoint)                                                     \
    X(text, sweep) X(int, combination) X(int, rung_epoch) X(int, at_rung)                       \
    X(text, webhook_url) X(text, webhook_events) X(text, traceparent)
/* clang-format on */

#define COLUMN(kind, field) #field ","
#define METRIC_COLUMN(field) #field ","
#define COLUMNS                                                                                    \
    CREATE_COLUMNS(COLUMN)                                                                         \
    PROGRESS_COLUMNS(COLUMN) SNN_METRICS(METRIC_COLUMN) RESULT_COLUMNS(COLUMN) "config"

const char srv_job_select[] = "SELECT " COLUMNS;

/* ------------------------------------------------------------------------------------ read -- */

#define get_int(q, to) to = srv_get_int(q)
#define get_optional(q, to) to = srv_get_int(q)
#define get_text(q, to) srv_get_text(q, to, sizeof to)
#define get_status(q, to) to = read_status(q)
#define get_rate(q, to) to = read_rate(q)

static enum srv_job_status read_status(struct srv_query *q)
{
    enum srv_job_status status = SRV_JOB_failed;
    char name[16] = "";

    srv_get_text(q, name, sizeof name);
    if (q->code == SNN_OK && !srv_job_status_find(&status, name))
        srv_query_fail(q, snn_fail(q->err, SNN_FORMAT, "database: unknown status \"%s\"", name));
    return status;
}

static double read_rate(struct srv_query *q)
{
    double rate = srv_get_real(q);

    return isfinite(rate) ? rate : -1;
}

void srv_job_read(struct srv_query *q, struct srv_job *out)
{
    *out = (struct srv_job){0};
#define READ(kind, field) get_##kind(q, out->field);
#define READ_METRIC(field) out->metrics.field = srv_get_real(q);
    CREATE_COLUMNS(READ)
    PROGRESS_COLUMNS(READ)
    SNN_METRICS(READ_METRIC)
    RESULT_COLUMNS(READ)
#undef READ
#undef READ_METRIC
    out->config = srv_get_text_copy(q);
}

enum snn_code srv_job_read_metadata(struct srv_conn *c, struct srv_job *job, struct snn_error *err)
{
    struct srv_meta found[SRV_MAX_METADATA] = {0};
    struct srv_query q;
    size_t n = 0;

    srv_query(&q, c, "SELECT key, value FROM job_metadata WHERE job_seq = ? ORDER BY key", err);
    srv_put_int(&q, job->seq);
    for (; n < SRV_MAX_METADATA && srv_next(&q); n++) {
        srv_get_text(&q, found[n].key, sizeof found[n].key);
        srv_get_text(&q, found[n].value, sizeof found[n].value);
    }
    if (n > 0 && q.code == SNN_OK) {
        job->metadata = malloc(n * sizeof *found);
        if (!job->metadata)
            srv_query_fail(&q, snn_fail(err, SNN_NOMEM, "%s: no memory for its metadata", job->id));
    }
    for (size_t i = 0; job->metadata && i < n; i++)
        job->metadata[i] = found[i];
    job->n_metadata = job->metadata ? n : 0;
    return srv_done(&q);
}

enum snn_code srv_job_load(struct srv_conn *c, int64_t seq, struct srv_job *out,
                           struct snn_error *err)
{
    struct srv_job job = {0};
    struct srv_query q;
    bool found;
    enum snn_code rc;

    srv_query(&q, c, "SELECT " COLUMNS " FROM jobs WHERE seq = ?", err);
    srv_put_int(&q, seq);
    found = srv_next(&q);
    if (found)
        srv_job_read(&q, &job);
    rc = srv_done(&q);
    if (rc == SNN_OK && !found)
        rc = snn_fail(err, SNN_NOT_FOUND, "there is no such job");
    if (rc == SNN_OK)
        rc = srv_job_read_metadata(c, &job, err);
    if (rc == SNN_OK)
        *out = job;
    else
        srv_job_clear(&job);
    return rc;
}

enum snn_code srv_job_seq(struct srv_conn *c, const char *id, int64_t *out, struct snn_error *err)
{
    struct srv_query q;
    bool found;
    enum snn_code rc;

    srv_query(&q, c, "SELECT seq FROM jobs WHERE id = ?", err);
    srv_put_text(&q, id);
    found = srv_next(&q);
    if (found)
        *out = srv_get_int(&q);
    rc = srv_done(&q);
    if (rc == SNN_OK && !found)
        rc = snn_fail(err, SNN_NOT_FOUND, "there is no job \"%.40s\"", id);
    return rc;
}

/* ----------------------------------------------------------------------------------- write -- */

#define put_int(q, value) srv_put_int(q, value)
#define put_optional(q, value) srv_put_optional(q, value)
#define put_text(q, value) srv_put_text(q, value)
#define put_status(q, value) srv_put_text(q, srv_job_status_name(value))
#define put_rate(q, value) srv_put_real(q, value >= 0 ? value : (double)NAN)
#define PUT(kind, field) put_##kind(&q, job->field);
#define PUT_METRIC(field) srv_put_real(&q, job->metrics.field);

static enum snn_code insert(struct srv_conn *c, const struct srv_job *job, struct snn_error *err)
{
    struct srv_query q;

#define MARK(kind, field) "?,"
#define METRIC_MARK(field) "?,"
    srv_query(&q, c,
              "INSERT INTO jobs (" COLUMNS ") VALUES (" CREATE_COLUMNS(MARK) PROGRESS_COLUMNS(MARK)
                  SNN_METRICS(METRIC_MARK) RESULT_COLUMNS(MARK) "?)",
              err);
#undef MARK
#undef METRIC_MARK
    CREATE_COLUMNS(PUT)
    PROGRESS_COLUMNS(PUT)
    SNN_METRICS(PUT_METRIC)
    RESULT_COLUMNS(PUT)
    srv_put_text(&q, job->config);
    return srv_run(&q);
}

enum snn_code srv_job_add(struct srv_conn *c, struct srv_job *job, struct snn_error *err)
{
    struct srv_event created = {.type = "created", .step = -1, .epoch = -1};
    struct srv_query q;
    enum snn_code rc = insert(c, job, err);

    job->seq = srv_conn_last_rowid(c);
    for (size_t i = 0; rc == SNN_OK && i < job->n_metadata; i++) {
        srv_query(&q, c, "INSERT INTO job_metadata (job_seq, key, value) VALUES (?, ?, ?)", err);
        srv_put_int(&q, job->seq);
        srv_put_text(&q, job->metadata[i].key);
        srv_put_text(&q, job->metadata[i].value);
        rc = srv_run(&q);
    }
    return rc == SNN_OK ? srv_event_insert(c, job->seq, job->created_at, &created, err) : rc;
}

static enum snn_code update_progress(struct srv_conn *c, const struct srv_job *job,
                                     struct snn_error *err)
{
    struct srv_query q;

#define SET(kind, field) #field " = ?,"
#define SET_METRIC(field) #field " = ?,"
    srv_query(&q, c,
              "UPDATE jobs SET " PROGRESS_COLUMNS(SET)
                  SNN_METRICS(SET_METRIC) " seq = seq WHERE seq = ?",
              err);
    PROGRESS_COLUMNS(PUT)
    SNN_METRICS(PUT_METRIC)
    srv_put_int(&q, job->seq);
    return srv_run(&q);
}

static enum snn_code update_result(struct srv_conn *c, const struct srv_job *job,
                                   struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c, "UPDATE jobs SET " RESULT_COLUMNS(SET) " seq = seq WHERE seq = ?", err);
    RESULT_COLUMNS(PUT)
    srv_put_int(&q, job->seq);
    return srv_run(&q);
#undef SET
#undef SET_METRIC
}

enum snn_code srv_job_update(struct srv_conn *c, const struct srv_job *job, bool result,
                             struct snn_error *err)
{
    enum snn_code rc = update_progress(c, job, err);

    if (rc == SNN_OK && result)
        rc = update_result(c, job, err);
    return rc;
}

enum snn_code srv_job_touch(struct srv_conn *c, int64_t seq, int64_t now, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c, "UPDATE jobs SET version = version + 1, updated_at = ? WHERE seq = ?", err);
    srv_put_int(&q, now);
    srv_put_int(&q, seq);
    return srv_run(&q);
}

enum snn_code srv_job_remove(struct srv_conn *c, int64_t seq, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c, "DELETE FROM jobs WHERE seq = ?", err);
    srv_put_int(&q, seq);
    return srv_run(&q);
}

/* ----------------------------------------------------------------------------------- moves -- */

/* A transaction that is undone after it counts once too often: nobody reads these for a single
 * job. */
static void count_move(const struct srv_transition *t)
{
    static const struct {
        enum srv_job_status to;
        enum srv_counter counter;
    } ends[] = {{SRV_JOB_succeeded, SRV_COUNTER_jobs_succeeded},
                {SRV_JOB_failed, SRV_COUNTER_jobs_failed},
                {SRV_JOB_cancelled, SRV_COUNTER_jobs_cancelled},
                {SRV_JOB_running, SRV_COUNTER_job_attempts}};

    if (t->action == SRV_ACTION_recover || t->action == SRV_ACTION_give_up)
        srv_count(SRV_COUNTER_jobs_recovered, 1);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (t->to == ends[i].to && (t->to != SRV_JOB_running || t->action == SRV_ACTION_claim))
            srv_count(ends[i].counter, 1);
}

enum snn_code srv_job_move_alone(struct srv_conn *c, const struct srv_job *job, int64_t now,
                                 const struct srv_transition *t, const char *message,
                                 struct snn_error *err)
{
    struct srv_event e = {.step = -1, .epoch = -1};
    struct srv_query q;
    enum snn_code rc;

    /* Whoever leaves a pause waits at no rung any more. */
    srv_query(&q, c,
              "UPDATE jobs SET status = ?1, finished_at = ?2, "
              "at_rung = at_rung AND ?1 = 'paused' WHERE seq = ?3",
              err);
    srv_put_text(&q, srv_job_status_name(t->to));
    srv_put_optional(&q, srv_job_status_terminal(t->to) ? now : 0);
    srv_put_int(&q, job->seq);
    rc = srv_run(&q);
    if (rc == SNN_OK)
        rc = srv_job_touch(c, job->seq, now, err);
    if (rc != SNN_OK)
        return rc;
    snprintf(e.type, sizeof e.type, "%s", t->event);
    snprintf(e.message, sizeof e.message, "%s", message);
    if (job->attempt > 0) { /* before the first attempt there is no progress to speak of */
        e.step = job->step;
        e.epoch = job->epoch;
    }
    count_move(t);
    rc = srv_event_insert(c, job->seq, now, &e, err);
    if (rc == SNN_OK && srv_job_status_terminal(t->to))
        rc = srv_webhook_note(c, job->seq, t->to, now, err);
    return rc;
}

enum snn_code srv_job_move(struct srv_conn *c, const struct srv_job *job, int64_t now,
                           const struct srv_transition *t, const char *message,
                           struct snn_error *err)
{
    enum snn_code rc = srv_job_move_alone(c, job, now, t, message, err);

    if (rc == SNN_OK && (t->to == SRV_JOB_paused || srv_job_status_terminal(t->to)))
        rc = srv_sweep_settle(c, job->seq, now, err);
    return rc;
}

enum snn_code srv_job_remove_marked(struct srv_conn *c, int64_t seq, enum srv_job_status status,
                                    bool *removed, struct snn_error *err)
{
    struct srv_query q;
    enum snn_code rc;

    *removed = false;
    if (!srv_job_status_terminal(status))
        return SNN_OK;
    srv_query(&q, c, "DELETE FROM jobs WHERE seq = ? AND delete_requested = 1", err);
    srv_put_int(&q, seq);
    rc = srv_run(&q);
    *removed = rc == SNN_OK && srv_conn_changes(c) > 0;
    return rc;
}
