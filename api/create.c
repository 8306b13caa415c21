/* SPDX-License-Identifier: MIT */
#include "api/create.h"

#include <string.h>

#define QUEUE_RETRY_SECONDS 10
#define DRAIN_RETRY_SECONDS 5

/* True with the reply made. */
static bool bad_key(struct api_call *c)
{
    const char *key = srv_request_header(c->req, "Idempotency-Key");
    size_t n = key ? strlen(key) : 1;

    for (size_t i = 0; key && i < n; i++)
        n = key[i] > 0x20 && key[i] < 0x7f ? n : 0;
    if (n >= 1 && n <= API_MAX_KEY)
        return false;
    api_problem(c, 400, "bad_request",
                "Idempotency-Key is no key, want 1 to %d printable characters", API_MAX_KEY);
    return true;
}

bool api_create_may(struct api_call *c)
{
    if (atomic_load(&c->api->draining)) {
        srv_response_header(c->res, "Retry-After", "%d", DRAIN_RETRY_SECONDS);
        api_problem(c, 503, "draining", "the daemon is stopping and takes no jobs");
        return false;
    }
    return !bad_key(c) && !api_no_room(c, 0);
}

bool api_create_key(const struct api_call *c, struct api_key *out)
{
    const char *key = srv_request_header(c->req, "Idempotency-Key");
    struct snn_digest d;

    if (!key)
        return false;
    snprintf(out->key, sizeof out->key, "%s%s%s", c->token, c->token[0] ? ":" : "", key);
    snn_digest_init(&d);
    snn_digest_add(&d, c->req->body, c->req->body_size);
    snn_digest_hex(&d, out->body);
    return true;
}

void api_create_refuse(struct api_call *c, const struct snn_error *err)
{
    if (err->code == SNN_LIMIT) {
        srv_response_header(c->res, "Retry-After", "%d", QUEUE_RETRY_SECONDS);
        api_problem(c, 429, "queue_full", "%s", err->message);
    } else if (err->code == SNN_FORMAT && srv_request_header(c->req, "Idempotency-Key")) {
        api_problem(c, 422, "idempotency_key_reused", "%s", err->message);
    } else {
        api_error(c, err);
    }
}
