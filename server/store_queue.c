/* SPDX-License-Identifier: MIT */
/* What moves jobs from status to status. Every move is a row of the transition table, written
 * together with its event. */
#include "server/meter.h"
#include "server/store_internal.h"

#include <stdlib.h>

/* ------------------------------------------------------------------- what a user asks for -- */

struct asked {
    const char *id;
    enum srv_action action;
    bool then_delete;
    int64_t now;
    struct srv_job job; /* after */
};

static enum snn_code mark(struct srv_conn *c, int64_t seq, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c, "UPDATE jobs SET delete_requested = 1 WHERE seq = ?", err);
    srv_put_int(&q, seq);
    return srv_run(&q);
}

static enum snn_code apply(struct srv_conn *c, const struct asked *a, const struct srv_job *job,
                           struct snn_error *err)
{
    const struct srv_transition *t = srv_transition_find(job->status, a->action);
    enum snn_code rc = SNN_OK;

    if (job->at_rung && a->action == SRV_ACTION_unpause)
        return snn_fail(
            err, SNN_INVALID,
            "job \"%s\" waits at epoch %lld for the other jobs of its sweep and goes on "
            "by itself",
            job->id, (long long)job->rung_epoch);
    if (!t)
        return snn_fail(err, SNN_INVALID, "job \"%s\" is %s and cannot be %s", job->id,
                        srv_job_status_name(job->status),
                        a->action == SRV_ACTION_cancel  ? "cancelled"
                        : a->action == SRV_ACTION_pause ? "paused"
                                                        : "resumed");
    if (t->event)
        rc = srv_job_move(c, job, a->now, t, "", err);
    if (rc == SNN_OK && a->then_delete)
        rc = mark(c, job->seq, err);
    return rc;
}

static SRV_COMMAND(run_asked)
{
    struct asked *a = arg;
    struct srv_job before = {0};
    int64_t seq = 0;
    enum snn_code rc = srv_job_seq(c, a->id, &seq, err);

    if (rc == SNN_OK)
        rc = srv_job_load(c, seq, &before, err);
    if (rc == SNN_OK)
        rc = apply(c, a, &before, err);
    if (rc == SNN_OK)
        rc = srv_job_load(c, seq, &a->job, err);
    srv_job_clear(&before);
    return rc;
}

static enum snn_code ask(struct srv_store *s, struct asked a, struct srv_job *out,
                         struct snn_error *err)
{
    enum snn_code rc;

    a.now = s->clock.wall_seconds();
    rc = srv_writer_call(s->writer, run_asked, &a, err);
    if (rc == SNN_OK)
        *out = a.job;
    else
        srv_job_clear(&a.job); /* done, and then undone by the commit */
    return rc;
}

enum snn_code srv_store_job_cancel(struct srv_store *s, const char *id, bool then_delete,
                                   struct srv_job *out, struct snn_error *err)
{
    return ask(s, (struct asked){.id = id, .action = SRV_ACTION_cancel, .then_delete = then_delete},
               out, err);
}

enum snn_code srv_store_job_pause(struct srv_store *s, const char *id, struct srv_job *out,
                                  struct snn_error *err)
{
    return ask(s, (struct asked){.id = id, .action = SRV_ACTION_pause}, out, err);
}

enum snn_code srv_store_job_unpause(struct srv_store *s, const char *id, struct srv_job *out,
                                    struct snn_error *err)
{
    return ask(s, (struct asked){.id = id, .action = SRV_ACTION_unpause}, out, err);
}

/* ----------------------------------------------------------------------------------- claim -- */

struct claim {
    const char *boot_id;
    int64_t memory_bytes, now;
    bool found;
    struct srv_job job;
};

static enum snn_code take(struct srv_conn *c, const struct claim *a, int64_t seq,
                          struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "UPDATE jobs SET attempt = attempt + 1, boot_id = ?, "
              "started_at = COALESCE(started_at, ?) WHERE seq = ?",
              err);
    srv_put_text(&q, a->boot_id);
    srv_put_int(&q, a->now);
    srv_put_int(&q, seq);
    return srv_run(&q);
}

static SRV_COMMAND(run_claim)
{
    struct claim *a = arg;
    const struct srv_transition *t = srv_transition_find(SRV_JOB_queued, SRV_ACTION_claim);
    struct srv_job job = {0};
    struct srv_query q;
    enum snn_code rc;

    srv_query(&q, c,
              "SELECT seq FROM jobs WHERE status = 'queued' AND memory_bytes <= ? "
              "ORDER BY rank, seq LIMIT 1",
              err);
    srv_put_int(&q, a->memory_bytes);
    a->found = srv_next(&q);
    job.seq = a->found ? srv_get_int(&q) : 0;
    rc = srv_done(&q);
    if (rc != SNN_OK || !a->found)
        return rc;
    rc = take(c, a, job.seq, err);
    if (rc == SNN_OK)
        rc = srv_job_move(c, &job, a->now, t, "", err);
    if (rc == SNN_OK)
        rc = srv_job_load(c, job.seq, &a->job, err);
    return rc;
}

enum snn_code srv_store_job_claim(struct srv_store *s, const char *boot_id, int64_t memory_bytes,
                                  struct srv_job *out, bool *found, struct snn_error *err)
{
    struct claim a = {
        .boot_id = boot_id, .memory_bytes = memory_bytes, .now = s->clock.wall_seconds()};
    enum snn_code rc = srv_writer_call(s->writer, run_claim, &a, err);

