/* SPDX-License-Identifier: MIT */
/* Jobs in lists: filtered, ordered, a page at a time. */
#include "server/store_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_PLACES 4 /* that a text is looked for in */

/* A key is NULL where the job has none; "" is the creation, which all lists fall back on. */
static const struct order {
    const char *name, *key;
} orders[SRV_ORDER_COUNT] = {
    [SRV_ORDER_created] = {"created", ""},
    [SRV_ORDER_updated] = {"updated", "updated_at"},
    [SRV_ORDER_name] = {"name", "lower(name)"},
    [SRV_ORDER_status] = {"status",
                          "CASE status WHEN 'running' THEN 7 WHEN 'pausing' THEN 6 "
                          "WHEN 'cancelling' THEN 5 WHEN 'queued' THEN 4 WHEN 'paused' THEN 3 "
                          "WHEN 'failed' THEN 2 WHEN 'cancelled' THEN 1 ELSE 0 END"},
    [SRV_ORDER_progress] = {"progress", "CASE WHEN status = 'succeeded' THEN 1.0 "
                                        "ELSE step * 1.0 / NULLIF(steps, 0) END"},
    [SRV_ORDER_accuracy] = {"accuracy",
                            "coalesce(test_accuracy, validation_accuracy, train_accuracy)"},
    [SRV_ORDER_loss] = {"loss", "coalesce(test_loss, validation_loss, train_loss)"},
};

const char *srv_job_order_name(enum srv_job_order order)
{
    return orders[order].name;
}

bool srv_job_order_find(enum srv_job_order *out, const char *name)
{
    for (int i = 0; i < SRV_ORDER_COUNT; i++)
        if (strcmp(orders[i].name, name) == 0) {
            *out = (enum srv_job_order)i;
            return true;
        }
    return false;
}

/* ------------------------------------------------------------------------------------- SQL -- */

struct sql {
    char text[6144];
    size_t n;
};

static void add(struct sql *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct sql *s, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(s->text + s->n, sizeof s->text - s->n, format, args);
    va_end(args);
    s->n += n > 0 && (size_t)n < sizeof s->text - s->n ? (size_t)n : 0;
}

/* The first label drives: its index gives jobs in the list's order, so a rare label is no long
 * walk. */
static void add_source(struct sql *s, const struct srv_job_filter *f, const char *key)
{
    add(s, "%s FROM ", srv_job_select);
    if (f->after && key[0])
        add(s, "(SELECT %s AS k FROM jobs WHERE seq = ?) CROSS JOIN ", key);
    add(s, "%s WHERE 1",
        f->n_metadata ? "job_metadata m CROSS JOIN jobs ON seq = m.job_seq" : "jobs");
}

static void add_filters(struct sql *s, const struct srv_job_filter *f)
{
    if (f->n_metadata)
        add(s, " AND m.key = ? AND m.value = ?");
    for (size_t i = 1; i < f->n_metadata; i++)
        add(s, " AND EXISTS (SELECT 1 FROM job_metadata WHERE job_seq = m.job_seq AND key = ? AND "
               "value = ?)");
    if (f->status >= 0)
        add(s, " AND status = ?");
    if (f->sweep) /* the second half lets it use the index of those that have one */
        add(s, " AND sweep = ? AND sweep <> ''");
    if (f->text)
        add(s, " AND (instr(lower(name), ?) OR instr(lower(id), ?) OR instr(lower(dataset), ?) OR "
               "EXISTS (SELECT 1 FROM job_metadata t WHERE t.job_seq = seq AND "
               "instr(lower(t.key || '=' || t.value), ?)))");
}

static void add_order(struct sql *s, const struct srv_job_filter *f, const char *key)
{
    const char *seq = f->n_metadata ? "m.job_seq" : "seq";
    const char *beyond = f->ascending ? ">" : "<", *way = f->ascending ? "ASC" : "DESC";

    if (f->after && key[0])
        add(s, " AND ((%s IS NULL) > (k IS NULL) OR %s %s k OR (%s IS k AND %s %s ?))", key, key,
            beyond, key, seq, beyond);
    else if (f->after)
        add(s, " AND %s %s ?", seq, beyond);
    add(s, " ORDER BY ");
    if (key[0])
        add(s, "%s IS NULL, %s %s, ", key, key, way);
    add(s, "%s %s LIMIT ?", seq, way);
}

