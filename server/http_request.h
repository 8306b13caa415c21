/* SPDX-License-Identifier: MIT */
/* Filling a struct srv_request: the lists of its header and query, and its body as it comes in. */
#ifndef SPIKED_SERVER_HTTP_REQUEST_H
#define SPIKED_SERVER_HTTP_REQUEST_H

#include "server/http.h"

struct srv_pairs {
    struct srv_pair *rows;
    size_t count, capacity;
};

/* Room for n pairs; false when there is no memory. */
bool srv_pairs_reserve(struct srv_pairs *pairs, size_t n);
/* Borrows both texts; false when the room is used up. */
bool srv_pairs_add(struct srv_pairs *pairs, const char *name, const char *value);
void srv_pairs_free(struct srv_pairs *pairs);

/* Zeroed memory is an empty body. */
struct srv_body {
    char *bytes; /* NUL-terminated; NULL while nothing is kept */
    size_t capacity;
    bool over;    /* more came than the request's body_limit */
    bool dropped; /* no memory, or the sink failed: the rest is thrown away */
    bool no_memory;
};

/* The next n bytes: to the request's sink or kept, as long as they fit. Everything is taken in any
 * case, because no reply can be sent before a body has been read. */
void srv_body_take(struct srv_body *body, struct srv_request *req, const void *bytes, size_t n);
void srv_body_free(struct srv_body *body);

#endif
