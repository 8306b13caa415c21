/* SPDX-License-Identifier: MIT */
/* The judgement that POST /v1/jobs and /v1/jobs/validate share. */
#include "api/admission.h"

#include <string.h>

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

    snn_spec_warn(&a->form.spec, add_warning, &a->warnings);
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

enum snn_code api_admission_judge(struct api_admission *a, const struct api_options *options,
                                  json_t *job, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    memset(a, 0, sizeof *a);
    api_form_read(&a->form, job, &a->errors);
    if (a->form.dataset[0])
        rc = find_data(a, options->datasets, err);
    if (a->has_data)
        api_form_check(&a->form, &a->dataset.info, &a->errors);
    if (rc == SNN_OK && a->has_data && api_errors_count(&a->errors) == 0)
        rc = measure(a, options->config, err);
    return rc;
}

void api_admission_clear(struct api_admission *a)
{
    api_errors_clear(&a->errors);
    api_errors_clear(&a->warnings);
}
