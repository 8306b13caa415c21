/* SPDX-License-Identifier: MIT */
/* A job that starts from the weights of another. */
#include <stdlib.h>
#include <string.h>

#include "server/files.h"
#include "server/worker_internal.h"

static enum snn_code open_source(struct srv_work *w, struct snn_model **out, struct snn_error *err)
{
    const struct srv_job *job = w->job;
    struct srv_checkpoint *list = NULL;
    char path[SRV_PATH_SIZE];
    size_t n = 0;
    enum snn_code rc = srv_store_checkpoint_list(w->options->store, job->init_job, &list, &n, err);

    if (rc == SNN_OK && n == 0)
        rc = snn_fail(err, SNN_NOT_FOUND, "job %s has no checkpoint", job->init_job);
    if (rc == SNN_OK)
        rc = srv_path(path, err, "%s/%s", w->options->config->data_dir, list[0].path);
    if (rc == SNN_OK)
        rc = snn_model_open(out, path,
                            strcmp(job->init_checkpoint, "last") == 0 ? SNN_LAST : SNN_BEST, err);
    free(list);
    return rc;
}

enum snn_code srv_work_init(struct srv_work *w, struct snn_error *err)
{
    struct snn_model *model = NULL;
    struct snn_error why = {0};
    enum snn_code rc;

    if (!w->job->init_job[0])
        return SNN_OK;
    rc = open_source(w, &model, &why);
    if (rc == SNN_OK)
        rc = snn_run_init_from(w->run, model, &why);
    if (rc == SNN_OK) {
        snn_model_sha256(model, w->job->init_sha256);
        /* Before any checkpoint: a resume needs it to know the run again. */
        rc = srv_store_job_progress_post(w->options->store, w->job);
        srv_work_event(w, "initialised", "starts from the %s weights of %s at its step %zu",
                       w->job->init_checkpoint, w->job->init_job, snn_model_step(model));
    }
    snn_model_free(model);
    if (rc == SNN_OK)
        return rc;
    return snn_fail_at(err, "/init/job", rc, "the weights of %s cannot be started from: %s",
                       w->job->init_job, why.message);
}
