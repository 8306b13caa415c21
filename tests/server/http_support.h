/* SPDX-License-Identifier: MIT */
/* A small app behind the real HTTP server, and a client that speaks to it in bytes. */
#ifndef TESTS_SERVER_HTTP_SUPPORT_H
#define TESTS_SERVER_HTTP_SUPPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/http.h"

#define TINY_LIMIT 1000           /* bytes of a kept body */
#define TINY_STREAM_LIMIT 3000000 /* of a streamed one */

/* /echo answers with the body, /stream with "bytes=N sum=N" of a streamed body (its sink fails at
 * the first byte 0xFF), /refused is refused by begin, /file is a file of "0123456789", /fail is a
 * 500, /wait waits for `go`; any other path gets what the request was, in words. */
struct tiny {
    struct srv_http *http;
    const char *address;
    atomic_int begun, finished, released, rejected;
    atomic_int waiting; /* requests inside /wait */
    atomic_bool go;
};

void tiny_start(struct tiny *t);
/* With limits of its own; where it listens and its name stay. */
void tiny_start_with(struct tiny *t, const struct srv_http_options *limits);
void tiny_stop(struct tiny *t);

/* Waits until *value is `want`; fails the test when it is not after a long while. */
void eventually(atomic_int *value, int want);

struct reply {
    int status;   /* 0: the connection ended without a reply */
    char *head;   /* NUL-terminated, with the status line */
    char *body;   /* NUL-terminated */
    size_t size;  /* of the body */
    char *buffer; /* what they point into */
};

/* A connection, or -1 with errno. */
int client_dial(const char *address);
void client_send(int fd, const void *bytes, size_t size);
void client_say(int fd, const char *text);
/* The next reply; `head_only` where the request was a HEAD. */
struct reply client_read(int fd, bool head_only);
/* True when the server ended the connection and nothing more came. */
bool client_closed(int fd);
/* True when the server ended the connection, whatever came before. */
bool client_ends(int fd);
void reply_free(struct reply *r);

/* One request on a connection of its own. */
struct reply ask(const struct tiny *t, const char *request);

#endif
