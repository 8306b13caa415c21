/* SPDX-License-Identifier: MIT */
/* A store, data sets and requests for the tests of handlers. */
#include "tests/api/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define JOB "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}]}"

int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct snn_error err = {.code = SNN_OK};

    assert_non_null(w);
    w->dir = tmpdir_create();
    snprintf(w->config.data_dir, sizeof w->config.data_dir, "%s", w->dir);
    w->config.workers = w->config.threads_per_job = 1;
    w->config.memory_limit = (size_t)1 << 30;
    w->config.max_upload_bytes = (size_t)1 << 20;
    w->config.max_queued = 1000;
    if (srv_store_open(&w->store, w->dir, &srv_system_clock, &err) != SNN_OK ||
        srv_datasets_new(&w->datasets, &w->config, w->store, &err) != SNN_OK)
        fail_msg("%s", err.message);
    w->api.options = (struct api_options){
        .config = &w->config,
        .store = w->store,
        .datasets = w->datasets,
        .clock = &srv_system_clock,
        .version = "0.0.0",
    };
    world_job(w, "builtin:digits", JOB, w->job);
    *state = w;
    return 0;
}

static void forget(struct world *w)
{
    srv_response_clear(&w->res);
    json_decref(w->json);
    free(w->text);
    memset(&w->res, 0, sizeof w->res);
    w->json = NULL;
    w->text = NULL;
}

int world_teardown(void **state)
{
    struct world *w = *state;

    forget(w);
    srv_datasets_free(w->datasets);
    srv_store_close(w->store);
    tmpdir_remove(w->dir);
    free(w);
    return 0;
}

static size_t pairs(const struct srv_pair *list, size_t room)
{
    size_t n = 0;

    while (n < room && list[n].name)
        n++;
    return n;
}

/* The body as bytes with a NUL behind, wherever the handler put it. */
static void take_body(struct world *w)
{
    w->size = w->res.size;
    w->text = calloc(1, w->size + 1);
    assert_non_null(w->text);
    if (w->res.fd > 0)
        assert_int_equal(pread(w->res.fd, w->text, w->size, (off_t)w->res.offset),
                         (ssize_t)w->size);
    else if (w->size)
        memcpy(w->text, w->res.body, w->size);
    w->json = json_loadb(w->text, w->size, JSON_REJECT_DUPLICATES, NULL);
}

static void start(struct world *w, struct api_call *c, struct srv_request *req,
                  const struct world_request *r)
{
    forget(w);
    *req = (struct srv_request){
        .method = r->body ? "POST" : "GET",
        .path = "/test",
        .headers = r->headers,
        .n_headers = pairs(r->headers, 4),
        .query = r->query,
        .n_query = pairs(r->query, 6),
        .body = r->body ? r->body : "",
        .body_size = r->body ? strlen(r->body) : 0,
        .id = "req",
    };
    req->content_length = req->body_size;
    *c = (struct api_call){.api = &w->api, .req = req, .res = &w->res};
    for (size_t i = 0; i < API_MAX_PATH_PARAMS && r->param[i]; i++)
        snprintf(c->param[c->n_params++], sizeof c->param[0], "%s", r->param[i]);
}

void world_call(struct world *w, void (*handle)(struct api_call *c), const struct world_request *r)
{
    struct srv_request req;
    struct api_call c;

    start(w, &c, &req, r);
    handle(&c);
    take_body(w);
}

void world_starve(struct world *w, void (*handle)(struct api_call *c),
                  const struct world_request *r)
{
    bool refused = true;

    for (unsigned long n = 0; refused; n++) {
        struct srv_request req;
        struct api_call c;

        start(w, &c, &req, r);
        oom_fail_at(n);
        handle(&c);
        refused = oom_off();
        take_body(w);
        if (w->res.status / 100 != 2 && !(refused && w->res.status >= 500))
            fail_msg("allocation %lu refused: status %d: %s", n, w->res.status, w->text);
        assert_true(n < 100000);
    }
}

void world_put(struct world *w, const char *dataset, const char *part, const void *bytes,
               size_t size)
{
    struct srv_sink sink = {.user = NULL};
    struct srv_request req;
    struct api_call c;
    const char *at = bytes;

    start(w, &c, &req, &(struct world_request){.param = {dataset, part}});
    req.content_length = size;
    if (api_datasets_put_open(&c, &sink)) {
        for (size_t done = 0; done < size; done += 7)
            sink.write(sink.user, at + done, size - done < 7 ? size - done : 7);
        api_datasets_put(&c);
        api_datasets_put_close(&c);
    }
    take_body(w);
}

const char *world_header(const struct world *w, const char *name)
{
    for (size_t i = 0; i < w->res.n_headers; i++)
        if (strcasecmp(w->res.headers[i].name, name) == 0)
            return w->res.headers[i].value;
    return NULL;
}

const char *world_text(const struct world *w, const char *key)
{
    const char *text = json_string_value(json_object_get(w->json, key));

    return text ? text : "";
}

void world_job(struct world *w, const char *dataset, const char *config, char id[SRV_ID_SIZE])
{
    struct snn_error err = {.code = SNN_OK};
    char text[1024];
    struct srv_job job = {.config = text};

    snprintf(text, sizeof text, "%s", config);
    snprintf(job.dataset, sizeof job.dataset, "%s", dataset);
    if (srv_store_job_create(w->store, &job, 1000, &err) != SNN_OK)
        fail_msg("%s", err.message);
    memcpy(id, job.id, SRV_ID_SIZE);
}

void world_flush(struct world *w)
{
    struct snn_error err = {.code = SNN_OK};

    if (srv_store_ping(w->store, &err) != SNN_OK)
        fail_msg("%s", err.message);
}
