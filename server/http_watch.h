/* SPDX-License-Identifier: MIT */
/*
 * Connections and how long each may take for what it is at. libmicrohttpd's own timeout is of
 * silence alone: a client that sends a byte now and then would hold its place for ever. Here a
 * header has an absolute deadline, and bodies and replies a least average rate; who is too slow is
 * told 408 where nothing was sent yet, and cut off. When places get few, the connection that has
 * kept one for longest without asking anything makes room.
 */
#ifndef SPIKED_SERVER_HTTP_WATCH_H
#define SPIKED_SERVER_HTTP_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/snn.h"

/* idle: between two requests. head: the first is awaited. busy: it is ours to answer; no deadline.
 * cut: it has been, or is about to be, closed. */
enum srv_phase {
    SRV_PHASE_HEAD,
    SRV_PHASE_IDLE,
    SRV_PHASE_BODY,
    SRV_PHASE_BUSY,
    SRV_PHASE_REPLY,
    SRV_PHASE_CUT
};

/* A connection; libmicrohttpd's thread and the watch's share it. */
struct srv_watched {
    struct srv_watched *next, *before; /* guarded by the watch's lock */
    int fd;
    int64_t since_ms; /* of the phase; the connection's thread's own */
    _Atomic int64_t deadline_ms;
    atomic_int phase;
    unsigned char address[16]; /* IPv4 as IPv6 */
};

struct srv_watch_options {
    unsigned head_ms, idle_ms, grace_ms; /* grace: of bodies and replies, before the rate counts */
    unsigned rate;                       /* bytes a second, at least */
    unsigned connections, per_address;   /* the latter but for this machine's own */
    bool plain;                          /* not TLS: a 408 can be written from here */
};

struct srv_watch {
    struct srv_watch_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the list */
    pthread_cond_t changed;
    struct srv_watched *first;
    size_t n;
    bool started, stopping;
};

enum snn_code srv_watch_start(struct srv_watch *w, const struct srv_watch_options *options,
                              struct snn_error *err);
/* Forgets what is left: connections that libmicrohttpd closed before it began them, which it does
 * not tell. Fine after a failed start, and for zeroed memory. */
void srv_watch_stop(struct srv_watch *w);

/* Whether one more from there may come in. @thread any */
bool srv_watch_admits(struct srv_watch *w, const struct sockaddr *from);
/* A connection begins, awaiting its first header. NULL where there is no memory. @thread any */
struct srv_watched *srv_watch_add(struct srv_watch *w, int fd, const struct sockaddr *from);
/* The one with that descriptor; NULL where there is none. @thread any */
struct srv_watched *srv_watch_find(struct srv_watch *w, int fd);
/* To be called before its descriptor is closed. Frees; accepts NULL. @thread any */
void srv_watch_remove(struct srv_watch *w, struct srv_watched *c);
/* Connections there are. @thread any */
size_t srv_watch_count(struct srv_watch *w);

/* The connection goes on to that phase; `size`: of a reply, in bytes. False: it was cut, and
 * nothing may be sent. @thread the connection's */
bool srv_watch_phase(const struct srv_watch *w, struct srv_watched *c, enum srv_phase phase,
                     uint64_t size);
/* So many bytes of the body have come by now. @thread the connection's */
void srv_watch_received(const struct srv_watch *w, struct srv_watched *c, uint64_t bytes);

#endif
