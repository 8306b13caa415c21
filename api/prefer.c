/* SPDX-License-Identifier: MIT */
#include "api/prefer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONGEST_SECONDS 60

int64_t api_prefer_wait(const struct api_call *c)
{
    const char *at = srv_request_header(c->req, "Prefer");

    while (at && *at) {
        at += strspn(at, " \t,");
        if (strncasecmp(at, "wait=", 5) == 0 && at[5] >= '0' && at[5] <= '9') {
            long long n = strtoll(at + 5, NULL, 10);
            return n < LONGEST_SECONDS ? n : LONGEST_SECONDS;
        }
        at += strcspn(at, ",");
    }
    return 0;
}

bool api_wait(struct api_call *c)
{
    int64_t seconds = api_prefer_wait(c);

    if (seconds && !c->req->may_wait)
        srv_response_header(c->res, "Preference-Applied", "wait=%lld", (long long)seconds);
    if (!seconds || !c->req->may_wait)
        return false;
    c->res->wait_ms = seconds * 1000;
    return true;
}
