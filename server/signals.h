/* SPDX-License-Identifier: MIT */
/* The signals that end the daemon are waited for, not handled: no code ever runs inside a signal
 * handler. */
#ifndef SPIKED_SERVER_SIGNALS_H
#define SPIKED_SERVER_SIGNALS_H

#include "core/snn.h"

/* Blocks SIGTERM and SIGINT in the calling thread and in all it starts from then on, and ignores
 * SIGPIPE (a client that left is a failed write, not the end). Call it before any thread is
 * started. @thread startup */
enum snn_code srv_signals_start(struct snn_error *err);

/* Waits for SIGTERM or SIGINT; returns its number, or 0 when timeout_ms went by first. A negative
 * timeout_ms waits for ever, 0 only looks. @thread main */
int srv_signals_wait(int timeout_ms);

#endif
