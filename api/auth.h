/* SPDX-License-Identifier: MIT */
/* Who may ask for what: tokens of the header Authorization against the scope of the route. */
#ifndef SPIKED_API_AUTH_H
#define SPIKED_API_AUTH_H

#include "api/call.h"

/* False with the reply made: 401, 403, or 429 where somebody guesses. Notes in c who it is.
 * @thread http */
bool api_authorize(struct api_call *c, enum api_access want);

#endif
