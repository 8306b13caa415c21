/* SPDX-License-Identifier: MIT */
/* What a handler gets and what it may say. A handler is a function of a request and a store: it
 * knows names, types and status codes; no sockets, no SQL, no locks. */
#ifndef SPIKED_API_CALL_H
#define SPIKED_API_CALL_H

#include <jansson.h>
#include <stdatomic.h>

#include "api/api.h"

struct api {
    struct api_options options;
    _Atomic bool draining; /* set by main's thread, read by the http threads */
    atomic_int streams;    /* event streams that are open */
    struct api_requests *requests;
    struct api_job_cache *job_cache;
    atomic_bool backing_up;
    _Atomic int64_t last_backup_at; /* when one was sent whole; 0 = none yet */
    int64_t started_at, started_ms;
};

#define API_MAX_PATH_PARAMS 3

struct api_call {
    struct api *api;
    const struct srv_request *req;
    struct srv_response *res;
    char token[SRV_TOKEN_NAME];          /* of who asks; "" = nobody is known */
    char param[API_MAX_PATH_PARAMS][72]; /* what the pattern's {…} matched, in order */
    size_t n_params;
    void *stream;              /* a streaming route's own object */
    char made[SRV_ID_SIZE];    /* the job of a POST that waits for it; "" = none yet */
    bool again;                /* it was there before */
    struct srv_errand *errand; /* what a request waits for that is done aside; NULL = nothing */
};

/* Wrong fields, all of them: {pointer, code, detail}. */
struct api_errors {
    json_t *list; /* array; NULL until the first */
};
/* code: "unknown_field", "missing_field", "wrong_type", "out_of_range", "unknown_name", "invalid",
 * ... */
void api_errors_add(struct api_errors *e, const char *pointer, const char *code, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));
size_t api_errors_count(const struct api_errors *e);
void api_errors_clear(struct api_errors *e);

/* Replies. Each fills c->res and is the last thing a handler does. `body` is stolen; where encoding
 * or memory fails the reply is a 500 problem. Non-finite numbers must be null by then: use
 * api_number. */
