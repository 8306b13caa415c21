/* SPDX-License-Identifier: MIT */
/* What whoever watches the daemon wants to know of the store, of one moment. */
#include "server/store_internal.h"

static enum snn_code look_at_jobs(struct srv_conn *c, struct srv_store_gauges *out,
                                  struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c, "SELECT status, COUNT(*) FROM jobs GROUP BY status", err);
    while (srv_next(&q)) {
        enum srv_job_status status;
        char name[16] = "";

        srv_get_text(&q, name, sizeof name);
        if (srv_job_status_find(&status, name))
            out->jobs[status] = srv_get_int(&q);
    }
    return srv_done(&q);
}

static enum snn_code look_up(struct srv_conn *c, const char *sql, int64_t *out,
                             struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c, sql, err);
    if (srv_next(&q))
        *out = srv_get_int(&q);
    return srv_done(&q);
}

enum snn_code srv_store_look(struct srv_store *s, struct srv_store_gauges *out,
                             struct snn_error *err)
{
    struct srv_store_gauges g = {.oldest_queued_at = 0};
    struct srv_conn *c = NULL;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = look_at_jobs(c, &g, err);
    if (rc == SNN_OK)
        rc = look_up(c, "SELECT MIN(created_at) FROM jobs WHERE status = 'queued'",
                     &g.oldest_queued_at, err);
    if (rc == SNN_OK)
        rc = look_up(c,
                     "SELECT (SELECT COALESCE(SUM(bytes), 0) FROM checkpoints) + "
                     "(SELECT COALESCE(SUM(bytes), 0) FROM dataset_files)",
                     &g.file_bytes, err);
    srv_store_unread(s, c);
    if (rc == SNN_OK)
        *out = g;
    return rc;
}

enum snn_code srv_store_job_counts(struct srv_store *s, int64_t *counts, struct snn_error *err)
{
    struct srv_store_gauges g = {.oldest_queued_at = 0};
    struct srv_conn *c = NULL;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = look_at_jobs(c, &g, err);
    srv_store_unread(s, c);
    for (int i = 0; rc == SNN_OK && i < SRV_JOB_STATUS_COUNT; i++)
        counts[i] = g.jobs[i];
    return rc;
}
