/* SPDX-License-Identifier: MIT */
#include "api/sweep_judge.h"

#include <stdlib.h>
#include <string.h>

#include "api/admission.h"
#include "api/canonical.h"
#include "api/dump.h"
#include "api/pointer.h"

/* Different errors that are told; more would hide them. */
#define MAX_FINDINGS 100

struct judgement {
    struct api_sweep_plan *plan;
    const struct api_sweep_form *form;
    const struct api_options *options;
    json_t *findings; /* {"pointer", "code", "detail", "combinations"} */
    size_t epochs;    /* of the first combination */
    bool all_validate, none_lost;
};

/* -------------------------------------------------------------------------------- findings -- */

static bool is_same(const json_t *finding, const char *key, const char *text)
{
    const char *found = json_string_value(json_object_get(finding, key));

    return found && strcmp(found, text) == 0;
}

/* Notes what is wrong with combination i; the same thing of several is one finding. */
static void find(struct judgement *j, size_t i, const char *pointer, const char *code,
                 const char *detail)
{
    json_t *finding = NULL;
    size_t k;

    json_array_foreach(j->findings, k, finding)
    {
        if (is_same(finding, "pointer", pointer) && is_same(finding, "detail", detail))
            break;
        finding = NULL;
    }
    if (!finding && json_array_size(j->findings) < MAX_FINDINGS) {
        finding = json_pack("{s:s, s:s, s:s, s:[]}", "pointer", pointer, "code", code, "detail",
                            detail, "combinations");
        if (json_array_append_new(j->findings, finding) != 0)
            finding = NULL;
    }
    if (json_array_append_new(json_object_get(finding, "combinations"),
                              json_integer((json_int_t)i)) != 0)
        j->none_lost = false;
}

/* The errors of combination i's job, at their places in the request. */
static void find_all(struct judgement *j, size_t i, const struct api_errors *errors)
{
    json_t *entry;
    size_t k;

    if (errors->list && !json_is_array(errors->list))
        j->none_lost = false;
    json_array_foreach(errors->list, k, entry)
    {
        const char *at = json_string_value(json_object_get(entry, "pointer"));
        const char *code = json_string_value(json_object_get(entry, "code"));
        const char *detail = json_string_value(json_object_get(entry, "detail"));
        char place[API_POINTER_SIZE];

        api_sweep_place(j->form, i, at ? at : "", place);
        find(j, i, place, code ? code : "invalid", detail ? detail : "");
    }
}

/* "batch_size is 0, ...; in 3 of 12 combinations, the first: {...}" */
static void tell(struct judgement *j, const json_t *finding, struct api_errors *e)
{
    json_t *in = json_object_get(finding, "combinations");
    size_t n = json_array_size(in), all = j->plan->n_combinations;
    json_t *parameters =
        api_sweep_parameters(j->form, (size_t)json_integer_value(json_array_get(in, 0)));
    size_t size;
    char *text = parameters ? api_dump(parameters, &size) : NULL;
    const char *detail = json_string_value(json_object_get(finding, "detail"));
    const char *at = json_string_value(json_object_get(finding, "pointer"));
    const char *code = json_string_value(json_object_get(finding, "code"));

    if (n == all)
        api_errors_add(e, at, code, "%s", detail);
    else
        api_errors_add(e, at, code, "%.400s; in %zu of %zu combinations, the first: %.400s", detail,
                       n, all, text ? text : "?");
    if (json_is_array(e->list))
        (void)json_object_set(json_array_get(e->list, json_array_size(e->list) - 1), "combinations",
                              in);
    free(text);
    json_decref(parameters);
}

/* ------------------------------------------------------------------------------ one of them -- */

