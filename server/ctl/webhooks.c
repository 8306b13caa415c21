/* SPDX-License-Identifier: MIT */
/* webhooks, webhooks retry: what was told of jobs' ends, or could not be. */
#include <inttypes.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/format.h"

#define WEBHOOKS "/v1/webhooks"

static enum ctl_color state_color(const char *state)
{
    return strcmp(state, "dead") == 0        ? CTL_RED
           : strcmp(state, "delivered") == 0 ? CTL_GREEN
                                             : CTL_YELLOW;
}

/* Who has it when, or what the last attempt came to and when the next one is. */
static void add_line(struct ctl *c, struct ctl_text *t, const json_t *hook)
{
    const char *state = ctl_string(hook, "state"), *error = ctl_string(hook, "error");
    int64_t at = ctl_integer(hook, "next_at") + ctl_integer(hook, "settled_at"); /* one is none */

    ctl_text_add(t, "%-31s %s%-9s%s %4" PRId64 "  %-19s  %-31s %-10s ", ctl_string(hook, "id"),
                 ctl_color(c, state_color(state)), state, ctl_color(c, CTL_PLAIN),
                 ctl_integer(hook, "attempts"), ctl_when(at).s, ctl_string(hook, "job"),
                 strrchr(ctl_string(hook, "type"), '.') ? strrchr(ctl_string(hook, "type"), '.') + 1
                                                        : "");
    ctl_text_safe(t, ctl_string(hook, "url"));
    if (error[0]) {
        ctl_text_add(t, "  ");
        ctl_text_safe(t, error);
    }
    ctl_text_add(t, "\n");
}

enum ctl_exit ctl_webhooks(struct ctl *c)
{
    struct ctl_text path = {0}, t = {0};
    enum ctl_exit rc;
    json_t *page, *hook;
    size_t i;

    ctl_text_add(&path, WEBHOOKS);
    ctl_query_add(&path, "state", ctl_value(c, "state"));
    ctl_query_add(&path, "limit", ctl_value(c, "limit"));
    ctl_query_add(&path, "after", ctl_value(c, "after"));
    rc = ctl_fetch(c, "GET", &path, &page);
    if (rc == CTL_OK && !c->json) {
        ctl_text_add(&t, "%s%-31s %-9s %4s  %-19s  %-31s %-10s %s%s\n", ctl_color(c, CTL_BOLD),
                     "ID", "STATE", "SENT", "NEXT OR LAST", "JOB", "END", "URL",
                     ctl_color(c, CTL_PLAIN));
        json_array_foreach(ctl_at(page, "data"), i, hook) add_line(c, &t, hook);
        if (json_is_true(ctl_at(page, "has_more")))
            fprintf(c->err, "more: spikectl webhooks --after %" PRId64 "\n",
                    ctl_integer(page, "last_id"));
        rc = ctl_print(c, &t);
    }
    json_decref(page);
    return rc;
}

enum ctl_exit ctl_webhooks_retry(struct ctl *c)
{
    struct ctl_text path = {0};
    enum ctl_exit rc = ctl_id_path(c, &path, WEBHOOKS, "webhook", ctl_operand(c, 0), "/retry");

    return rc == CTL_OK ? ctl_act(c, &path, "state") : rc;
}
