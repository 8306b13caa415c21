/* SPDX-License-Identifier: MIT */
/* sweep, sweeps, sweep show, results, cancel, pause, resume, delete. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/download.h"
#include "server/ctl/format.h"

#define SWEEPS "/v1/sweeps"

static enum ctl_exit sweep_path(struct ctl *c, struct ctl_text *path, const char *tail)
{
    return ctl_id_path(c, path, SWEEPS, "sweep", ctl_operand(c, 0), tail);
}

/* ---------------------------------------------------------------------------------- submit -- */

enum ctl_exit ctl_sweep(struct ctl *c)
{
    struct ctl_text body = {0};
    json_t *sweep = NULL;
    enum ctl_exit rc = ctl_read_file(c, ctl_operand(c, 0), &body);

    if (rc == CTL_OK)
        rc = ctl_post(c, SWEEPS, &body, &sweep);
    ctl_text_free(&body);
    if (rc == CTL_OK && !c->json) {
        struct ctl_text id = {0};

        ctl_text_safe(&id, ctl_string(sweep, "id"));
        fprintf(c->out, "%s\n", ctl_text_of(&id));
        fprintf(c->err, "%" PRId64 " jobs, %" PRId64 " combinations: spikectl sweep show %s\n",
                ctl_integer(sweep, "jobs.total"), ctl_integer(sweep, "combinations"),
                ctl_text_of(&id));
        ctl_text_free(&id);
    }
    json_decref(sweep);
    return rc;
}

/* ------------------------------------------------------------------------------------ list -- */

/* Of the jobs, those that are over. */
static int64_t over(const json_t *sweep)
{
    return ctl_integer(sweep, "jobs.succeeded") + ctl_integer(sweep, "jobs.failed") +
           ctl_integer(sweep, "jobs.cancelled");
}

static void add_sweep_line(struct ctl_text *t, const json_t *sweep)
{
    ctl_text_add(t, "%-31s %-10s %5" PRId64 " %5" PRId64 "/%-5" PRId64 " %-19s  ",
                 ctl_string(sweep, "id"), ctl_string(sweep, "status"),
                 ctl_integer(sweep, "combinations"), over(sweep), ctl_integer(sweep, "jobs.total"),
                 ctl_when(ctl_integer(sweep, "created_at")).s);
    ctl_text_safe(t, ctl_string(sweep, "name"));
    ctl_text_add(t, "\n");
}

enum ctl_exit ctl_sweeps(struct ctl *c)
{
    struct ctl_text path = {0}, t = {0};
    enum ctl_exit rc;
    json_t *page, *sweep;
    size_t i;

    ctl_text_add(&path, SWEEPS);
    ctl_query_add(&path, "limit", ctl_value(c, "limit"));
    ctl_query_add(&path, "after", ctl_value(c, "after"));
    rc = ctl_fetch(c, "GET", &path, &page);
    if (rc == CTL_OK && !c->json) {
        ctl_text_add(&t, "%s%-31s %-10s %5s %11s %-19s  %s%s\n", ctl_color(c, CTL_BOLD), "ID",
                     "STATUS", "COMB", "JOBS OVER", "CREATED", "NAME", ctl_color(c, CTL_PLAIN));
        json_array_foreach(ctl_at(page, "data"), i, sweep) add_sweep_line(&t, sweep);
        if (json_is_true(ctl_at(page, "has_more")))
            fprintf(c->err, "more: spikectl sweeps --after %s\n", ctl_string(page, "last_id"));
        rc = ctl_print(c, &t);
    }
    json_decref(page);
    return rc;
}

/* ------------------------------------------------------------------------------------ show -- */

/* neuron/surrogate=arctan training/optimizer/learning_rate=0.002 */
static void add_parameters(struct ctl_text *t, json_t *parameters)
{
    const char *pointer, *before = "";
    json_t *value;

    json_object_foreach(parameters, pointer, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));

        ctl_text_add(t, "%s", before);
        ctl_text_safe(t, pointer + (pointer[0] == '/'));
        ctl_text_add(t, "=");
        ctl_text_safe(t, json_is_string(value) ? json_string_value(value) : text ? text : "");
        before = " ";
        free(text);
    }
}

