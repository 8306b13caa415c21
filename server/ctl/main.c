/* SPDX-License-Identifier: MIT */
/* spikectl: the command-line client of spiked. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "server/ctl/ctl.h"

#ifndef SPIKED_REVISION
#define SPIKED_REVISION ""
#endif

#define DEFAULT_SERVER "http://127.0.0.1:8080"

/* A variable that is set and not empty, else NULL. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

static size_t from_variable(const char *name, size_t otherwise)
{
    const char *text = variable(name);
    unsigned long v = text ? strtoul(text, NULL, 10) : 0;

    return v >= 20 && v <= 10000 ? (size_t)v : otherwise;
}

static void look_at_terminal(struct ctl *c)
{
    const char *terminal = variable("TERM");
    bool dumb = !terminal || strcmp(terminal, "dumb") == 0;
    struct winsize size = {0};

    setlocale(LC_CTYPE, "");
    c->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    c->tty = isatty(STDOUT_FILENO) && !dumb;
    c->color =
        c->tty && isatty(STDERR_FILENO) && !variable("NO_COLOR") && !ctl_value(c, "no-color");
    if (c->tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) {
        c->width = size.ws_col;
        c->height = size.ws_row;
    } else {
        c->width = from_variable("COLUMNS", 80);
        c->height = from_variable("LINES", 24);
    }
}

static enum ctl_exit read_options(struct ctl *c)
{
    const char *timeout = ctl_value(c, "timeout");

    c->json = ctl_value(c, "json") != NULL;
    if (timeout && !ctl_seconds(&c->timeout, timeout))
        return ctl_fail(c, CTL_USAGE, "--timeout is \"%.40s\", want a number of seconds above 0",
                        timeout);
    return CTL_OK;
}

/* The option, else the variable; NULL where neither is given. */
static const char *setting(const struct ctl *c, const char *option, const char *name)
{
    const char *value = ctl_value(c, option);

    return value ? value : variable(name);
}

/* The token given, or the first line of the file given. */
static enum ctl_exit find_token(struct ctl *c, struct ctl_text *out)
{
    const char *token = setting(c, "token", "SPIKED_TOKEN");
    const char *file = ctl_value(c, "token") ? NULL : setting(c, "token-file", "SPIKED_TOKEN_FILE");
    enum ctl_exit rc = CTL_OK;

    if (file && (!token || ctl_value(c, "token-file"))) {
        rc = ctl_read_file(c, file, out);
        if (rc == CTL_OK && out->data)
            out->data[strcspn(out->data, "\r\n")] = '\0';
    } else if (token) {
        ctl_text_add(out, "%s", token);
    }
    return rc;
}

static enum ctl_exit trust(struct ctl *c)
{
    struct ctl_text token = {0};
    char why[CTL_WHY];
    enum ctl_exit rc = find_token(c, &token);

    if (rc == CTL_OK && !ctl_client_trust(c->client, ctl_text_of(&token),
                                          setting(c, "cacert", "SPIKED_CACERT"), why))
        rc = ctl_fail(c, CTL_USAGE, "the token cannot be one: %s", why);
    ctl_text_free(&token);
    return rc;
}

static enum ctl_exit run(struct ctl *c)
{
    const char *server = ctl_value(c, "server");
    char why[CTL_WHY];
    enum ctl_exit rc;

    if (ctl_value(c, "version"))
        return ctl_version(c);
    if (ctl_value(c, "help"))
        return ctl_help(c);
    if (!c->args.command) {
        ctl_fail(c, CTL_USAGE, "no command is given: see spikectl help");
        return CTL_USAGE;
    }
    if (c->args.command->offline)
        return c->args.command->run(c);
    server = server ? server : variable("SPIKED_SERVER");
    if (!ctl_client_new(&c->client, server ? server : DEFAULT_SERVER, why))
        return ctl_fail(c, CTL_USAGE, "the server is \"%.100s\": %s", server ? server : "", why);
    rc = trust(c);
    if (rc == CTL_OK)
        rc = c->args.command->run(c);
    ctl_client_free(c->client);
    return rc;
}

int main(int argc, char *argv[])
{
    struct ctl c = {.in = stdin,
                    .out = stdout,
                    .err = stderr,
                    .version = SPIKED_VERSION,
                    .revision = SPIKED_REVISION};
    char why[1024];
    enum ctl_exit rc;

    /* A reader that goes away is an error of writing, not a death in the middle of a download. */
    signal(SIGPIPE, SIG_IGN);
    if (!ctl_args_parse(&c.args, ctl_commands, ctl_command_count, argc, argv, why, sizeof why))
        return (int)ctl_fail(&c, CTL_USAGE, "%s", why);
    look_at_terminal(&c);
    rc = read_options(&c);
    if (rc == CTL_OK)
        rc = run(&c);
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && rc == CTL_OK)
        rc = errno == EPIPE ? CTL_LOCAL
                            : ctl_fail(&c, CTL_LOCAL, "standard output: %s", strerror(errno));
    return (int)rc;
}
