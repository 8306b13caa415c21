/* SPDX-License-Identifier: MIT */
#include "server/offline.h"

#include <string.h>

/* clang-format off */
const struct srv_offline srv_offlines[] = {
    {"admin", "check", "", 0, 0, "read the whole database and every file, and compare the digests", srv_offline_check},
    {"admin", "requeue", "JOB", 1, 1, "put a failed, cancelled or stuck job back into the queue", srv_offline_requeue},
    {"admin", "fail", "JOB [REASON]", 1, 2, "fail a job that is not over", srv_offline_fail},
    {"restore", NULL, "FILE|-", 1, 1, "unpack a backup into an empty data directory", srv_offline_restore},
    {"token", "add", "NAME [read|write|admin]", 1, 2, "make a token (write) and show it, this once", srv_offline_token_add},
    {"token", "list", "", 0, 0, "the tokens' names and scopes", srv_offline_token_list},
    {"token", "remove", "NAME", 1, 1, "make a token worthless, at once", srv_offline_token_remove},
};
/* clang-format on */
const size_t srv_offline_count = sizeof srv_offlines / sizeof *srv_offlines;

static void show(char *text, size_t size, const struct srv_offline *o)
{
    snprintf(text, size, "%s%s%s%s%s", o->name, o->sub ? " " : "", o->sub ? o->sub : "",
             o->operands[0] ? " " : "", o->operands);
}

static enum snn_code unknown(const char *word, const char *next, struct snn_error *err)
{
    char list[320] = "", one[96];
    size_t used = 0;

    for (size_t i = 0; i < srv_offline_count && used < sizeof list; i++) {
        show(one, sizeof one, &srv_offlines[i]);
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? "; " : "", one);
    }
    return snn_fail(err, SNN_INVALID, "unknown command '%.32s%s%.32s'; there are: %s", word,
                    next ? " " : "", next ? next : "", list);
}

/* "-" is one: the standard input. */
static bool is_word(const char *text)
{
    return text && (text[0] != '-' || !text[1]);
}

enum snn_code srv_offline_parse(const struct srv_offline **out, struct srv_offline_call *call,
                                int *used, int argc, char *const argv[], struct snn_error *err)
{
    const struct srv_offline *o = NULL;
    const char *next = argc > 2 && is_word(argv[2]) ? argv[2] : NULL;
    char usage[96];
    size_t n = 0;

    *out = NULL;
    *used = 1;
    if (argc < 2 || !is_word(argv[1]))
        return SNN_OK;
    for (size_t i = 0; i < srv_offline_count && !o; i++)
        if (strcmp(srv_offlines[i].name, argv[1]) == 0 &&
            (!srv_offlines[i].sub || (next && strcmp(srv_offlines[i].sub, next) == 0)))
            o = &srv_offlines[i];
    if (!o)
        return unknown(argv[1], next, err);
    for (*used = o->sub ? 3 : 2; *used < argc && is_word(argv[*used]); n++, ++*used)
        if (n < SRV_MAX_OPERANDS)
            call->operand[n] = argv[*used];
    if (n < o->min || n > o->max) {
        show(usage, sizeof usage, o);
        return snn_fail(err, SNN_INVALID, "%zu words behind the command, want: %s", n, usage);
    }
    *out = o;
    return SNN_OK;
}

void srv_offline_help(FILE *to)
{
    char left[96];

    for (size_t i = 0; i < srv_offline_count; i++) {
        show(left, sizeof left, &srv_offlines[i]);
        fprintf(to, "  %-36s %s\n", left, srv_offlines[i].doc);
    }
}
