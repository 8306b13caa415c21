/* SPDX-License-Identifier: MIT */
/* Jobs that are there: list, get, cancel, pause, resume, delete. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/etag.h"
#include "api/job_cache.h"
#include "api/job_object.h"
#include "api/page.h"
#include "api/prefer.h"
#include "api/problem.h"

static void not_found(struct api_call *c, const char *id)
{
    api_problem(c, 404, "not_found", "there is no job %s", id);
}

bool api_find_job(struct api_call *c, struct srv_job *out)
{
    struct snn_error err = {0};
    enum snn_code rc = srv_store_job_get(c->api->options.store, c->param[0], out, &err);

    if (rc == SNN_NOT_FOUND)
        not_found(c, c->param[0]);
    else if (rc != SNN_OK)
        api_error(c, &err);
    return rc == SNN_OK;
}

/* The text of a version does not change, so it is made once for all who poll. */
static void answer_job(struct api_call *c, const struct srv_job *job)
{
    struct api_job_cache *cache = c->api->job_cache;
    size_t size = 0;
    char *text = api_job_cache_get(cache, job->seq, job->version, &size);

    if (text) {
        srv_response_body(c->res, 200, "application/json", text, size);
        return;
    }
    api_reply(c, 200, api_job_object(job));
    if (c->res->status == 200)
        api_job_cache_put(cache, job->seq, job->version, c->res->body, c->res->size);
}

void api_jobs_get(struct api_call *c)
{
    struct srv_job job;

    if (!api_find_job(c, &job))
        return;
    /* The version counts every change of the row, so who polls gets 304 until there is one. Who
     * would rather wait gets that change, or without an ETag to compare the job's end. */
    if (api_not_modified(c, "%" PRId64 "-%" PRId64, job.seq, job.version))
        (void)api_wait(c);
    else if (srv_request_header(c->req, "If-None-Match") || srv_job_status_terminal(job.status) ||
             !api_wait(c))
        answer_job(c, &job);
    srv_job_clear(&job);
}

void api_jobs_config(struct api_call *c)
{
    struct srv_job job;

    if (!api_find_job(c, &job))
        return;
    srv_response_body(c->res, 200, "application/json", job.config,
                      job.config ? strlen(job.config) : 0);
    job.config = NULL; /* the response's now */
    srv_job_clear(&job);
}

/* ------------------------------------------------------------------------------------ list -- */

/* ?status=; -1 where it is not given. False with the reply made. */
static bool query_status(struct api_call *c, int *out)
{
    const char *name = srv_request_query(c->req, "status");
    enum srv_job_status status;
    char names[200] = "";
    size_t used = 0;

    *out = -1;
    if (!name)
        return true;
    if (srv_job_status_find(&status, name)) {
        *out = (int)status;
        return true;
    }
    for (int i = 0; i < SRV_JOB_STATUS_COUNT && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 srv_job_status_name((enum srv_job_status)i));
    api_refuse_query(c, "status", "unknown_name", "status is \"%.40s\", want one of: %s", name,
                     names);
    return false;
}

/* ?sort=; by creation where it is not given. False with the reply made. */
static bool query_sort(struct api_call *c, enum srv_job_order *out)
{
    const char *name = srv_request_query(c->req, "sort");
    char names[200] = "";
    size_t used = 0;

    *out = SRV_ORDER_created;
    if (!name || srv_job_order_find(out, name))
        return true;
    for (int i = 0; i < SRV_ORDER_COUNT && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 srv_job_order_name((enum srv_job_order)i));
    api_refuse_query(c, "sort", "unknown_name", "sort is \"%.40s\", want one of: %s", name, names);
    return false;
}

/* ?text=; NULL where there is none, or nothing in it. False with the reply made. */
static bool query_text(struct api_call *c, const char **out)
{
    const char *text = srv_request_query(c->req, "text");

    *out = text && text[0] ? text : NULL;
    if (!text || strlen(text) <= SRV_MAX_TEXT)
        return true;
    api_refuse_query(c, "text", "out_of_range", "text has %zu bytes, want at most %d", strlen(text),
                     SRV_MAX_TEXT);
    return false;
}

static bool copy_within(char *out, size_t size, const char *text, size_t n)
{
    if (n >= size)
        return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

/* ?metadata[key]=value, as many as there are. False with the reply made. */
static bool query_metadata(struct api_call *c, struct srv_meta out[SRV_MAX_METADATA], size_t *n)
{
    static const char prefix[] = "metadata[";
    const size_t skip = sizeof prefix - 1;

    *n = 0;
    for (size_t i = 0; i < c->req->n_query; i++) {
        const struct srv_pair *q = &c->req->query[i];

        if (strncmp(q->name, prefix, skip) != 0)
            continue;
        if (*n == SRV_MAX_METADATA) {
            api_refuse_query(c, q->name, "out_of_range", "want at most %d pairs of metadata",
                             SRV_MAX_METADATA);
            return false;
        }
        if (!copy_within(out[*n].key, sizeof out->key, q->name + skip,
                         strlen(q->name) - skip - 1) ||
            !copy_within(out[*n].value, sizeof out->value, q->value, strlen(q->value))) {
            api_refuse_query(c, q->name, "out_of_range",
                             "want a key of at most %zu bytes and a value of at most %zu",
                             sizeof out->key - 1, sizeof out->value - 1);
            return false;
        }
        ++*n;
    }
    return true;
}

/* Frees the jobs. */
static json_t *list_json(struct srv_job *jobs, size_t n, bool has_more)
{
    json_t *data = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(data, api_job_object(&jobs[i])) != 0) {
            json_decref(data);
            data = NULL;
        }
    }
    srv_job_list_free(jobs, n);
    return api_page_list(data, has_more);
}

