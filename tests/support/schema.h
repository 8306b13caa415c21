/* SPDX-License-Identifier: MIT */
/* JSON against the part of JSON Schema 2020-12 that the OpenAPI document uses; a keyword that is
 * not known here is itself an error, so that none is passed over. */
#ifndef TESTS_SUPPORT_SCHEMA_H
#define TESTS_SUPPORT_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether the value is what `schema` allows; $ref are looked up in `document`. Where not, `why`
 * says what is wrong and where. */
bool schema_allows(const json_t *document, const json_t *schema, const json_t *value, char *why,
                   size_t size);

#endif
