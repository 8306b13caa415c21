/* SPDX-License-Identifier: MIT */
/* POST /v1/jobs/{job}/bias: how well the surrogate's gradient points. Measured aside, while the
 * request waits without holding a thread; nothing is stored. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/model.h"
#include "api/problem.h"
#include "api/schema.h"

/* Half a minute to a minute on one core. */
#define MOST_MULTIPLY_ADDS 5e10
#define LONGEST_MS 600000
#define RETRY_SECONDS 10

/* A measurement that was asked for, from its form to its report. */
struct measurement {
    struct srv_datasets *datasets;
    const struct snn_data *data;
    struct snn_model *model;
    struct snn_spec spec;
    struct snn_bias_options options;
    struct snn_bias_report report;
    enum snn_code code;
    struct snn_error err;
    char job[SRV_ID_SIZE];
};

static void free_measurement(void *user)
{
    struct measurement *m = user;

    if (m->data)
        srv_datasets_release(m->datasets, m->data);
    snn_model_free(m->model);
    free(m);
}

/* ------------------------------------------------------------------------------------ form -- */

/* In the order of snn_bias_limits. */
enum { SAMPLES, REPEATS, SIGMA, SEED, FIELDS };

static void refuse(struct api_errors *e, const char *at, const char *key)
{
    char known[160];
    size_t n = 0;

    for (size_t i = 0; i < snn_bias_limit_count && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
                              snn_bias_limits[i].name);
    api_errors_add(e, at, "unknown_field", "there is no field \"%.40s\", want one of: %s", key,
                   known);
}

/* What is not given stays 0: the core's own choice. */
static void read_form(struct api_errors *e, struct snn_bias_options *out, json_t *body)
{
    double value[FIELDS] = {0};
    char at[API_POINTER_SIZE];
    const char *key;
    json_t *given;

    json_object_foreach(body, key, given)
    {
        size_t i = 0;
        while (i < snn_bias_limit_count && strcmp(snn_bias_limits[i].name, key) != 0)
            i++;
        if (i == snn_bias_limit_count)
            refuse(e, api_at(at, "", key), key);
        else
            api_read_param(e, &snn_bias_limits[i], key, api_at(at, "", key), given, &value[i]);
    }
    out->samples = (size_t)value[SAMPLES];
    out->repeats = (size_t)value[REPEATS];
    out->sigma = value[SIGMA];
    out->seed = (uint64_t)value[SEED];
}

/* ----------------------------------------------------------------------------------- reply -- */

static json_t *row_json(const struct snn_bias_row *r)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "count", (json_int_t)r->count,
                     "surrogate_norm", api_number(r->surrogate_norm), "reference_norm",
                     api_number(r->reference_norm), "cosine", api_number(r->cosine), "cosine_error",
                     api_number(r->cosine_error), "ratio", api_number(r->ratio), "ratio_error",
                     api_number(r->ratio_error));
}

static json_t *named(const struct snn_bias_row *r)
{
    json_t *row = row_json(r);

    json_object_set_new(row, "name", json_string(r->name));
    return row;
}

static json_t *tensors_of(const struct snn_bias_report *r, size_t layer)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n_tensors; i++)
        if (r->tensor[i].layer == layer)
            json_array_append_new(list, named(&r->tensor[i]));
    return list;
}

static json_t *layers_of(const struct measurement *m)
{
    const struct snn_bias_report *r = &m->report;
    json_t *list = json_array();

    for (size_t i = 0; i < r->n_layers; i++) {
        const struct snn_layer_spec *l = &m->spec.layers[r->layer[i].layer];
        const bool fires = snn_layer_has_neuron(l);
        json_t *row = named(&r->layer[i]);

        json_object_set_new(row, "kind", json_string(l->kind.kind->name));
        json_object_set_new(row, "surrogate",
                            fires ? json_string(l->neuron.surrogate.kind->name) : json_null());
        json_object_set_new(row, "surrogate_scale",
                            fires ? api_number(l->neuron.surrogate.value[0]) : json_null());
        json_object_set_new(row, "tensors", tensors_of(r, r->layer[i].layer));
        json_array_append_new(list, row);
    }
    return list;
}