    if (rc != SNN_OK) {
        srv_job_clear(&a.job);
        return rc;
    }
    *found = a.found;
    if (a.found)
        *out = a.job;
    if (a.found && a.job.attempt == 1)
        srv_time(SRV_TIMER_queue, (a.now - a.job.created_at) * 1000000);
    return SNN_OK;
}

/* ------------------------------------------------------------------- what its worker writes -- */

struct report {
    struct srv_job job; /* the worker's columns, id and attempt; no pointers */
    int64_t now;
    bool deleted;
};

static struct report report_of(const struct srv_store *s, const struct srv_job *job)
{
    struct report r = {.job = *job, .now = s->clock.wall_seconds()};

    r.job.config = NULL;
    r.job.metadata = NULL;
    r.job.n_metadata = 0;
    return r;
}

static SRV_COMMAND(run_progress)
{
    struct report *a = arg;
    struct srv_query q;
    bool ours;
    enum snn_code rc;

    srv_query(&q, c,
              "SELECT seq FROM jobs WHERE id = ? AND attempt = ? "
              "AND status IN ('running', 'pausing', 'cancelling')",
              err);
    srv_put_text(&q, a->job.id);
    srv_put_int(&q, a->job.attempt);
    ours = srv_next(&q);
    a->job.seq = ours ? srv_get_int(&q) : 0;
    rc = srv_done(&q);
    if (rc != SNN_OK || !ours)
        return rc; /* another attempt's or gone: nothing to tell any more */
    rc = srv_job_update(c, &a->job, false, err);
    if (rc == SNN_OK)
        rc = srv_job_touch(c, a->job.seq, a->now, err);
    return rc;
}

enum snn_code srv_store_job_progress_post(struct srv_store *s, const struct srv_job *job)
{
    struct report *a = malloc(sizeof *a);

    if (!a)
        return SNN_NOMEM;
    *a = report_of(s, job);
    return srv_writer_post(s->writer, run_progress, a);
}

/* The move by which the worker of *row may let it go with that status. */
static enum snn_code release_of(const struct srv_job *row, const struct srv_job *wanted,
                                const struct srv_transition **out, struct snn_error *err)
{
    enum srv_action action;

    if (row->attempt != wanted->attempt)
        return snn_fail(err, SNN_INVALID, "job \"%s\" is at attempt %lld, not %lld any more",
                        row->id, (long long)row->attempt, (long long)wanted->attempt);
    if (!srv_action_of_release(&action, wanted->status))
        return snn_fail(err, SNN_INVALID, "a worker cannot leave job \"%s\" %s", row->id,
                        srv_job_status_name(wanted->status));
    *out = srv_transition_find(row->status, action);
    if (*out)
        return SNN_OK;
    return snn_fail(err, SNN_INVALID, "job \"%s\" is %s and cannot become %s", row->id,
                    srv_job_status_name(row->status), srv_job_status_name(wanted->status));
}

/* A job that comes to its rung waits there, unless it was to stop in any case. */
static enum snn_code arrive(struct srv_conn *c, struct srv_job *job, const struct srv_job *row,
                            struct snn_error *err)
{
    struct srv_query q;

    if (row->rung_epoch == 0)
        return snn_fail(err, SNN_INVALID, "job \"%s\" has no rung to wait at", row->id);
    if (row->status != SRV_JOB_running)
        return SNN_OK;
    snprintf(job->error_message, sizeof job->error_message,
             "waits at epoch %lld for the other jobs of its sweep", (long long)row->rung_epoch);
    srv_query(&q, c, "UPDATE jobs SET at_rung = 1 WHERE seq = ?", err);
    srv_put_int(&q, row->seq);
    return srv_run(&q);
}

static SRV_COMMAND(run_release)
{
    struct report *a = arg;
    const struct srv_transition *t = NULL;
    struct srv_job row = {0};
    enum snn_code rc = srv_job_seq(c, a->job.id, &a->job.seq, err);

    if (rc == SNN_OK)
        rc = srv_job_load(c, a->job.seq, &row, err);
    if (rc == SNN_OK)
        rc = release_of(&row, &a->job, &t, err);
    if (rc == SNN_OK)
        rc = srv_job_update(c, &a->job, true, err);
    if (rc == SNN_OK && t->action == SRV_ACTION_wait)
        rc = arrive(c, &a->job, &row, err);
    if (rc == SNN_OK)
        rc = srv_job_move(c, &a->job, a->now, t, a->job.error_message, err);
    if (rc == SNN_OK)
        rc = srv_job_remove_marked(c, a->job.seq, t->to, &a->deleted, err);
    srv_job_clear(&row);
    return rc;
}

static void time_end(const struct srv_job *job, int64_t now)
{
    static const enum srv_timer timers[SRV_JOB_STATUS_COUNT] = {
        [SRV_JOB_succeeded] = SRV_TIMER_succeeded,
        [SRV_JOB_failed] = SRV_TIMER_failed,
        [SRV_JOB_cancelled] = SRV_TIMER_cancelled};

    if (srv_job_status_terminal(job->status) && job->started_at)
        srv_time(timers[job->status], (now - job->started_at) * 1000000);
}

enum snn_code srv_store_job_release(struct srv_store *s, const struct srv_job *job, bool *deleted,
                                    struct snn_error *err)
{
    struct report a = report_of(s, job);
    enum snn_code rc = srv_writer_call(s->writer, run_release, &a, err);

    if (rc != SNN_OK)
        return rc;
    *deleted = a.deleted;
    time_end(job, a.now);
    return SNN_OK;
}
