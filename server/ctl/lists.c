/* SPDX-License-Identifier: MIT */
/* list, events and checkpoints: what the server sends in pages. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/format.h"

#define MAX_EVENTS 1000 /* that the server sends at once */

/* ------------------------------------------------------------------------------------ jobs -- */

static void add_job_line(struct ctl *c, struct ctl_text *t, const json_t *job)
{
    const char *status = ctl_string(job, "status");
    double accuracy = ctl_real(job, "metrics.test_accuracy");
    double done = ctl_real(job, "progress.fraction");

    ctl_text_add(t, "%-31s %s", ctl_string(job, "id"), ctl_color(c, ctl_status_color(status)));
    ctl_text_add(t, "%-10s%s %6s %6s  %-19s  ", status, ctl_color(c, CTL_PLAIN),
                 isfinite(done) ? ctl_percent(done).s : "-", ctl_percent(accuracy).s,
                 ctl_when(ctl_integer(job, "created_at")).s);
    ctl_text_safe(t, ctl_string(job, "name"));
    ctl_text_add(t, "\n");
}

/* A word as a shell takes it: quoted where it holds what a shell would read otherwise. */
static void add_word(struct ctl_text *t, const char *word)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=,@%+";

    if (word[0] && word[strspn(word, plain)] == '\0') {
        ctl_text_add(t, " %s", word);
        return;
    }
    ctl_text_add(t, " '");
    for (; *word; word++)
        if (*word == '\'')
            ctl_text_add(t, "'\\''");
        else
            ctl_text_bytes(t, word, 1);
    ctl_text_add(t, "'");
}

/* The command for the next page: this one, from there on. */
static void say_more(struct ctl *c, const char *last)
{
    struct ctl_text t = {0}, shown = {0};

    for (size_t i = 0; i < c->args.n_given; i++) {
        const char *name = c->args.given[i].name, *value = c->args.given[i].value;

        if (strcmp(name, "after") == 0)
            continue;
        ctl_text_add(&t, " --%s", name);
        if (value[0])
            add_word(&t, value);
    }
    ctl_text_add(&t, " --after");
    add_word(&t, last);
    ctl_text_safe(&shown, ctl_text_of(&t));
    fprintf(c->err, "more: spikectl list%s\n", ctl_text_of(&shown));
    ctl_text_free(&shown);
    ctl_text_free(&t);
}

/* --metadata KEY=VALUE, each as ?metadata[KEY]=VALUE */
static enum ctl_exit add_metadata(struct ctl *c, struct ctl_text *path)
{
    const char *pair;
    size_t at = 0;

    while ((pair = ctl_args_next(&c->args, "metadata", &at))) {
        const char *equals = strchr(pair, '=');
        char name[128];

        if (!equals || equals == pair || equals - pair > 100)
            return ctl_fail(c, CTL_USAGE, "--metadata is \"%.60s\", want KEY=VALUE", pair);
        snprintf(name, sizeof name, "metadata[%.*s]", (int)(equals - pair), pair);
        ctl_query_add(path, name, equals + 1);
    }
    return CTL_OK;
}

static enum ctl_exit show_jobs(struct ctl *c, const json_t *page)
{
    struct ctl_text t = {0};
    const json_t *job;
    size_t i;

    ctl_text_add(&t, "%s%-31s %-10s %6s %6s  %-19s  %s%s\n", ctl_color(c, CTL_BOLD), "ID", "STATUS",
                 "DONE", "TEST", "CREATED", "NAME", ctl_color(c, CTL_PLAIN));
    json_array_foreach(ctl_at(page, "data"), i, job) add_job_line(c, &t, job);
    if (json_is_true(ctl_at(page, "has_more")))
        say_more(c, ctl_string(page, "last_id"));
    return ctl_print(c, &t);
}

enum ctl_exit ctl_list(struct ctl *c)
{
    static const char *const asked[] = {"status", "text", "sort", "order", "limit", "after"};
    struct ctl_text path = {0};
    enum ctl_exit rc;
    json_t *page;

    ctl_text_add(&path, "/v1/jobs");
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        ctl_query_add(&path, asked[i], ctl_value(c, asked[i]));
    rc = add_metadata(c, &path);
    if (rc != CTL_OK) {
        ctl_text_free(&path);
        return rc;
    }
    rc = ctl_fetch(c, "GET", &path, &page);
    if (rc == CTL_OK && !c->json)
        rc = show_jobs(c, page);
    json_decref(page);
    return rc;
}

