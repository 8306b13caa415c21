/* SPDX-License-Identifier: MIT */
/*
 * Successive halving. A job that comes to the end of its sweep's next rung waits there, paused;
 * when the last job that can still come has come, has ended or is gone, the combinations are
 * compared, and one in rung_factor goes on. All that in the transaction in which the last one came:
 * there is no moment at which a crash could leave jobs that wait for nobody. What is compared is
 * the mean of the metric over a combination's jobs at the end of the same epoch, so neither the
 * order in which they came nor the number of workers changes the outcome.
 */
#include <math.h>
#include <string.h>

#include "server/store_internal.h"

#define OVER "('succeeded', 'failed', 'cancelled')"

struct rung {
    struct srv_sweep sweep; /* seq, id, metric, maximize and rung_factor alone */
    int64_t epoch, now;
    int64_t compared, kept; /* combinations */
};

/* The sweep of that job, if it is one that compares. */
static enum snn_code find_sweep(struct srv_conn *c, int64_t job_seq, struct srv_sweep *out,
                                struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "SELECT s.seq, s.id, s.metric, s.maximize, s.rung_factor FROM jobs AS j JOIN sweeps "
              "AS s ON s.id = j.sweep WHERE j.seq = ? AND j.sweep <> '' AND s.rung_epochs > 0 "
              "AND s.cancelled_at IS NULL",
              err);
    srv_put_int(&q, job_seq);
    out->seq = 0;
    if (srv_next(&q)) {
        out->seq = srv_get_int(&q);
        srv_get_text(&q, out->id, sizeof out->id);
        srv_get_text(&q, out->metric, sizeof out->metric);
        out->maximize = srv_get_int(&q);
        out->rung_factor = srv_get_int(&q);
    }
    return srv_done(&q);
}

/* Whether jobs wait and nobody is to come any more. */
static enum snn_code is_due(struct srv_conn *c, struct rung *r, bool *due, struct snn_error *err)
{
    struct srv_query q;
    int64_t waiting = 0, to_come = 0;

    srv_query(&q, c,
              "SELECT SUM(at_rung), SUM(at_rung = 0 AND status NOT IN " OVER "), "
              "MIN(CASE WHEN at_rung THEN rung_epoch END) FROM jobs "
              "WHERE sweep = ? AND sweep <> ''",
              err);
    srv_put_text(&q, r->sweep.id);
    if (srv_next(&q)) {
        waiting = srv_get_int(&q);
        to_come = srv_get_int(&q);
        r->epoch = srv_get_int(&q);
    }
    *due = waiting > 0 && to_come == 0;
    return srv_done(&q);
}

static bool is_metric(const char *name)
{
#define SAME(metric) || strcmp(name, #metric) == 0
    return false SNN_METRICS(SAME);
#undef SAME
}

/* Writes down how the combinations stand: of equal ones the one that was made first is better, and
 * one with a metric that is not finite is worse than any without. */
static enum snn_code compare(struct srv_conn *c, struct rung *r, struct snn_error *err)
{
    const char *metric = r->sweep.metric;
    struct srv_query q;
    char sql[640];
    enum snn_code rc;

    if (!is_metric(metric))
        return snn_fail(err, SNN_FORMAT, "%s: there is no metric \"%s\"", r->sweep.id, metric);
    snprintf(sql, sizeof sql,
             "INSERT INTO sweep_decisions (sweep_seq, epoch, rank, combination, value, kept, at) "
             "SELECT ?, ?, ROW_NUMBER() OVER (ORDER BY value IS NULL, value %s, combination), "
             "combination, value, 0, ? FROM (SELECT combination, CASE WHEN COUNT(%s) = COUNT(*) "
             "THEN AVG(%s) END AS value FROM jobs WHERE sweep = ? AND sweep <> '' AND at_rung = 1 "
             "GROUP BY combination)",
             r->sweep.maximize ? "DESC" : "ASC", metric, metric);
    srv_query_once(&q, c, sql, err);
    srv_put_int(&q, r->sweep.seq);
    srv_put_int(&q, r->epoch);
    srv_put_int(&q, r->now);
    srv_put_text(&q, r->sweep.id);
    rc = srv_run(&q);
    r->compared = srv_conn_changes(c);
    if (rc != SNN_OK)
        return rc;
    r->kept = (r->compared + r->sweep.rung_factor - 1) / r->sweep.rung_factor;
    srv_query(&q, c,
              "UPDATE sweep_decisions SET kept = 1 WHERE sweep_seq = ? AND epoch = ? AND rank <= ?",
              err);
    srv_put_int(&q, r->sweep.seq);
    srv_put_int(&q, r->epoch);
    srv_put_int(&q, r->kept);
    return srv_run(&q);
}

