/* SPDX-License-Identifier: MIT */
#include "api/sweep_object.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/problem.h"

double api_sweep_metric(const struct snn_metrics *m, const char *name)
{
#define PICK(metric)                                                                               \
    if (strcmp(name, #metric) == 0)                                                                \
        return m->metric;
    SNN_METRICS(PICK)
#undef PICK
    return (double)NAN;
}

/* ------------------------------------------------------------------------------- the sweep -- */

static const char *status_of(const struct srv_sweep *s)
{
    const int64_t *n = s->counts;

    if (srv_sweep_over(s))
        return s->cancelled_at ? "cancelled" : "finished";
    if (s->cancelled_at)
        return "cancelling";
    if (n[SRV_JOB_queued] || n[SRV_JOB_running] || n[SRV_JOB_cancelling])
        return "running";
    return n[SRV_JOB_pausing] ? "pausing" : "paused";
}

static json_t *counts(const struct srv_sweep *s)
{
    json_t *out = json_object();
    int64_t total = 0;
    bool whole = out != NULL;

    for (int i = 0; whole && i < SRV_JOB_STATUS_COUNT; i++) {
        total += s->counts[i];
        whole = json_object_set_new(out, srv_job_status_name((enum srv_job_status)i),
                                    json_integer(s->counts[i])) == 0;
    }
    if (whole && json_object_set_new(out, "total", json_integer(total)) == 0)
        return out;
    json_decref(out);
    return NULL;
}

static json_t *early_stopping(const struct srv_sweep *s)
{
    if (!s->rung_epochs)
        return json_null();
    return json_pack("{s:s, s:I, s:I}", "kind", "successive_halving", "epochs",
                     (json_int_t)s->rung_epochs, "factor", (json_int_t)s->rung_factor);
}

json_t *api_sweep_object(const struct srv_sweep *s)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:I, s:o, s:o}", "id", s->id,
                     "object", "sweep", "status", status_of(s), "name", api_text_or_null(s->name),
                     "created_at", api_time(s->created_at), "cancelled_at",
                     api_time(s->cancelled_at), "finished_at", api_time(s->finished_at), "metric",
                     s->metric, "goal", s->maximize ? "maximize" : "minimize", "combinations",
                     (json_int_t)s->combinations, "jobs", counts(s), "early_stopping",
                     early_stopping(s));
}

/* --------------------------------------------------------------------------------- ranking -- */

struct standing {
    size_t combination, first, n; /* its jobs */
    size_t used;                  /* of them succeeded, with a metric that is finite */
    double mean, deviation;       /* of those; NaN = none, or only one */
    int64_t stopped, place;       /* at which epoch it was, and its rank there; 0 = it was not */
    bool maximize;
};

/* Mean and deviation (of a sample: by n - 1) over the jobs that succeeded. */
static void measure(struct standing *s, const struct srv_sweep_job *jobs, const char *metric)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < s->n; i++) {
        double v = api_sweep_metric(&jobs[i].metrics, metric);

        if (jobs[i].status != SRV_JOB_succeeded || !isfinite(v))
            continue;
        sum += v;
        s->used++;
    }
    s->mean = s->used ? sum / (double)s->used : (double)NAN;
    for (size_t i = 0; i < s->n; i++) {
        double v = api_sweep_metric(&jobs[i].metrics, metric) - s->mean;

        if (jobs[i].status == SRV_JOB_succeeded && isfinite(v))
            squares += v * v;
    }
    s->deviation = s->used > 1 ? sqrt(squares / (double)(s->used - 1)) : (double)NAN;
}

/* Those that are not over before those that were stopped, these as late as they were and as they
 * stood then. */
static int by_stop(const struct standing *x, const struct standing *y)
{
    if (x->stopped != y->stopped)
        return !x->stopped ? -1 : !y->stopped ? 1 : x->stopped > y->stopped ? -1 : 1;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->combination < y->combination ? -1 : x->combination > y->combination;
}

/* The better first; those without a value last; of equal ones the one that was made first. */
static int by_mean(const void *a, const void *b)
{
    const struct standing *x = a, *y = b;
    bool known = isfinite(x->mean), other = isfinite(y->mean);

    if (known != other)
        return known ? -1 : 1;
    if (known && x->mean != y->mean)
        return (x->mean > y->mean) == x->maximize ? -1 : 1;
    return by_stop(x, y);
}

