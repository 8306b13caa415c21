/* SPDX-License-Identifier: MIT */
/* The judgement that POST /v1/jobs and /v1/jobs/validate share. */
#include "api/admission.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/canonical.h"
#include "server/webhook.h"

/* A data set that is not there or not whole is an error of the job. */
static enum snn_code find_data(struct api_admission *a, struct srv_datasets *datasets,
                               struct snn_error *err)
{
    struct snn_error found = {0};
    enum snn_code rc = srv_datasets_find(datasets, a->form.dataset, &a->dataset, &found);
    const char *at = a->form.dataset_at;

    if (rc == SNN_NOMEM || rc == SNN_IO)
        return snn_fail(err, rc, "%s", found.message);
    if (rc == SNN_NOT_FOUND && strcmp(at, "/dataset/id") == 0)
        api_errors_add(&a->errors, at, "unknown_name",
                       "there is no data set with the id \"%.64s\": GET /v1/datasets lists them",
                       a->form.dataset);
    else if (rc == SNN_NOT_FOUND)
        api_errors_add(&a->errors, at, "unknown_name", "%s", found.message);
    else if (rc != SNN_OK)
        api_errors_add(&a->errors, at, "invalid", "%s", found.message);
    else if (!a->dataset.ready)
        api_errors_add(&a->errors, at, "not_ready",
                       "the data set %s is not ready: files are missing or cannot be read",
                       a->dataset.name);
    else
        a->has_data = true;
    return SNN_OK;
}

static void add_warning(void *user, const struct snn_error *what)
{
    api_errors_add(user, what->pointer, "warning", "%s", what->message);
}

/* Of a job that has no errors. */
static enum snn_code measure(struct api_admission *a, const struct srv_config *config,
                             struct snn_error *err)
{
    struct snn_error found = {0};
    enum snn_code rc = snn_run_estimate(&a->estimate, &a->form.spec, &a->dataset.info,
                                        config->threads_per_job, &found);

    snn_spec_warn(&a->form.spec, &a->dataset.info, add_warning, &a->warnings);
    if (rc == SNN_NOMEM)
        return snn_fail(err, rc, "%s", found.message);
    if (rc != SNN_OK) {
        api_errors_add(&a->errors, found.pointer, snn_code_name(rc), "%s", found.message);
        return SNN_OK;
    }
    a->has_estimate = true;
    a->too_big = config->memory_limit > 0 && a->estimate.bytes > config->memory_limit;
    return SNN_OK;
}

/* Of a source that has nothing yet, only that it may still come to something. */
static void check_source(struct api_admission *a, const struct api_options *o, const char *path,
                         const struct srv_job *source)
{
    const bool last = strcmp(a->form.init_checkpoint, "last") == 0;
    char whole[sizeof o->config->data_dir + sizeof((struct srv_checkpoint *)0)->path + 1];
    struct snn_error why = {0};
    struct snn_model *model = NULL;
    enum snn_code rc;

    if (!path[0] && srv_job_status_terminal(source->status))
        api_errors_add(&a->errors, "/init/job", "no_checkpoint",
                       "job %s is %s and has no checkpoint to start from", source->id,
                       srv_job_status_name(source->status));
    if (!path[0])
        return;
    snprintf(whole, sizeof whole, "%s/%s", o->config->data_dir, path);
    rc = snn_model_open(&model, whole, last ? SNN_LAST : SNN_BEST, &why);
    if (rc == SNN_OK)
        rc = snn_model_check(model, &a->form.spec, &a->dataset.info, &why);
    snn_model_free(model);
    /* A running job's worker may just have removed the file: then there is a newer one. */
    if (rc != SNN_OK && !(rc == SNN_IO && !srv_job_status_terminal(source->status)))
        api_errors_add(&a->errors, "/init/job", snn_code_name(rc),
                       "job %s cannot be started from: %s", source->id, why.message);
}

