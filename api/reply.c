/* SPDX-License-Identifier: MIT */
/* Answers that are what was asked for, and the values in them. */
#include <math.h>

#include "api/call.h"
#include "api/dump.h"

void api_reply(struct api_call *c, int status, json_t *body)
{
    size_t size = 0;
    char *text = body ? api_dump(body, &size) : NULL;

    json_decref(body);
    if (text)
        srv_response_body(c->res, status, "application/json", text, size);
    else
        api_problem(c, 500, "out_of_memory", "no memory for the answer");
}

json_t *api_number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

json_t *api_time(int64_t v)
{
    return v ? json_integer(v) : json_null();
}
