/* SPDX-License-Identifier: MIT */
/* The verdict on a job in a worker's hands: evidence of what its run tells, judged where there is
 * news. A run that goes on has the evidence of before from the store, so that stops and crashes
 * leave no trace in the verdict either. */
#include <string.h>

#include "server/verdict.h"
#include "server/worker_internal.h"

static bool on_stored(void *user, int64_t step, int64_t epoch, const struct snn_point *p, size_t n)
{
    snn_evidence_add(user, (size_t)step, (size_t)epoch, p, n);
    return true;
}

enum snn_code srv_work_evidence(struct srv_work *w, bool resumed, struct snn_error *err)
{
    enum snn_code rc;

    snn_evidence_free(w->evidence);
    w->evidence = NULL;
    rc = snn_evidence_new(&w->evidence, w->run, err);
    if (rc == SNN_OK && resumed)
        rc = srv_store_points_each(w->options->store, w->job->id, 0, on_stored, w->evidence, err);
    w->is_news = resumed;
    return rc;
}

void srv_work_note(struct srv_work *w, size_t step, size_t epoch, const struct snn_point *p,
                   size_t n)
{
    snn_evidence_add(w->evidence, step, epoch, p, n);
    w->is_news = true;
}

void srv_work_judge(struct srv_work *w)
{
    struct snn_verdict verdict;

    if (!w->is_news)
        return;
    w->is_news = false;
    snn_judge(&verdict, w->evidence);
    srv_verdict_write(w->job->verdict, &verdict);
}

void srv_work_judge_end(struct srv_work *w, enum snn_code how)
{
    if (!w->evidence)
        return;
    snn_evidence_end(w->evidence, how, &w->job->metrics);
    w->is_news = true;
    srv_work_judge(w);
}
