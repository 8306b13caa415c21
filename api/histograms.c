/* SPDX-License-Identifier: MIT */
/* GET /v1/jobs/{job}/histograms: written entry by entry, so a long job's reply is never whole in
 * memory. */
#include <math.h>
#include <string.h>

#include "api/call.h"
#include "api/csv.h"
#include "api/file.h"
#include "api/names.h"
#include "api/problem.h"
#include "api/text.h"

#define MAX_POINTS 10000

/* Edge texts are the same for every entry: made once a request. An infinite one is null. */
struct edges {
    char text[SNN_HIST_BINS + 1][32];
};

struct writer {
    FILE *to;
    struct api_names names;
    struct srv_histogram_range range;
    size_t entries;
    struct edges edges;
};

static void edge_text(char text[32], double v)
{
    if (isfinite(v))
        snprintf(text, 32, "%.17g", v);
    else
        snprintf(text, 32, "null");
}

static void make_edges(struct edges *e)
{
    double left, right;

    for (size_t i = 0; i < SNN_HIST_BINS; i++) {
        snn_histogram_edges(i, &left, &right);
        edge_text(e->text[i], left);
        edge_text(e->text[i + 1], right);
    }
}

/* ------------------------------------------------------------------------------------ JSON -- */

static void write_statistic(FILE *to, const char *name, double v)
{
    fprintf(to, ",\"%s\":", name);
    api_text_number(to, v);
}

static void write_bins(FILE *to, const struct edges *e, const struct snn_histogram *h)
{
    const char *separator = "";

    fputs(",\"bins\":[", to);
    for (size_t i = 0; i < SNN_HIST_BINS; i++) {
        if (h->bins[i] == 0)
            continue;
        fprintf(to, "%s[%s,%s,%llu]", separator, e->text[i], e->text[i + 1],
                (unsigned long long)h->bins[i]);
        separator = ",";
    }
    fputs("]}", to);
}

static void write_head(FILE *to, const char *job)
{
    fputs("{\"object\":\"histograms\",\"job\":", to);
    api_text_string(to, job);
    fputs(",\"data\":[", to);
}

static bool write_entry(void *user, int64_t step, int64_t epoch, const struct snn_histogram *h)
{
    struct writer *w = user;
    uint64_t odd = h->nan + h->inf;
    double finite = h->count > odd ? (double)(h->count - odd) : NAN;

    if (!api_names_match(&w->names, h->name))
        return true;
    fprintf(w->to, "%s\n{\"step\":%lld,\"epoch\":%lld,\"name\":", w->entries++ ? "," : "",
            (long long)step, (long long)epoch);
    api_text_string(w->to, h->name);
    fprintf(w->to, ",\"count\":%llu,\"zeros\":%llu,\"nan\":%llu,\"inf\":%llu",
            (unsigned long long)h->count, (unsigned long long)h->zeros, (unsigned long long)h->nan,
            (unsigned long long)h->inf);
    write_statistic(w->to, "min", isnan(finite) ? NAN : h->min);
    write_statistic(w->to, "max", isnan(finite) ? NAN : h->max);
    write_statistic(w->to, "mean", h->sum / finite);
    write_statistic(w->to, "norm", isnan(finite) ? NAN : sqrt(h->sum_squares));
    write_bins(w->to, &w->edges, h);
    return !ferror(w->to);
}

static void write_missing(FILE *to, const struct api_names *names)
{
    const char *separator = "";

    fputs("],\"missing\":[", to);
    for (size_t i = 0; i < names->n; i++) {
        if (names->found[i])
            continue;
        fputs(separator, to);
        api_text_string(to, names->item[i]);
        separator = ",";
    }
    fputs("]}\n", to);
}

/* ------------------------------------------------------------------------------------- CSV -- */

static void start_row(FILE *to, int64_t step, int64_t epoch, const char *name)
{
    fprintf(to, "%lld,%lld,", (long long)step, (long long)epoch);
    api_csv_text(to, name);
    fputc(',', to);
}

