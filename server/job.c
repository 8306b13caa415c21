/* SPDX-License-Identifier: MIT */
/* Statuses by name, and the end of a job's struct. */
#include "server/job.h"

#include <stdlib.h>
#include <string.h>

#define STATUS_ROW(name, terminal) {#name, terminal},
static const struct {
    const char *name;
    bool terminal;
} statuses[] = {SRV_JOB_STATES(STATUS_ROW)};
#undef STATUS_ROW

const char *srv_job_status_name(enum srv_job_status s)
{
    return (unsigned)s < SRV_JOB_STATUS_COUNT ? statuses[s].name : "unknown";
}

bool srv_job_status_find(enum srv_job_status *out, const char *name)
{
    for (size_t i = 0; i < SRV_JOB_STATUS_COUNT; i++) {
        if (strcmp(statuses[i].name, name) != 0)
            continue;
        *out = (enum srv_job_status)i;
        return true;
    }
    return false;
}

bool srv_job_status_terminal(enum srv_job_status s)
{
    return (unsigned)s < SRV_JOB_STATUS_COUNT && statuses[s].terminal;
}

void srv_job_clear(struct srv_job *job)
{
    if (!job)
        return;
    free(job->config);
    free(job->metadata);
    job->config = NULL;
    job->metadata = NULL;
    job->n_metadata = 0;
}
