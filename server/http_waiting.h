/* SPDX-License-Identifier: MIT */
/*
 * Connections that wait for news: event streams with nothing to send, requests that are to be
 * answered when something has changed. They hold no thread meanwhile. What a connection is, and how
 * it is stopped and set going again, is the caller's.
 */
#ifndef SPIKED_SERVER_HTTP_WAITING_H
#define SPIKED_SERVER_HTTP_WAITING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/snn.h"

/* A place in the list; zero it before its first use, keep it where it is until it was woken. */
struct srv_waiter {
    struct srv_waiter *next, *before;
    bool waits;
    int64_t due_ms;
    void *connection;
};

struct srv_waiting {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct srv_waiter *first;
    size_t n;
    uint64_t news, told; /* how much there was; how much of it the waiters were woken for */
    int64_t told_ms;
    bool draining, stopping, started;
    void (*resume)(void *connection);
};

enum snn_code srv_waiting_start(struct srv_waiting *w, void (*resume)(void *connection),
                                struct snn_error *err);
/* Wakes all; from now on nobody may wait. @thread any */
void srv_waiting_drain(struct srv_waiting *w);
/* Nobody may wait any more. */
void srv_waiting_stop(struct srv_waiting *w);

/* There is something new: whoever waits is woken, some milliseconds later with all that came
 * meanwhile. @thread any */
void srv_waiting_news(struct srv_waiting *w);
/* To be asked before looking whether there is anything to do. @thread any */
uint64_t srv_waiting_seen(struct srv_waiting *w);
/* Suspends the connection until there is news beyond `seen`, or due_ms of the system's monotonic
 * clock. False, with nothing done, where there is such news already, or nobody may wait: look
 * again. @thread the connection's */
bool srv_waiting_suspend(struct srv_waiting *w, struct srv_waiter *waiter, uint64_t seen,
                         int64_t due_ms, void (*suspend)(void *connection), void *connection);
/* Whether somebody may wait at all. @thread any */
bool srv_waiting_open(struct srv_waiting *w);

#endif
