/* SPDX-License-Identifier: MIT */
/* What a handler needs around it: a real store and data sets in a scratch folder, and a request
 * made by hand. */
#ifndef TESTS_API_WORLD_H
#define TESTS_API_WORLD_H

#include <jansson.h>

#include "api/call.h"

struct world {
    char *dir;
    struct srv_config config;
    struct srv_store *store;
    struct srv_datasets *datasets;
    struct api api;
    char job[SRV_ID_SIZE]; /* a queued job, made by world_setup */
    /* The last answer: */
    struct srv_response res;
    char *text; /* its body, from memory or from the file; never NULL after a call */
    size_t size;
    json_t *json; /* NULL where the body is none */
};

/* For cmocka: *state becomes a struct world. */
int world_setup(void **state);
int world_teardown(void **state);

struct world_request {
    const char *param[API_MAX_PATH_PARAMS];
    struct srv_pair query[6], headers[4]; /* up to the first without a name */
    const char *body;                     /* application/json */
};

/* Calls the handler and takes its answer apart; fails the test where the answer is not whole. */
void world_call(struct world *w, void (*handle)(struct api_call *c), const struct world_request *r);

/* Calls it again and again, with the first, second, ... allocation refused, until none is: each
 * answer is the right one or a 5xx. */
void world_starve(struct world *w, void (*handle)(struct api_call *c),
                  const struct world_request *r);

/* Puts what the handler of a streamed body needs together: opens, writes the bytes in small pieces,
 * finishes, closes. */
void world_put(struct world *w, const char *dataset, const char *part, const void *bytes,
               size_t size);

/* A header of the last answer, NULL if there is none. */
const char *world_header(const struct world *w, const char *name);
/* The text at a key of the last answer's object, "" where there is none. */
const char *world_text(const struct world *w, const char *key);

/* A new queued job; *id is filled. */
void world_job(struct world *w, const char *dataset, const char *config, char id[SRV_ID_SIZE]);
/* Waits until everything posted is stored. */
void world_flush(struct world *w);

#endif
