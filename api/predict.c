/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs/{job}/predict: samples in, what the trained model says of them out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/file.h"
#include "api/model.h"
#include "api/schema.h"
#include "api/text.h"

#define MAX_SAMPLES 256
/* Of a body that is wrong all over, so many places are told. */
#define MAX_TOLD 20

struct inputs {
    const struct snn_data_info *info;
    float *values; /* [n, features] */
    size_t n;
};

/* ------------------------------------------------------------------------------------ body -- */

static void read_value(struct api_errors *e, const char *at, size_t k, json_t *value, float *to)
{
    double v = json_number_value(value);
    char place[API_POINTER_SIZE];

    if (json_is_number(value) && isfinite((float)v)) {
        *to = (float)v;
        return;
    }
    snprintf(place, sizeof place, "%s/%zu", at, k);
    if (json_is_number(value))
        api_errors_add(e, place, "out_of_range", "%g is no finite number of single precision", v);
    else
        api_wrong_type(e, place, value, "a number");
}

static void read_sample(struct api_errors *e, const struct inputs *in, size_t i, json_t *sample)
{
    const size_t features = in->info->features;
    char at[48];
    json_t *value;
    size_t k;

    snprintf(at, sizeof at, "/inputs/%zu", i);
    if (!json_is_array(sample)) {
        api_wrong_type(e, at, sample, "an array of numbers");
        return;
    }
    if (json_array_size(sample) != features) {
        api_errors_add(e, at, "out_of_range", "it has %zu values, want the %zu of a sample",
                       json_array_size(sample), features);
        return;
    }
    json_array_foreach(sample, k, value)
    {
        if (api_errors_count(e) >= MAX_TOLD)
            return;
        read_value(e, at, k, value, &in->values[i * features + k]);
    }
}

/* False where there is no memory. */
static bool read_inputs(struct api_errors *e, struct inputs *in, json_t *list)
{
    json_t *sample;
    size_t i;

    if (!list)
        api_errors_add(e, "/inputs", "missing_field",
                       "inputs is missing, want an array of samples");
    else if (!json_is_array(list))
        api_wrong_type(e, "/inputs", list, "an array of samples");
    else if (json_array_size(list) < 1 || json_array_size(list) > MAX_SAMPLES)
        api_errors_add(e, "/inputs", "out_of_range", "inputs has %zu samples, want 1 to %d",
                       json_array_size(list), MAX_SAMPLES);
    if (api_errors_count(e))
        return true;
    in->n = json_array_size(list);
    in->values = calloc(in->n, in->info->features * sizeof *in->values);
    if (!in->values)
        return false;
    json_array_foreach(list, i, sample)
    {
        if (api_errors_count(e) >= MAX_TOLD)
            break;
        read_sample(e, in, i, sample);
    }
    return true;
}

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

static void answer(struct api_call *c, const struct srv_job *job, const struct snn_model *model,
                   json_t *body)
{
    struct snn_error err = {.code = SNN_OK};
    struct snn_predictions p = {0};
    struct api_errors errors = {0};
    struct snn_data_info info;
    struct inputs in = {.info = &info};
    struct snn_spec spec;

    if (!api_model_spec(c, job, model, &spec, &info)) {
        api_problem(c, 409, "dataset_gone",
                    "the data set of job %s is gone: its network cannot be put together", job->id);
        return;
    }
    if (!read_inputs(&errors, &in, json_object_get(body, "inputs")))
        api_problem(c, 503, "out_of_memory", "no memory for the samples");
    else if (api_errors_count(&errors))
        api_invalid(c, 422, &errors);
    else if (snn_predict(&p, model, &spec, &info, in.values, in.n,
                         c->api->options.config->memory_limit, &err) != SNN_OK)
        api_error(c, &err);
    else
        reply(c, job, model, &p);
    snn_predictions_clear(&p);
    api_errors_clear(&errors);
    free(in.values);
}

void api_jobs_predict(struct api_call *c)
{
    static const char *const known[] = {NULL};
    struct api_errors errors = {0};
    struct api_model_choice choice;
    struct snn_model *model;
    struct srv_job job;
    json_t *body;

    if (!api_query_known(c, known) || !(body = api_body(c)))
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
