/* SPDX-License-Identifier: MIT */
#include "server/ctl/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct ctl_option ctl_global_options[] = {
    {"server", 's', "URL", "the daemon (SPIKED_SERVER, else http://127.0.0.1:8080)"},
    {"token", 0, "TOKEN", "who asks (SPIKED_TOKEN; others on this machine can see a flag)"},
    {"token-file", 0, "FILE", "a file whose first line is the token (SPIKED_TOKEN_FILE)"},
    {"cacert", 0, "FILE", "whose certificates are believed, PEM (SPIKED_CACERT)"},
    {"json", 'j', NULL, "print the server's JSON as it came; watch: a line for each update"},
    {"timeout", 't', "SECONDS", "give up after so long"},
    {"no-color", 0, NULL, "no colours (also NO_COLOR)"},
    {"help", 'h', NULL, "what there is, or more about a command"},
    {"version", 'V', NULL, "the version of this program"},
    {NULL, 0, NULL, NULL},
};

/* Where the parser is. */
struct parser {
    struct ctl_args *out;
    int argc, at;
    char *const *argv;
    char *why;
    size_t size;
};

static const struct ctl_option *find_in(const struct ctl_option *list, const char *name, size_t n,
                                        char letter)
{
    for (; list && list->name; list++)
        if (letter ? list->letter == letter
                   : strlen(list->name) == n && strncmp(list->name, name, n) == 0)
            return list;
    return NULL;
}

static const struct ctl_option *find_option(const struct ctl_args *args, const char *name, size_t n,
                                            char letter)
{
    const struct ctl_option *own = args->command ? args->command->options : NULL;
    const struct ctl_option *found = find_in(own, name, n, letter);

    return found ? found : find_in(ctl_global_options, name, n, letter);
}

static void list_options(struct parser *p, const struct ctl_option *list, size_t *used)
{
    for (; list && list->name && *used < p->size; list++)
        *used += (size_t)snprintf(p->why + *used, p->size - *used, " --%s", list->name);
}

static bool unknown_option(struct parser *p, const char *word)
{
    const struct ctl_command *command = p->out->command;
    size_t used =
        (size_t)snprintf(p->why, p->size, "there is no option %.60s%s, want one of:", word,
                         command ? "" : " before a command");

    list_options(p, command ? command->options : NULL, &used);
    list_options(p, ctl_global_options, &used);
    return false;
}

static bool keep(struct parser *p, const struct ctl_option *option, const char *value)
{
    struct ctl_args *out = p->out;

    if (out->n_given == CTL_MAX_GIVEN) {
        snprintf(p->why, p->size, "more than %d options are given", CTL_MAX_GIVEN);
        return false;
    }
    out->given[out->n_given].name = option->name;
    out->given[out->n_given++].value = value;
    return true;
}

/* --name, --name=value, --name value, -n, -n value, -nvalue */
static bool take_option(struct parser *p, const char *word)
{
    bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1);
    size_t n = is_long ? strcspn(name, "=") : 1;
    const struct ctl_option *option = find_option(p->out, name, n, is_long ? '\0' : name[0]);
    const char *value = name[n] ? name + n + is_long : NULL;

    if (!option)
        return unknown_option(p, word);
    if (!option->value && value) {
        snprintf(p->why, p->size, "--%s takes no value, found %.60s", option->name, word);
        return false;
    }
    if (option->value && !value) {
        if (p->at + 1 >= p->argc) {
            snprintf(p->why, p->size, "--%s wants a value: %s", option->name, option->value);
            return false;
        }
        value = p->argv[++p->at];
    }
    return keep(p, option, value ? value : "");
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* The command whose words begin here; `at` is left at its last one. */
static bool take_command(struct parser *p, const struct ctl_command *commands, size_t n)
{
    const char *word = p->argv[p->at], *next = p->at + 1 < p->argc ? p->argv[p->at + 1] : NULL;
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        const struct ctl_command *c = &commands[i];

        if (strcmp(c->name, word) != 0 || (c->sub && (!next || strcmp(c->sub, next) != 0)))
            continue;
        p->at += c->sub != NULL;
        p->out->command = c;
        return true;
    }
    for (size_t i = 0; i < n && used < p->size; i++)
        if (commands[i].sub && strcmp(commands[i].name, word) == 0)
            used += (size_t)snprintf(p->why + used, p->size - used, "%s %s",
                                     used ? "," : "want one of:", commands[i].sub);
    if (used == 0)
        snprintf(p->why, p->size, "there is no command %.60s: see spikectl help", word);
    else if (used < p->size)
        snprintf(p->why + used, p->size - used, " after %.60s", word);
    return false;
}

static bool take_operand(struct parser *p, const char *word)
{
    if (p->out->n == CTL_MAX_OPERANDS) {
        snprintf(p->why, p->size, "more than %d words are given", CTL_MAX_OPERANDS);
        return false;
    }
    p->out->operand[p->out->n++] = word;
    return true;
}

/* Help is given whatever else is missing. */
static bool check_count(struct parser *p)
{
    const struct ctl_args *out = p->out;
    const struct ctl_command *c = out->command;

    if (!c || ctl_args_value(out, "help") || (out->n >= c->min && out->n <= c->max))
        return true;
    if (out->n < c->min)
        snprintf(p->why, p->size, "too few words: want %s%s%s %s", c->name, c->sub ? " " : "",
                 c->sub ? c->sub : "", c->operands);
    else
        snprintf(p->why, p->size, "%.60s is too much: want %s%s%s %s", out->operand[c->max],
                 c->name, c->sub ? " " : "", c->sub ? c->sub : "", c->operands);
    return false;
}

bool ctl_args_parse(struct ctl_args *out, const struct ctl_command *commands, size_t n_commands,
                    int argc, char *const argv[], char *why, size_t size)
{
    struct parser p = {.out = out, .argc = argc, .argv = argv, .why = why, .size = size};
    bool ok = true, only_operands = false;

    *out = (struct ctl_args){0};
    for (p.at = 1; ok && p.at < argc; p.at++) {
        const char *word = argv[p.at];

        if (!only_operands && strcmp(word, "--") == 0)
            only_operands = true;
        else if (!only_operands && is_option(word))
            ok = take_option(&p, word);
        else if (!out->command)
            ok = take_command(&p, commands, n_commands);
        else
            ok = take_operand(&p, word);
    }
    return ok && check_count(&p);
}

const char *ctl_args_value(const struct ctl_args *args, const char *name)
{
    for (size_t i = args->n_given; i > 0; i--)
        if (strcmp(args->given[i - 1].name, name) == 0)
            return args->given[i - 1].value;
    return NULL;
}

const char *ctl_args_next(const struct ctl_args *args, const char *name, size_t *at)
{
    while (*at < args->n_given) {
        size_t i = (*at)++;

        if (strcmp(args->given[i].name, name) == 0)
            return args->given[i].value;
    }
    return NULL;
}

bool ctl_seconds(double *out, const char *text)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(v) || v <= 0 || v > 1e9)
        return false;
    *out = v;
    return true;
}
