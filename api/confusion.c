/* SPDX-License-Identifier: MIT */
/* GET /v1/jobs/{job}/confusion: written row by row, so that a matrix of many classes is never a
 * tree. */
#include <math.h>
#include <stdlib.h>

#include "api/call.h"
#include "api/file.h"
#include "api/text.h"

static void write_counts(FILE *to, const uint32_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fprintf(to, "%s%lu", i ? "," : "[", (unsigned long)v[i]);
    fputs("]", to);
}

static void write_matrix(FILE *to, const struct snn_confusion *m)
{
    if (!m->matrix) {
        fputs("null", to);
        return;
    }
    for (size_t i = 0; i < m->classes; i++) {
        fputs(i ? ",\n" : "[\n", to);
        write_counts(to, m->matrix + i * m->classes, m->classes);
    }
    fputs("]", to);
}

/* Null for a class without test samples. */
static void write_accuracy(FILE *to, const struct snn_confusion *m)
{
    for (size_t i = 0; i < m->classes; i++) {
        fputs(i ? "," : "[", to);
        api_text_number(to, m->samples[i] ? (double)m->correct[i] / (double)m->samples[i]
                                          : (double)NAN);
    }
    fputs("]", to);
}

static void reply(struct api_call *c, const char *job, const struct snn_confusion *m)
{
    FILE *f = api_file_open(c);

    if (!f)
        return;
    fputs("{\"object\":\"confusion\",\"job\":", f);
    api_text_string(f, job);
    fputs(",\"labels\":", f);
    for (size_t i = 0; i < m->classes; i++)
        fprintf(f, "%s%zu", i ? "," : "[", i);
    fputs("],\"samples\":", f);
    write_counts(f, m->samples, m->classes);
    fputs(",\"per_class_accuracy\":", f);
    write_accuracy(f, m);
    fputs(",\"matrix\":", f);
    write_matrix(f, m);
    fputs("}\n", f);
    api_file_reply(c, f, &(struct api_file_form){.content_type = "application/json"});
}

void api_jobs_confusion(struct api_call *c)
{
    struct snn_error err = {.code = SNN_OK};
    struct snn_confusion m;
    uint32_t *counts = NULL;
    struct srv_job job;
    enum snn_code rc;

    if (!api_find_job(c, &job))
        return;
    rc = srv_store_confusion_get(c->api->options.store, job.id, &m, &counts, &err);
    if (rc == SNN_OK)
        reply(c, job.id, &m);
    else if (rc == SNN_NOT_FOUND)
        api_problem(c, 404, "no_confusion",
                    "job %s is %s and has not been evaluated on the test set: there is no "
                    "confusion matrix",
                    job.id, srv_job_status_name(job.status));
    else
        api_error(c, &err);
    free(counts);
    srv_job_clear(&job);
}
