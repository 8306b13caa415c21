/* SPDX-License-Identifier: MIT */
/* Metric points (a row a step) and the posting of histograms (a row a step and name; read in
 * store_histograms.c). Packed where they are posted, so that the writer only moves bytes. */
#include "server/pack.h"
#include "server/store_internal.h"

#include <stdlib.h>
#include <string.h>

/* One block: the head, then the packed items, each after a struct item. */
struct post {
    char job[SRV_ID_SIZE];
    int64_t step, epoch;
    size_t n, size; /* items; bytes */
    unsigned char bytes[];
};

struct item {
    char name[SNN_NAME_SIZE * 2];
    size_t size;
};

/* True where the job is there. A job that was deleted meanwhile is no failure: there is nothing to
 * write. */
static bool job_of_post(struct srv_conn *c, const struct post *a, int64_t *seq, enum snn_code *rc,
                        struct snn_error *err)
{
    struct srv_query q;
    bool found;

    srv_query(&q, c, "SELECT seq FROM jobs WHERE id = ?", err);
    srv_put_text(&q, a->job);
    found = srv_next(&q);
    *seq = found ? srv_get_int(&q) : 0;
    *rc = srv_done(&q);
    return found && *rc == SNN_OK;
}

static enum snn_code post(struct srv_store *s, SRV_COMMAND((*run)), const struct post *head,
                          struct srv_bytes *bytes)
{
    struct post *a = bytes->failed ? NULL : malloc(sizeof *a + bytes->n);
    enum snn_code rc = SNN_NOMEM;

    if (a) {
        *a = *head;
        a->size = bytes->n;
        if (bytes->n > 0)
            memcpy(a->bytes, bytes->data, bytes->n);
        rc = srv_writer_post(s->writer, run, a);
    }
    free(bytes->data);
    return rc;
}

static struct post head_of(const char *job, size_t step, size_t epoch, size_t n)
{
    struct post head = {.step = (int64_t)step, .epoch = (int64_t)epoch, .n = n};

    snprintf(head.job, sizeof head.job, "%s", job);
    return head;
}

/* ---------------------------------------------------------------------------------- points -- */

static SRV_COMMAND(run_points)
{
    const struct post *a = arg;
    struct srv_query q;
    enum snn_code rc;
    int64_t seq;

    if (!job_of_post(c, a, &seq, &rc, err))
        return rc;
    srv_query(&q, c,
              "INSERT OR REPLACE INTO points (job_seq, step, epoch, data) VALUES (?, ?, ?, ?)",
              err);
    srv_put_int(&q, seq);
    srv_put_int(&q, a->step);
    srv_put_int(&q, a->epoch);
    srv_put_bytes(&q, a->bytes, a->size);
    return srv_run(&q);
}

enum snn_code srv_store_points_post(struct srv_store *s, const char *job, size_t step, size_t epoch,
                                    const struct snn_point *p, size_t n)
{
    struct post head = head_of(job, step, epoch, n);
    struct srv_bytes bytes = {0};

    srv_pack_points(&bytes, p, n);
    return post(s, run_points, &head, &bytes);
}

enum snn_code srv_store_points_each(struct srv_store *s, const char *job, int64_t from_step,
                                    bool (*each)(void *user, int64_t step, int64_t epoch,
                                                 const struct snn_point *p, size_t n),
                                    void *user, struct snn_error *err)
{
    struct srv_points points = {0};
    struct srv_conn *c = NULL;
    struct srv_query q;
    int64_t seq = 0;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = srv_job_seq(c, job, &seq, err);
    if (rc != SNN_OK)
        goto out;
    srv_query(&q, c,
              "SELECT step, epoch, data FROM points WHERE job_seq = ? AND step >= ? ORDER BY step",
              err);
    srv_put_int(&q, seq);
    srv_put_int(&q, from_step);
    while (srv_next(&q)) {
        int64_t step = srv_get_int(&q), epoch = srv_get_int(&q);
        size_t size;
        const unsigned char *data = srv_get_bytes(&q, &size);

        srv_query_fail(&q, srv_unpack_points(&points, data, size, err));
        if (q.code != SNN_OK || !each(user, step, epoch, points.points, points.n))
            break;
    }
    rc = srv_done(&q);
out:
    srv_points_free(&points);
    srv_store_unread(s, c);
    return rc;
}