void api_jobs_list(struct api_call *c)
{
    static const char *const known[] = {"status", "sweep", "limit",     "after", "order",
                                        "sort",   "text",  "metadata[", NULL};
    struct srv_meta metadata[SRV_MAX_METADATA];
    struct srv_job_filter filter = {.metadata = metadata};
    struct srv_job *jobs = NULL;
    struct snn_error err = {0};
    struct api_page page;
    bool has_more;
    enum snn_code rc;
    size_t n;

    if (!api_query_known(c, known) || !api_page_query(c, &page) ||
        !query_status(c, &filter.status) || !query_sort(c, &filter.order) ||
        !query_text(c, &filter.text) || !query_metadata(c, metadata, &filter.n_metadata))
        return;
    filter.sweep = srv_request_query(c->req, "sweep");
    filter.after = page.after;
    filter.ascending = page.ascending;
    filter.limit = page.limit;
    rc = srv_store_job_list(c->api->options.store, &filter, &jobs, &n, &has_more, &err);
    if (rc == SNN_OK)
        api_reply(c, 200, list_json(jobs, n, has_more));
    else if (rc == SNN_NOT_FOUND)
        api_refuse_query(c, "after", "unknown_name", "after is \"%.60s\", want the id of a job",
                         page.after ? page.after : "");
    else
        api_error(c, &err);
}

/* ------------------------------------------------------------------------ cancel, pause, delete --
 */

static void notify(struct api_call *c, const struct srv_job *job)
{
    if (c->api->options.pool)
        srv_pool_notify(c->api->options.pool, job->id);
}

/* A wish is a function of the store that changes what the job is to become. */
static enum snn_code ask_cancel(struct srv_store *s, const char *id, struct srv_job *out,
                                struct snn_error *err)
{
    return srv_store_job_cancel(s, id, false, out, err);
}

static bool under_way(enum srv_job_status status)
{
    return status == SRV_JOB_cancelling || status == SRV_JOB_pausing;
}

/* 202 where the wish changed the job or is being followed, 200 where it was so already, 409 where
 * it cannot be. */
static void grant(struct api_call *c,
                  enum snn_code (*ask)(struct srv_store *s, const char *id, struct srv_job *out,
                                       struct snn_error *err))
{
    struct snn_error err = {0};
    struct srv_job before, after;
    enum snn_code rc;

    if (!api_no_fields(c) || !api_find_job(c, &before))
        return;
    rc = ask(c->api->options.store, before.id, &after, &err);
    if (rc == SNN_OK) {
        notify(c, &after);
        api_reply(c, after.status == before.status && !under_way(after.status) ? 200 : 202,
                  api_job_object(&after));
        srv_job_clear(&after);
    } else if (rc == SNN_INVALID) {
        api_problem(c, 409, "illegal_transition", "%s", err.message);
    } else if (rc == SNN_NOT_FOUND) {
        not_found(c, before.id);
    } else {
        api_error(c, &err);
    }
    srv_job_clear(&before);
}

void api_jobs_cancel(struct api_call *c)
{
    grant(c, ask_cancel);
}

void api_jobs_pause(struct api_call *c)
{
    grant(c, srv_store_job_pause);
}

void api_jobs_resume(struct api_call *c)
{
    grant(c, srv_store_job_unpause);
}

static void remove_job(struct api_call *c, const char *id)
{
    struct snn_error err = {0};
    enum snn_code rc = srv_store_job_delete(c->api->options.store, id, &err);

    if (rc == SNN_NOT_FOUND) {
        not_found(c, id);
    } else if (rc == SNN_INVALID) {
        api_problem(c, 409, "illegal_transition", "%s", err.message);
    } else if (rc != SNN_OK) {
        api_error(c, &err);
    } else {
        /* The row first: files without a row are only room lost, a row without files a broken job.
         */
        srv_job_files_remove(c->api->options.config, id);
        c->res->status = 204;
    }
}

/* A job that is over goes at once; one that runs is cancelled, and goes when its worker lets go of
 * it. */
void api_jobs_delete(struct api_call *c)
{
    struct snn_error err = {0};
    struct srv_job before, after;
    enum snn_code rc = SNN_INVALID;

    if (!api_find_job(c, &before))
        return;
    if (!srv_job_status_terminal(before.status))
        rc = srv_store_job_cancel(c->api->options.store, before.id, true, &after, &err);
    if (rc == SNN_OK)
        notify(c, &after);
    if (rc == SNN_OK && !srv_job_status_terminal(after.status)) {
        api_reply(c, 202, api_job_object(&after));
    } else if (rc == SNN_OK || rc == SNN_INVALID) {
        remove_job(c, before.id);
    } else {
        api_error(c, &err);
    }
    if (rc == SNN_OK)
        srv_job_clear(&after);
    srv_job_clear(&before);
}
