/* SPDX-License-Identifier: MIT */
/* JSON as text, with every number as the shortest decimal that reads back as the same double: what
 * a client wrote as 0.1 is 0.1 again, and no bit is lost. */
#ifndef SPIKED_API_DUMP_H
#define SPIKED_API_DUMP_H

#include <jansson.h>

/* The compact text, NUL-terminated, for the caller to free; *size without the end. NULL where
 * memory fails. */
char *api_dump(json_t *value, size_t *size);

#endif
