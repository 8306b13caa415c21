/* SPDX-License-Identifier: MIT */
/* How many requests of each route were answered how, and how long they took. */
#ifndef SPIKED_API_REQUESTS_H
#define SPIKED_API_REQUESTS_H

#include "server/meter.h"

struct api_requests;

/* NULL when there is no memory. */
struct api_requests *api_requests_new(void);
void api_requests_free(struct api_requests *r);

/* `route`: its place in api_routes, or beyond for none. Accepts NULL. @thread any */
void api_requests_note(struct api_requests *r, size_t route, int status, int64_t microseconds);
/* Those there were: `method` and `pattern` are "" for what had no route. @thread any */
void api_requests_each(struct api_requests *r,
                       void (*each)(void *user, const char *method, const char *pattern, int status,
                                    const struct srv_histogram *h),
                       void *user);

#endif
