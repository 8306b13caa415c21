/* SPDX-License-Identifier: MIT */
/* The command line. What a command takes is in its row; nothing here knows any command. */
#ifndef SPIKED_CTL_OPTIONS_H
#define SPIKED_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define CTL_MAX_OPERANDS 64
#define CTL_MAX_GIVEN 32

struct ctl;

/* Exit status, what it means */
#define CTL_EXITS(X)                                                                               \
    X(OK, 0, "done; of watch and submit --watch: the job succeeded")                               \
    X(JOB_FAILED, 1, "the job failed; verify: other weights; doctor: something was found")         \
    X(USAGE, 2, "the command line is wrong")                                                       \
    X(REFUSED, 3, "the server refused (4xx); validate: the job is not valid")                      \
    X(UNREACHABLE, 4, "no answer in time, or the server's own failure (5xx)")                      \
    X(JOB_CANCELLED, 5, "the job was cancelled")                                                   \
    X(LOCAL, 6, "a local file could not be read or written")
#define CTL_EXIT_ENUM(name, value, doc) CTL_##name = value,
enum ctl_exit { CTL_EXITS(CTL_EXIT_ENUM) };
#undef CTL_EXIT_ENUM

struct ctl_option {
    const char *name;  /* without its dashes; NULL ends a list */
    char letter;       /* of its short form; 0 = none */
    const char *value; /* what the help calls its value; NULL = it has none */
    const char *doc;
};

struct ctl_command {
    const char *name, *sub; /* sub: its second word; NULL = none */
    const char *operands;   /* as the help shows them */
    size_t min, max;        /* how many of them */
    const char *doc;        /* one line */
    const struct ctl_option *options;
    enum ctl_exit (*run)(struct ctl *c);
    bool offline; /* asks no server */
};

/* Those that every command knows. */
extern const struct ctl_option ctl_global_options[];

struct ctl_args {
    const struct ctl_command *command; /* NULL: none was given */
    const char *operand[CTL_MAX_OPERANDS];
    size_t n;
    struct {
        const char *name, *value;
    } given[CTL_MAX_GIVEN];
    size_t n_given;
};

/* False with the reason in `why`. What is kept points into argv and the tables. */
bool ctl_args_parse(struct ctl_args *out, const struct ctl_command *commands, size_t n_commands,
                    int argc, char *const argv[], char *why, size_t size);

/* The option's last value ("" of one that has none), NULL where it was not given. */
const char *ctl_args_value(const struct ctl_args *args, const char *name);

/* The values of an option that may be given more than once, one a call, in order; NULL after the
 * last. *at is 0 before the first. */
const char *ctl_args_next(const struct ctl_args *args, const char *name, size_t *at);

/* A number of seconds, > 0. */
bool ctl_seconds(double *out, const char *text);

#endif
