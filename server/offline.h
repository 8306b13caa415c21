/* SPDX-License-Identifier: MIT */
/* What the program does instead of serving, asked for by words before its options:
 * `spiked token add ann --scope write`. spikectl hands such commands on to it. */
#ifndef SPIKED_SERVER_OFFLINE_H
#define SPIKED_SERVER_OFFLINE_H

#include "server/config.h"

#define SRV_MAX_OPERANDS 3

struct srv_offline_call {
    const struct srv_config *config;
    const char *operand[SRV_MAX_OPERANDS]; /* NULL: not given */
    FILE *out;
};

struct srv_offline {
    const char *name, *sub; /* sub: its second word; NULL = none */
    const char *operands;   /* as the help shows them */
    size_t min, max;        /* how many of them */
    const char *doc;        /* one line */
    enum snn_code (*run)(const struct srv_offline_call *call, struct snn_error *err);
};

extern const struct srv_offline srv_offlines[];
extern const size_t srv_offline_count;

/* The command that argv[1...] begins with, and its operands; argv[*used...] are the options. *out
 * is NULL where the first word is an option, or there is none. */
enum snn_code srv_offline_parse(const struct srv_offline **out, struct srv_offline_call *call,
                                int *used, int argc, char *const argv[], struct snn_error *err);
/* A line for each. */
void srv_offline_help(FILE *to);

enum snn_code srv_offline_check(const struct srv_offline_call *call, struct snn_error *err);
enum snn_code srv_offline_requeue(const struct srv_offline_call *call, struct snn_error *err);
enum snn_code srv_offline_fail(const struct srv_offline_call *call, struct snn_error *err);
enum snn_code srv_offline_restore(const struct srv_offline_call *call, struct snn_error *err);
enum snn_code srv_offline_token_add(const struct srv_offline_call *call, struct snn_error *err);
enum snn_code srv_offline_token_list(const struct srv_offline_call *call, struct snn_error *err);
enum snn_code srv_offline_token_remove(const struct srv_offline_call *call, struct snn_error *err);

#endif
