/* SPDX-License-Identifier: MIT */
/* Opened data, shared by the jobs that use it at the same time, and kept for those that come next:
 * to read a set takes a tenth of what an epoch on it does. */
#include <stdlib.h>
#include <string.h>

#include "server/datasets_internal.h"
#include "server/meter.h"

struct srv_open_data {
    struct srv_open_data *next; /* those that were last let go come first */
    char id[SRV_ID_SIZE + 128];
    struct srv_version version;
    struct snn_data *data; /* NULL while it is being opened */
    size_t users;
    int64_t idle_since; /* microseconds; where there are no users */
};

/* The lock is held. */
static struct srv_open_data *find_open(struct srv_datasets *d, const struct srv_located *where)
{
    struct srv_open_data *s = d->open;

    while (s && (strcmp(s->id, where->set.id) != 0 ||
                 memcmp(&s->version, &where->version, sizeof s->version) != 0))
        s = s->next;
    return s;
}

/* The lock is held. */
static void take_out(struct srv_datasets *d, struct srv_open_data *s)
{
    struct srv_open_data **at = &d->open;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

static void push(struct srv_open_data **list, struct srv_open_data *s)
{
    s->next = *list;
    *list = s;
}

/* Frees what was taken out. Without the lock: large memory takes its time to be given back. */
static void free_all(struct srv_open_data *list)
{
    while (list) {
        struct srv_open_data *s = list;

        list = s->next;
        snn_data_free(s->data);
        free(s);
    }
}

static size_t kept_bytes(const struct srv_config *config)
{
    const size_t share = config->memory_limit / 8;

    return share && share < SRV_DATASETS_KEPT_BYTES ? share : SRV_DATASETS_KEPT_BYTES;
}

/* Takes out what is too much of what nobody uses. The lock is held. */
static struct srv_open_data *too_much(struct srv_datasets *d)
{
    struct srv_open_data *out = NULL, *next;
    size_t left = kept_bytes(d->config);

    for (struct srv_open_data *s = d->open; s; s = next) {
        const size_t bytes = s->data ? snn_data_describe(s->data)->bytes : 0;

        next = s->next;
        if (s->users > 0)
            continue;
        if (bytes <= left) {
            left -= bytes;
            continue;
        }
        take_out(d, s);
        push(&out, s);
    }
    return out;
}

/* A place for the data: one that is open, with one more user, or a new one (*mine), to be opened by
 * the caller. NULL when there is no memory. */
static struct srv_open_data *enter(struct srv_datasets *d, const struct srv_located *where,
                                   bool *mine)
{
    struct srv_open_data *s;

    *mine = false;
    pthread_mutex_lock(&d->lock);
    while ((s = find_open(d, where)) && !s->data)
        pthread_cond_wait(&d->opened, &d->lock);
    if (!s) {
        s = calloc(1, sizeof *s);
        if (s) {
            *mine = true;
            snprintf(s->id, sizeof s->id, "%s", where->set.id);
            s->version = where->version;
            push(&d->open, s);
        }
    }
    if (s)
        s->users++;
    pthread_mutex_unlock(&d->lock);
    return s;
}

/* Opens what enter left to the caller; those who wait for it see the result, or try themselves. */
static enum snn_code fill(struct srv_datasets *d, struct srv_open_data *s,
                          const struct srv_located *where, struct snn_data **out,
                          struct snn_error *err)
{
    struct snn_data_source source = {
        .format = where->format,
        .max_bytes = srv_datasets_max_bytes(d->config, !where->origin),
        .sha256 = where->origin && where->set.ready ? where->set.info.sha256 : NULL};
    struct snn_data *data = NULL;
    enum snn_code rc;

    for (size_t i = 0; i < SNN_MAX_PARTS; i++)
        source.paths[i] = where->paths[i][0] ? where->paths[i] : NULL;
    rc = snn_data_open(&data, &source, err);
    pthread_mutex_lock(&d->lock);
    if (rc != SNN_OK) {
        take_out(d, s);
        free(s);
    } else {
        s->data = data;
        if (where->origin) {
            where->origin->info = *snn_data_describe(data);
            where->origin->version = where->version;
            where->origin->known = true;
        }
    }
    pthread_cond_broadcast(&d->opened);
    pthread_mutex_unlock(&d->lock);
    *out = data;
    return rc;
}

enum snn_code srv_datasets_open(struct srv_datasets *d, const struct srv_located *where,
                                const struct snn_data **out, struct snn_error *err)
{
    struct srv_open_data *s;
    struct snn_data *data;
    bool mine;
    enum snn_code rc;

    if (!where->origin && !where->set.ready)
        return snn_fail(err, SNN_INVALID,
                        "data set \"%s\" is not ready: it has %zu files that fit together, want "
                        "every part of its format",
                        where->set.name, where->set.n_files);
    s = enter(d, where, &mine);
    if (!s)
        return snn_fail(err, SNN_NOMEM, "no memory to open the data set %s", where->set.name);
    if (!mine) {
        *out = s->data; /* set before enter returned, and stays until our release */
        return SNN_OK;
    }
    rc = fill(d, s, where, &data, err);
    if (rc == SNN_OK)
        *out = data;
    return rc;
}

enum snn_code srv_datasets_acquire(struct srv_datasets *d, const char *id_or_name,
                                   const struct snn_data **out, struct snn_error *err)
{
    struct srv_located where;
    enum snn_code rc = srv_datasets_locate(d, id_or_name, &where, err);

    return rc == SNN_OK ? srv_datasets_open(d, &where, out, err) : rc;
}

void srv_datasets_release(struct srv_datasets *d, const struct snn_data *data)
{
    struct srv_open_data *s, *rest = NULL;

    if (!data)
        return;
    pthread_mutex_lock(&d->lock);
    for (s = d->open; s && s->data != data;)
        s = s->next;
    if (s && --s->users == 0) {
        s->idle_since = srv_microseconds();
        take_out(d, s);
        push(&d->open, s);
        rest = too_much(d);
    }
    pthread_mutex_unlock(&d->lock);
    free_all(rest);
}

/* Frees what nobody uses and was let go before then, of one set or (id NULL) of any. */
static void drop(struct srv_datasets *d, const char *id, int64_t before)
{
    struct srv_open_data *out = NULL, *next;

    pthread_mutex_lock(&d->lock);
    for (struct srv_open_data *s = d->open; s; s = next) {
        next = s->next;
        if (s->users > 0 || s->idle_since > before || (id && strcmp(s->id, id) != 0))
            continue;
        take_out(d, s);
        push(&out, s);
    }
    pthread_mutex_unlock(&d->lock);
    free_all(out);
}

void srv_datasets_forget(struct srv_datasets *d, int64_t idle_ms)
{
    drop(d, NULL, srv_microseconds() - 1000 * idle_ms);
}

void srv_datasets_let_go(struct srv_datasets *d, const char *id)
{
    drop(d, id, INT64_MAX);
}

void srv_datasets_close_all(struct srv_datasets *d)
{
    free_all(d->open);
    d->open = NULL;
}