static void write_edge(FILE *to, bool outer, double extreme, const char *edge)
{
    if (outer)
        api_csv_number(to, extreme);
    else
        fputs(edge, to);
    fputc(',', to);
}

/* The outermost bins end at the least and the greatest value instead of infinity, so that every
 * edge is a number; the zeros are a bin from 0 to 0. */
static bool write_rows(void *user, int64_t step, int64_t epoch, const struct snn_histogram *h)
{
    struct writer *w = user;

    if (!api_names_match(&w->names, h->name))
        return true;
    for (size_t i = 0; i < SNN_HIST_BINS; i++) {
        if (i == SNN_HIST_SIDE && h->zeros) {
            start_row(w->to, step, epoch, h->name);
            fprintf(w->to, "0,0,%llu\n", (unsigned long long)h->zeros);
        }
        if (h->bins[i] == 0)
            continue;
        start_row(w->to, step, epoch, h->name);
        write_edge(w->to, i == 0, h->min, w->edges.text[i]);
        write_edge(w->to, i == SNN_HIST_BINS - 1, h->max, w->edges.text[i + 1]);
        fprintf(w->to, "%llu\n", (unsigned long long)h->bins[i]);
    }
    return !ferror(w->to);
}

/* ----------------------------------------------------------------------------------- route -- */

static void reply(struct api_call *c, bool csv, const char *job, struct writer *w)
{
    /* The store filters one exact name itself; lists and prefixes are filtered here. */
    struct snn_error err = {.code = SNN_OK};

    w->range.name = w->names.n == 1 && !w->names.prefix[0] ? w->names.item[0] : NULL;
    w->to = api_file_open(c);
    if (!w->to)
        return;
    make_edges(&w->edges);
    if (csv)
        fputs("step,epoch,name,left,right,count\n", w->to);
    else
        write_head(w->to, job);
    if (srv_store_histograms_each(c->api->options.store, job, &w->range,
                                  csv ? write_rows : write_entry, w, &err) != SNN_OK) {
        fclose(w->to);
        api_error(c, &err);
    } else if (csv) {
        api_csv_reply(c, w->to);
    } else {
        write_missing(w->to, &w->names);
        api_file_reply(c, w->to, &(struct api_file_form){.content_type = "application/json"});
    }
}

/* Either the oldest or newest so many, or so many of all: both at once has two meanings. */
static bool query_range(struct api_call *c, struct srv_histogram_range *r)
{
    bool ascending;

    if (!api_query_integer(c, "from_step", 0, INT64_MAX, 0, &r->from_step) ||
        !api_query_integer(c, "to_step", 0, INT64_MAX, INT64_MAX, &r->to_step) ||
        !api_query_integer(c, "max_steps", 0, INT64_MAX, 0, &r->max_steps) ||
        !api_query_integer(c, "max_points", 2, MAX_POINTS, 0, &r->max_points) ||
        !api_query_order(c, true, &ascending))
        return false;
    r->newest_first = !ascending;
    if (r->max_steps == 0 || r->max_points == 0)
        return true;
    api_refuse_query(c, "max_points", "invalid",
                     "max_points is given beside max_steps, want one of the two");
    return false;
}

void api_jobs_histograms(struct api_call *c)
{
    static const char *const known[] = {"name",       "from_step", "to_step", "max_steps",
                                        "max_points", "order",     "format",  NULL};
    struct writer w = {.to = NULL};
    struct srv_job job;
    bool csv;

    if (!api_query_known(c, known) || !api_csv_wanted(c, &csv) || !query_range(c, &w.range) ||
        !api_find_job(c, &job))
        return;
    if (api_names_parse(c, "name", &w.names))
        reply(c, csv, job.id, &w);
    api_names_clear(&w.names);
    srv_job_clear(&job);
}