/* The job of combination i, with the first of the seeds. NULL with the reason found or in err. */
static json_t *make_job(struct judgement *j, size_t i, json_t *parameters, struct snn_error *err)
{
    json_t *job = json_deep_copy(j->form->base);
    char why[160] = "no memory";
    const char *pointer;
    json_t *value;

    if (!job || (j->form->n_seeds &&
                 json_object_set_new(job, "seed", json_integer(j->form->seeds[0])) != 0)) {
        json_decref(job);
        (void)snn_fail(err, SNN_NOMEM, "no memory for the jobs of the sweep");
        return NULL;
    }
    json_object_foreach(parameters, pointer, value)
    {
        char place[API_POINTER_SIZE];

        if (api_pointer_set(job, pointer, value, why, sizeof why))
            continue;
        api_sweep_place(j->form, i, pointer, place);
        find(j, i, place, "invalid", why);
        json_decref(job);
        return NULL;
    }
    return job;
}

/* A row for each seed. */
static enum snn_code make_rows(struct judgement *j, size_t i, json_t *job,
                               const struct api_admission *a, struct snn_error *err)
{
    size_t n = j->form->n_seeds ? j->form->n_seeds : 1;
    enum snn_code rc = SNN_OK;

    for (size_t k = 0; rc == SNN_OK && k < n; k++) {
        struct srv_job *row = &j->plan->jobs[j->plan->n_jobs++];
        size_t size;
        char *text = NULL;

        if (k == 0 || json_object_set_new(job, "seed", json_integer(j->form->seeds[k])) == 0)
            text = api_dump(job, &size);
        if (!text)
            return snn_fail(err, SNN_NOMEM, "no memory for the jobs of the sweep");
        rc = api_admission_row(row, a, j->options->config, text, err);
        if (rc == SNN_OK && k > 0 && !api_canonical_sha256(job, row->config_sha256))
            rc = snn_fail(err, SNN_NOMEM, "no memory for the jobs of the sweep");
        row->seed = j->form->n_seeds ? j->form->seeds[k] : row->seed;
        row->combination = (int64_t)i;
        if (j->form->rung_epochs < row->epochs)
            row->rung_epoch = j->form->rung_epochs;
        free(text);
    }
    return rc;
}

/* What a sweep wants of its jobs beside that each can be taken. */
static void check_sweep(struct judgement *j, size_t i, const struct snn_spec *spec)
{
    const char *metric = j->form->metric;

    if (spec->validation_fraction <= 0)
        j->all_validate = false;
    if (spec->validation_fraction <= 0 && strncmp(metric, "validation_", 11) == 0)
        find(j, i, "/metric", "invalid",
             "a metric of the validation split, which there is none of: training."
             "validation_fraction is 0");
    if (i == 0)
        j->epochs = spec->epochs;
    else if (j->form->rung_epochs && spec->epochs != j->epochs)
        find(j, i, "/early_stopping", "invalid",
             "the combinations have different numbers of epochs, want the same of all");
}

static enum snn_code judge_one(struct judgement *j, size_t i, struct snn_error *err)
{
    json_t *parameters = api_sweep_parameters(j->form, i);
    struct snn_error why = {0};
    struct api_admission a;
    size_t size;
    json_t *job;
    enum snn_code rc;

    if (!parameters || !(j->plan->combinations[i] = api_dump(parameters, &size))) {
        json_decref(parameters);
        return snn_fail(err, SNN_NOMEM, "no memory for the combinations of the sweep");
    }
    job = make_job(j, i, parameters, &why);
    json_decref(parameters);
    if (!job)
        return why.code == SNN_OK ? SNN_OK : snn_fail(err, why.code, "%s", why.message);
    rc = api_admission_judge(&a, j->options, job, err);
    if (a.too_big)
        api_errors_add(&a.errors, "", "memory_limit",
                       "the job needs %zu bytes of memory, want at most %zu (memory-limit)",
                       a.estimate.bytes, j->options->config->memory_limit);
    if (rc == SNN_OK && api_errors_count(&a.errors)) {
        find_all(j, i, &a.errors);
    } else if (rc == SNN_OK) {
        check_sweep(j, i, &a.form.spec);
        rc = make_rows(j, i, job, &a, err);
    }
    api_admission_clear(&a);
    json_decref(job);
    return rc;
}