static void reply(struct api_call *c, const struct measurement *m)
{
    const struct snn_bias_report *r = &m->report;

    if (m->code == SNN_LIMIT && m->err.pointer[0])
        api_problem(c, 422, "too_much_work", "%s", m->err.message);
    else if (m->code == SNN_LIMIT)
        api_problem(c, 422, "memory_limit", "%s", m->err.message);
    else if (m->code != SNN_OK)
        api_error(c, &m->err);
    else
        api_reply(
            c, 200,
            json_pack("{s:s, s:s, s:I, s:I, s:I, s:f, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "object",
                      "bias", "job", m->job, "step", (json_int_t)snn_model_step(m->model),
                      "samples", (json_int_t)r->samples, "repeats", (json_int_t)r->repeats, "sigma",
                      r->sigma, "seed", (json_int_t)m->options.seed, "loss", api_number(r->loss),
                      "expected_loss", api_number(r->expected_loss), "expected_loss_error",
                      api_number(r->expected_loss_error), "explained", api_number(r->explained),
                      "all", row_json(&r->all), "layers", layers_of(m)));
}

/* -------------------------------------------------------------------------------- measuring -- */

static bool unwanted(void *errand)
{
    return errand && !srv_errand_wanted(errand);
}

static void run(void *user, const struct srv_errand *errand)
{
    struct measurement *m = user;

    m->options.stop = unwanted;
    memcpy(&m->options.user, &errand, sizeof errand);
    m->code = snn_bias(&m->report, &m->spec, m->data, m->model, &m->options, &m->err);
}

/* Answers where it is done; else the request waits, if it may. */
static void wait_for(struct api_call *c)
{
    if (srv_errand_done(c->errand)) {
        reply(c, srv_errand_user(c->errand));
    } else if (c->req->may_wait) {
        c->res->wait_ms = LONGEST_MS;
    } else {
        srv_response_header(c->res, "Retry-After", "%d", RETRY_SECONDS);
        api_problem(c, 503, "not_measured", "the measurement was not done in time");
    }
}

/* Takes m over. */
static void begin(struct api_call *c, struct measurement *m)
{
    const struct srv_errand_work work = {.user = m, .run = run, .free = free_measurement};
    struct snn_error err = {.code = SNN_OK};

    if (!c->api->options.aside) {
        run(m, NULL);
        reply(c, m);
        free_measurement(m);
        return;
    }
    if (srv_aside_ask(c->api->options.aside, &c->errand, &work, &err) == SNN_OK) {
        wait_for(c);
        return;
    }
    free_measurement(m);
    srv_response_header(c->res, "Retry-After", "%d", RETRY_SECONDS);
    api_problem(c, err.code == SNN_LIMIT ? 429 : 503,
                err.code == SNN_LIMIT ? "too_many_measurements" : "out_of_memory", "%s",
                err.message);
}

/* The job's newest weights and its data set, the same as it was trained on; false with the reply
 * made. */
static bool prepare(struct api_call *c, struct measurement *m, const struct srv_job *job)
{
    const struct api_model_choice newest = {.which = SNN_LAST};
    struct snn_data_info info;
    struct snn_error err = {.code = SNN_OK};

    m->model = api_model_open(c, job, &newest);
    if (!m->model)
        return false;
    if (!api_model_spec(c, job, m->model, &m->spec, &info)) {
        api_problem(c, 409, "dataset_gone",
                    "the data set of job %s is gone: its network cannot be put together", job->id);
        return false;
    }
    m->datasets = c->api->options.datasets;
    if (srv_datasets_acquire(m->datasets, job->dataset, &m->data, &err) != SNN_OK) {
        api_error(c, &err);
        return false;
    }
    m->options.threads = c->api->options.config->threads_per_job;
    m->options.most = MOST_MULTIPLY_ADDS;
    m->options.memory = c->api->options.config->memory_limit;
    memcpy(m->job, job->id, sizeof m->job);
    return true;
}

static void start(struct api_call *c, const struct srv_job *job,
                  const struct snn_bias_options *options)
{
    struct measurement *m = calloc(1, sizeof *m);

    if (!m) {
        api_problem(c, 503, "out_of_memory", "no memory for a measurement");
        return;
    }
    m->options = *options;
    if (prepare(c, m, job))
        begin(c, m);
    else
        free_measurement(m);
}

void api_jobs_bias(struct api_call *c)
{
    struct snn_bias_options options = {0};
    struct api_errors errors = {0};
    struct srv_job job;
    json_t *body;

    if (c->errand) {
        wait_for(c);
        return;
    }
    body = api_body(c);
    if (body && api_find_job(c, &job)) {
        read_form(&errors, &options, body);
        if (api_errors_count(&errors))
            api_invalid(c, 422, &errors);
        else
            start(c, &job, &options);
        srv_job_clear(&job);
    }
    json_decref(body);
}
