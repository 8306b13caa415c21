/* SPDX-License-Identifier: MIT */
/* The API as main sees it: an app for server/http.h and the compiler of stored jobs for
 * server/pool.h. */
#ifndef SPIKED_API_API_H
#define SPIKED_API_API_H

#include "server/aside.h"
#include "server/config.h"
#include "server/datasets.h"
#include "server/http.h"
#include "server/pool.h"
#include "server/store.h"
#include "server/throttle.h"
#include "server/tokens.h"

struct api_options {
    const struct srv_config *config;
    struct srv_store *store;
    struct srv_datasets *datasets;
    struct srv_pool *pool;   /* NULL in tests: nothing is woken */
    struct srv_aside *aside; /* for what takes long; NULL in tests: it is done at once */
    const struct srv_clock *clock;
    const char *version;           /* "0.1.0" */
    struct srv_tokens *tokens;     /* NULL: nobody is asked who he is */
    struct srv_throttle *guesses;  /* wrong tokens; NULL: any number */
    struct srv_throttle *requests; /* NULL: any number */
};

struct api;
enum snn_code api_new(struct api **out, const struct api_options *options, struct snn_error *err);
void api_free(struct api *api);
/* The app that answers every route; borrows `api`. */
struct srv_app api_app(struct api *api);
/* From now on /readyz says 503 and new jobs are refused with 503 and Retry-After. @thread any */
void api_drain(struct api *api);

/* The JSON text of a job as a spec for that data. The same code judges a POST and compiles for a
 * worker. */
enum snn_code api_compile(const char *config, const struct snn_data_info *data,
                          struct snn_spec *out, struct snn_error *err);

#endif