/* Whose weights it is to start from, if it names any. */
static enum snn_code find_source(struct api_admission *a, const struct api_options *o,
                                 struct snn_error *err)
{
    struct srv_checkpoint *list = NULL;
    struct snn_error found = {0};
    struct srv_job source;
    size_t n = 0;
    enum snn_code rc = srv_store_job_get(o->store, a->form.init_job, &source, &found);

    if (rc == SNN_NOT_FOUND) {
        api_errors_add(&a->errors, "/init/job", "unknown_name", "%s", found.message);
        return SNN_OK;
    }
    if (rc != SNN_OK)
        return snn_fail(err, rc, "%s", found.message);
    rc = srv_store_checkpoint_list(o->store, source.id, &list, &n, err);
    if (rc == SNN_OK)
        check_source(a, o, n ? list[0].path : "", &source);
    free(list);
    srv_job_clear(&source);
    return rc;
}

/* Where it wants its end told has to be where the operator lets it. */
static void check_webhook(struct api_admission *a, const struct srv_config *config)
{
    struct snn_error why = {0};

    if (a->form.webhook_url[0] &&
        srv_webhook_url_check(a->form.webhook_url, config->webhooks, &why) != SNN_OK)
        api_errors_add(&a->errors, "/webhook/url", "not_allowed", "%s", why.message);
}

enum snn_code api_admission_judge(struct api_admission *a, const struct api_options *options,
                                  json_t *job, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    memset(a, 0, sizeof *a);
    api_form_read(&a->form, job, &a->errors);
    check_webhook(a, options->config);
    if (a->form.dataset[0])
        rc = find_data(a, options->datasets, err);
    if (a->has_data)
        api_form_check(&a->form, &a->dataset.info, &a->errors);
    if (rc == SNN_OK && a->has_data && api_errors_count(&a->errors) == 0)
        rc = measure(a, options->config, err);
    if (rc == SNN_OK && a->has_estimate && a->form.init_job[0])
        rc = find_source(a, options, err);
    if (rc == SNN_OK && !api_canonical_sha256(job, a->config_sha256))
        rc = snn_fail(err, SNN_NOMEM, "no memory for the digest of the job");
    return rc;
}

enum snn_code api_admission_row(struct srv_job *row, const struct api_admission *a,
                                const struct srv_config *config, const char *text,
                                struct snn_error *err)
{
    const struct api_form *form = &a->form;

    memset(row, 0, sizeof *row);
    memcpy(row->name, form->name, sizeof row->name);
    memcpy(row->dataset, a->dataset.id, sizeof row->dataset);
    if (form->init_job[0]) {
        memcpy(row->init_job, form->init_job, sizeof row->init_job);
        memcpy(row->init_checkpoint, form->init_checkpoint, sizeof row->init_checkpoint);
    }
    row->priority = form->priority;
    row->seed = form->seed;
    row->memory_bytes = (int64_t)a->estimate.bytes;
    row->threads = (int64_t)config->threads_per_job;
    row->epochs = (int64_t)form->spec.epochs;
    row->steps = (int64_t)a->estimate.steps;
    row->samples_per_second = row->eta_seconds = -1;
#define UNKNOWN(name) row->metrics.name = NAN;
    SNN_METRICS(UNKNOWN)
#undef UNKNOWN
    if (form->webhook_url[0]) {
        memcpy(row->webhook_url, form->webhook_url, sizeof row->webhook_url);
        memcpy(row->webhook_events, form->webhook_events, sizeof row->webhook_events);
    }
    memcpy(row->config_sha256, a->config_sha256, sizeof row->config_sha256);
    row->config = strdup(text);
    if (form->n_metadata)
        row->metadata = calloc(form->n_metadata, sizeof *row->metadata);
    if (!row->config || (form->n_metadata && !row->metadata))
        return snn_fail(err, SNN_NOMEM, "no memory for the job");
    row->n_metadata = form->n_metadata;
    if (row->n_metadata)
        memcpy(row->metadata, form->metadata, row->n_metadata * sizeof *row->metadata);
    return SNN_OK;
}

void api_admission_clear(struct api_admission *a)
{
    api_errors_clear(&a->errors);
    api_errors_clear(&a->warnings);
}
