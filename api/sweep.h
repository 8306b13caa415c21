/* SPDX-License-Identifier: MIT */
/* What the handlers of sweeps share. */
#ifndef SPIKED_API_SWEEP_H
#define SPIKED_API_SWEEP_H

#include "api/call.h"
#include "server/sweep.h"

/* The sweep of c->param[0], or a 404 reply and false. Clear it with srv_sweep_whole_clear. */
bool api_find_sweep(struct api_call *c, struct srv_sweep_whole *out);

#endif
