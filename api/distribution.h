/* SPDX-License-Identifier: MIT */
/* How the random fields of a sweep are drawn. */
#ifndef SPIKED_API_DISTRIBUTION_H
#define SPIKED_API_DISTRIBUTION_H

#include "api/sweep_form.h"

/* Reads {"kind", "min", "max"} or {"kind": "choice", "values"} into the axis. False with what is
 * wrong added to e. */
bool api_distribution_read(struct api_axis *axis, const char *at, json_t *value,
                           struct api_errors *e);

/* The value of sample number `sample`, which depends on the seed, that number and the axis' pointer
 * alone: other fields may come and go. Reals have six digits. NULL: no memory. */
json_t *api_distribution_draw(const struct api_axis *axis, int64_t seed, size_t sample);

#endif
