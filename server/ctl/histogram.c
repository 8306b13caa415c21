/* SPDX-License-Identifier: MIT */
/* A job's histograms: one as bars, or all of a step as a list. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/download.h"
#include "server/ctl/draw.h"
#include "server/ctl/format.h"

#define MAX_BINS 256
#define MAX_ROWS 64
#define SPARK_ROWS 24

struct histogram {
    double count, zeros;
    struct ctl_bin bins[MAX_BINS];
    size_t n;
};

/* An edge that is null has no end. */
static double edge(const json_t *v, double otherwise)
{
    return json_is_number(v) ? json_number_value(v) : otherwise;
}

static void read_entry(struct histogram *h, const json_t *entry)
{
    json_t *bin;
    size_t i;

    *h = (struct histogram){.count = ctl_real(entry, "count"), .zeros = ctl_real(entry, "zeros")};
    json_array_foreach(ctl_at(entry, "bins"), i, bin)
    {
        struct ctl_bin b = {.left = edge(json_array_get(bin, 0), -(double)INFINITY),
                            .right = edge(json_array_get(bin, 1), (double)INFINITY),
                            .n = json_number_value(json_array_get(bin, 2))};

        if (h->n < MAX_BINS && b.left < b.right)
            h->bins[h->n++] = b;
    }
}

/* ------------------------------------------------------------------------------------ drawn -- */

static void add_entry(struct ctl *c, struct ctl_text *t, const json_t *entry)
{
    struct ctl_bin rows[MAX_ROWS];
    size_t room = c->height > 12 ? c->height - 5 : 7, n;
    struct histogram h;

    read_entry(&h, entry);
    ctl_text_add(t, "%s", ctl_color(c, CTL_BOLD));
    ctl_text_safe(t, ctl_string(entry, "name"));
    ctl_text_add(t, "%s  step %" PRId64 ", epoch %" PRId64 "\n", ctl_color(c, CTL_PLAIN),
                 ctl_integer(entry, "step"), ctl_integer(entry, "epoch"));
    ctl_text_add(t, "%.0f values, %.0f zeros (%s), %" PRId64 " NaN, %" PRId64 " infinite\n",
                 h.count, h.zeros, ctl_percent(h.count > 0 ? h.zeros / h.count : (double)NAN).s,
                 ctl_integer(entry, "nan"), ctl_integer(entry, "inf"));
    ctl_text_add(t, "min %s, max %s, mean %s, norm %s\n", ctl_number(ctl_real(entry, "min")).s,
                 ctl_number(ctl_real(entry, "max")).s, ctl_number(ctl_real(entry, "mean")).s,
                 ctl_number(ctl_real(entry, "norm")).s);
    n = ctl_bins_merge(rows, room < MAX_ROWS ? room : MAX_ROWS, h.bins, h.n, h.zeros);
    ctl_draw_bins(t, rows, n, h.count, c->width);
}

static void add_list(struct ctl *c, struct ctl_text *t, const json_t *entries)
{
    struct ctl_bin rows[SPARK_ROWS];
    const json_t *entry;
    struct histogram h;
    size_t i;

    json_array_foreach(entries, i, entry)
    {
        size_t n;

        if (i == 0)
            ctl_text_add(t, "step %" PRId64 ", epoch %" PRId64 "\n%s%-32s %8s %7s %10s  %s%s\n",
                         ctl_integer(entry, "step"), ctl_integer(entry, "epoch"),
                         ctl_color(c, CTL_BOLD), "NAME", "COUNT", "ZEROS", "NORM",
                         "negative | positive, by powers of two", ctl_color(c, CTL_PLAIN));
        read_entry(&h, entry);
        n = t->n;
        ctl_text_safe(t, ctl_string(entry, "name"));
        n = t->n - n;
        ctl_text_repeat(t, ' ', n < 32 ? 32 - n : 0);
        ctl_text_add(t, " %8s %7s %10s  ", ctl_count(h.count).s,
                     ctl_percent(h.count > 0 ? h.zeros / h.count : (double)NAN).s,
                     ctl_number(ctl_real(entry, "norm")).s);
        n = ctl_bins_merge(rows, SPARK_ROWS, h.bins, h.n, h.zeros);
        ctl_draw_bins_spark(t, rows, n, c->utf8);
        ctl_text_add(t, "\n");
    }
}

/* ------------------------------------------------------------------------------------- step -- */

/* The path of the histograms of one step: the first from `step` on, NULL: the last there is, or
 * `all` there are. */
static enum ctl_exit histograms_path(struct ctl *c, struct ctl_text *path, const char *step,
                                     bool all)
{
    enum ctl_exit rc = ctl_job_path(c, path, ctl_operand(c, 0), "/histograms");

    ctl_query_add(path, "name", ctl_operand(c, 1));
    ctl_query_add(path, "from_step", step);
    ctl_query_add(path, "max_steps", step || !all ? "1" : NULL);
    ctl_query_add(path, "order", step || all ? NULL : "desc");
    return rc;
}

static enum ctl_exit show(struct ctl *c, const json_t *page)
{
    const json_t *data = ctl_at(page, "data");
    const char *name = ctl_operand(c, 1);
    struct ctl_text t = {0};

    if (json_array_size(data) == 0 && name)
        return ctl_fail(c, CTL_REFUSED,
                        "there is no histogram %.100s of this job (yet): see which there are with "
                        "spikectl histogram %s",
                        name, ctl_operand(c, 0));
    if (json_array_size(data) == 0)
        return ctl_fail(c, CTL_REFUSED, "there are no histograms of this job (yet)");
    if (c->json)
        return CTL_OK;
    /* A name with a star at its end may stand for many. */
    if (name && json_array_size(data) == 1)
        add_entry(c, &t, json_array_get(data, 0));
    else
        add_list(c, &t, data);
    return ctl_print(c, &t);
}

enum ctl_exit ctl_histogram(struct ctl *c)
{
    const char *format = ctl_value(c, "format"), *file = ctl_value(c, "output");
    bool saved = format || file;
    struct ctl_text path = {0};
    json_t *page;
    enum ctl_exit rc = histograms_path(c, &path, ctl_value(c, "step"), saved);

    ctl_query_add(&path, "format", format);
    if (rc != CTL_OK)
        ctl_text_free(&path);
    else if (saved)
        return ctl_save(c, &path, file);
    else
        rc = ctl_fetch(c, "GET", &path, &page);
    if (rc != CTL_OK)
        return rc;
    rc = show(c, page);
    json_decref(page);
    return rc;
}
