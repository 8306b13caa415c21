/* SPDX-License-Identifier: MIT */
/* What http.c sends beside what the app said. */
#ifndef SPIKED_SERVER_HTTP_RESPONSE_H
#define SPIKED_SERVER_HTTP_RESPONSE_H

#include "server/http.h"

#define SRV_RESPONSE_DEFAULTS 9
#define SRV_RESPONSE_PAIRS (SRV_MAX_HEADERS + SRV_RESPONSE_DEFAULTS)

/* All headers of a reply, borrowed from the arguments: the app's own, and what every reply says
 * unless the app said otherwise. Returns how many. */
size_t srv_response_pairs(struct srv_pair out[SRV_RESPONSE_PAIRS], const struct srv_response *res,
                          const char *server_name, const char *request_id, bool closing);

#endif
