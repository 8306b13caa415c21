/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs/{job}/predict: samples in, what the trained model says of them out. */
#include <stdlib.h>
#include <string.h>

#include "api/file.h"
#include "api/inputs.h"
#include "api/model.h"
#include "api/text.h"

/* ------------------------------------------------------------------------------------ body -- */

static void read_choice(struct api_errors *e, struct api_model_choice *out, json_t *value)
{
    const char *text = json_string_value(value);

    *out = (struct api_model_choice){.which = SNN_BEST};
    if (!value || (text && strcmp(text, "best") == 0))
        return;
    out->which = SNN_LAST;
    if (!text)
        api_wrong_type(e, "/checkpoint", value, "best or last");
    else if (strcmp(text, "last") != 0)
        api_errors_add(e, "/checkpoint", "unknown_name",
                       "checkpoint is \"%.40s\", want best or last", text);
}

static void refuse_unknown(struct api_errors *e, json_t *body)
{
    char place[API_POINTER_SIZE];
    const char *key;
    json_t *value;

    json_object_foreach(body, key, value)
    {
        if (strcmp(key, "inputs") != 0 && strcmp(key, "checkpoint") != 0)
            api_errors_add(e, api_at(place, "", key), "unknown_field",
                           "there is no field \"%.40s\", want one of: inputs, checkpoint", key);
    }
}

/* ----------------------------------------------------------------------------------- reply -- */

static void write_sample(FILE *to, const struct snn_predictions *p, size_t i)
{
    fprintf(to, "%s\n{\"class\":%lu,\"scores\":", i ? "," : "", (unsigned long)p->label[i]);
    for (size_t k = 0; k < p->classes; k++) {
        fputs(k ? "," : "[", to);
        api_text_number(to, p->scores[i * p->classes + k]);
    }
    fputs("],\"spike_counts\":", to);
    for (size_t k = 0; p->spikes && k < p->outputs; k++)
        fprintf(to, "%s%lu", k ? "," : "[", (unsigned long)p->spikes[i * p->outputs + k]);
    fputs(p->spikes ? "]}" : "null}", to);
}

static void reply(struct api_call *c, const struct srv_job *job, const struct snn_model *model,
                  const struct snn_predictions *p)
{
    FILE *f = api_file_open(c);

    if (!f)
        return;
    fputs("{\"object\":\"predictions\",\"job\":", f);
    api_text_string(f, job->id);
    fprintf(f, ",\"step\":%zu,\"data\":[", snn_model_step(model));
    for (size_t i = 0; i < p->n; i++)
        write_sample(f, p, i);
    fputs("]}\n", f);
    api_file_reply(c, f, &(struct api_file_form){.content_type = "application/json"});
}

/* --------------------------------------------------------------------------------- handler -- */

/* The duration of the data that the job was trained on: 0 where that is gone, or other data now. A
 * set that was uploaded before durations were written down is read for it. */
static enum snn_code find_duration(struct api_call *c, const struct srv_job *job,
                                   struct snn_data_info *info, struct snn_error *err)
{
    struct srv_datasets *datasets = c->api->options.datasets;
    struct srv_dataset *set = malloc(sizeof *set);
    const struct snn_data *data;
    enum snn_code rc = set ? srv_datasets_find(datasets, job->dataset, set, err)
                           : snn_fail(err, SNN_NOMEM, "no memory for a data set");

    info->duration = 0;
    if (rc == SNN_NOT_FOUND || (rc == SNN_OK && job->dataset_sha256[0] &&
                                strcmp(job->dataset_sha256, set->info.sha256) != 0)) {
        free(set);
        *err = (struct snn_error){.code = SNN_OK};
        return SNN_OK;
    }
    if (rc == SNN_OK)
        info->duration = set->info.duration;
    free(set);
    if (rc == SNN_OK && info->duration == 0) {
        rc = srv_datasets_acquire(datasets, job->dataset, &data, err);
        if (rc != SNN_OK)
            return rc;
        info->duration = snn_data_describe(data)->duration;
        srv_datasets_release(datasets, data);
    }
    return rc;
}

static void answer(struct api_call *c, const struct srv_job *job, const struct snn_model *model,
                   json_t *body)
{
    struct snn_error err = {.code = SNN_OK};
    struct snn_predictions p = {0};
    struct api_errors errors = {0};
    struct api_inputs samples = {0};
    struct snn_data_info info;
    struct snn_spec spec;

    if (!api_model_spec(c, job, model, &spec, &info)) {
        api_problem(c, 409, "dataset_gone",
                    "the data set of job %s is gone: its network cannot be put together", job->id);
        return;
    }
    if (info.events && snn_choice_value(&spec.encoding, "duration", 0) == 0 &&
        find_duration(c, job, &info, &err) != SNN_OK)
        api_error(c, &err);
    else if (!api_inputs_read(&errors, &samples, &info, json_object_get(body, "inputs")))
        api_problem(c, 503, "out_of_memory", "no memory for the samples");
    else if (api_errors_count(&errors))
        api_invalid(c, 422, &errors);
    else if (snn_predict(&p, model, &spec, &info, &samples.inputs,
                         c->api->options.config->memory_limit, &err) != SNN_OK)
        api_error(c, &err);
    else
        reply(c, job, model, &p);
    snn_predictions_clear(&p);
    api_errors_clear(&errors);
    api_inputs_clear(&samples);
}

void api_jobs_predict(struct api_call *c)
{
    struct api_errors errors = {0};
    struct api_model_choice choice;
    struct snn_model *model;
    struct srv_job job;
    json_t *body;

    if (!(body = api_body(c)))
        return;
    refuse_unknown(&errors, body);
    read_choice(&errors, &choice, json_object_get(body, "checkpoint"));
    if (api_errors_count(&errors)) {
        api_invalid(c, 422, &errors);
    } else if (api_find_job(c, &job)) {
        model = api_model_open(c, &job, &choice);
        if (model)
            answer(c, &job, model, body);
        snn_model_free(model);
        srv_job_clear(&job);
    }
    json_decref(body);
}