/* --------------------------------------------------------------------------------- the sweep -- */

/* By what it is ranked where the client does not say: what the weights were not chosen by. */
static void choose_metric(struct judgement *j, struct api_errors *e)
{
    const char *metric = j->form->metric;

    if (!metric[0])
        metric = j->all_validate        ? "validation_accuracy"
                 : j->form->rung_epochs ? "train_accuracy"
                                        : "test_accuracy";
    snprintf(j->plan->metric, sizeof j->plan->metric, "%s", metric);
    if (j->form->rung_epochs && strncmp(metric, "test_", 5) == 0)
        api_errors_add(e, "/metric", "invalid",
                       "%s is known at the end only, want one of validation or training where "
                       "early_stopping compares before it",
                       metric);
    if (j->form->rung_epochs && (size_t)j->form->rung_epochs >= j->epochs && j->epochs)
        api_errors_add(e, "/early_stopping/epochs", "out_of_range",
                       "epochs is %lld, want fewer than the jobs have (%zu)",
                       (long long)j->form->rung_epochs, j->epochs);
}

/* False, with the error added, where it is more than there may be. */
static bool count(struct api_sweep_plan *plan, const struct api_sweep_form *form,
                  struct api_errors *e)
{
    size_t seeds = form->n_seeds ? form->n_seeds : 1, most = (size_t)form->max_jobs;
    size_t n = api_sweep_count(form, most);

    if (n <= most && n * seeds <= most) {
        plan->n_combinations = n;
        return true;
    }
    api_errors_add(e, "/max_jobs", "limit_exceeded",
                   "there are %s%zu combinations and %zu seeds each, want at most %zu jobs "
                   "(max_jobs)",
                   n > most ? "more than " : "", n > most ? most : n, seeds, most);
    return false;
}

enum snn_code api_sweep_judge(struct api_sweep_plan *plan, const struct api_sweep_form *form,
                              const struct api_options *options, struct api_errors *e,
                              struct snn_error *err)
{
    struct judgement j = {.plan = plan,
                          .form = form,
                          .options = options,
                          .findings = json_array(),
                          .all_validate = true,
                          .none_lost = true};
    size_t seeds = form->n_seeds ? form->n_seeds : 1;
    enum snn_code rc = SNN_OK;
    json_t *finding;
    size_t k;

    *plan = (struct api_sweep_plan){.n_jobs = 0};
    if (!count(plan, form, e)) {
        json_decref(j.findings);
        return SNN_OK;
    }
    plan->combinations = calloc(plan->n_combinations, sizeof *plan->combinations);
    plan->jobs = calloc(plan->n_combinations * seeds, sizeof *plan->jobs);
    if (!plan->combinations || !plan->jobs || !j.findings)
        rc = snn_fail(err, SNN_NOMEM, "no memory for %zu jobs", plan->n_combinations * seeds);
    for (size_t i = 0; rc == SNN_OK && i < plan->n_combinations; i++)
        rc = judge_one(&j, i, err);
    if (rc == SNN_OK && !j.none_lost)
        rc = snn_fail(err, SNN_NOMEM, "no memory for what is wrong with the sweep");
    json_array_foreach(j.findings, k, finding) if (rc == SNN_OK) tell(&j, finding, e);
    if (rc == SNN_OK)
        choose_metric(&j, e);
    json_decref(j.findings);
    return rc;
}

void api_sweep_plan_clear(struct api_sweep_plan *plan)
{
    for (size_t i = 0; plan->combinations && i < plan->n_combinations; i++)
        free(plan->combinations[i]);
    free(plan->combinations);
    srv_job_list_free(plan->jobs, plan->n_jobs);
    plan->combinations = NULL;
    plan->jobs = NULL;
}