void api_reply(struct api_call *c, int status, json_t *body);
/* application/problem+json: {type,title,status,detail,instance,code,request_id}. */
void api_problem(struct api_call *c, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The status of err->code by the table in problem.c (SNN_NOT_FOUND 404, SNN_INVALID 422, SNN_LIMIT
 * 422 or as given, ...), with errors:[{pointer,...}] where err names a place. */
void api_error(struct api_call *c, const struct snn_error *err);
/* 422 (or `status`) with every wrong field; its code is that of the field if it is one, else
 * "invalid". Clears e. */
void api_invalid(struct api_call *c, int status, struct api_errors *e);

/* True with a 507 made where, with `extra` bytes more, the disk would have less left than its
 * reserve. */
bool api_no_room(struct api_call *c, uint64_t extra);

/* A JSON number, null where v is not finite. */
json_t *api_number(double v);
/* Integer, null where v is 0: for times. */
json_t *api_time(int64_t v);

/* The request's body as an object, or NULL with the reply made: 415 where it is not
 * application/json, 400 where it is malformed (line, column, what), nested deeper than 32, or has a
 * key twice; 422 where it is no object. */
json_t *api_body(struct api_call *c);
/* For an action, which needs no body, but `{}` is what some clients send. False with the reply made
 * where there is more. */
bool api_no_fields(struct api_call *c);

/* Query parameters. False with a 422 reply made, that names the parameter, the value and what was
 * wanted. */
bool api_query_integer(struct api_call *c, const char *name, int64_t min, int64_t max,
                       int64_t otherwise, int64_t *out);
bool api_query_number(struct api_call *c, const char *name, double min, double max,
                      double otherwise, double *out);
/* ?order=asc or desc. */
bool api_query_order(struct api_call *c, bool otherwise_ascending, bool *ascending);
/* Refuses query parameters that are not in the NULL-terminated list ("metadata[" stands for its
 * prefix). */
bool api_query_known(struct api_call *c, const char *const names[]);

/* The job of c->param[0], or a 404 reply and false. Clear it with srv_job_clear. */
bool api_find_job(struct api_call *c, struct srv_job *out);

/* ---------------------------------------------------------------------------------- routes -- */

/* Who may: anybody, or whose token has at least that scope. A route that does not say is the
 * administrator's. */
enum api_access { API_UNSAID, API_OPEN, API_READ, API_WRITE, API_ADMIN };

struct api_route {
    const char *method; /* "GET" also answers HEAD */
    const char
        *pattern; /* "/v1/jobs/{job}/events"; what stands in {} (route.c) matches one segment */
    enum api_access access;
    void (*handle)(struct api_call *c);
    uint64_t body_limit; /* bytes; 0 = a body is refused with 413 */
    /* A streamed body: opened before the first byte (false: the reply is made), then c->stream and
     * its sink. */
    bool (*open)(struct api_call *c, struct srv_sink *sink);
    void (*close)(struct api_call *c); /* frees c->stream, whatever happened */
    const char *doc;                   /* one line */

    /* For the OpenAPI document; lists are words with blanks between. */
    const char *body;   /* schema of the JSON body; NULL = none, or it may be left out */
    int status;         /* of the good answer; 0 = 200 */
    const char *answer; /* schema of its JSON; NULL = it is no JSON */
    const char *media;  /* media types that it may (also) come as; NULL = none */
    const char *query;  /* parameters; NULL = none */
    const char *others; /* statuses that not every route has: 202 304 409 */
};
extern const struct api_route api_routes[];
extern const size_t api_route_count;

/* Handlers, one file per resource; listed in routes.c. */
void api_jobs_create(struct api_call *c); /* jobs.c */
void api_jobs_validate(struct api_call *c);
void api_jobs_retry(struct api_call *c);
void api_jobs_list(struct api_call *c);
void api_jobs_get(struct api_call *c);
void api_jobs_delete(struct api_call *c);
void api_jobs_cancel(struct api_call *c);
void api_jobs_pause(struct api_call *c);
void api_jobs_resume(struct api_call *c);
void api_jobs_config(struct api_call *c);
void api_jobs_events(struct api_call *c); /* events.c */
void api_events_all(struct api_call *c);
void api_jobs_metrics(struct api_call *c);     /* metrics.c */
void api_jobs_histograms(struct api_call *c);  /* histograms.c */
void api_jobs_confusion(struct api_call *c);   /* confusion.c */
void api_jobs_predict(struct api_call *c);     /* predict.c */
void api_jobs_bias(struct api_call *c);        /* bias.c */
void api_jobs_spikes(struct api_call *c);      /* spikes.c */
void api_datasets_samples(struct api_call *c); /* samples.c */
void api_jobs_gradcheck(struct api_call *c);   /* gradcheck.c */
void api_gradcheck(struct api_call *c);
void api_jobs_checkpoints(struct api_call *c); /* weights.c */
void api_jobs_weights(struct api_call *c);
void api_webhooks_list(struct api_call *c); /* webhooks.c */
void api_webhooks_retry(struct api_call *c);
void api_sweeps_create(struct api_call *c); /* sweeps.c */
void api_sweeps_list(struct api_call *c);
void api_sweeps_get(struct api_call *c);
void api_sweeps_cancel(struct api_call *c);
void api_sweeps_pause(struct api_call *c);
void api_sweeps_resume(struct api_call *c);
void api_sweeps_delete(struct api_call *c);
void api_sweeps_results(struct api_call *c);  /* sweep_results.c */
void api_datasets_create(struct api_call *c); /* datasets.c */
void api_datasets_list(struct api_call *c);
void api_datasets_get(struct api_call *c);
void api_datasets_delete(struct api_call *c);
bool api_datasets_put_open(struct api_call *c, struct srv_sink *sink);
void api_datasets_put(struct api_call *c);
void api_datasets_put_close(struct api_call *c);
void api_catalog_get(struct api_call *c); /* catalog.c */
void api_surrogates_curve(struct api_call *c);
void api_system_get(struct api_call *c);
void api_web(struct api_call *c);         /* web.c */
void api_openapi_get(struct api_call *c); /* openapi/openapi.c */
void api_livez(struct api_call *c);       /* health.c */
void api_readyz(struct api_call *c);
void api_backup(struct api_call *c);     /* backup.c */
void api_prometheus(struct api_call *c); /* prometheus.c */

#endif
