/* SPDX-License-Identifier: MIT */
/* What the files that know libmicrohttpd share. Nobody else includes it. */
#ifndef SPIKED_SERVER_HTTP_INTERNAL_H
#define SPIKED_SERVER_HTTP_INTERNAL_H

#include <microhttpd.h>

#include "server/http.h"
#include "server/http_accept.h"
#include "server/http_check.h"
#include "server/http_listen.h"
#include "server/http_request.h"
#include "server/http_response.h"
#include "server/http_tls.h"
#include "server/http_waiting.h"
#include "server/http_watch.h"

struct srv_http {
    struct MHD_Daemon *daemon;
    struct srv_app app;
    struct srv_listen at;
    char address[SRV_ADDRESS_SIZE];
    char server_name[64];
    char hosts[SRV_ADDRESS_SIZE + 512]; /* that may be asked for, divided by commas */
    struct srv_accept door;
    atomic_bool draining; /* set by srv_http_drain, read by libmicrohttpd's threads */
    struct srv_waiting waiting;
    struct srv_watch watch;
    struct srv_tls tls;
    atomic_int streams; /* responses that go on */
    unsigned late_ms;
};

/* A request from its first line to its end. */
struct exchange {
    struct srv_http *http;
    struct srv_request req;
    struct srv_pairs headers, query;
    struct srv_body body;
    struct srv_response refusal;   /* made before the body, sent after it where is_refused */
    struct srv_watched *watched;   /* NULL: there was no memory to watch it */
    const struct srv_fault *fault; /* found in the request target */
    int64_t start_us;
    int64_t wait_until_ms; /* 0 until the answer is put off */
    struct srv_waiter waiter;
    int status; /* of the reply; 0 while there is none */
    bool started;
    bool begun;      /* the app knows the request, and is owed its release */
    bool is_refused; /* nothing of the body is wanted */
    bool incomplete; /* a list of pairs took less than there was */
};

/* Fills the request with what came before its body. False when there is no memory. */
bool srv_http_take_head(struct exchange *x, struct MHD_Connection *connection);
/* Sends and clears `res`. MHD_NO (the connection closes) when that cannot be done. */
enum MHD_Result srv_http_send(struct exchange *x, struct MHD_Connection *connection,
                              struct srv_response *res);
/* Says what is wrong with the request, and closes the connection. */
enum MHD_Result srv_http_refuse(struct exchange *x, struct MHD_Connection *connection,
                                const struct srv_fault *fault);
/* Answers `res`, or what is wrong, to a request whose body is still to come. Where a connection is
 * closed with bytes of the client's unread, TCP resets it and the answer may be lost: so the body
 * is read first, where it is known not to be huge, and thrown away. Who asks before he sends is
 * told at once.
 */
enum MHD_Result srv_http_decline(struct exchange *x, struct MHD_Connection *connection,
                                 struct srv_response *res);
enum MHD_Result srv_http_decline_fault(struct exchange *x, struct MHD_Connection *connection,
                                       const struct srv_fault *fault);
/* For srv_waiting: a struct MHD_Connection. */
void srv_http_suspend(void *connection);
void srv_http_resume(void *connection);

#endif
