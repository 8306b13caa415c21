/* SPDX-License-Identifier: MIT */
/* POST /v1/gradcheck, of a job that is sent, and POST /v1/jobs/{job}/gradcheck, of a trained one:
 * the gradients of its own network on its own data, backwards and forwards. Nothing is stored. */
#include <math.h>
#include <stdlib.h>

#include "api/admission.h"
#include "api/model.h"
#include "api/problem.h"

/* On an http thread: a second or two. */
#define MOST_MULTIPLY_ADDS 1e9
#define SAMPLES 8
#define ENTRIES 4
/* What single precision must reach. */
#define TOLERANCE 1e-4

/* ----------------------------------------------------------------------------------- reply -- */

static json_t *tensors_of(const struct snn_gradcheck_report *r, size_t layer, double *worst)
{
    json_t *list = json_array();

    *worst = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct snn_gradcheck_row *row = &r->row[i];
        if (row->layer != layer)
            continue;
        *worst = isnan(row->error) ? row->error : fmax(*worst, row->error);
        json_array_append_new(
            list,
            json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "name", row->name, "count",
                      (json_int_t)row->count, "directions", (json_int_t)row->directions,
                      "gradient_norm", api_number(row->norm), "error", api_number(row->error),
                      "reverse", api_number(row->reverse), "forward", api_number(row->forward)));
    }
    return list;
}

static json_t *layers_of(const struct snn_gradcheck_report *r, const struct snn_spec *spec)
{
    json_t *list = json_array();

    for (size_t i = 0; i < spec->n_layers; i++) {
        double worst;
        json_t *tensors = tensors_of(r, i, &worst);
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "name", spec->layers[i].name,
                                              "kind", spec->layers[i].kind.kind->name, "error",
                                              api_number(worst), "tensors", tensors));
    }
    return list;
}

/* Checks and answers. */
static void answer(struct api_call *c, const struct snn_spec *spec, const char *dataset,
                   const struct snn_model *model)
{
    static const struct snn_gradcheck_options options = {
        .samples = SAMPLES, .entries = ENTRIES, .most = MOST_MULTIPLY_ADDS};
    struct srv_datasets *datasets = c->api->options.datasets;
    struct snn_gradcheck_report *r = malloc(sizeof *r);
    const struct snn_data *data = NULL;
    struct snn_error err = {.code = SNN_OK};
    enum snn_code rc = r ? srv_datasets_acquire(datasets, dataset, &data, &err)
                         : snn_fail(&err, SNN_NOMEM, "no memory to check gradients");

    if (rc == SNN_OK)
        rc = snn_gradcheck(r, spec, data, model, &options, &err);
    if (data)
        srv_datasets_release(datasets, data);
    if (rc == SNN_LIMIT)
        api_problem(c, 422, "too_much_work", "%s", err.message);
    else if (rc != SNN_OK)
        api_error(c, &err);
    else
        api_reply(c, 200,
                  json_pack("{s:s, s:b, s:f, s:o, s:I, s:o, s:s, s:o}", "object", "gradcheck",
                            "passed", r->error <= TOLERANCE, "tolerance", TOLERANCE, "error",
                            api_number(r->error), "samples", (json_int_t)r->samples, "loss",
                            api_number(r->loss), "weights", model ? "trained" : "initial", "layers",
                            layers_of(r, spec)));
    free(r);
}

/* -------------------------------------------------------------------------------- handlers -- */

void api_gradcheck(struct api_call *c)
{
    struct snn_error err = {.code = SNN_OK};
    struct api_admission a;
    json_t *job = api_body(c);

    if (!job)
        return;
    if (api_admission_judge(&a, &c->api->options, job, &err) != SNN_OK)
        api_error(c, &err);
    else if (api_errors_count(&a.errors))
        api_invalid(c, 422, &a.errors);
    else
        answer(c, &a.form.spec, a.dataset.id, NULL);
    api_admission_clear(&a);
    json_decref(job);
}

void api_jobs_gradcheck(struct api_call *c)
{
    const struct api_model_choice newest = {.which = SNN_LAST};
    struct snn_data_info info;
    struct snn_model *model;
    struct snn_spec spec;
    struct srv_job job;

    if (!api_no_fields(c) || !api_find_job(c, &job))
        return;
    model = api_model_open(c, &job, &newest);
    if (model && !api_model_spec(c, &job, model, &spec, &info))
        api_problem(c, 409, "dataset_gone",
                    "the data set of job %s is gone: its network cannot be put together", job.id);
    else if (model)
        answer(c, &spec, job.dataset, model);
    snn_model_free(model);
    srv_job_clear(&job);
}
