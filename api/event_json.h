/* SPDX-License-Identifier: MIT */
/* A stored event as JSON. NULL where there is no memory. */
#ifndef SPIKED_API_EVENT_JSON_H
#define SPIKED_API_EVENT_JSON_H

#include "api/call.h"

json_t *api_event_json(const struct srv_event *e);
/* The same with `job` and `number`. */
json_t *api_job_event_json(const struct srv_job_event *e);

#endif
