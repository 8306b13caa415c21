/* SPDX-License-Identifier: MIT */
/* The tokens that hold now: the file's, read again when it has changed. @thread any */
#ifndef SPIKED_SERVER_TOKENS_H
#define SPIKED_SERVER_TOKENS_H

#include "server/clock.h"
#include "server/token_file.h"

struct srv_tokens;

/* Fails where the file cannot be read or is wrong; that there is none is fine. */
enum snn_code srv_tokens_open(struct srv_tokens **out, const char *path,
                              const struct srv_clock *clock, struct snn_error *err);
void srv_tokens_free(struct srv_tokens *t);

/* Whether who asks must show one. True from the first token on, and then for good: a file that is
 * emptied, removed or broken while the daemon runs lets nobody in, instead of everybody. */
bool srv_tokens_required(struct srv_tokens *t);
/* Whether `secret` is that of a token, and of which. Takes the same time whatever is wrong. */
bool srv_tokens_find(struct srv_tokens *t, const char *secret, char name[SRV_TOKEN_NAME],
                     enum srv_scope *scope);

#endif
