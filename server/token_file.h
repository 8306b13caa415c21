/* SPDX-License-Identifier: MIT */
/*
 * The file of tokens: lines `name:scope:sha256`, # comments. A token is a secret of 256 random bits
 * that is shown once, when it is made; the file knows its SHA-256 alone, which for a secret of that
 * size is as good as a slow hash. Who may write the file may let anyone in: it is refused where
 * others than its owner may. @thread any
 */
#ifndef SPIKED_SERVER_TOKEN_FILE_H
#define SPIKED_SERVER_TOKEN_FILE_H

#include "core/snn.h"

/* Each includes those before it. */
#define SRV_SCOPES(X)                                                                              \
    X(read, "look, but change nothing")                                                            \
    X(write, "jobs, data sets: make, stop, remove")                                                \
    X(admin, "the daemon itself: backups")
#define SRV_SCOPE_ENUM(name, doc) SRV_SCOPE_##name,
enum srv_scope { SRV_SCOPES(SRV_SCOPE_ENUM) SRV_SCOPE_COUNT };
#undef SRV_SCOPE_ENUM

const char *srv_scope_name(enum srv_scope scope);
/* SNN_INVALID, with those there are. */
enum snn_code srv_scope_find(enum srv_scope *out, const char *name, struct snn_error *err);

#define SRV_TOKEN_NAME 33 /* [A-Za-z0-9._-]{1,32} */
#define SRV_TOKEN_SIZE 69 /* "spk_" and 64 hexadecimal digits */
#define SRV_MAX_TOKENS 1000

struct srv_token {
    char name[SRV_TOKEN_NAME];
    enum srv_scope scope;
    char sha256[SNN_SHA256_HEX];
};

/* All of them, malloc'ed; none where there is no file. SNN_FORMAT with the line that is wrong. */
enum snn_code srv_token_read(struct srv_token **out, size_t *n, const char *path,
                             struct snn_error *err);
/* Makes one and writes it down, in a new file where there was none; `secret` is what its holder is
 * to show. SNN_INVALID for a name that is taken, or none. */
enum snn_code srv_token_add(char secret[SRV_TOKEN_SIZE], const char *path, const char *name,
                            enum srv_scope scope, struct snn_error *err);
/* SNN_NOT_FOUND. */
enum snn_code srv_token_remove(const char *path, const char *name, struct snn_error *err);

#endif
