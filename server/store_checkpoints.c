/* SPDX-License-Identifier: MIT */
/* Which checkpoint files there are. The files are the caller's: durable before their row, unlinked
 * after it. */
#include "server/store_internal.h"

#include <stdlib.h>

struct add {
    const char *job;
    struct srv_checkpoint *checkpoint;
    size_t keep;
    char **dropped; /* of rows that went */
    size_t n_dropped;
};

static void free_paths(char **paths, size_t n)
{
    for (size_t i = 0; paths && i < n; i++)
        free(paths[i]);
    free(paths);
}

static enum snn_code insert(struct srv_conn *c, int64_t job_seq, const struct srv_checkpoint *k,
                            struct snn_error *err)
{
    struct srv_query q;

    /* OR REPLACE: a run that goes on from an older checkpoint comes by the same file again. */
    srv_query(&q, c,
              "INSERT OR REPLACE INTO checkpoints "
              "(job_seq, id, step, epoch, created_at, bytes, path, sha256) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
              err);
    srv_put_int(&q, job_seq);
    srv_put_text(&q, k->id);
    srv_put_int(&q, k->step);
    srv_put_int(&q, k->epoch);
    srv_put_int(&q, k->created_at);
    srv_put_int(&q, k->bytes);
    srv_put_text(&q, k->path);
    srv_put_text(&q, k->sha256);
    return srv_run(&q);
}

/* A job that gets further between crashes is in no loop of them. */
static enum snn_code forgive_crashes(struct srv_conn *c, int64_t job_seq, int64_t step,
                                     struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "UPDATE jobs SET crashes = 0 WHERE seq = ?1 AND crashes > 0 AND ?2 > "
              "COALESCE((SELECT MAX(step) FROM checkpoints WHERE job_seq = ?1), -1)",
              err);
    srv_put_int(&q, job_seq);
    srv_put_int(&q, step);
    return srv_run(&q);
}

/* Collects the paths of the rows beyond the newest `keep`. */
static enum snn_code find_old(struct srv_conn *c, int64_t job_seq, struct add *a,
                              struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "SELECT path FROM checkpoints WHERE job_seq = ? ORDER BY seq DESC LIMIT -1 OFFSET ?",
              err);
    srv_put_int(&q, job_seq);
    srv_put_int(&q, (int64_t)a->keep);
    while (srv_next(&q)) {
        char *path = srv_get_text_copy(&q);
        char **grown = path ? realloc(a->dropped, (a->n_dropped + 1) * sizeof *grown) : NULL;

        if (!grown) {
            free(path);
            srv_query_fail(&q, snn_fail(err, SNN_NOMEM, "no memory for the paths of checkpoints"));
            break;
        }
        a->dropped = grown;
        a->dropped[a->n_dropped++] = path;
    }
    return srv_done(&q);
}

static enum snn_code drop(struct srv_conn *c, const char *path, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c, "DELETE FROM checkpoints WHERE path = ?", err);
    srv_put_text(&q, path);
    return srv_run(&q);
}

static SRV_COMMAND(run_add)
{
    struct add *a = arg;
    int64_t seq = 0;
    enum snn_code rc = srv_job_seq(c, a->job, &seq, err);

    if (rc == SNN_OK)
        rc = forgive_crashes(c, seq, a->checkpoint->step, err);
    if (rc == SNN_OK)
        rc = insert(c, seq, a->checkpoint, err);
    if (rc == SNN_OK)
        rc = find_old(c, seq, a, err);
    for (size_t i = 0; rc == SNN_OK && i < a->n_dropped; i++)
        rc = drop(c, a->dropped[i], err);
    return rc;
}

enum snn_code srv_store_checkpoint_add(struct srv_store *s, const char *job,
                                       struct srv_checkpoint *c, size_t keep, char ***dropped,
                                       size_t *n_dropped, struct snn_error *err)
{
    struct srv_checkpoint k = *c;
    struct add a = {.job = job, .checkpoint = &k, .keep = keep};
    enum snn_code rc;

    if (keep < 1)
        return snn_fail(err, SNN_INVALID, "keep is 0, want the one just made at least");
    srv_id_make(k.id, "ckpt_");
    k.created_at = s->clock.wall_seconds();
    rc = srv_writer_call(s->writer, run_add, &a, err);
    if (rc != SNN_OK) {
        free_paths(a.dropped, a.n_dropped);
        return rc;
    }
    *c = k;
    *dropped = a.dropped;
    *n_dropped = a.n_dropped;
    return SNN_OK;
}

/* ------------------------------------------------------------------------------------ list -- */

static void read_checkpoint(struct srv_query *q, struct srv_checkpoint *k)
{
    *k = (struct srv_checkpoint){0};
    srv_get_text(q, k->id, sizeof k->id);
    k->step = srv_get_int(q);
    k->epoch = srv_get_int(q);
    k->created_at = srv_get_int(q);
    k->bytes = srv_get_int(q);
    srv_get_text(q, k->path, sizeof k->path);
    srv_get_text(q, k->sha256, sizeof k->sha256);
}

static enum snn_code read_all(struct srv_conn *c, int64_t job_seq, struct srv_checkpoint **list,
                              size_t *n, struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c,
              "SELECT id, step, epoch, created_at, bytes, path, sha256 FROM checkpoints "
              "WHERE job_seq = ? ORDER BY seq DESC",
              err);
    srv_put_int(&q, job_seq);
    while (srv_next(&q)) {
        struct srv_checkpoint *grown = realloc(*list, (*n + 1) * sizeof *grown);

        if (!grown) {
            srv_query_fail(&q, snn_fail(err, SNN_NOMEM, "no memory for a list of checkpoints"));
            break;
        }
        *list = grown;
        read_checkpoint(&q, &grown[(*n)++]);
    }
    return srv_done(&q);
}

enum snn_code srv_store_checkpoint_list(struct srv_store *s, const char *job,
                                        struct srv_checkpoint **out, size_t *n,
                                        struct snn_error *err)
{
    struct srv_checkpoint *list = NULL;
    struct srv_conn *c = NULL;
    int64_t seq = 0;
    size_t found = 0;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = srv_job_seq(c, job, &seq, err);
    if (rc == SNN_OK)
        rc = read_all(c, seq, &list, &found, err);
    srv_store_unread(s, c);
    if (rc != SNN_OK) {
        free(list);
        return rc;
    }
    *out = list;
    *n = found;
    return SNN_OK;
}
