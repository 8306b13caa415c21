/* SPDX-License-Identifier: MIT */
/* What a user wants of a sweep, done to all its jobs in one transaction: cancel, pause, resume. */
#include <stdlib.h>
#include <string.h>

#include "server/store_internal.h"

struct act {
    const char *id;
    enum srv_action action;
    bool then_delete;
    int64_t now;
    struct srv_sweep_change *changed;
    size_t n, room;
};

/* The next of its jobs, in the order in which they were made; seq 0: there is none. */
static enum snn_code next_job(struct srv_conn *c, const char *sweep, struct srv_job *job,
                              struct snn_error *err)
{
    char status[16] = "";
    struct srv_query q;

    srv_query(&q, c,
              "SELECT seq, id, status, attempt, step, epoch, combination, at_rung FROM jobs "
              "WHERE sweep = ? AND sweep <> '' AND (combination, seq) > (?, ?) "
              "ORDER BY combination, seq LIMIT 1",
              err);
    srv_put_text(&q, sweep);
    srv_put_int(&q, job->combination);
    srv_put_int(&q, job->seq);
    job->seq = 0;
    if (srv_next(&q)) {
        job->seq = srv_get_int(&q);
        srv_get_text(&q, job->id, sizeof job->id);
        srv_get_text(&q, status, sizeof status);
        srv_job_status_find(&job->status, status);
        job->attempt = srv_get_int(&q);
        job->step = srv_get_int(&q);
        job->epoch = srv_get_int(&q);
        job->combination = srv_get_int(&q);
        job->at_rung = srv_get_int(&q);
    }
    return srv_done(&q);
}

static enum snn_code note(struct act *a, const char *id, bool gone, struct snn_error *err)
{
    if (a->n == a->room) {
        size_t room = a->room ? 2 * a->room : 64;
        struct srv_sweep_change *grown = realloc(a->changed, room * sizeof *grown);

        if (!grown)
            return snn_fail(err, SNN_NOMEM, "no memory for %zu jobs", room);
        a->changed = grown;
        a->room = room;
    }
    a->changed[a->n].gone = gone;
    memcpy(a->changed[a->n++].id, id, SRV_ID_SIZE);
    return SNN_OK;
}

/* With then_delete the job is marked, and gone if nobody holds it. */
static enum snn_code remove_job(struct srv_conn *c, const struct srv_job *job,
                                enum srv_job_status now, bool *gone, struct snn_error *err)
{
    struct srv_query q;
    enum snn_code rc;

    srv_query(&q, c, "UPDATE jobs SET delete_requested = 1 WHERE seq = ?", err);
    srv_put_int(&q, job->seq);
    rc = srv_run(&q);
    return rc == SNN_OK ? srv_job_remove_marked(c, job->seq, now, gone, err) : rc;
}

/* A job that waits at its rung goes on by itself, and not before. */
static enum snn_code act_on_job(struct srv_conn *c, struct act *a, const struct srv_job *job,
                                struct snn_error *err)
{
    const struct srv_transition *t = srv_transition_find(job->status, a->action);
    bool waits = job->at_rung && a->action == SRV_ACTION_unpause;
    bool moved = t && t->event && !waits, gone = false;
    enum snn_code rc = SNN_OK;

    if (moved)
        rc = srv_job_move(c, job, a->now, t, "", err);
    if (rc == SNN_OK && a->then_delete)
        rc = remove_job(c, job, moved ? t->to : job->status, &gone, err);
    if (rc == SNN_OK && (moved || gone))
        rc = note(a, job->id, gone, err);
    return rc;
}

/* Says so first: what is cancelled compares no more. */
static enum snn_code mark(struct srv_conn *c, const struct act *a, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c, "UPDATE sweeps SET cancelled_at = COALESCE(cancelled_at, ?) WHERE id = ?",
              err);
    srv_put_int(&q, a->now);
    srv_put_text(&q, a->id);
    return srv_run(&q);
}

/* A cancel may come at any time; what is over or about to be neither pauses nor goes on. */
static enum snn_code begin(struct srv_conn *c, const struct act *a, struct snn_error *err)
{
    struct srv_sweep sweep = {0};
    enum snn_code rc = srv_sweep_load(c, a->id, &sweep, err);
    bool over = rc == SNN_OK && srv_sweep_over(&sweep);

    if (rc == SNN_OK && a->action != SRV_ACTION_cancel && (over || sweep.cancelled_at))
        rc = snn_fail(err, SNN_INVALID, "sweep \"%s\" is %s and cannot be %s", sweep.id,
                      !sweep.cancelled_at ? "finished"
                      : over              ? "cancelled"
                                          : "cancelling",
                      a->action == SRV_ACTION_pause ? "paused" : "resumed");
    else if (rc == SNN_OK && a->action == SRV_ACTION_cancel && !over)
        rc = mark(c, a, err);
    srv_sweep_clear(&sweep);
    return rc;
}

static SRV_COMMAND(run_act)
{
    struct srv_job job = {.combination = -1};
    struct act *a = arg;
    enum snn_code rc = begin(c, a, err);

    while (rc == SNN_OK) {
        rc = next_job(c, a->id, &job, err);
        if (rc != SNN_OK || !job.seq)
            break;
        rc = act_on_job(c, a, &job, err);
    }
    return rc;
}

static enum snn_code act(struct srv_store *s, struct act a, struct srv_sweep_change **changed,
                         size_t *n, struct snn_error *err)
{
    enum snn_code rc;

    a.now = s->clock.wall_seconds();
    rc = srv_writer_call(s->writer, run_act, &a, err);
    if (rc != SNN_OK) {
        free(a.changed);
        return rc;
    }
    *changed = a.changed;
    *n = a.n;
    return SNN_OK;
}

enum snn_code srv_store_sweep_cancel(struct srv_store *s, const char *id, bool then_delete,
                                     struct srv_sweep_change **changed, size_t *n,
                                     struct snn_error *err)
{
    return act(s, (struct act){.id = id, .action = SRV_ACTION_cancel, .then_delete = then_delete},
               changed, n, err);
}

enum snn_code srv_store_sweep_pause(struct srv_store *s, const char *id,
                                    struct srv_sweep_change **changed, size_t *n,
                                    struct snn_error *err)
{
    return act(s, (struct act){.id = id, .action = SRV_ACTION_pause}, changed, n, err);
}

enum snn_code srv_store_sweep_unpause(struct srv_store *s, const char *id,
                                      struct srv_sweep_change **changed, size_t *n,
                                      struct snn_error *err)
{
    return act(s, (struct act){.id = id, .action = SRV_ACTION_unpause}, changed, n, err);
}
