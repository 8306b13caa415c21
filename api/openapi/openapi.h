/* SPDX-License-Identifier: MIT */
/* The OpenAPI 3.1 document: paths from the table of routes, what a job may hold from the tables of
 * its fields and the core's registries, what comes back from components.json. */
#ifndef SPIKED_API_OPENAPI_OPENAPI_H
#define SPIKED_API_OPENAPI_OPENAPI_H

#include <jansson.h>
#include <stdbool.h>

struct api_shape;

/* Text of a JSON object: parameters, responses, securitySchemes, schemas. */
extern const char api_openapi_components[];

/* The whole document, NULL where memory ends. */
json_t *api_openapi(const char *version);

/* Adds the shape to `schemas` as "JobConfig" (of the noun "a job"), and every shape it holds. False
 * where memory ends. */
bool api_openapi_shape(json_t *schemas, const struct api_shape *shape);

#endif
