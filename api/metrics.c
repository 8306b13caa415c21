/* SPDX-License-Identifier: MIT */
/* GET /v1/jobs/{job}/metrics: two walks over the stored points. The first counts the rows of each
 * series, so the second can thin them evenly by row, which is what a chart needs: steps may be
 * spaced unevenly. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/csv.h"
#include "api/file.h"
#include "api/names.h"
#include "api/problem.h"

#define MAX_POINTS 100000
#define DEFAULT_POINTS 1000
#define MAX_NUMBERS 2000000 /* in one JSON reply, which is built in memory */

struct series {
    char name[sizeof((struct snn_point *)0)->name];
    size_t rows, numbers; /* stored, as the first walk found them */
    size_t seen, kept;    /* in the second walk */
    bool list;            /* a value is a list: one number per time step */
    size_t nonfinite;
    json_t *step, *epoch, *value;
};

struct walk {
    struct api_names names;
    struct series *series;
    size_t n, room;
    size_t next; /* where the coming point's series probably is: steps repeat the same names */
    size_t max_points; /* of a series; 0 = all */
    FILE *csv;
    bool failed; /* no memory */
};

static struct series *find(struct walk *w, const char *name)
{
    for (size_t i = 0; i < w->n; i++) {
        size_t at = (w->next + i) % w->n;
        if (strcmp(w->series[at].name, name) != 0)
            continue;
        w->next = at + 1;
        return &w->series[at];
    }
    return NULL;
}

static struct series *add(struct walk *w, const struct snn_point *p)
{
    if (w->n == w->room) {
        size_t room = w->room ? 2 * w->room : 64;
        struct series *grown = realloc(w->series, room * sizeof *grown);
        if (!grown)
            return NULL;
        w->series = grown;
        w->room = room;
    }
    w->series[w->n] = (struct series){.list = p->n != 1 || strstr(p->name, "_by_step/")};
    memcpy(w->series[w->n].name, p->name, sizeof p->name);
    return &w->series[w->n++];
}

static bool count_points(void *user, int64_t step, int64_t epoch, const struct snn_point *p,
                         size_t n)
{
    struct walk *w = user;

    (void)step;
    (void)epoch;
    for (size_t i = 0; i < n && !w->failed; i++) {
        struct series *s = find(w, p[i].name);
        if (!s && !api_names_match(&w->names, p[i].name))
            continue;
        if (!s)
            s = add(w, &p[i]);
        w->failed = !s;
        if (!s)
            break;
        s->rows++;
        s->numbers += p[i].n + 2;
    }
    return !w->failed;
}

/* Whether this row of the series is one of those sent: the first, the last, and evenly between. */
static bool keep(struct series *s, size_t max_points)
{
    size_t row = s->seen++;

    if (row >= s->rows) /* stored since the first walk */
        return false;
    if (max_points == 0 || s->rows <= max_points)
        return true;
    if (row != s->kept * (s->rows - 1) / (max_points - 1))
        return false;
    s->kept++;
    return true;
}

/* ------------------------------------------------------------------------------------ JSON -- */

static json_t *number(struct series *s, double v)
{
    s->nonfinite += isfinite(v) ? 0 : 1;
    return api_number(v);
}