/* ------------------------------------------------------------------------------ histograms -- */

static enum snn_code clear_step(struct srv_conn *c, int64_t seq, int64_t step,
                                struct snn_error *err)
{
    struct srv_query q;

    srv_query(&q, c, "DELETE FROM histograms WHERE job_seq = ? AND step = ?", err);
    srv_put_int(&q, seq);
    srv_put_int(&q, step);
    return srv_run(&q);
}

static SRV_COMMAND(run_histograms)
{
    const struct post *a = arg;
    const unsigned char *at = a->bytes;
    struct srv_query q;
    enum snn_code rc;
    int64_t seq;

    if (!job_of_post(c, a, &seq, &rc, err))
        return rc;
    rc = clear_step(c, seq, a->step, err);
    for (size_t i = 0; rc == SNN_OK && i < a->n; i++) {
        struct item item;

        memcpy(&item, at, sizeof item);
        srv_query(&q, c,
                  "INSERT OR REPLACE INTO histograms (job_seq, step, position, name, epoch, data) "
                  "VALUES (?, ?, ?, ?, ?, ?)",
                  err);
        srv_put_int(&q, seq);
        srv_put_int(&q, a->step);
        srv_put_int(&q, (int64_t)i);
        srv_put_text(&q, item.name);
        srv_put_int(&q, a->epoch);
        srv_put_bytes(&q, at + sizeof item, item.size);
        rc = srv_run(&q);
        at += sizeof item + item.size;
    }
    return rc;
}

/* Bytes `from` with a struct item before them. */
static void add_item(struct srv_bytes *to, const char *name, const struct srv_bytes *from)
{
    struct item item = {.size = from->n};

    snprintf(item.name, sizeof item.name, "%s", name);
    srv_bytes_add(to, &item, sizeof item);
    srv_bytes_add(to, from->data, from->n);
    to->failed = to->failed || from->failed;
}

enum snn_code srv_store_histograms_post(struct srv_store *s, const char *job, size_t step,
                                        size_t epoch, const struct snn_histogram *h, size_t n)
{
    struct post head = head_of(job, step, epoch, n);
    struct srv_bytes all = {0}, one = {0};

    for (size_t i = 0; i < n; i++) {
        one.n = 0;
        srv_pack_histogram(&one, &h[i]);
        add_item(&all, h[i].name, &one);
    }
    free(one.data);
    return post(s, run_histograms, &head, &all);
}

/* ---------------------------------------------------------------------------------- rewind -- */

struct rewind {
    const char *job;
    int64_t step;
};

static SRV_COMMAND(run_rewind)
{
    static const char *const sql[] = {"DELETE FROM points WHERE job_seq = ? AND step > ?",
                                      "DELETE FROM histograms WHERE job_seq = ? AND step > ?"};
    const struct rewind *a = arg;
    int64_t seq = 0;
    enum snn_code rc = srv_job_seq(c, a->job, &seq, err);

    for (size_t i = 0; rc == SNN_OK && i < sizeof sql / sizeof *sql; i++) {
        struct srv_query q;

        srv_query(&q, c, sql[i], err);
        srv_put_int(&q, seq);
        srv_put_int(&q, a->step);
        rc = srv_run(&q);
    }
    return rc;
}

enum snn_code srv_store_rewind(struct srv_store *s, const char *job, int64_t step,
                               struct snn_error *err)
{
    struct rewind a = {job, step};

    return srv_writer_call(s->writer, run_rewind, &a, err);
}
