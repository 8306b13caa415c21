/* SPDX-License-Identifier: MIT */
/* All jobs of a sweep, judged before any is queued. */
#ifndef SPIKED_API_SWEEP_JUDGE_H
#define SPIKED_API_SWEEP_JUDGE_H

#include "api/sweep_form.h"
#include "server/sweep.h"

struct api_sweep_plan {
    char **combinations; /* JSON text of each one's parameters */
    struct srv_job *jobs;
    size_t n_combinations, n_jobs;
    char metric[24]; /* as given, or by what the jobs know */
};

/* Fills the plan, or adds to e all that is wrong, each once, with the combinations in which it is.
 * SNN_OK in both cases; another code only where nothing can be said. Clear the plan either way. */
enum snn_code api_sweep_judge(struct api_sweep_plan *plan, const struct api_sweep_form *form,
                              const struct api_options *options, struct api_errors *e,
                              struct snn_error *err);
void api_sweep_plan_clear(struct api_sweep_plan *plan);

#endif
