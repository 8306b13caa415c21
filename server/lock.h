/* SPDX-License-Identifier: MIT */
/* One process at a time works on a data directory. */
#ifndef SPIKED_SERVER_LOCK_H
#define SPIKED_SERVER_LOCK_H

#include "core/snn.h"

/* Takes DIR/lock for as long as *fd is open, which is the caller's to close, also after a failure
 * where it is not -1. SNN_IO where another process has it; the message names that. The lock goes
 * with the process, so one that died leaves none; the file stays. @thread any */
enum snn_code srv_lock_take(int *fd, const char *dir, struct snn_error *err);

#endif
