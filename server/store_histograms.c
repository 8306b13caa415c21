/* SPDX-License-Identifier: MIT */
/* Reading histograms: a range of steps, all of them or thinned. */
#include "server/pack.h"
#include "server/store_internal.h"

#include <stdlib.h>
#include <string.h>

/* Whoever gets the rows. */
struct reader {
    bool (*each)(void *user, int64_t step, int64_t epoch, const struct snn_histogram *h);
    void *user;
};

/* Hands on the row that the query is at; false where that is to be the last. */
static bool hand_on(struct srv_query *q, int64_t step, const struct reader *to,
                    struct snn_error *err)
{
    int64_t epoch = srv_get_int(q);
    const unsigned char *data;
    struct snn_histogram h;
    size_t size;

    memset(&h, 0, sizeof h);
    srv_get_text(q, h.name, sizeof h.name);
    data = srv_get_bytes(q, &size);
    srv_query_fail(q, srv_unpack_histogram(&h, data, size, err));
    return q->code == SNN_OK && to->each(to->user, step, epoch, &h);
}

/* ----------------------------------------------------------------------------- as they come -- */

/* The rows of a range of steps, of one name or all. Left to itself the planner reads every name for
 * the one. */
static void select_range(struct srv_query *q, struct srv_conn *c, int64_t seq,
                         const struct srv_histogram_range *r, struct snn_error *err)
{
#define OF_ONE                                                                                     \
    "SELECT step, epoch, name, data FROM histograms INDEXED BY histograms_by_name "                \
    "WHERE job_seq = ? AND step BETWEEN ? AND ? AND name = ? ORDER BY step"
#define OF_ALL                                                                                     \
    "SELECT step, epoch, name, data FROM histograms "                                              \
    "WHERE job_seq = ? AND step BETWEEN ? AND ? ORDER BY step"
    static const char *const sql[2][2] = {{OF_ALL ", position", OF_ALL " DESC, position"},
                                          {OF_ONE, OF_ONE " DESC"}};

    srv_query(q, c, sql[r->name != NULL][r->newest_first], err);
    srv_put_int(q, seq);
    srv_put_int(q, r->from_step);
    srv_put_int(q, r->to_step);
    if (r->name)
        srv_put_text(q, r->name);
}

static enum snn_code read_range(struct srv_conn *c, int64_t seq,
                                const struct srv_histogram_range *r, const struct reader *to,
                                struct snn_error *err)
{
    int64_t last = -1, steps = 0;
    struct srv_query q;

    select_range(&q, c, seq, r, err);
    while (srv_next(&q)) {
        int64_t step = srv_get_int(&q);

        steps += step != last;
        last = step;
        if ((r->max_steps > 0 && steps > r->max_steps) || !hand_on(&q, step, to, err))
            break;
    }
    return srv_done(&q);
}

/* --------------------------------------------------------------------------------- thinned -- */

struct steps {
    int64_t *at;
    size_t n, room;
};

static bool add_step(struct steps *s, int64_t step)
{
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        int64_t *grown = realloc(s->at, room * sizeof *grown);

        if (!grown)
            return false;
        s->at = grown;
        s->room = room;
    }
    s->at[s->n++] = step;
    return true;
}

/* Which steps there are, from the index alone: the histograms themselves are not touched. */
static enum snn_code list_steps(struct srv_conn *c, int64_t seq,
                                const struct srv_histogram_range *r, struct steps *out,
                                struct snn_error *err)
{
#define STEPS                                                                                      \
    "SELECT DISTINCT step FROM histograms INDEXED BY histograms_by_name "                          \
    "WHERE job_seq = ? AND step BETWEEN ? AND ?"
    struct srv_query q;

    srv_query(&q, c, r->name ? STEPS " AND name = ? ORDER BY step" : STEPS " ORDER BY step", err);
    srv_put_int(&q, seq);
    srv_put_int(&q, r->from_step);
    srv_put_int(&q, r->to_step);
    if (r->name)
        srv_put_text(&q, r->name);
    while (srv_next(&q))
        if (!add_step(out, srv_get_int(&q)))
            srv_query_fail(&q, snn_fail(err, SNN_NOMEM, "no memory for %zu steps", out->n + 1));
    return srv_done(&q);
}

/* So many of them, evenly by their place in the list, the first and the last among them. */
static void thin(struct steps *s, size_t most)
{
    if (s->n <= most)
        return;
    for (size_t i = 0; i < most; i++) /* never from before its own place */
        s->at[i] = s->at[i * (s->n - 1) / (most - 1)];
    s->n = most;
}

/* False where `each` wanted no more. */
static enum snn_code read_step(struct srv_conn *c, int64_t seq, const char *name, int64_t step,
                               const struct reader *to, bool *on, struct snn_error *err)
{
#define OF_STEP "SELECT epoch, name, data FROM histograms WHERE job_seq = ? AND step = ?"
    struct srv_query q;

    srv_query(&q, c, name ? OF_STEP " AND name = ?" : OF_STEP " ORDER BY position", err);
    srv_put_int(&q, seq);
    srv_put_int(&q, step);
    if (name)
        srv_put_text(&q, name);
    while (*on && srv_next(&q))
        *on = hand_on(&q, step, to, err);
    return srv_done(&q);
}

static enum snn_code read_thinned(struct srv_conn *c, int64_t seq,
                                  const struct srv_histogram_range *r, const struct reader *to,
                                  struct snn_error *err)
{
    struct steps steps = {0};
    enum snn_code rc = list_steps(c, seq, r, &steps, err);
    bool on = true;

    thin(&steps, (size_t)r->max_points);
    for (size_t i = 0; rc == SNN_OK && on && i < steps.n; i++)
        rc = read_step(c, seq, r->name, steps.at[r->newest_first ? steps.n - 1 - i : i], to, &on,
                       err);
    free(steps.at);
    return rc;
}

/* ------------------------------------------------------------------------------------ each -- */

enum snn_code srv_store_histograms_each(struct srv_store *s, const char *job,
                                        const struct srv_histogram_range *range,
                                        bool (*each)(void *user, int64_t step, int64_t epoch,
                                                     const struct snn_histogram *h),
                                        void *user, struct snn_error *err)
{
    const struct reader to = {each, user};
    struct srv_conn *c = NULL;
    int64_t seq = 0;
    enum snn_code rc = srv_store_read(s, &c, err);

    if (rc != SNN_OK)
        return rc;
    rc = srv_job_seq(c, job, &seq, err);
    if (rc == SNN_OK)
        rc = (range->max_points > 0 ? read_thinned : read_range)(c, seq, range, &to, err);
    srv_store_unread(s, c);
    return rc;
}
