/* SPDX-License-Identifier: MIT */
/* Sweeps: made, looked at, listed, cancelled, removed; the results are sweep_results.c's. */
#include <stdlib.h>
#include <string.h>

#include "api/create.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/sweep.h"
#include "api/sweep_judge.h"
#include "api/sweep_object.h"

/* ---------------------------------------------------------------------------------- create -- */

static bool is_loss(const char *metric)
{
    size_t n = strlen(metric);

    return n > 5 && strcmp(metric + n - 5, "_loss") == 0;
}

static enum snn_code store(struct api_call *c, const struct api_sweep_form *form,
                           struct api_sweep_plan *plan, struct srv_sweep *sweep, bool *again,
                           struct snn_error *err)
{
    const struct api_options *o = &c->api->options;
    struct api_key key;
    bool has_key = api_create_key(c, &key);

    sweep->combinations = (int64_t)plan->n_combinations;
    memcpy(sweep->name, form->name, sizeof sweep->name);
    memcpy(sweep->metric, plan->metric, sizeof sweep->metric);
    sweep->maximize = form->goal[0] ? strcmp(form->goal, "maximize") == 0 : !is_loss(plan->metric);
    sweep->rung_epochs = form->rung_epochs;
    sweep->rung_factor = form->rung_factor;
    sweep->config = strdup(c->req->body);
    if (!sweep->config)
        return snn_fail(err, SNN_NOMEM, "no memory for the sweep");
    for (size_t i = 0; i < plan->n_jobs; i++)
        memcpy(plan->jobs[i].traceparent, c->req->trace, sizeof c->req->trace);
    return srv_store_sweep_create(o->store, sweep, (const char *const *)plan->combinations,
                                  plan->jobs, plan->n_jobs, o->config->max_queued,
                                  has_key ? key.key : NULL, has_key ? key.body : NULL, again, err);
}

static void reply_whole(struct api_call *c, int status, const char *id)
{
    struct snn_error err = {0};
    struct srv_sweep_whole w;

    if (srv_store_sweep_get(c->api->options.store, id, &w, &err) != SNN_OK) {
        api_error(c, &err);
        return;
    }
    api_reply(c, status, api_sweep_whole_object(&w, w.sweep.metric, w.sweep.maximize != 0));
    srv_sweep_whole_clear(&w);
}

static void create(struct api_call *c, const struct api_sweep_form *form,
                   struct api_sweep_plan *plan)
{
    struct srv_sweep sweep = {0};
    struct snn_error err = {0};
    bool again = false;

    if (store(c, form, plan, &sweep, &again, &err) != SNN_OK) {
        api_create_refuse(c, &err);
    } else {
        if (c->api->options.pool && !again)
            srv_pool_wake(c->api->options.pool);
        if (again)
            srv_response_header(c->res, "Idempotency-Replayed", "true");
        srv_response_header(c->res, "Location", "/v1/sweeps/%s", sweep.id);
        reply_whole(c, again ? 200 : 201, sweep.id);
    }
    srv_sweep_clear(&sweep);
}

void api_sweeps_create(struct api_call *c)
{
    struct api_sweep_plan plan = {.n_jobs = 0};
    struct api_errors errors = {0};
    struct api_sweep_form form;
    struct snn_error err = {0};
    enum snn_code rc = SNN_OK;
    json_t *body;

    if (!api_create_may(c) || !(body = api_body(c)))
        return;
    api_sweep_form_read(&form, body, &errors);
    if (api_errors_count(&errors) == 0)
        rc = api_sweep_judge(&plan, &form, &c->api->options, &errors, &err);
    if (rc != SNN_OK)
        api_error(c, &err);
    else if (api_errors_count(&errors))
        api_invalid(c, 422, &errors);
    else
        create(c, &form, &plan);
    api_errors_clear(&errors);
    api_sweep_plan_clear(&plan);
    json_decref(body);
}

/* ------------------------------------------------------------------------------------ look -- */

bool api_find_sweep(struct api_call *c, struct srv_sweep_whole *out)
{
    struct snn_error err = {0};
    enum snn_code rc = srv_store_sweep_get(c->api->options.store, c->param[0], out, &err);

    if (rc != SNN_OK)
        api_error(c, &err);
    return rc == SNN_OK;
}

/* ?metric=, and whether more of it is better. False with the reply made. */
static bool query_metric(struct api_call *c, const struct srv_sweep *sweep, const char **metric,
                         bool *maximize)
{
    const char *name = srv_request_query(c->req, "metric");

    *metric = sweep->metric;
    *maximize = sweep->maximize != 0;
    if (!name || strcmp(name, sweep->metric) == 0)
        return true;
#define IS(metric) strcmp(name, #metric) == 0 ||
    if (SNN_METRICS(IS) false) {
        *metric = name;
        *maximize = !is_loss(name);
        return true;
    }
#undef IS
    api_refuse_query(c, "metric", "unknown_name", "metric is \"%.40s\", want one of a job's", name);
    return false;
}

