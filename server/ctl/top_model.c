/* SPDX-License-Identifier: MIT */
#include "server/ctl/top_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 5.0 /* for an answer: the terminal stands still meanwhile */

/* In the order in which the key goes through them; `ascending` where the least is looked for. */
static const struct {
    const char *name;
    bool ascending;
} sorts[] = {{"status", false}, {"created", false}, {"accuracy", false}, {"progress", false},
             {"loss", true},    {"name", true},     {"updated", false}};
#define SORTS (sizeof sorts / sizeof *sorts)

static const char *const statuses[] = {"",       "running",   "queued",  "paused",    "succeeded",
                                       "failed", "cancelled", "pausing", "cancelling"};
#define STATUSES (sizeof statuses / sizeof *statuses)
#define STATUSES_OFTEN 7 /* that the key goes through; the others can be asked for */

static bool ascending(const struct ctl_top *m)
{
    return sorts[m->sort].ascending != m->turned;
}

bool ctl_top_next_sort(struct ctl_top *m)
{
    m->sort = (m->sort + 1) % SORTS;
    m->turned = false;
    return true;
}

bool ctl_top_next_status(struct ctl_top *m)
{
    m->status = m->status + 1 < STATUSES_OFTEN ? m->status + 1 : 0;
    return true;
}

bool ctl_top_turn(struct ctl_top *m)
{
    m->turned = !m->turned;
    return true;
}

/* ------------------------------------------------------------------------------------ look -- */

static void add_path(const struct ctl_top *m, struct ctl_text *path)
{
    char limit[8];

    snprintf(limit, sizeof limit, "%d", CTL_TOP_ROWS);
    ctl_text_add(path, "/v1/jobs");
    ctl_query_add(path, "limit", limit);
    ctl_query_add(path, "sort", sorts[m->sort].name);
    ctl_query_add(path, "order", ascending(m) ? "asc" : "desc");
    ctl_query_add(path, "status", statuses[m->status][0] ? statuses[m->status] : NULL);
    ctl_query_add(path, "text", m->text[0] ? m->text : NULL);
}

/* What is known of a job's curve stays known, wherever its row is now. */
static void keep_curve(struct ctl_top_row *row, const struct ctl_top_row *before, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(before[i].id, row->id) == 0) {
            memcpy(row->curve, before[i].curve, sizeof row->curve);
            row->n_curve = before[i].n_curve;
            row->curve_epoch = before[i].curve_epoch;
            return;
        }
}

static bool take(struct ctl_top *m, const json_t *page)
{
    struct ctl_top_row *rows = calloc(CTL_TOP_ROWS, sizeof *rows);
    size_t i, n = 0;
    const json_t *job;

    if (!rows)
        return false;
    json_array_foreach(ctl_at(page, "data"), i, job)
    {
        if (n == CTL_TOP_ROWS)
            break;
        ctl_top_read(&rows[n], job);
        keep_curve(&rows[n++], m->rows, m->n);
    }
    free(m->rows);
    m->rows = rows;
    m->n = n;
    m->more = json_is_true(ctl_at(page, "has_more"));
    return true;
}

/* Sends; the answer's JSON, or NULL with the reason in `why`, whose size is the message's. */
static json_t *ask(struct ctl_top *m, const char *method, const struct ctl_text *path, char *why)
{
    struct ctl_request request = {.method = method, .path = ctl_text_of(path), .seconds = SECONDS};
    const size_t size = sizeof m->message;
    struct ctl_reply reply;
    json_t *value = NULL;

    snprintf(why, size, "no memory");
    if (path->failed)
        return NULL;
    ctl_client_send(m->c->client, &request, &reply);
    if (reply.body.n)
        value = json_loadb(ctl_text_of(&reply.body), reply.body.n, 0, NULL);
    if (reply.status == 0)
        snprintf(why, size, "no answer, trying again: %s", reply.why);
    else if (reply.status / 100 != 2)
        snprintf(why, size, "%ld: %s", reply.status, ctl_string(value, "detail"));
    else if (!value)
        snprintf(why, size, "the answer is no JSON");
    if (reply.status / 100 != 2) {
        json_decref(value);
        value = NULL;
    }
    ctl_reply_clear(&reply);
    return value;
}

/* Who may not know them sees the table without. */
static void load_counts(struct ctl_top *m)
{
    char why[sizeof m->message];
    struct ctl_text path = {0};
    json_t *system;

    ctl_text_add(&path, "/v1/system");
    system = ask(m, "GET", &path, why);
    ctl_text_free(&path);
    json_decref(m->counts);
    m->counts = json_incref(ctl_at(system, "jobs"));
    json_decref(system);
}

void ctl_top_load(struct ctl_top *m)
{
    char why[sizeof m->message];
    struct ctl_text path = {0};
    json_t *page;

    add_path(m, &path);
    page = ask(m, "GET", &path, why);
    ctl_text_free(&path);
    if (page && !take(m, page)) {
        snprintf(why, sizeof why, "no memory for the jobs");
        json_decref(page);
        page = NULL;
    }
    if (!page)
        snprintf(m->message, sizeof m->message, "%s", why);
    else if (m->lost)
        m->message[0] = '\0';
    m->lost = !page;
    if (page)
        load_counts(m);
    json_decref(page);
}

/* --status, --sort and --text. */
static enum ctl_exit read_options(struct ctl_top *m)
{
    const char *status = ctl_value(m->c, "status"), *sort = ctl_value(m->c, "sort");
    const char *text = ctl_value(m->c, "text");

