/* SPDX-License-Identifier: MIT */
/* One HTTP request at a time, through libcurl. */
#ifndef SPIKED_CTL_CLIENT_H
#define SPIKED_CTL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "server/ctl/text.h"

#define CTL_WHY 256 /* bytes of a reason */

/* A body that is kept may be this long, in bytes; what is longer needs a sink. */
#define CTL_MAX_REPLY (256u << 20)

struct ctl_client;

struct ctl_request {
    const char *method; /* NULL = GET */
    const char *path;   /* with its query, percent-encoded */
    /* The body: bytes of `type` (NULL = none), or the rest of a file as octets. */
    const char *type;
    const void *body;
    size_t size;
    FILE *upload;
    int64_t upload_size;
    /* Takes the body of a 2xx answer as it comes; false ends it. NULL: it is kept. */
    bool (*sink)(void *user, const void *bytes, size_t n);
    /* Called now and then while an upload or a sink runs; total 0 = not known. */
    void (*progress)(void *user, int64_t done, int64_t total);
    void *user;
    double seconds; /* for all of it; 0: as long as something moves */
};

struct ctl_reply {
    long status;          /* 0: there was no whole answer, and `why` says why */
    struct ctl_text body; /* what was not for the sink */
    char etag[128];       /* without its quotes; "" = none */
    char why[CTL_WHY];
    bool sink_failed; /* the sink said false; status is then 0 */
};

/* `server` is a URL with http or https, or a host and port. False with the reason; then there is
 * no client. */
bool ctl_client_new(struct ctl_client **out, const char *server, char why[CTL_WHY]);
/* From now on requests show the token, and believe servers whose certificate `cacert` vouches for;
 * both copied, either NULL. False with the reason for what cannot be a token. */
bool ctl_client_trust(struct ctl_client *client, const char *token, const char *cacert,
                      char why[CTL_WHY]);
void ctl_client_free(struct ctl_client *client);

/* "http://host:port", without a password that the URL may have held. */
const char *ctl_client_server(const struct ctl_client *client);

/* Fills the reply, to be cleared whatever came of it. True if there was an answer. */
bool ctl_client_send(struct ctl_client *client, const struct ctl_request *request,
                     struct ctl_reply *reply);
void ctl_reply_clear(struct ctl_reply *reply);

#endif
