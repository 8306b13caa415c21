/* SPDX-License-Identifier: MIT */
/* A job's config as what it comes to, however it was written. */
#ifndef SPIKED_API_CANONICAL_H
#define SPIKED_API_CANONICAL_H

#include <jansson.h>

#include "core/snn.h"

/* SHA-256 of the job in canonical form: keys in order, no blanks, numbers by value (2, 2.0 and 2e0
 * are the same), and without `name`, `metadata`, `priority` and `webhook`, which have no part in
 * the training. Jobs of one digest train the same bits on the same data, instruction set and BLAS
 * kernel. False where memory fails. */
bool api_canonical_sha256(json_t *job, char hex[SNN_SHA256_HEX]);

#endif