/* The values in the order of the question marks. */
static void put_values(struct srv_query *q, const struct srv_job_filter *f, const char *key,
                       const char *text, int64_t after)
{
    if (f->after && key[0])
        srv_put_int(q, after);
    for (size_t i = 0; i < f->n_metadata; i++) {
        srv_put_text(q, f->metadata[i].key);
        srv_put_text(q, f->metadata[i].value);
    }
    if (f->status >= 0)
        srv_put_text(q, srv_job_status_name((enum srv_job_status)f->status));
    if (f->sweep)
        srv_put_text(q, f->sweep);
    for (int i = 0; f->text && i < TEXT_PLACES; i++)
        srv_put_text(q, text);
    if (f->after)
        srv_put_int(q, after);
    srv_put_int(q, (int64_t)f->limit + 1);
}

/* As SQLite's lower() does it: A to Z alone. */
static void lower(char out[SRV_MAX_TEXT + 1], const char *text)
{
    size_t n = 0;

    for (; text[n] && n < SRV_MAX_TEXT; n++)
        out[n] = text[n] >= 'A' && text[n] <= 'Z' ? (char)(text[n] + ('a' - 'A')) : text[n];
    out[n] = '\0';
}

static enum snn_code list_rows(struct srv_conn *c, const struct srv_job_filter *f, int64_t after,
                               struct srv_job *jobs, size_t *n, struct snn_error *err)
{
    const char *key = orders[f->order].key;
    char text[SRV_MAX_TEXT + 1] = "";
    struct sql sql = {.n = 0};
    struct srv_query q;

    add_source(&sql, f, key);
    add_filters(&sql, f);
    add_order(&sql, f, key);
    if (f->text)
        lower(text, f->text);
    srv_query_once(&q, c, sql.text, err);
    put_values(&q, f, key, text, after);
    for (*n = 0; *n <= f->limit && srv_next(&q); ++*n)
        srv_job_read(&q, &jobs[*n]);
    return srv_done(&q);
}

/* ------------------------------------------------------------------------------------ list -- */

static enum snn_code check(const struct srv_job_filter *f, struct snn_error *err)
{
    if (f->n_metadata > SRV_MAX_METADATA)
        return snn_fail(err, SNN_INVALID, "%zu metadata filters, at most %d can match",
                        f->n_metadata, SRV_MAX_METADATA);
    if (f->text && strlen(f->text) > SRV_MAX_TEXT)
        return snn_fail(err, SNN_INVALID, "the text has %zu bytes, want at most %d",
                        strlen(f->text), SRV_MAX_TEXT);
    return srv_page_check(f->limit, err);
}

enum snn_code srv_store_job_list(struct srv_store *s, const struct srv_job_filter *f,
                                 struct srv_job **out, size_t *n, bool *has_more,
                                 struct snn_error *err)
{
    struct srv_conn *c = NULL;
    struct srv_job *jobs = NULL;
    size_t found = 0;
    int64_t after = 0;
    enum snn_code rc = check(f, err);

    if (rc == SNN_OK)
        rc = srv_store_read(s, &c, err);
    if (rc != SNN_OK)
        return rc;
    jobs = calloc(f->limit + 1, sizeof *jobs); /* one more than asked for: to know has_more */
    if (!jobs)
        rc = snn_fail(err, SNN_NOMEM, "no memory for a list of %zu jobs", f->limit);
    if (rc == SNN_OK && f->after)
        rc = srv_job_seq(c, f->after, &after, err);
    if (rc == SNN_OK)
        rc = list_rows(c, f, after, jobs, &found, err);
    for (size_t i = 0; rc == SNN_OK && i < found; i++)
        rc = srv_job_read_metadata(c, &jobs[i], err);
    srv_store_unread(s, c);
    if (rc != SNN_OK) {
        srv_job_list_free(jobs, found);
        return rc;
    }
    *n = srv_page_end(found, f->limit, has_more);
    for (size_t i = *n; i < found; i++)
        srv_job_clear(&jobs[i]);
    *out = jobs;
    return SNN_OK;
}

void srv_job_list_free(struct srv_job *jobs, size_t n)
{
    for (size_t i = 0; jobs && i < n; i++)
        srv_job_clear(&jobs[i]);
    free(jobs);
}
