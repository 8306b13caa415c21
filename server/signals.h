/* SPDX-License-Identifier: MIT */
/* The signals that end the daemon, as something the main thread waits for. Libraries start threads
 * of their own before main (OpenBLAS does), and the kernel may hand them a signal: so there is a
 * handler, which does no more than pass the signal's number to srv_signals_wait. */
#ifndef SPIKED_SERVER_SIGNALS_H
#define SPIKED_SERVER_SIGNALS_H

#include "core/snn.h"

/* From now on SIGTERM and SIGINT do nothing but end srv_signals_wait, and SIGPIPE nothing at all (a
 * client that left is a failed write). They are blocked in the calling thread and in those it
 * starts, whose system calls they therefore never interrupt. Call it once, before any thread is
 * started. @thread startup */
enum snn_code srv_signals_start(struct snn_error *err);

/* Waits for SIGTERM or SIGINT; returns its number, or 0 when timeout_ms went by first. A negative
 * timeout_ms waits for ever, 0 only looks. Each signal is returned once. One thread at
 * a time may wait, and it is one that srv_signals_start's caller started, or is. */
int srv_signals_wait(int timeout_ms);

#endif
