/* SPDX-License-Identifier: MIT */
/* So many a second for each client, by its address: a bucket that fills at a steady rate, and from
 * which each request takes one. A table of fixed size: of many clients, those that were idle for
 * longest are forgotten, which is to their good. @thread any */
#ifndef SPIKED_SERVER_THROTTLE_H
#define SPIKED_SERVER_THROTTLE_H

#include "core/snn.h"
#include "server/clock.h"

struct srv_throttle;

/* per_second > 0; a client may take `burst` >= 1 at once. */
enum snn_code srv_throttle_new(struct srv_throttle **out, double per_second, double burst,
                               const struct srv_clock *clock, struct snn_error *err);
void srv_throttle_free(struct srv_throttle *t);

/* Takes one for that client. False: there is none; *wait: whole seconds until there is. Addresses
 * of IPv6 count by their first 64 bits, which are one customer's. */
bool srv_throttle_take(struct srv_throttle *t, const char *peer, unsigned *wait);

#endif
