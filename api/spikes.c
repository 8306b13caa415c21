/* SPDX-License-Identifier: MIT */
/* GET /v1/jobs/{job}/spikes: the trained model on one sample, who fires when. */
#include <string.h>

#include "api/csv.h"
#include "api/file.h"
#include "api/model.h"
#include "api/problem.h"
#include "api/split.h"
#include "api/text.h"

#define MAX_UNITS 4096
#define DEFAULT_UNITS 512

struct question {
    bool test, csv;
    int64_t sample, units; /* units: of a layer with more, each k-th is told; 0 = all are */
    struct api_model_choice weights;
};

static size_t stride_of(const struct snn_spikes *s, int64_t most)
{
    return most ? (s->units + (size_t)most - 1) / (size_t)most : 1;
}

/* ------------------------------------------------------------------------------------ JSON -- */

/* "units", "stride" (each stride-th unit is told), "spikes" in all,
 * "start" and "unit" of their spikes by step: unit k is the (k * stride)-th. */
static void write_spikes(FILE *to, const struct snn_spikes *s, size_t time_steps, int64_t most)
{
    const size_t stride = stride_of(s, most);
    size_t found = 0;

    fprintf(to, "\"units\":%zu,\"stride\":%zu,\"spikes\":%zu,\"start\":[0", s->units, stride,
            s->start[time_steps]);
    for (size_t t = 0; t < time_steps; t++) {
        for (size_t i = s->start[t]; i < s->start[t + 1]; i++)
            found += s->unit[i] % stride == 0;
        fprintf(to, ",%zu", found);
    }
    fputs("],\"unit\":[", to);
    found = 0;
    for (size_t i = 0; i < s->start[time_steps]; i++)
        if (s->unit[i] % stride == 0)
            fprintf(to, "%s%lu", found++ ? "," : "", (unsigned long)(s->unit[i] / stride));
    fputc(']', to);
}

static void write_input(FILE *to, const struct snn_raster *r, const struct snn_data_info *info,
                        int64_t most)
{
    fputs(",\"input\":{\"shape\":[", to);
    for (size_t i = 0; i < info->rank; i++)
        fprintf(to, "%s%zu", i ? "," : "", info->shape[i]);
    fputs("],", to);
    if (!r->constant) {
        write_spikes(to, &r->input, r->time_steps, most);
    } else {
        fprintf(to, "\"units\":%zu,\"constant\":[", r->input.units);
        for (size_t k = 0; k < r->input.units; k++) {
            if (k)
                fputc(',', to);
            api_text_float(to, r->constant[k]);
        }
        fputc(']', to);
    }
    fputc('}', to);
}

static void write_layers(FILE *to, const struct snn_raster *r, const struct snn_spec *spec,
                         int64_t most)
{
    fputs(",\"layers\":[", to);
    for (size_t i = 0; i < r->n_layers; i++) {
        fprintf(to, "%s\n{\"name\":", i ? "," : "");
        api_text_string(to, spec->layers[i].name);
        fprintf(to, ",\"kind\":\"%s\",", spec->layers[i].kind.kind->name);
        if (r->layers[i].start)
            write_spikes(to, &r->layers[i], r->time_steps, most);
        else
            fputs("\"units\":0", to);
        fputc('}', to);
    }
    fputs("]}\n", to);
}

static void reply_json(struct api_call *c, const struct question *q, const struct snn_raster *r,
                       const struct snn_spec *spec, const struct snn_data_info *info)
{
    FILE *f = api_file_open(c);

    if (!f)
        return;
    fputs("{\"object\":\"spikes\",\"job\":", f);
    api_text_string(f, c->param[0]);
    fprintf(f,
            ",\"split\":\"%s\",\"sample\":%lld,\"samples\":%zu,\"label\":%lu,\"class\":%lu,"
            "\"time_steps\":%zu,\"scores\":[",
            q->test ? "test" : "train", (long long)q->sample, q->test ? info->test : info->train,
            (unsigned long)r->label, (unsigned long)r->said, r->time_steps);
    for (size_t k = 0; k < r->classes; k++) {
        if (k)
            fputc(',', f);
        api_text_number(f, r->scores[k]);
    }
    fputc(']', f);
    write_input(f, r, info, q->units);
    write_layers(f, r, spec, q->units);
    api_file_reply(c, f, &(struct api_file_form){.content_type = "application/json"});
}

