/* SPDX-License-Identifier: MIT */
/* A sweep with all that belongs to it, of one moment. */
#include <stdlib.h>

#include "server/store_internal.h"

void srv_sweep_whole_clear(struct srv_sweep_whole *whole)
{
    srv_sweep_clear(&whole->sweep);
    for (size_t i = 0; i < whole->n_combinations; i++)
        free(whole->combinations[i]);
    free(whole->combinations);
    free(whole->jobs);
    free(whole->decisions);
    *whole = (struct srv_sweep_whole){.n_jobs = 0};
}

static enum snn_code no_memory(const struct srv_sweep_whole *w, struct snn_error *err)
{
    return snn_fail(err, SNN_NOMEM, "%s: no memory for its jobs", w->sweep.id);
}

static enum snn_code read_combinations(struct srv_conn *c, struct srv_sweep_whole *w,
                                       struct snn_error *err)
{
    size_t n = (size_t)w->sweep.combinations;
    struct srv_query q;

    w->combinations = calloc(n ? n : 1, sizeof *w->combinations);
    if (!w->combinations)
        return no_memory(w, err);
    srv_query(&q, c,
              "SELECT parameters FROM sweep_combinations WHERE sweep_seq = ? ORDER BY combination",
              err);
    srv_put_int(&q, w->sweep.seq);
    while (w->n_combinations < n && srv_next(&q))
        w->combinations[w->n_combinations++] = srv_get_text_copy(&q);
    return srv_done(&q);
}

static void read_job(struct srv_query *q, struct srv_sweep_job *out)
{
    char status[16] = "";

    *out = (struct srv_sweep_job){.status = SRV_JOB_failed};
    srv_get_text(q, out->id, sizeof out->id);
    out->combination = srv_get_int(q);
    out->seed = srv_get_int(q);
    out->epoch = srv_get_int(q);
    srv_get_text(q, status, sizeof status);
    srv_job_status_find(&out->status, status);
#define READ(name) out->metrics.name = srv_get_real(q);
    SNN_METRICS(READ)
#undef READ
    srv_get_text(q, out->error_code, sizeof out->error_code);
    srv_get_text(q, out->model_sha256, sizeof out->model_sha256);
}

static enum snn_code read_jobs(struct srv_conn *c, struct srv_sweep_whole *w, struct snn_error *err)
{
    struct srv_query q;
    size_t room = 0;

    for (int i = 0; i < SRV_JOB_STATUS_COUNT; i++)
        room += (size_t)w->sweep.counts[i];
    w->jobs = calloc(room ? room : 1, sizeof *w->jobs);
    if (!w->jobs)
        return no_memory(w, err);
#define NAME(name) #name ","
    srv_query(&q, c,
              "SELECT id, combination, seed, epoch, status, " SNN_METRICS(
                  NAME) " error_code, model_sha256 FROM jobs WHERE sweep = ? AND sweep <> '' "
                        "ORDER BY combination, seq",
              err);
#undef NAME
    srv_put_text(&q, w->sweep.id);
    while (w->n_jobs < room && srv_next(&q))
        read_job(&q, &w->jobs[w->n_jobs++]);
    return srv_done(&q);
}

static enum snn_code read_decisions(struct srv_conn *c, struct srv_sweep_whole *w,
                                    struct snn_error *err)
{
    size_t room = 0;
    struct srv_query q;

    srv_query(&q, c,
              "SELECT epoch, rank, combination, at, value, kept, COUNT(*) OVER () FROM "
              "sweep_decisions WHERE sweep_seq = ? ORDER BY epoch, rank",
              err);
    srv_put_int(&q, w->sweep.seq);
    while (srv_next(&q)) {
        struct srv_sweep_decision d = {.epoch = srv_get_int(&q)};

        d.rank = srv_get_int(&q);
        d.combination = srv_get_int(&q);
        d.at = srv_get_int(&q);
        d.value = srv_get_real(&q);
        d.kept = srv_get_int(&q) != 0;
        if (!w->decisions) {
            room = (size_t)srv_get_int(&q);
            w->decisions = calloc(room ? room : 1, sizeof *w->decisions);
        }
        if (!w->decisions) {
            srv_query_fail(&q, no_memory(w, err));
            break;
        }
        if (w->n_decisions < room)
            w->decisions[w->n_decisions++] = d;
    }
    return srv_done(&q);
}

enum snn_code srv_store_sweep_get(struct srv_store *s, const char *id, struct srv_sweep_whole *out,
                                  struct snn_error *err)
{
    struct srv_sweep_whole w = {.n_jobs = 0};
    struct srv_conn *c = NULL;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = srv_sweep_load(c, id, &w.sweep, err);
    if (rc == SNN_OK)
        rc = read_combinations(c, &w, err);
    if (rc == SNN_OK)
        rc = read_jobs(c, &w, err);
    if (rc == SNN_OK)
        rc = read_decisions(c, &w, err);
    srv_store_unread(s, c);
    if (rc == SNN_OK)
        *out = w;
    else
        srv_sweep_whole_clear(&w);
    return rc;
}
