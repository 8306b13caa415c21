/* SPDX-License-Identifier: MIT */
/* help and version, from the tables. */
#include <string.h>

#include "server/ctl/ctl.h"

static void add_options(struct ctl_text *t, const struct ctl_option *list)
{
    for (; list && list->name; list++) {
        size_t start = t->n;

        ctl_text_add(t, "  %c%c%s --%s%s%s", list->letter ? '-' : ' ',
                     list->letter ? list->letter : ' ', list->letter ? "," : " ", list->name,
                     list->value ? " " : "", list->value ? list->value : "");
        while (!t->failed && t->n - start < 26)
            ctl_text_add(t, " ");
        ctl_text_add(t, "  %s\n", list->doc);
    }
}

static void add_usage(struct ctl_text *t, const struct ctl_command *c)
{
    ctl_text_add(t, "%s%s%s%s%s", c->name, c->sub ? " " : "", c->sub ? c->sub : "",
                 c->operands[0] ? " " : "", c->operands);
}

static void add_exits(struct ctl_text *t)
{
#define LINE(name, value, doc) ctl_text_add(t, "  %d  %s\n", value, doc);
    ctl_text_add(t, "\nExit status:\n");
    CTL_EXITS(LINE)
#undef LINE
}

static enum ctl_exit all(struct ctl *c)
{
    struct ctl_text t = {0};

    ctl_text_add(&t, "spikectl [OPTION...] COMMAND ...: train spiking neural networks on a spiked "
                     "daemon\n\n");
    for (size_t i = 0; i < ctl_command_count; i++) {
        size_t start = t.n;

        ctl_text_add(&t, "  ");
        add_usage(&t, &ctl_commands[i]);
        if (t.n - start > 24)
            ctl_text_add(&t, "\n%26s", "");
        while (!t.failed && t.n - start < 26)
            ctl_text_add(&t, " ");
        ctl_text_add(&t, "%s\n", ctl_commands[i].doc);
    }
    ctl_text_add(&t, "\nOptions of every command:\n");
    add_options(&t, ctl_global_options);
    add_exits(&t);
    return ctl_print(c, &t);
}

static enum ctl_exit one(struct ctl *c, const char *name, const char *sub)
{
    struct ctl_text t = {0};
    bool found = false;

    for (size_t i = 0; i < ctl_command_count; i++) {
        const struct ctl_command *k = &ctl_commands[i];

        if (strcmp(k->name, name) != 0 || (sub && (!k->sub || strcmp(k->sub, sub) != 0)))
            continue;
        ctl_text_add(&t, "%sspikectl ", found ? "\n" : "");
        add_usage(&t, k);
        ctl_text_add(&t, "\n  %s\n", k->doc);
        add_options(&t, k->options);
        found = true;
    }
    if (!found)
        return ctl_fail(c, CTL_USAGE, "there is no command %.60s%s%.60s: see spikectl help", name,
                        sub ? " " : "", sub ? sub : "");
    ctl_text_add(&t, "\nOptions of every command and the exit statuses: spikectl help\n");
    return ctl_print(c, &t);
}

enum ctl_exit ctl_help(struct ctl *c)
{
    const struct ctl_command *asked = c->args.command;

    /* --help after a command is about that one. */
    if (asked && asked->run != ctl_help)
        return one(c, asked->name, asked->sub);
    return ctl_operand(c, 0) ? one(c, ctl_operand(c, 0), ctl_operand(c, 1)) : all(c);
}

enum ctl_exit ctl_version(struct ctl *c)
{
    const char *blank = c->revision[0] ? " " : "";

    if (c->json)
        fprintf(c->out, "{\"name\":\"spikectl\",\"version\":\"%s\",\"revision\":\"%s\"}\n",
                c->version, c->revision);
    else
        fprintf(c->out, "spikectl %s%s%s\n", c->version, blank, c->revision);
    return CTL_OK;
}
