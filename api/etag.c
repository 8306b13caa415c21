/* SPDX-License-Identifier: MIT */
/* ETag and If-None-Match. */
#include "api/etag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Whether an If-None-Match list has that tag: weak comparison, as RFC 9110 13.1.2 wants. */
static bool listed(const char *list, const char *tag)
{
    size_t n = strlen(tag);

    while (list && *list) {
        list += strspn(list, " \t,");
        if (*list == '*')
            return true;
        if (strncmp(list, "W/", 2) == 0)
            list += 2;
        if (strncmp(list, tag, n) == 0)
            return true;
        list += strcspn(list, ",");
    }
    return false;
}

bool api_not_modified(struct api_call *c, const char *format, ...)
{
    char text[100], tag[sizeof text + 2];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(tag, sizeof tag, "\"%s\"", text);
    srv_response_header(c->res, "ETag", "%s", tag);
    srv_response_header(c->res, "Cache-Control", "no-cache");
    if (!listed(srv_request_header(c->req, "If-None-Match"), tag))
        return false;
    c->res->status = 304;
    return true;
}
