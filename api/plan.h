/* SPDX-License-Identifier: MIT */
/* Which way a job's layers were computed, and why, as JSON. */
#ifndef SPIKED_API_PLAN_H
#define SPIKED_API_PLAN_H

#include <jansson.h>

/* From the text of a job's row (server/plan.h): an array of layers; null before the first step. */
json_t *api_plan(const char *text);

#endif
