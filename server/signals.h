/* SPDX-License-Identifier: MIT */
/* The signals that end the daemon, as something that a thread waits for. They are blocked in our
 * own threads, but libraries start some before main (OpenBLAS does), and the kernel may hand them a
 * signal: so there is a handler too, which does no more than pass the signal's number on. */
#ifndef SPIKED_SERVER_SIGNALS_H
#define SPIKED_SERVER_SIGNALS_H

#include "core/snn.h"

/* From now on SIGTERM and SIGINT do nothing but end srv_signals_wait, and SIGPIPE and SIGXFSZ
 * nothing at all (a client that left, or a limit on the size of files, is a failed write). They are
 * blocked in the calling thread and in those it starts, whose system calls they therefore never
 * interrupt. Call it once, before any thread is started. @thread startup */
enum snn_code srv_signals_start(struct snn_error *err);

/* Waits for SIGTERM or SIGINT; returns its number, or 0 when timeout_ms went by first. A negative
 * timeout_ms waits for ever, 0 only looks. Each signal is returned once; one thread at a time may
 * wait. @thread any that srv_signals_start has blocked the signals in */
int srv_signals_wait(int timeout_ms);

#endif