/* ------------------------------------------------------------------------------------- CSV -- */

/* A row a spike: steps from 1, units by their own number. */
static void write_rows(FILE *to, const char *layer, const struct snn_spikes *s, size_t time_steps,
                       int64_t most)
{
    const size_t stride = stride_of(s, most);

    for (size_t t = 0; t < time_steps; t++) {
        for (size_t i = s->start[t]; i < s->start[t + 1]; i++) {
            if (s->unit[i] % stride != 0)
                continue;
            api_csv_text(to, layer);
            fprintf(to, ",%zu,%lu\n", t + 1, (unsigned long)s->unit[i]);
        }
    }
}

/* An input of constant values and layers without neurons have no spikes. */
static void reply_csv(struct api_call *c, const struct question *q, const struct snn_raster *r,
                      const struct snn_spec *spec)
{
    FILE *f = api_file_open(c);

    if (!f)
        return;
    fputs("layer,step,unit\n", f);
    if (!r->constant)
        write_rows(f, "input", &r->input, r->time_steps, q->units);
    for (size_t i = 0; i < r->n_layers; i++)
        if (r->layers[i].start)
            write_rows(f, spec->layers[i].name, &r->layers[i], r->time_steps, q->units);
    api_csv_reply(c, f);
}

/* --------------------------------------------------------------------------------- handler -- */

static void look(struct api_call *c, const struct question *q, const struct srv_job *job,
                 const struct snn_model *model, const struct snn_data *data)
{
    struct snn_data_info info = *snn_data_describe(data);
    struct snn_error err = {.code = SNN_OK};
    struct snn_raster r = {0};
    struct snn_spec spec;

    if (!api_model_spec(c, job, model, &spec, &info))
        api_problem(c, 409, "dataset_gone",
                    "the data set of job %s is gone: its network cannot be put together", job->id);
    else if (snn_raster_run(&r, model, &spec, data, q->test, (size_t)q->sample, &err) != SNN_OK)
        api_error(c, &err);
    else if (q->csv)
        reply_csv(c, q, &r, &spec);
    else
        reply_json(c, q, &r, &spec, &info);
    snn_raster_clear(&r);
}

static void answer(struct api_call *c, const struct question *q, const struct srv_job *job)
{
    struct srv_datasets *datasets = c->api->options.datasets;
    struct snn_model *model = api_model_open(c, job, &q->weights);
    struct snn_error err = {.code = SNN_OK};
    const struct snn_data *data;

    if (!model)
        return;
    if (srv_datasets_acquire(datasets, job->dataset, &data, &err) == SNN_OK) {
        look(c, q, job, model, data);
        srv_datasets_release(datasets, data);
    } else if (err.code == SNN_NOT_FOUND) {
        api_problem(c, 409, "dataset_gone", "%s", err.message);
    } else {
        api_error(c, &err);
    }
    snn_model_free(model);
}

void api_jobs_spikes(struct api_call *c)
{
    static const char *const known[] = {"sample",    "split",  "checkpoint",
                                        "max_units", "format", NULL};
    struct question q;
    struct srv_job job;

    if (!api_query_known(c, known) || !api_csv_wanted(c, &q.csv) ||
        !api_query_split(c, true, &q.test) ||
        !api_query_integer(c, "sample", 0, INT64_MAX / 2, 0, &q.sample) ||
        !api_query_integer(c, "max_units", 1, MAX_UNITS, q.csv ? 0 : DEFAULT_UNITS, &q.units) ||
        !api_model_choose(c, &q.weights) || !api_find_job(c, &job))
        return;
    answer(c, &q, &job);
    srv_job_clear(&job);
}