static void add_standing(struct ctl_text *t, const json_t *s)
{
    char rank[24] = "-", stopped[24] = "-";

    if (json_is_integer(ctl_at(s, "rank")))
        snprintf(rank, sizeof rank, "%" PRId64, ctl_integer(s, "rank"));
    if (json_is_integer(ctl_at(s, "stopped_at_epoch")))
        snprintf(stopped, sizeof stopped, "%" PRId64, ctl_integer(s, "stopped_at_epoch"));
    ctl_text_add(t, "%5s %10s %10s %2" PRId64 "/%-2zu %7s  %4" PRId64 "  ", rank,
                 ctl_number(ctl_real(s, "mean")).s, ctl_number(ctl_real(s, "deviation")).s,
                 ctl_integer(s, "count"), json_array_size(ctl_at(s, "jobs")), stopped,
                 ctl_integer(s, "combination"));
    add_parameters(t, ctl_at(s, "parameters"));
    ctl_text_add(t, "\n");
}

static void add_sweep(struct ctl *c, struct ctl_text *t, const json_t *sweep)
{
    static const char *const states[] = {"queued",     "running",   "pausing", "paused",
                                         "cancelling", "succeeded", "failed",  "cancelled"};
    const json_t *standing;
    size_t i;

    ctl_text_add(t, "%s  ", ctl_string(sweep, "id"));
    ctl_text_safe(t, ctl_string(sweep, "name"));
    ctl_text_add(t, "\n%s:", ctl_string(sweep, "status"));
    for (size_t k = 0; k < sizeof states / sizeof *states; k++) {
        const json_t *count = json_object_get(ctl_at(sweep, "jobs"), states[k]);

        if (json_integer_value(count))
            ctl_text_add(t, " %s %" PRId64, states[k], (int64_t)json_integer_value(count));
    }
    ctl_text_add(t, " of %" PRId64 "; %s of %s\n", ctl_integer(sweep, "jobs.total"),
                 ctl_string(sweep, "goal"), ctl_string(sweep, "metric"));
    ctl_text_add(t, "%s%5s %10s %10s %5s %7s  %4s  %s%s\n", ctl_color(c, CTL_BOLD), "RANK", "MEAN",
                 "DEVIATION", "JOBS", "STOPPED", "COMB", "PARAMETERS", ctl_color(c, CTL_PLAIN));
    json_array_foreach(ctl_at(sweep, "ranking"), i, standing) add_standing(t, standing);
}

enum ctl_exit ctl_sweep_show(struct ctl *c)
{
    struct ctl_text path = {0}, t = {0};
    enum ctl_exit rc = sweep_path(c, &path, "");
    json_t *sweep;

    if (rc != CTL_OK)
        return rc;
    ctl_query_add(&path, "metric", ctl_value(c, "metric"));
    rc = ctl_fetch(c, "GET", &path, &sweep);
    if (rc == CTL_OK && !c->json) {
        add_sweep(c, &t, sweep);
        rc = ctl_print(c, &t);
    }
    json_decref(sweep);
    return rc;
}

/* --------------------------------------------------------------------------------- results -- */

enum ctl_exit ctl_sweep_results(struct ctl *c)
{
    const char *format = ctl_value(c, "format"), *file = ctl_value(c, "output");
    struct ctl_text path = {0};
    struct ctl_download d;
    enum ctl_exit rc = sweep_path(c, &path, "/results");

    if (rc != CTL_OK)
        return rc;
    ctl_query_add(&path, "format", format ? format : c->json ? "json" : "csv");
    if (path.failed)
        rc = ctl_fail(c, CTL_LOCAL, "no memory for the path");
    else
        rc = ctl_download(c, ctl_text_of(&path), file && file[0] ? file : "-", false, &d);
    ctl_text_free(&path);
    return rc;
}

/* -------------------------------------------------------------------- cancel, pause, delete -- */

static enum ctl_exit act(struct ctl *c, const char *action)
{
    struct ctl_text path = {0};
    enum ctl_exit rc = sweep_path(c, &path, action);

    return rc == CTL_OK ? ctl_act(c, &path, "status") : rc;
}

enum ctl_exit ctl_sweep_cancel(struct ctl *c)
{
    return act(c, "/cancel");
}

enum ctl_exit ctl_sweep_pause(struct ctl *c)
{
    return act(c, "/pause");
}

enum ctl_exit ctl_sweep_resume(struct ctl *c)
{
    return act(c, "/resume");
}

enum ctl_exit ctl_sweep_delete(struct ctl *c)
{
    struct ctl_text path = {0};
    enum ctl_exit rc = sweep_path(c, &path, "");
    json_t *sweep;

    if (rc != CTL_OK)
        return rc;
    rc = ctl_fetch(c, "DELETE", &path, &sweep);
    if (rc == CTL_OK)
        ctl_say_deleted(c, sweep != NULL);
    json_decref(sweep);
    return rc;
}
