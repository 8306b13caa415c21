/* SPDX-License-Identifier: MIT */
/* A job's verdict as the API shows it. */
#ifndef SPIKED_API_VERDICT_H
#define SPIKED_API_VERDICT_H

#include <jansson.h>

/* Of the text in a job's row; null where there is none, NULL where memory fails. `config`
 * (borrowed, may be null) is the job as it was sent: a suggestion's pointer is where it has its
 * effect there. */
json_t *api_verdict(const char *text, const json_t *config);

#endif
