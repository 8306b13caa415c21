/* SPDX-License-Identifier: MIT */
/* Job objects as text, of those asked for of late: whoever polls a job gets the same text until its
 * row changes, which its version tells. @thread any */
#ifndef SPIKED_API_JOB_CACHE_H
#define SPIKED_API_JOB_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct api_job_cache;

/* NULL when there is no memory, with which the other functions do without. */
struct api_job_cache *api_job_cache_new(void);
void api_job_cache_free(struct api_job_cache *cache);

/* A copy of that job's text at that version, the caller's; NULL where there is none. */
char *api_job_cache_get(struct api_job_cache *cache, int64_t seq, int64_t version, size_t *size);
/* Keeps a copy, in the place of another job's or version's. */
void api_job_cache_put(struct api_job_cache *cache, int64_t seq, int64_t version, const char *text,
                       size_t size);

#endif