    while (status && m->status < STATUSES && strcmp(statuses[m->status], status) != 0)
        m->status++;
    while (sort && m->sort < SORTS && strcmp(sorts[m->sort].name, sort) != 0)
        m->sort++;
    if (m->status == STATUSES)
        return ctl_fail(m->c, CTL_USAGE,
                        "--status is \"%.40s\", want running, queued, paused, succeeded, failed, "
                        "cancelled, pausing or cancelling",
                        status);
    if (m->sort == SORTS)
        return ctl_fail(m->c, CTL_USAGE,
                        "--sort is \"%.40s\", want status, created, accuracy, progress, loss, name "
                        "or updated",
                        sort);
    if (text && strlen(text) >= sizeof m->text)
        return ctl_fail(m->c, CTL_USAGE, "--text has %zu bytes, want at most %zu", strlen(text),
                        sizeof m->text - 1);
    snprintf(m->text, sizeof m->text, "%s", text ? text : "");
    return CTL_OK;
}

enum ctl_exit ctl_top_begin(struct ctl_top *m, struct ctl *c)
{
    struct ctl_text path = {0};
    json_t *page = NULL;
    enum ctl_exit rc;

    *m = (struct ctl_top){.c = c};
    rc = read_options(m);
    if (rc != CTL_OK)
        return rc;
    add_path(m, &path);
    rc = ctl_fetch(c, "GET", &path, &page);
    if (rc == CTL_OK && !take(m, page))
        rc = ctl_fail(c, CTL_LOCAL, "no memory for the jobs");
    json_decref(page);
    if (rc == CTL_OK && !c->json)
        load_counts(m);
    return rc;
}

void ctl_top_end(struct ctl_top *m)
{
    free(m->rows);
    json_decref(m->counts);
}

/* ---------------------------------------------------------------------------------- curves -- */

/* The validation's where there is one, else the training's. */
static void take_curve(struct ctl_top_row *row, const json_t *metrics)
{
    const json_t *series = ctl_at(metrics, "series");
    const json_t *one = json_object_get(series, "validation_accuracy");
    const json_t *values =
        json_object_get(one ? one : json_object_get(series, "train_accuracy"), "value");
    size_t n = json_array_size(values);

    row->n_curve = n < CTL_TOP_POINTS ? n : CTL_TOP_POINTS;
    for (size_t i = 0; i < row->n_curve; i++) {
        const json_t *v = json_array_get(values, i);

        row->curve[i] = json_is_number(v) ? json_number_value(v) : (double)NAN;
    }
}

static void load_curve(struct ctl_top *m, struct ctl_top_row *row)
{
    char points[8], why[sizeof m->message]; /* of a job that is gone by now nothing is said */
    struct ctl_text path = {0};
    json_t *metrics;

    snprintf(points, sizeof points, "%d", CTL_TOP_POINTS);
    ctl_text_add(&path, "/v1/jobs");
    if (ctl_path_add(&path, row->id)) {
        ctl_text_add(&path, "/metrics");
        ctl_query_add(&path, "names", "validation_accuracy,train_accuracy");
        ctl_query_add(&path, "max_points", points);
        metrics = ask(m, "GET", &path, why);
        if (metrics)
            take_curve(row, metrics);
        json_decref(metrics);
    }
    row->curve_epoch = row->epoch;
    ctl_text_free(&path);
}

bool ctl_top_load_curves(struct ctl_top *m, size_t first, size_t n)
{
    bool some = false;

    for (size_t i = first; i < m->n && i < first + n; i++) {
        struct ctl_top_row *row = &m->rows[i];
        bool stands = row->curve_epoch >= row->epoch; /* false where either is not known */

        if (stands || !(row->epoch > 0) || m->lost)
            continue;
        load_curve(m, row);
        some = true;
    }
    return some;
}

/* ------------------------------------------------------------------------------------- act -- */

void ctl_top_act(struct ctl_top *m, size_t row, const char *action)
{
    struct ctl_text path = {0};
    json_t *job = NULL;

    if (row >= m->n)
        return;
    ctl_text_add(&path, "/v1/jobs");
    if (ctl_path_add(&path, m->rows[row].id)) {
        ctl_text_add(&path, "/%s", action);
        job = ask(m, "POST", &path, m->message);
    }
    ctl_text_free(&path);
    if (!job)
        return;
    snprintf(m->rows[row].status, sizeof m->rows[row].status, "%s", ctl_string(job, "status"));
    snprintf(m->message, sizeof m->message, "%s is %s", m->rows[row].name, m->rows[row].status);
    json_decref(job);
}

/* ----------------------------------------------------------------------------------- words -- */

void ctl_top_add_counts(const struct ctl_top *m, struct ctl_text *t)
{
    const char *separator = "  ";
    const char *name;
    json_t *count;

    json_object_foreach(m->counts, name, count)
    {
        if (json_integer_value(count) == 0)
            continue;
        ctl_text_add(t, "%s%" JSON_INTEGER_FORMAT " ", separator, json_integer_value(count));
        ctl_text_safe(t, name);
        separator = ", ";
    }
}

void ctl_top_add_question(const struct ctl_top *m, struct ctl_text *t)
{
    ctl_text_add(t, "by %s%s", sorts[m->sort].name, m->turned ? ", turned" : "");
    if (statuses[m->status][0])
        ctl_text_add(t, "  only %s", statuses[m->status]);
    if (m->text[0])
        ctl_text_add(t, "  with \"%s\"", m->text);
    if (m->more)
        ctl_text_add(t, "  the first %d", CTL_TOP_ROWS);
}
