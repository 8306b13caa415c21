/* SPDX-License-Identifier: MIT */
/*
 * Webhooks: the end of a job, told to a URL that the job names. The store writes what is to be told
 * into an outbox, in the transaction in which the job ends; one thread empties it. At least once: a
 * receiver that answers 2xx has it, and knows by its id what it has already. Where they may go is
 * the operator's to say: none is sent unless --webhooks names the host.
 */
#ifndef SPIKED_SERVER_WEBHOOK_H
#define SPIKED_SERVER_WEBHOOK_H

#include <sys/socket.h>

#include "server/config.h"
#include "server/store.h"

#define SRV_WEBHOOK_URL 512

/* ------------------------------------------------------------------------------- the outbox -- */

enum srv_webhook_state { SRV_WEBHOOK_pending, SRV_WEBHOOK_delivered, SRV_WEBHOOK_dead };
const char *srv_webhook_state_name(enum srv_webhook_state state);
bool srv_webhook_state_find(enum srv_webhook_state *out, const char *name);

struct srv_webhook {
    int64_t seq;
    char id[SRV_ID_SIZE], job[SRV_ID_SIZE]; /* evt_..., job_... */
    char url[SRV_WEBHOOK_URL], type[48], body[400], error[256];
    char trace[SRV_TRACE_SIZE]; /* of the job's own request; "" = none */
    int64_t created_at, attempts, at, status;
    enum srv_webhook_state state;
};
/* Up to `room` of those that are due and `takes` wants (NULL: all), the longest due first; of a job
 * the earliest alone, so that its ends are told in order. */
enum snn_code srv_store_webhook_due(struct srv_store *s,
                                    bool (*takes)(void *user, const struct srv_webhook *w),
                                    void *user, struct srv_webhook *out, size_t room, size_t *n,
                                    struct snn_error *err);
/* Writes how an attempt at it went: state, attempts, at, status and error of *w. */
enum snn_code srv_store_webhook_tried(struct srv_store *s, const struct srv_webhook *w,
                                      struct snn_error *err);
/* Due at once, one that was given up as if it was never tried. SNN_NOT_FOUND; SNN_INVALID for one
 * that was delivered. */
enum snn_code srv_store_webhook_retry(struct srv_store *s, const char *id, struct srv_webhook *out,
                                      struct snn_error *err);
/* Newest first; state: -1 = any; before: seq, 0 = from the newest. At most `limit`; *out malloc'ed.
 */
enum snn_code srv_store_webhook_list(struct srv_store *s, int state, int64_t before, size_t limit,
                                     struct srv_webhook **out, size_t *n, struct snn_error *err);
/* Forgets those that were settled so long ago. */
enum snn_code srv_store_webhook_forget(struct srv_store *s, int64_t seconds, struct snn_error *err);

/* -------------------------------------------------------------------------------- the rules -- */

/* Whether something may be sent to that URL: http or https, no user in it, a host that is in the
 * list (names divided by commas; * is any). SNN_INVALID with the reason. */
enum snn_code srv_webhook_url_check(const char *url, const char *hosts, struct snn_error *err);
/* Whether the address is one of the Internet at large: not this machine, a private, shared or local
 * network, a group, or one of these in IPv6's clothes. */
bool srv_address_is_public(const struct sockaddr *address);
/* Seconds until the next attempt after so many that failed; -1: none. Differs by up to a fifth from
 * id to id, so that what failed together does not come back together. */
int64_t srv_webhook_backoff(int64_t attempts, const char *id);

/* HMAC-SHA256 (RFC 2104), 32 bytes. */
void srv_hmac_sha256(unsigned char out[32], const void *key, size_t n_key, const void *text,
                     size_t n);
/* "v1,<base64 of the HMAC of id.timestamp.body>", as Standard Webhooks has it. */
void srv_webhook_signature(char out[64], const unsigned char *key, size_t n_key, const char *id,
                           int64_t timestamp, const char *body);

/* ------------------------------------------------------------------------------ the sender -- */

struct srv_webhook_options {
    const struct srv_config *config;
    struct srv_store *store;
    const struct srv_clock *clock;
};
struct srv_webhooks;
/* Reads the key (DIR/webhook-key; made where it is not there) and starts the thread. @thread
 * startup
 */
enum snn_code srv_webhooks_start(struct srv_webhooks **out, const struct srv_webhook_options *o,
                                 struct snn_error *err);
void srv_webhooks_stop(struct srv_webhooks *w);

#endif
