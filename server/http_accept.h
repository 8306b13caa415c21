/* SPDX-License-Identifier: MIT */
/*
 * The door: a thread of our own accepts connections and hands them to libmicrohttpd. It could do so
 * itself, but then only MHD_quiesce_daemon closes the door before the house is empty, and that
 * races with the daemon's own threads in 0.9.75: both take the socket out of the epoll set, whoever
 * comes second ends the process. It also turns connections away where the limit is reached; here
 * they wait in the kernel's queue until there is a place.
 */
#ifndef SPIKED_SERVER_HTTP_ACCEPT_H
#define SPIKED_SERVER_HTTP_ACCEPT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/snn.h"

/* Zero it, then set `listen_fd` and what has `user` as its first argument. */
struct srv_accept {
    int listen_fd; /* listening and non-blocking; its own to close from the start on */
    void *user;
    bool (*room)(void *user); /* whether one more has a place */
    /* Takes a connection, non-blocking, and closes it where it does not want it. */
    void (*take)(void *user, int fd, const struct sockaddr *from, socklen_t size);

    pthread_t thread;
    int wake_fd;
    atomic_bool full; /* the thread waits for a place */
    atomic_bool stopping;
    bool open, started;
};

/* Begins to accept. The socket is closed on failure too. */
enum snn_code srv_accept_start(struct srv_accept *a, struct snn_error *err);
/* A place has become free. @thread any */
void srv_accept_left(struct srv_accept *a);
/* Closes the door: from now on who comes is refused by the kernel. Connections may still leave.
 * Nothing where it is closed already, or never was open. */
void srv_accept_close(struct srv_accept *a);
/* Nobody is in the house any more. */
void srv_accept_end(struct srv_accept *a);

#endif