void api_sweeps_get(struct api_call *c)
{
    static const char *const known[] = {"metric", NULL};
    struct srv_sweep_whole w;
    const char *metric;
    bool maximize;

    if (!api_query_known(c, known) || !api_find_sweep(c, &w))
        return;
    if (query_metric(c, &w.sweep, &metric, &maximize))
        api_reply(c, 200, api_sweep_whole_object(&w, metric, maximize));
    srv_sweep_whole_clear(&w);
}

static json_t *list_json(const struct srv_sweep *sweeps, size_t n, bool has_more)
{
    json_t *data = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(data, api_sweep_object(&sweeps[i])) != 0) {
            json_decref(data);
            return NULL;
        }
    }
    return api_page_list(data, has_more);
}

void api_sweeps_list(struct api_call *c)
{
    static const char *const known[] = {"limit", "after", "order", NULL};
    struct srv_sweep *sweeps = NULL;
    struct snn_error err = {0};
    struct api_page page;
    bool has_more = false;
    size_t n = 0;
    enum snn_code rc;

    if (!api_query_known(c, known) || !api_page_query(c, &page))
        return;
    rc = srv_store_sweep_list(c->api->options.store, page.after, page.ascending, page.limit,
                              &sweeps, &n, &has_more, &err);
    if (rc == SNN_OK)
        api_reply(c, 200, list_json(sweeps, n, has_more));
    else if (rc == SNN_NOT_FOUND)
        api_refuse_query(c, "after", "unknown_name", "after is \"%.60s\", want the id of a sweep",
                         page.after ? page.after : "");
    else
        api_error(c, &err);
    srv_sweep_list_free(sweeps, n);
}

/* ------------------------------------------------------------------ cancel, delete, pause -- */

/* Removes what is to go and can, and tells the workers of the rest. */
static void follow(struct api_call *c, struct srv_sweep_change *changed, size_t n)
{
    const struct api_options *o = &c->api->options;

    for (size_t i = 0; i < n; i++) {
        if (changed[i].gone)
            srv_job_files_remove(o->config, changed[i].id);
        else if (o->pool)
            srv_pool_notify(o->pool, changed[i].id);
    }
    free(changed);
}

/* False with the reply made. */
static bool end(struct api_call *c, bool then_delete)
{
    struct srv_sweep_change *changed = NULL;
    struct snn_error err = {0};
    size_t n = 0;

    if (srv_store_sweep_cancel(c->api->options.store, c->param[0], then_delete, &changed, &n,
                               &err) != SNN_OK) {
        api_error(c, &err);
        return false;
    }
    follow(c, changed, n);
    return true;
}

/* 202 where jobs have changed, 200 where all was so already, 409 where it cannot be. */
static void wish(struct api_call *c, enum snn_code (*ask)(struct srv_store *s, const char *id,
                                                          struct srv_sweep_change **changed,
                                                          size_t *n, struct snn_error *err))
{
    struct srv_sweep_change *changed = NULL;
    struct snn_error err = {0};
    size_t n = 0;
    enum snn_code rc;

    if (!api_no_fields(c))
        return;
    rc = ask(c->api->options.store, c->param[0], &changed, &n, &err);
    if (rc == SNN_INVALID) {
        api_problem(c, 409, "illegal_transition", "%s", err.message);
    } else if (rc != SNN_OK) {
        api_error(c, &err);
    } else {
        follow(c, changed, n);
        reply_whole(c, n ? 202 : 200, c->param[0]);
    }
}

void api_sweeps_pause(struct api_call *c)
{
    wish(c, srv_store_sweep_pause);
}

void api_sweeps_resume(struct api_call *c)
{
    wish(c, srv_store_sweep_unpause);
}

void api_sweeps_cancel(struct api_call *c)
{
    struct srv_sweep_whole before;
    bool over;

    if (!api_no_fields(c) || !api_find_sweep(c, &before))
        return;
    over = srv_sweep_over(&before.sweep);
    srv_sweep_whole_clear(&before);
    if (end(c, false))
        reply_whole(c, over ? 200 : 202, c->param[0]);
}

/* 204 where all is gone, 202 while workers still hold some of it. */
void api_sweeps_delete(struct api_call *c)
{
    struct snn_error err = {0};
    struct srv_sweep_whole w;
    enum snn_code rc;

    if (!end(c, true))
        return;
    rc = srv_store_sweep_get(c->api->options.store, c->param[0], &w, &err);
    if (rc == SNN_NOT_FOUND) {
        c->res->status = 204;
    } else if (rc != SNN_OK) {
        api_error(c, &err);
    } else {
        api_reply(c, 202, api_sweep_object(&w.sweep));
        srv_sweep_whole_clear(&w);
    }
}
