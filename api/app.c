/* SPDX-License-Identifier: MIT */
/* The API as an app of server/http.h: a request finds its route, the route's handler fills the
 * response. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/auth.h"
#include "api/gzip.h"
#include "api/job_cache.h"
#include "api/requests.h"
#include "api/route.h"

/* A request under way: what begin found out and finish needs. */
struct exchange {
    struct api_call call;
    const struct api_route *route; /* NULL: there is none, finish says so */
    bool opened;                   /* the route's close is due */
};

enum snn_code api_new(struct api **out, const struct api_options *options, struct snn_error *err)
{
    struct api *api = calloc(1, sizeof *api);

    if (!api)
        return snn_fail(err, SNN_NOMEM, "no memory for the API");
    /* Hash tables of clients' keys need a random seed, set before there are threads; 0 takes the
     * system's. */
    json_object_seed(0);
    api->options = *options;
    api->started_at = options->clock->wall_seconds();
    api->started_ms = options->clock->monotonic_ms();
    atomic_init(&api->draining, false);
    atomic_init(&api->streams, 0);
    atomic_init(&api->backing_up, false);
    api->requests = api_requests_new();
    api->job_cache = api_job_cache_new();
    if (!api->requests || !api->job_cache) {
        api_free(api);
        return snn_fail(err, SNN_NOMEM, "no memory for the API");
    }
    *out = api;
    return SNN_OK;
}

void api_free(struct api *api)
{
    if (api) {
        api_requests_free(api->requests);
        api_job_cache_free(api->job_cache);
    }
    free(api);
}

void api_drain(struct api *api)
{
    atomic_store(&api->draining, true);
}

/* ---------------------------------------------------------------------------------- begin -- */

/* 404, or 405 with the methods that the path has; to OPTIONS they are the answer. */
static void refuse_path(struct api_call *c)
{
    bool path_known;
    char allow[64], why[256];

    api_route_find(c, allow, sizeof allow, &path_known);
    if (!path_known && api_route_explain(c->req->path, why, sizeof why)) {
        api_problem(c, 404, "not_found", "%s", why);
        return;
    }
    if (!path_known) {
        api_problem(c, 404, "not_found", "there is nothing at %.300s", c->req->path);
        return;
    }
    srv_response_header(c->res, "Allow", "%s, OPTIONS", allow);
    if (strcmp(c->req->method, "OPTIONS") == 0) {
        c->res->status = 204;
        return;
    }
    api_problem(c, 405, "method_not_allowed", "%.20s is not for %.300s, want one of: %s",
                c->req->method, c->req->path, allow);
}

/* A browser sends Origin with what a page asks for: a page of another origin may not change
 * anything here. */
static bool foreign_origin(struct api_call *c)
{
    const char *origin = srv_request_header(c->req, "Origin");
    const char *host = srv_request_header(c->req, "Host");
    const char *authority = origin ? strstr(origin, "://") : NULL;

    if (!origin || strcmp(c->req->method, "GET") == 0 || strcmp(c->req->method, "HEAD") == 0)
        return false;
    if (authority && host && strcasecmp(authority + 3, host) == 0)
        return false;
    api_problem(c, 403, "foreign_origin", "Origin is %.100s, want this server's own", origin);
    return true;
}

/* Whether the daemon lives may be asked any number of times. */
static bool too_many(struct api_call *c, const struct api_route *r)
{
    struct srv_throttle *requests = c->api->options.requests;
    unsigned wait;

    if (!requests || (r && r->access == API_OPEN) ||
        srv_throttle_take(requests, c->req->peer, &wait))
        return false;
    srv_count(SRV_COUNTER_rejected_rate, 1);
    srv_response_header(c->res, "Retry-After", "%u", wait);
    api_problem(c, 429, "rate_limited",
                "more requests a second came from this address than the %zu of --rate-limit",
                c->api->options.config->rate_limit);
    return true;
}

static bool body_too_large(struct api_call *c, uint64_t limit)
{
    uint64_t size = c->req->content_length;

    if (size == UINT64_MAX || size <= limit) /* unknown: http counts */
        return false;
    api_problem(c, 413, "body_too_large", "the body has %llu bytes, want at most %llu",
                (unsigned long long)size, (unsigned long long)limit);
    return true;
}

/* A route without parameters of its own takes none; the dashboard's files do not mind. */
static bool query_allowed(struct exchange *x)
{
    static const char *const none[] = {NULL};

    return x->route->query || x->route->access == API_OPEN || api_query_known(&x->call, none);
}

/* False with the reply made. A reply here closes the connection, so a request that has no body is
 * let through to finish even where its path is wrong. */
static bool enter(struct exchange *x, struct srv_request *req)
{
    const struct api_route *r = x->route;

    if (too_many(&x->call, r) || !api_authorize(&x->call, r ? r->access : API_READ) ||
        foreign_origin(&x->call))
        return false;
    if (!r && req->content_length == 0)
        return true;
    if (!r) {
        refuse_path(&x->call);
        return false;
    }
    req->body_limit = r->open ? x->call.api->options.config->max_upload_bytes : r->body_limit;
    if (body_too_large(&x->call, req->body_limit))
        return false;
    if (!r->open)
        return true;
    if (!query_allowed(x))
        return false;
    x->opened = true; /* even where open fails: it may have made a part of the stream */
    return r->open(&x->call, &req->sink);
}

static bool begin(void *user, struct srv_request *req, struct srv_response *res)
{
    struct exchange *x = calloc(1, sizeof *x);
    struct api_call call = {.api = user, .req = req, .res = res};
    bool path_known, entered;
    char allow[64];

    if (!x) {
        api_problem(&call, 503, "out_of_memory", "no memory for the request");
        return false;
    }
    req->app = x;
    x->call = call;
    x->route = api_route_find(&x->call, allow, sizeof allow, &path_known);
    entered = enter(x, req);
    snprintf(req->token, sizeof req->token, "%s", x->call.token);
    x->call.res = NULL; /* this response is http's again */
    return entered;
}

/* --------------------------------------------------------------------------------- finish -- */

static void finish(void *user, struct srv_request *req, struct srv_response *res)
{
    struct exchange *x = req->app;

    (void)user;
    x->call.req = req;
    x->call.res = res;
    if (!x->route)
        refuse_path(&x->call);
    else if (query_allowed(x))
        x->route->handle(&x->call);
    if (res->status == 0 && res->wait_ms == 0)
        api_problem(&x->call, 500, "internal", "the handler of %s gave no answer",
                    x->route ? x->route->pattern : "no route");
    api_gzip(&x->call);
    x->call.res = NULL;
}

static void release(void *user, struct srv_request *req)
{
    struct exchange *x = req->app;

    const struct api *api = user;

    if (x)
        api_requests_note(api->requests,
                          x->route ? (size_t)(x->route - api_routes) : api_route_count, req->status,
                          req->microseconds);
    if (x && x->opened && x->route->close)
        x->route->close(&x->call);
    if (x)
        srv_errand_drop(x->call.errand);
    free(x);
    req->app = NULL;
}

static void reject(void *user, int status, const char *code, const char *detail,
                   const struct srv_request *req, struct srv_response *res)
{
    struct api_call call = {.api = user, .req = req, .res = res};

    api_problem(&call, status, code, "%s", detail);
}

struct srv_app api_app(struct api *api)
{
    return (struct srv_app){
        .user = api, .begin = begin, .finish = finish, .release = release, .reject = reject};
}
