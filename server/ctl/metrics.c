/* SPDX-License-Identifier: MIT */
/* A job's series, a line each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/download.h"
#include "server/ctl/draw.h"
#include "server/ctl/format.h"

#define NAME 29       /* columns of a name */
#define LIST_WIDTH 69 /* of what stands before the drawing */

/* The numbers of a list; null is NaN. NULL: no memory, or an empty list. */
static double *numbers(const json_t *list, size_t *n)
{
    double *v;

    *n = json_array_size(list);
    v = *n ? calloc(*n, sizeof *v) : NULL;
    for (size_t i = 0; v && i < *n; i++) {
        const json_t *x = json_array_get(list, i);

        v[i] = json_is_number(x) ? json_number_value(x) : (double)NAN;
    }
    return v;
}

static void add_range(struct ctl_text *t, const double *v, size_t n)
{
    double low = (double)NAN, high = (double)NAN;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(v[i]))
            continue;
        low = fmin(low, v[i]); /* of a number and a NaN it is the number */
        high = fmax(high, v[i]);
    }
    ctl_text_add(t, " %9s %9s", ctl_number(low).s, ctl_number(high).s);
}

/* One value a point: over the steps. A list a point (POINTSxLENGTH): the last one, over its index.
 */
static void add_series(struct ctl *c, struct ctl_text *t, const char *name, const json_t *series)
{
    const json_t *values = ctl_at(series, "value");
    size_t points = json_array_size(values), n = 0, start = t->n;
    const json_t *last = points ? json_array_get(values, points - 1) : NULL;
    bool lists = json_is_array(last);
    char shape[48];
    double *v = numbers(lists ? last : values, &n);

    ctl_text_safe(t, name);
    ctl_text_repeat(t, ' ', t->n - start < NAME ? NAME - (t->n - start) : 0);
    if (lists)
        snprintf(shape, sizeof shape, "%zux%zu", points, n);
    else
        snprintf(shape, sizeof shape, "%zu", points);
    ctl_text_add(t, " %7s", shape);
    if (v) {
        ctl_text_add(t, " %9s", lists ? "" : ctl_number(v[n - 1]).s);
        add_range(t, v, n);
        ctl_text_add(t, "  ");
        ctl_draw_series(t, v, n, c->width > LIST_WIDTH + 10 ? c->width - LIST_WIDTH : 10, c->utf8);
    }
    ctl_text_add(t, "\n");
    free(v);
}

static enum ctl_exit show(struct ctl *c, const json_t *answer)
{
    json_t *series = ctl_at(answer, "series"), *one;
    struct ctl_text t = {0};
    const char *name;

    if (json_object_size(series) == 0)
        return CTL_OK;
    ctl_text_add(&t, "%s%-*s %7s %9s %9s %9s  %s%s\n", ctl_color(c, CTL_BOLD), NAME, "NAME",
                 "POINTS", "LAST", "LEAST", "GREATEST", "OVER TIME", ctl_color(c, CTL_PLAIN));
    json_object_foreach(series, name, one) add_series(c, &t, name, one);
    return ctl_print(c, &t);
}

/* REFUSED, with a line for each, where a name has no series. */
static enum ctl_exit judge_missing(struct ctl *c, const json_t *answer)
{
    enum ctl_exit rc = CTL_OK;
    const json_t *name;
    size_t i;

    json_array_foreach(ctl_at(answer, "missing"), i, name)
    {
        struct ctl_text t = {0};

        ctl_text_safe(&t, json_string_value(name) ? json_string_value(name) : "");
        rc = ctl_fail(c, CTL_REFUSED, "the job has no series %s (yet)", ctl_text_of(&t));
        ctl_text_free(&t);
    }
    return rc;
}

/* REFUSED where a job has no points at all, and that was not asked for by name. */
static enum ctl_exit judge_none(struct ctl *c, const json_t *answer)
{
    if (json_object_size(ctl_at(answer, "series")) > 0 || ctl_operand(c, 1))
        return CTL_OK;
    return ctl_fail(c, CTL_REFUSED, "the job has no points (yet): %s", ctl_operand(c, 0));
}

static enum ctl_exit show_series(struct ctl *c, struct ctl_text *path)
{
    json_t *answer;
    enum ctl_exit rc = ctl_fetch(c, "GET", path, &answer);

    if (rc == CTL_OK && !c->json)
        rc = show(c, answer);
    if (rc == CTL_OK)
        rc = judge_missing(c, answer);
    if (rc == CTL_OK)
        rc = judge_none(c, answer);
    json_decref(answer);
    return rc;
}

enum ctl_exit ctl_metrics(struct ctl *c)
{
    const char *format = ctl_value(c, "format"), *file = ctl_value(c, "output");
    struct ctl_text path = {0}, names = {0};
    enum ctl_exit rc;

    rc = ctl_job_path(c, &path, ctl_operand(c, 0), "/metrics");
    if (rc != CTL_OK)
        return rc;
    for (size_t i = 1; ctl_operand(c, i); i++)
        ctl_text_add(&names, "%s%s", i > 1 ? "," : "", ctl_operand(c, i));
    ctl_query_add(&path, "names", names.data);
    ctl_query_add(&path, "max_points", ctl_value(c, "max-points"));
    ctl_query_add(&path, "format", format);
    ctl_text_free(&names);
    if (format || file)
        return ctl_save(c, &path, file);
    return show_series(c, &path);
}
