/* SPDX-License-Identifier: MIT */
/* Commands about a daemon's data, not to a daemon: the program spiked has them, as it alone knows
 * the files; this one becomes it, with the words and options it was given. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/ctl/ctl.h"

/* The command's two, its operands, and the options with their values. */
#define MAX_WORDS (CTL_MAX_OPERANDS + 16)

const struct ctl_option ctl_data_options[] = {
    {"data-dir", 'd', "DIR", "the daemon's data (SPIKED_DATA_DIR, else ./spiked-data)"},
    {"tokens", 0, "FILE", "the file of tokens (SPIKED_TOKENS, else DIR/tokens)"},
    {"config", 0, "FILE", "the daemon's file of options (SPIKED_CONFIG)"},
    {NULL, 0, NULL, NULL},
};

/* The program beside this one; false where there is none. */
static bool find_beside(char path[PATH_MAX])
{
    char own[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);

    if (n <= 0)
        return false;
    own[n] = '\0';
    n = snprintf(path, PATH_MAX, "%s/spiked", dirname(own));
    return n > 0 && n < PATH_MAX && access(path, X_OK) == 0;
}

/* Its own copy of a word, as exec wants them; NULL, without memory, ends the list too early. */
static void add(char **argv, size_t *n, const char *word)
{
    argv[(*n)++] = strdup(word);
}

enum ctl_exit ctl_offline(struct ctl *c)
{
    const struct ctl_args *args = &c->args;
    const char *given = getenv("SPIKED_BIN");
    char beside[PATH_MAX], flag[32], *argv[MAX_WORDS + 1] = {NULL};
    const char *program = given && given[0]     ? given
                          : find_beside(beside) ? beside
                                                : "spiked"; /* of the PATH */
    size_t n = 0;

    add(argv, &n, program);
    add(argv, &n, args->command->name);
    if (args->command->sub)
        add(argv, &n, args->command->sub);
    for (size_t i = 0; i < args->n; i++)
        add(argv, &n, args->operand[i]);
    for (const struct ctl_option *o = ctl_data_options; o->name; o++) {
        if (!ctl_value(c, o->name))
            continue;
        snprintf(flag, sizeof flag, "--%s", o->name);
        add(argv, &n, flag);
        add(argv, &n, ctl_value(c, o->name));
    }
    fflush(c->out);
    execvp(program, argv);
    for (size_t i = 0; i < n; i++)
        free(argv[i]);
    return ctl_fail(c, CTL_LOCAL, "cannot run %.200s: %s", program, strerror(errno));
}
