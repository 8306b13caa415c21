/* SPDX-License-Identifier: MIT */
/* At start: what the last run of the daemon held when it died goes where it can go on from. */
#include "server/store_internal.h"

struct recover {
    const char *boot_id;
    int64_t max_attempts, now;
    size_t n;
};

/* The next job after `seq` that another run of the daemon held. */
static enum snn_code next_left(struct srv_conn *c, const char *boot_id, int64_t seq,
                               struct srv_job *out, int64_t *crashes, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "SELECT seq, crashes FROM jobs WHERE status IN ('running', 'pausing', 'cancelling') "
              "AND boot_id IS NOT ? AND seq > ? ORDER BY seq LIMIT 1",
              err);
    srv_put_text(&q, boot_id);
    srv_put_int(&q, seq);
    out->seq = 0;
    if (srv_next(&q)) {
        out->seq = srv_get_int(&q);
        *crashes = srv_get_int(&q) + 1;
    }
    return srv_done(&q);
}

static enum snn_code note_crash(struct srv_conn *c, const struct srv_job *job, int64_t crashes,
                                struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "UPDATE jobs SET crashes = ?, samples_per_second = NULL, eta_seconds = NULL, "
              "error_code = ?, error_message = ? WHERE seq = ?",
              err);
    srv_put_int(&q, crashes);
    srv_put_text(&q, job->error_code);
    srv_put_text(&q, job->error_message);
    srv_put_int(&q, job->seq);
    return srv_run(&q);
}

static enum snn_code recover_one(struct srv_conn *c, struct srv_job *job, int64_t crashes,
                                 const struct recover *a, struct snn_error *err)
{
    enum srv_action action = crashes >= a->max_attempts ? SRV_ACTION_give_up : SRV_ACTION_recover;
    const struct srv_transition *t = srv_transition_find(job->status, action);
    const char *message = "the server stopped while this job was running";
    bool removed;
    enum snn_code rc;

    if (t->to == SRV_JOB_failed) {
        snprintf(job->error_code, sizeof job->error_code, "crash_loop");
        snprintf(job->error_message, sizeof job->error_message,
                 "the server stopped %lld times while this job was running and made no new "
                 "checkpoint in between; it is not tried again",
                 (long long)crashes);
        message = job->error_message;
    }
    rc = note_crash(c, job, crashes, err);
    if (rc == SNN_OK)
        rc = srv_job_move(c, job, a->now, t, message, err);
    if (rc == SNN_OK)
        rc = srv_job_remove_marked(c, job->seq, t->to, &removed, err);
    return rc;
}

/* What was to be deleted once over, and is over: its deletion did not come through. */
static enum snn_code sweep_marked(struct srv_conn *c, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "DELETE FROM jobs WHERE delete_requested = 1 "
              "AND status IN ('succeeded', 'failed', 'cancelled')",
              err);
    return srv_run(&q);
}

static SRV_COMMAND(run_recover)
{
    struct recover *a = arg;
    struct srv_job job = {0};
    int64_t seq = 0, crashes = 0;
    enum snn_code rc = SNN_OK;

    a->n = 0;
    while (rc == SNN_OK) {
        rc = next_left(c, a->boot_id, seq, &job, &crashes, err);
        seq = job.seq;
        if (rc != SNN_OK || !seq)
            break;
        rc = srv_job_load(c, seq, &job, err);
        if (rc == SNN_OK)
            rc = recover_one(c, &job, crashes, a, err);
        srv_job_clear(&job);
        a->n += rc == SNN_OK;
    }
    return rc == SNN_OK ? sweep_marked(c, err) : rc;
}

enum snn_code srv_store_recover(struct srv_store *s, const char *boot_id, int64_t max_attempts,
                                size_t *n, struct snn_error *err)
{
    struct recover a = {
        .boot_id = boot_id, .max_attempts = max_attempts, .now = s->clock.wall_seconds()};
    enum snn_code rc = srv_writer_call(s->writer, run_recover, &a, err);

    if (rc == SNN_OK)
        *n = a.n;
    return rc;
}
