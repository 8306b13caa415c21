/* SPDX-License-Identifier: MIT */
/* A sweep as the API shows it. */
#ifndef SPIKED_API_SWEEP_OBJECT_H
#define SPIKED_API_SWEEP_OBJECT_H

#include <jansson.h>

#include "server/sweep.h"

/* Which metric of a job, by its name; NaN where there is none of that name. */
double api_sweep_metric(const struct snn_metrics *m, const char *name);

/* The object of lists, without what belongs to it. NULL where memory fails, as below. */
json_t *api_sweep_object(const struct srv_sweep *sweep);
/* The same with its ranking by `metric`, its comparisons and its config. */
json_t *api_sweep_whole_object(const struct srv_sweep_whole *w, const char *metric, bool maximize);

#endif
