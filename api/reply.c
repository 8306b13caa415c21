/* SPDX-License-Identifier: MIT */
/* Answers that are what was asked for, and the values in them. */
#include <math.h>

#include "api/call.h"
#include "api/dump.h"
#include "server/keeper.h"

/* Room comes when somebody deletes something, not by itself. */
#define ROOM_RETRY_SECONDS 60

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

bool api_no_room(struct api_call *c, uint64_t extra)
{
    const struct srv_config *config = c->api->options.config;

    if (!srv_disk_short(config, extra))
        return false;
    srv_response_header(c->res, "Retry-After", "%d", ROOM_RETRY_SECONDS);
    api_problem(c, 507, "disk_reserve",
                "the data directory has %llu bytes left, want at least %zu beside what this needs "
                "(disk-reserve)",
                (unsigned long long)srv_disk_free(config->data_dir), config->disk_reserve);
    return true;
}

json_t *api_number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

json_t *api_time(int64_t v)
{
    return v ? json_integer(v) : json_null();
}