/* Where it was stopped, if it was. */
static void find_stop(struct standing *s, const struct srv_sweep_whole *w)
{
    for (size_t i = 0; i < w->n_decisions; i++) {
        const struct srv_sweep_decision *d = &w->decisions[i];

        if (d->combination != (int64_t)s->combination || d->kept)
            continue;
        s->stopped = d->epoch;
        s->place = d->rank;
    }
}

/* Text that was accepted parses again. */
static json_t *parsed(const char *text)
{
    json_t *value = text ? api_json_parse(text, strlen(text), NULL) : NULL;

    return value ? value : json_null();
}

static json_t *standing_json(const struct srv_sweep_whole *w, const struct standing *s, size_t rank)
{
    json_t *jobs = json_array();

    for (size_t i = 0; i < s->n; i++) {
        if (json_array_append_new(jobs, json_string(w->jobs[s->first + i].id)) != 0) {
            json_decref(jobs);
            return NULL;
        }
    }
    return json_pack(
        "{s:o, s:I, s:o, s:o, s:o, s:I, s:o, s:o}", "rank",
        isfinite(s->mean) ? json_integer((json_int_t)rank) : json_null(), "combination",
        (json_int_t)s->combination, "parameters", parsed(w->combinations[s->combination]), "mean",
        api_number(s->mean), "deviation", api_number(s->deviation), "count", (json_int_t)s->used,
        "stopped_at_epoch", s->stopped ? json_integer(s->stopped) : json_null(), "jobs", jobs);
}

static json_t *ranking(const struct srv_sweep_whole *w, const char *metric, bool maximize)
{
    struct standing *all = calloc(w->n_combinations ? w->n_combinations : 1, sizeof *all);
    json_t *out = all ? json_array() : NULL;
    size_t at = 0;

    for (size_t i = 0; out && i < w->n_combinations; i++) {
        all[i] = (struct standing){.combination = i, .first = at, .maximize = maximize};
        while (at < w->n_jobs && w->jobs[at].combination == (int64_t)i)
            at++;
        all[i].n = at - all[i].first;
        measure(&all[i], w->jobs + all[i].first, metric);
        find_stop(&all[i], w);
    }
    if (out)
        qsort(all, w->n_combinations, sizeof *all, by_mean);
    for (size_t i = 0; out && i < w->n_combinations; i++) {
        if (json_array_append_new(out, standing_json(w, &all[i], i + 1)) != 0) {
            json_decref(out);
            out = NULL;
        }
    }
    free(all);
    return out;
}

/* ----------------------------------------------------------------------------- comparisons -- */

static json_t *decision_json(const struct srv_sweep_decision *d)
{
    return json_pack("{s:I, s:I, s:o, s:b}", "rank", (json_int_t)d->rank, "combination",
                     (json_int_t)d->combination, "value", api_number(d->value), "kept", d->kept);
}

/* One entry an epoch at which there was a comparison. */
static json_t *rungs(const struct srv_sweep_whole *w)
{
    json_t *out = json_array(), *of_epoch = NULL;

    for (size_t i = 0; out && i < w->n_decisions; i++) {
        const struct srv_sweep_decision *d = &w->decisions[i];

        if (i == 0 || d->epoch != w->decisions[i - 1].epoch) {
            of_epoch = json_array();
            if (json_array_append_new(
                    out, json_pack("{s:I, s:I, s:o}", "epoch", (json_int_t)d->epoch, "decided_at",
                                   (json_int_t)d->at, "combinations", of_epoch)) != 0) {
                json_decref(out);
                return NULL;
            }
        }
        if (json_array_append_new(of_epoch, decision_json(d)) != 0) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

json_t *api_sweep_whole_object(const struct srv_sweep_whole *w, const char *metric, bool maximize)
{
    json_t *out = api_sweep_object(&w->sweep);

    if (json_object_set_new(out, "metric", json_string(metric)) == 0 &&
        json_object_set_new(out, "goal", json_string(maximize ? "maximize" : "minimize")) == 0 &&
        json_object_set_new(out, "ranking", ranking(w, metric, maximize)) == 0 &&
        json_object_set_new(out, "rungs", rungs(w)) == 0 &&
        json_object_set_new(out, "config", parsed(w->sweep.config)) == 0)
        return out;
    json_decref(out);
    return NULL;
}
