/* SPDX-License-Identifier: MIT */
/* A job as the API shows it. */
#ifndef SPIKED_API_JOB_OBJECT_H
#define SPIKED_API_JOB_OBJECT_H

#include <jansson.h>

#include "server/job.h"

/* The job object; NULL where memory fails. What is not known yet is null. */
json_t *api_job_object(const struct srv_job *job);
json_t *api_metrics_object(const struct snn_metrics *m);

#endif