static json_t *value_json(struct series *s, const struct snn_point *p)
{
    json_t *list;

    if (!s->list)
        return number(s, p->values[0]);
    list = json_array();
    for (size_t i = 0; i < p->n; i++) {
        if (json_array_append_new(list, number(s, p->values[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static bool collect_points(void *user, int64_t step, int64_t epoch, const struct snn_point *p,
                           size_t n)
{
    struct walk *w = user;

    for (size_t i = 0; i < n && !w->failed; i++) {
        struct series *s = w->n ? find(w, p[i].name) : NULL;
        if (!s || !keep(s, w->max_points))
            continue;
        w->failed = json_array_append_new(s->step, json_integer(step)) != 0 ||
                    json_array_append_new(s->epoch, json_integer(epoch)) != 0 ||
                    json_array_append_new(s->value, value_json(s, &p[i])) != 0;
    }
    return !w->failed;
}

static json_t *series_json(struct walk *w)
{
    json_t *all = json_object();

    for (size_t i = 0; i < w->n; i++) {
        struct series *s = &w->series[i];
        json_t *one = json_pack("{s:O, s:O, s:O, s:I}", "step", s->step, "epoch", s->epoch, "value",
                                s->value, "nonfinite", (json_int_t)s->nonfinite);
        if (json_object_set_new_nocheck(all, s->name, one) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

static void start_arrays(struct walk *w)
{
    for (size_t i = 0; i < w->n; i++) {
        w->series[i].step = json_array();
        w->series[i].epoch = json_array();
        w->series[i].value = json_array();
    }
}

static size_t numbers_wanted(const struct walk *w)
{
    size_t sum = 0;

    for (size_t i = 0; i < w->n; i++) {
        const struct series *s = &w->series[i];
        size_t rows = s->rows < w->max_points ? s->rows : w->max_points;
        sum += s->numbers / s->rows * rows;
    }
    return sum;
}

static void reply_json(struct api_call *c, const char *job, int64_t from_step, struct walk *w)
{
    struct snn_error err = {.code = SNN_OK};
    size_t wanted = numbers_wanted(w);

    if (wanted > MAX_NUMBERS) {
        api_problem(c, 422, "limit_exceeded",
                    "the reply would hold %zu numbers, want at most %d: ask for fewer names, a "
                    "smaller max_points, or format=csv",
                    wanted, MAX_NUMBERS);
        return;
    }
    start_arrays(w);
    if (srv_store_points_each(c->api->options.store, job, from_step, collect_points, w, &err) !=
        SNN_OK)
        api_error(c, &err);
    else
        api_reply(c, 200,
                  w->failed
                      ? NULL
                      : json_pack("{s:s, s:s, s:o, s:o}", "object", "metrics", "job", job, "series",
                                  series_json(w), "missing", api_names_missing(&w->names)));
}

/* ------------------------------------------------------------------------------------- CSV -- */

static bool write_points(void *user, int64_t step, int64_t epoch, const struct snn_point *p,
                         size_t n)
{
    struct walk *w = user;

    for (size_t i = 0; i < n; i++) {
        struct series *s = w->n ? find(w, p[i].name) : NULL;
        if (!s || !keep(s, w->max_points))
            continue;
        for (size_t k = 0; k < p[i].n; k++) {
            fprintf(w->csv, "%lld,%lld,", (long long)step, (long long)epoch);
            api_csv_text(w->csv, p[i].name);
            fprintf(w->csv, ",%zu,", k);
            api_csv_number(w->csv, p[i].values[k]);
            fputc('\n', w->csv);
        }
    }
    return !ferror(w->csv);
}

static void reply_csv(struct api_call *c, const char *job, int64_t from_step, struct walk *w)
{
    struct snn_error err = {.code = SNN_OK};

    w->csv = api_file_open(c);
    if (!w->csv)
        return;
    fputs("step,epoch,name,index,value\n", w->csv);
    if (srv_store_points_each(c->api->options.store, job, from_step, write_points, w, &err) !=
        SNN_OK) {
        fclose(w->csv);
        api_error(c, &err);
        return;
    }
    api_csv_reply(c, w->csv);
}

/* ----------------------------------------------------------------------------------- route -- */

static void reply(struct api_call *c, bool csv, const char *job, int64_t from_step, struct walk *w)
{
    struct snn_error err = {.code = SNN_OK};

    if (!api_names_parse(c, "names", &w->names))
        return;
    if (srv_store_points_each(c->api->options.store, job, from_step, count_points, w, &err) !=
        SNN_OK)
        api_error(c, &err);
    else if (w->failed)
        api_problem(c, 500, "out_of_memory", "no memory for the list of series");
    else
        (csv ? reply_csv : reply_json)(c, job, from_step, w);
    for (size_t i = 0; i < w->n; i++) {
        json_decref(w->series[i].step);
        json_decref(w->series[i].epoch);
        json_decref(w->series[i].value);
    }
    free(w->series);
    api_names_clear(&w->names);
}

void api_jobs_metrics(struct api_call *c)
{
    static const char *const known[] = {"names", "from_step", "max_points", "format", NULL};
    int64_t from_step, max_points;
    struct srv_job job;
    bool csv;

    if (!api_query_known(c, known) || !api_csv_wanted(c, &csv) ||
        !api_query_integer(c, "from_step", 0, INT64_MAX, 0, &from_step) ||
        !api_query_integer(c, "max_points", 2, MAX_POINTS, csv ? 0 : DEFAULT_POINTS, &max_points) ||
        !api_find_job(c, &job))
        return;
    reply(c, csv, job.id, from_step, &(struct walk){.max_points = (size_t)max_points});
    srv_job_clear(&job);
}
