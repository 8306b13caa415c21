/* SPDX-License-Identifier: MIT */
/* JSON text from outside into a tree: one way in, for requests and for stored jobs. */
#ifndef SPIKED_API_BODY_H
#define SPIKED_API_BODY_H

#include <jansson.h>

#include "core/snn.h"

#define API_MAX_DEPTH 32

/* A new reference to the document, NULL with SNN_FORMAT and a message with line and column where it
 * is not JSON, is nested deeper than API_MAX_DEPTH or has a key twice. Any value but a bare number,
 * string or word. @thread any */
json_t *api_json_parse(const char *text, size_t size, struct snn_error *err);

#endif
