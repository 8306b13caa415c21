/* SPDX-License-Identifier: MIT */
/* Whether a job can be taken: its JSON, its data set, the memory it would need. */
#ifndef SPIKED_API_ADMISSION_H
#define SPIKED_API_ADMISSION_H

#include "api/spec.h"

struct api_admission {
    struct api_form form;
    struct srv_dataset dataset;         /* where has_data */
    struct snn_estimate estimate;       /* where has_estimate */
    struct api_errors errors, warnings; /* the memory limit is not among them */
    char config_sha256[SNN_SHA256_HEX]; /* canonical */
    bool has_data, has_estimate;
    bool too_big; /* needs more than config's memory_limit */
};

/* Judges a job. SNN_OK with all that is wrong in errors; another code only where nothing can be
 * said (no memory, no database). Clear it with api_admission_clear either way. */
enum snn_code api_admission_judge(struct api_admission *a, const struct api_options *options,
                                  json_t *job, struct snn_error *err);
/* The row to store of a job that was judged, with `text` as its config. To be cleared also after a
 * failure, which is a lack of memory. */
enum snn_code api_admission_row(struct srv_job *row, const struct api_admission *a,
                                const struct srv_config *config, const char *text,
                                struct snn_error *err);
void api_admission_clear(struct api_admission *a);

#endif
