/* SPDX-License-Identifier: MIT */
/* Event streams: text/event-stream, as browsers' EventSource reads it. */
#ifndef SPIKED_API_STREAM_H
#define SPIKED_API_STREAM_H

#include "api/call.h"

#define API_STREAM_JOBS 64

/* Whether Accept names the event stream and nothing a page could be. */
bool api_stream_wanted(const struct srv_request *req);
/* The event from which to go on. False with the reply made. */
bool api_stream_after(struct api_call *c, int64_t *after);
/* Makes the reply: the events beyond `after` of these jobs, each once, and where the jobs stand,
 * until all are over. n 0: of all jobs, without end. single: of one, numbered within it; else over
 * all jobs. */
void api_stream_open(struct api_call *c, const char ids[][SRV_ID_SIZE], size_t n, bool single,
                     int64_t after);

#endif