struct waiting {
    struct srv_job job; /* seq, attempt, step, epoch, epochs and combination alone */
    int64_t rank;
    double value;
    bool kept;
};

/* The next one after *w in the order of combination and seq; seq 0: there is none. */
static enum snn_code next_waiting(struct srv_conn *c, const struct rung *r, struct waiting *w,
                                  struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "SELECT j.seq, j.attempt, j.step, j.epoch, j.epochs, j.combination, d.rank, d.value, "
              "d.kept FROM jobs AS j JOIN sweep_decisions AS d ON d.sweep_seq = ?1 AND "
              "d.epoch = ?2 AND d.combination = j.combination WHERE j.sweep = ?3 AND j.sweep <> '' "
              "AND j.at_rung = 1 AND (j.combination, j.seq) > (?4, ?5) "
              "ORDER BY j.combination, j.seq LIMIT 1",
              err);
    srv_put_int(&q, r->sweep.seq);
    srv_put_int(&q, r->epoch);
    srv_put_text(&q, r->sweep.id);
    srv_put_int(&q, w->job.combination);
    srv_put_int(&q, w->job.seq);
    w->job.seq = 0;
    if (srv_next(&q)) {
        w->job.seq = srv_get_int(&q);
        w->job.attempt = srv_get_int(&q);
        w->job.step = srv_get_int(&q);
        w->job.epoch = srv_get_int(&q);
        w->job.epochs = srv_get_int(&q);
        w->job.combination = srv_get_int(&q);
        w->rank = srv_get_int(&q);
        w->value = srv_get_real(&q);
        w->kept = srv_get_int(&q) != 0;
    }
    return srv_done(&q);
}

static enum snn_code promote(struct srv_conn *c, const struct rung *r, const struct waiting *w,
                             struct snn_error *err)
{
    int64_t next = r->epoch * r->sweep.rung_factor;
    struct srv_query q;

    srv_query(&q, c, "UPDATE jobs SET rung_epoch = ? WHERE seq = ?", err);
    srv_put_int(&q, next < w->job.epochs ? next : 0);
    srv_put_int(&q, w->job.seq);
    return srv_run(&q);
}

static enum snn_code drop(struct srv_conn *c, const struct waiting *w, const char *why,
                          struct snn_error *err)
{
    struct srv_query q;

    srv_query(
        &q, c,
        "UPDATE jobs SET error_code = 'stopped_early', error_message = ?, error_param = '' WHERE "
        "seq = ?",
        err);
    srv_put_text(&q, why);
    srv_put_int(&q, w->job.seq);
    return srv_run(&q);
}

static enum snn_code move(struct srv_conn *c, const struct rung *r, const struct waiting *w,
                          struct snn_error *err)
{
    enum srv_action action = w->kept ? SRV_ACTION_promote : SRV_ACTION_drop;
    char why[200], value[40] = "not finite";
    enum snn_code rc;

    if (isfinite(w->value))
        snprintf(value, sizeof value, "%.6g", w->value);
    snprintf(why, sizeof why, "rank %lld of %lld at epoch %lld by %s (%s): %lld go on",
             (long long)w->rank, (long long)r->compared, (long long)r->epoch, r->sweep.metric,
             value, (long long)r->kept);
    rc = w->kept ? promote(c, r, w, err) : drop(c, w, why, err);
    if (rc == SNN_OK)
        rc = srv_job_move_alone(c, &w->job, r->now, srv_transition_find(SRV_JOB_paused, action),
                                why, err);
    return rc;
}

enum snn_code srv_sweep_settle(struct srv_conn *c, int64_t job_seq, int64_t now,
                               struct snn_error *err)
{
    struct waiting w = {.job = {.combination = -1}};
    struct rung r = {.now = now};
    bool due = false;
    enum snn_code rc = find_sweep(c, job_seq, &r.sweep, err);

    if (rc == SNN_OK && r.sweep.seq)
        rc = is_due(c, &r, &due, err);
    if (rc != SNN_OK || !due)
        return rc;
    rc = compare(c, &r, err);
    while (rc == SNN_OK) {
        rc = next_waiting(c, &r, &w, err);
        if (rc != SNN_OK || !w.job.seq)
            break;
        rc = move(c, &r, &w, err);
    }
    return rc;
}
