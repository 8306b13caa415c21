/* SPDX-License-Identifier: MIT */
/* What every route that queues jobs has in common. */
#ifndef SPIKED_API_CREATE_H
#define SPIKED_API_CREATE_H

#include "api/call.h"

#define API_MAX_KEY 255

/* False with the reply made where nothing can be queued now, or the Idempotency-Key is none. */
bool api_create_may(struct api_call *c);
/* The request's Idempotency-Key, told from those of other tokens (what one client calls a request
 * says nothing about another's), and the SHA-256 of the body, which it stands for. */
struct api_key {
    char key[API_MAX_KEY + SRV_TOKEN_NAME + 1], body[SNN_SHA256_HEX];
};
/* False where it has none. */
bool api_create_key(const struct api_call *c, struct api_key *out);
/* Judges a job and queues it, with `text` as its config; makes the reply. `job` stays the
 * caller's. */
void api_create_job(struct api_call *c, json_t *job, const char *text);
/* True with the reply made where this is a request that has made its job and waited for it. */
bool api_create_again(struct api_call *c);
/* The reply to what the store refused to create. */
void api_create_refuse(struct api_call *c, const struct snn_error *err);

#endif
