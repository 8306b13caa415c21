/* SPDX-License-Identifier: MIT */
/* What a request must be before anybody looks at what it asks. libmicrohttpd 0.9.75 takes both
 * lengths of a request with Content-Length and Transfer-Encoding, and other things that let a proxy
 * in front and the daemon disagree on where a request ends (request smuggling); these checks refuse
 * them. */
#ifndef SPIKED_SERVER_HTTP_CHECK_H
#define SPIKED_SERVER_HTTP_CHECK_H

#include "server/http.h"

struct srv_fault {
    int status;
    const char *code, *detail;
};

/* The request target as it came in, before any decoding: no %00, no broken escape, no control
 * character, and it starts with a slash. NULL when it is fit. @thread any */
const struct srv_fault *srv_check_target(const char *target);

/* The request line and the header; `version` as received ("HTTP/1.1"), `hosts` as in
 * srv_check_host. NULL when it is fit. @thread any */
const struct srv_fault *srv_check_request(const struct srv_request *req, const char *version,
                                          const char *hosts);

/* Against DNS rebinding (a page on evil.example makes the browser ask 127.0.0.1 under its own
 * name): a Host must name an IP address, localhost or one of `hosts`, which commas divide. A port
 * may follow. @thread any */
bool srv_check_host(const char *host, const char *hosts);

/* Whether an X-Request-Id may be used: [A-Za-z0-9._-]{1,63}. @thread any */
bool srv_check_id(const char *id);
/* Whether it is a traceparent (W3C Trace Context, 3.2) of 55 characters. */
bool srv_check_trace(const char *value);

#endif