/* ---------------------------------------------------------------------------------- events -- */

/* A page of at most `limit` ("": the largest there is); nothing is printed. */
static enum ctl_exit fetch_events(struct ctl *c, const char *after, const char *limit, json_t **out)
{
    struct ctl_text path = {0};
    bool json = c->json;
    enum ctl_exit rc = ctl_job_path(c, &path, ctl_operand(c, 0), "/events");

    if (rc != CTL_OK)
        return rc;
    ctl_query_add(&path, "after", after);
    ctl_query_add(&path, "limit", limit);
    c->json = false;
    rc = ctl_fetch(c, "GET", &path, out);
    c->json = json;
    return rc;
}

static void add_event(struct ctl_text *t, const json_t *event)
{
    ctl_text_add(t, "%5" PRId64 "  %s  ", ctl_integer(event, "seq"),
                 ctl_when(ctl_integer(event, "at")).s);
    ctl_text_safe(t, ctl_string(event, "type"));
    if (json_is_integer(ctl_at(event, "step")))
        ctl_text_add(t, "  step %" PRId64, ctl_integer(event, "step"));
    ctl_text_add(t, "%s", ctl_string(event, "message")[0] ? "  " : "");
    ctl_text_safe(t, ctl_string(event, "message"));
    ctl_text_add(t, "\n");
}

/* With --json each page is a line of its own, as the server sent it. */
static enum ctl_exit show_events(struct ctl *c, const json_t *page)
{
    struct ctl_text t = {0};
    const json_t *event;
    size_t i;

    if (c->json) {
        if (json_dumpf(page, c->out, JSON_COMPACT) != 0)
            return ctl_fail(c, CTL_LOCAL, "the events could not be written");
        fputc('\n', c->out);
        return CTL_OK;
    }
    json_array_foreach(ctl_at(page, "data"), i, event) add_event(&t, event);
    return ctl_print(c, &t);
}

/* All of them, page by page, unless --limit asks for so many. */
enum ctl_exit ctl_events(struct ctl *c)
{
    const char *limit = ctl_value(c, "limit"), *after = ctl_value(c, "after");
    enum ctl_exit rc = CTL_OK;
    bool more = true;
    char next[32], most[16];

    snprintf(most, sizeof most, "%d", MAX_EVENTS);
    while (rc == CTL_OK && more) {
        json_t *page = NULL;
        const json_t *data;

        rc = fetch_events(c, after, limit ? limit : most, &page);
        if (rc == CTL_OK)
            rc = show_events(c, page);
        data = ctl_at(page, "data");
        /* A page of nothing has no end to go on from. */
        more = json_is_true(ctl_at(page, "has_more")) && json_array_size(data) > 0;
        if (more)
            snprintf(next, sizeof next, "%" PRId64,
                     ctl_integer(json_array_get(data, json_array_size(data) - 1), "seq"));
        after = next;
        json_decref(page);
        if (rc == CTL_OK && more && limit) {
            fprintf(c->err, "more follow: see --after %s\n", next);
            break;
        }
    }
    return rc;
}

/* ----------------------------------------------------------------------------- checkpoints -- */

enum ctl_exit ctl_checkpoints(struct ctl *c)
{
    struct ctl_text path = {0}, t = {0};
    json_t *page, *p;
    enum ctl_exit rc;
    size_t i;

    rc = ctl_job_path(c, &path, ctl_operand(c, 0), "/checkpoints");
    if (rc != CTL_OK)
        return rc;
    rc = ctl_fetch(c, "GET", &path, &page);
    if (rc == CTL_OK && !c->json) {
        ctl_text_add(&t, "%s%-32s %9s %7s %10s  %s%s\n", ctl_color(c, CTL_BOLD), "ID", "STEP",
                     "EPOCH", "SIZE", "CREATED", ctl_color(c, CTL_PLAIN));
        json_array_foreach(ctl_at(page, "data"), i, p) ctl_text_add(
            &t, "%-32s %9" PRId64 " %7" PRId64 " %10s  %s\n", ctl_string(p, "id"),
            ctl_integer(p, "step"), ctl_integer(p, "epoch"), ctl_bytes(ctl_real(p, "bytes")).s,
            ctl_when(ctl_integer(p, "created_at")).s);
        rc = ctl_print(c, &t);
    }
    json_decref(page);
    return rc;
}
