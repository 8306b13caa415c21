/* SPDX-License-Identifier: MIT */
/* Answers that a client may have already. */
#ifndef SPIKED_API_ETAG_H
#define SPIKED_API_ETAG_H

#include "api/call.h"

/* Sets ETag to the formatted text (in quotes) and lets the client keep the answer, to be asked
 * about each time. True with the reply, 304, made where If-None-Match says that the client has it.
 */
bool api_not_modified(struct api_call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
