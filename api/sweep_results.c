/* SPDX-License-Identifier: MIT */
/* GET /v1/sweeps/{sweep}/results: a row a job, for whoever wants to compute with them. */
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/csv.h"
#include "api/dump.h"
#include "api/file.h"
#include "api/job_object.h"
#include "api/problem.h"
#include "api/sweep.h"

/* {pointer: value} of a combination, parsed once for all its jobs. */
static json_t *parameters_of(const struct srv_sweep_whole *w, int64_t combination)
{
    const char *text = combination >= 0 && (size_t)combination < w->n_combinations
                           ? w->combinations[combination]
                           : NULL;

    return text ? api_json_parse(text, strlen(text), NULL) : NULL;
}

/* ------------------------------------------------------------------------------------ JSON -- */

static json_t *row_json(const struct srv_sweep_job *j, json_t *parameters)
{
    return json_pack("{s:s, s:I, s:O, s:I, s:s, s:I, s:o, s:o, s:o}", "job", j->id, "combination",
                     (json_int_t)j->combination, "parameters", parameters, "seed",
                     (json_int_t)j->seed, "status", srv_job_status_name(j->status), "epoch",
                     (json_int_t)j->epoch, "metrics", api_metrics_object(&j->metrics), "error",
                     api_text_or_null(j->error_code), "model_sha256",
                     api_text_or_null(j->model_sha256));
}

static void reply_json(struct api_call *c, const struct srv_sweep_whole *w)
{
    json_t *data = json_array(), *parameters = NULL;

    for (size_t i = 0; data && i < w->n_jobs; i++) {
        const struct srv_sweep_job *j = &w->jobs[i];

        if (i == 0 || j->combination != w->jobs[i - 1].combination) {
            json_decref(parameters);
            parameters = parameters_of(w, j->combination);
        }
        if (json_array_append_new(data, row_json(j, parameters)) != 0) {
            json_decref(data);
            data = NULL;
        }
    }
    json_decref(parameters);
    api_reply(c, 200,
              data ? json_pack("{s:s, s:s, s:o, s:b}", "object", "list", "sweep", w->sweep.id,
                               "data", data, "has_more", 0)
                   : NULL);
}

/* ------------------------------------------------------------------------------------- CSV -- */

/* A text without its quotes, all else as JSON. */
static void write_value(FILE *to, json_t *value)
{
    size_t size;
    char *text = json_is_string(value) ? NULL : api_dump(value, &size);

    api_csv_text(to, json_is_string(value) ? json_string_value(value) : text ? text : "");
    free(text);
}

/* The names, or of a combination the values, of what differs. */
static void write_parameters(FILE *to, json_t *parameters, bool names)
{
    const char *pointer;
    json_t *value;

    json_object_foreach(parameters, pointer, value)
    {
        fputc(',', to);
        if (names)
            api_csv_text(to, pointer);
        else
            write_value(to, value);
    }
}

static void write_row(FILE *to, const struct srv_sweep_job *j, json_t *parameters)
{
    fprintf(to, "%lld", (long long)j->combination);
    write_parameters(to, parameters, false);
    fprintf(to, ",%lld,%s,%s,%lld", (long long)j->seed, j->id, srv_job_status_name(j->status),
            (long long)j->epoch);
#define FIELD(name)                                                                                \
    fputc(',', to);                                                                                \
    api_csv_number(to, j->metrics.name);
    SNN_METRICS(FIELD)
#undef FIELD
    fprintf(to, ",%s,%s\n", j->error_code, j->model_sha256);
}

static void reply_csv(struct api_call *c, const struct srv_sweep_whole *w)
{
    FILE *to = api_file_open(c);
    json_t *parameters = parameters_of(w, 0);

    if (!to) {
        json_decref(parameters);
        return;
    }
    fputs("combination", to);
    write_parameters(to, parameters, true);
#define NAME(name) "," #name
    fputs(",seed,job,status,epoch" SNN_METRICS(NAME) ",error,model_sha256\n", to);
#undef NAME
    for (size_t i = 0; i < w->n_jobs; i++) {
        if (i == 0 || w->jobs[i].combination != w->jobs[i - 1].combination) {
            json_decref(parameters);
            parameters = parameters_of(w, w->jobs[i].combination);
        }
        write_row(to, &w->jobs[i], parameters);
    }
    json_decref(parameters);
    api_csv_reply(c, to);
}

void api_sweeps_results(struct api_call *c)
{
    static const char *const known[] = {"format", NULL};
    struct srv_sweep_whole w;
    bool csv;

    if (!api_query_known(c, known) || !api_csv_wanted(c, &csv) || !api_find_sweep(c, &w))
        return;
    (csv ? reply_csv : reply_json)(c, &w);
    srv_sweep_whole_clear(&w);
}
