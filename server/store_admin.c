/* SPDX-License-Identifier: MIT */
/* What an administrator may do to a job that nobody else can help: by hand, with the daemon
 * stopped. */
#include "server/store_internal.h"

struct move {
    const char *id, *reason;
    enum srv_action action;
    int64_t now;
    struct srv_job job;
};

/* A job that is tried again has no end and no error, and its crashes are forgotten. */
static enum snn_code set_error(struct srv_conn *c, int64_t seq, const char *code,
                               const char *message, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "UPDATE jobs SET error_code = ?, error_message = ?, error_param = '', crashes = 0, "
              "samples_per_second = NULL, eta_seconds = NULL WHERE seq = ?",
              err);
    srv_put_text(&q, code);
    srv_put_text(&q, message);
    srv_put_int(&q, seq);
    return srv_run(&q);
}

static SRV_COMMAND(run_move)
{
    struct move *a = arg;
    const struct srv_transition *t = NULL;
    bool abandon = a->action == SRV_ACTION_abandon;
    int64_t seq = 0;
    enum snn_code rc = srv_job_seq(c, a->id, &seq, err);

    if (rc == SNN_OK)
        rc = srv_job_load(c, seq, &a->job, err);
    if (rc != SNN_OK)
        return rc;
    t = srv_transition_find(a->job.status, a->action);
    if (!t)
        return snn_fail(err, SNN_INVALID, "job \"%s\" is %s and cannot be %s", a->id,
                        srv_job_status_name(a->job.status), abandon ? "failed" : "requeued");
    if (!t->event)
        return SNN_OK;
    rc = set_error(c, seq, abandon ? "aborted" : "", abandon ? a->reason : "", err);
    if (rc == SNN_OK)
        rc = srv_job_move(c, &a->job, a->now, t, a->reason, err);
    srv_job_clear(&a->job);
    if (rc == SNN_OK)
        rc = srv_job_load(c, seq, &a->job, err);
    return rc;
}

static enum snn_code move(struct srv_store *s, const char *id, enum srv_action action,
                          const char *reason, struct srv_job *out, struct snn_error *err)
{
    struct move a = {.id = id, .reason = reason, .action = action, .now = s->clock.wall_seconds()};
    enum snn_code rc = srv_writer_call(s->writer, run_move, &a, err);

    if (rc == SNN_OK)
        *out = a.job;
    else
        srv_job_clear(&a.job);
    return rc;
}

enum snn_code srv_store_job_requeue(struct srv_store *s, const char *id, struct srv_job *out,
                                    struct snn_error *err)
{
    return move(s, id, SRV_ACTION_requeue, "put back into the queue by an administrator", out, err);
}

enum snn_code srv_store_job_abandon(struct srv_store *s, const char *id, const char *reason,
                                    struct srv_job *out, struct snn_error *err)
{
    return move(s, id, SRV_ACTION_abandon, reason, out, err);
}
