/* SPDX-License-Identifier: MIT */
/* Paths to rows of the route table. */
#ifndef SPIKED_API_ROUTE_H
#define SPIKED_API_ROUTE_H

#include "api/call.h"

/* Whether the path is the pattern's; what its {…} matched goes into param, in order. {job} matches
 * an id (`job_` and a ULID), {dataset} an id or a name, {name} and {part} a word. */
bool api_route_match(const char *pattern, const char *path, char param[API_MAX_PATH_PARAMS][72],
                     size_t *n_params);

/* The row of api_routes for a request, with c's parameters set. NULL: *path_known tells whether the
 * path has routes of other methods, and `allow` ("GET, HEAD, POST") which. */
const struct api_route *api_route_find(struct api_call *c, char *allow, size_t size,
                                       bool *path_known);

/* For a path that no route has: true with a sentence in `text` if it would be one but for an id or
 * name that cannot be any. */
bool api_route_explain(const char *path, char *text, size_t size);

#endif
