/* SPDX-License-Identifier: MIT */
/* The test set's answers, counted: a packed row a job. */
#include "server/pack.h"
#include "server/store_internal.h"

#include <stdlib.h>
#include <string.h>

struct post {
    char job[SRV_ID_SIZE];
    size_t size;
    unsigned char bytes[];
};

/* A job that was deleted meanwhile is no failure: there is nothing to write. */
static SRV_COMMAND(run_post)
{
    const struct post *a = arg;
    struct srv_query q;

    srv_query(&q, c,
              "INSERT OR REPLACE INTO confusions (job_seq, data) SELECT seq, ? FROM jobs "
              "WHERE id = ?",
              err);
    srv_put_bytes(&q, a->bytes, a->size);
    srv_put_text(&q, a->job);
    return srv_run(&q);
}

enum snn_code srv_store_confusion_post(struct srv_store *s, const char *job,
                                       const struct snn_confusion *confusion)
{
    struct srv_bytes bytes = {0};
    enum snn_code rc = SNN_NOMEM;
    struct post *a;

    srv_pack_confusion(&bytes, confusion);
    a = bytes.failed ? NULL : malloc(sizeof *a + bytes.n);
    if (a) {
        snprintf(a->job, sizeof a->job, "%s", job);
        a->size = bytes.n;
        memcpy(a->bytes, bytes.data, bytes.n);
        rc = srv_writer_post(s->writer, run_post, a);
    }
    free(bytes.data);
    return rc;
}

enum snn_code srv_store_confusion_get(struct srv_store *s, const char *job,
                                      struct snn_confusion *out, uint32_t **counts,
                                      struct snn_error *err)
{
    struct srv_conn *c = NULL;
    struct srv_query q;
    bool found;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    srv_query(&q, c,
              "SELECT data FROM confusions JOIN jobs ON jobs.seq = job_seq WHERE jobs.id = ?", err);
    srv_put_text(&q, job);
    found = srv_next(&q);
    if (found) {
        size_t size;
        const unsigned char *data = srv_get_bytes(&q, &size);

        if (q.code == SNN_OK)
            srv_query_fail(&q, srv_unpack_confusion(out, counts, data, size, err));
    }
    rc = srv_done(&q);
    srv_store_unread(s, c);
    if (rc == SNN_OK && !found)
        rc = snn_fail(err, SNN_NOT_FOUND, "job \"%.40s\" has no confusion matrix", job);
    return rc;
}
