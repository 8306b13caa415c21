/* SPDX-License-Identifier: MIT */
/* Answers that a client is ready to wait for: Prefer: wait=N (RFC 7240). */
#ifndef SPIKED_API_PREFER_H
#define SPIKED_API_PREFER_H

#include "api/call.h"

/* Seconds that the client would wait, at most 60; 0 where it said nothing, or nothing that can be
 * understood: a preference is no condition. */
int64_t api_prefer_wait(const struct api_call *c);
/* Puts the answer off until something has changed, and then the handler is called again. False
 * where it has to be given now. */
bool api_wait(struct api_call *c);

#endif
