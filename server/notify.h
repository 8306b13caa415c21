/* SPDX-License-Identifier: MIT */
/* What a service manager that started the daemon with Type=notify wants to hear (sd_notify(3), of
 * which this is the whole protocol: a datagram of text). Nothing happens where there is none. */
#ifndef SPIKED_SERVER_NOTIFY_H
#define SPIKED_SERVER_NOTIFY_H

#include <stdbool.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1". False where nobody listens. @thread any */
bool srv_notify(const char *state);
/* How often, in ms, the watchdog wants to hear; half of its patience. -1 = it does not. */
int srv_notify_watchdog_ms(void);

#endif
