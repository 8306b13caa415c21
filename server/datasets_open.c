/* SPDX-License-Identifier: MIT */
/* Opened data, shared by the jobs that use it at the same time. */
#include <stdlib.h>
#include <string.h>

#include "server/datasets_internal.h"

struct srv_open_data {
    struct srv_open_data *next;
    char key[SRV_ID_SIZE + 128 + SNN_SHA256_HEX + 1];
    struct snn_data *data; /* NULL while it is being opened */
    size_t users;
};

/* The lock is held. */
static struct srv_open_data *find_open(struct srv_datasets *d, const char *key)
{
    struct srv_open_data *s = d->open;

    while (s && strcmp(s->key, key) != 0)
        s = s->next;
    return s;
}

/* The lock is held. */
static void drop_open(struct srv_datasets *d, struct srv_open_data *s)
{
    struct srv_open_data **at = &d->open;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    free(s);
}

/* A place for the key: one that is open, with one more user, or a new one (*mine), to be opened by
 * the caller. NULL when there is no memory. */
static struct srv_open_data *enter(struct srv_datasets *d, const char *key, bool *mine)
{
    struct srv_open_data *s;

    *mine = false;
    pthread_mutex_lock(&d->lock);
    while ((s = find_open(d, key)) && !s->data)
        pthread_cond_wait(&d->opened, &d->lock);
    if (!s) {
        s = calloc(1, sizeof *s);
        if (s) {
            *mine = true;
            snprintf(s->key, sizeof s->key, "%s", key);
            s->next = d->open;
            d->open = s;
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
        .format = where->format, .max_bytes = srv_datasets_max_bytes(d->config, !where->origin)};
    struct snn_data *data = NULL;
    enum snn_code rc;

    for (size_t i = 0; i < SNN_MAX_PARTS; i++)
        source.paths[i] = where->paths[i][0] ? where->paths[i] : NULL;
    rc = snn_data_open(&data, &source, err);
    pthread_mutex_lock(&d->lock);
    if (rc != SNN_OK) {
        drop_open(d, s);
    } else {
        s->data = data;
        if (where->origin) {
            where->origin->info = *snn_data_describe(data);
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
    char key[SRV_ID_SIZE + 128 + SNN_SHA256_HEX + 1];
    struct srv_open_data *s;
    struct snn_data *data;
    bool mine;
    enum snn_code rc;

    if (!where->origin && !where->set.ready)
        return snn_fail(err, SNN_INVALID,
                        "data set \"%s\" is not ready: it has %zu files that fit together, want "
                        "every part of its format",
                        where->set.name, where->set.n_files);
    /* With the digest: an upload may be replaced, and is then other data. */
    snprintf(key, sizeof key, "%s@%s", where->set.id, where->origin ? "" : where->set.info.sha256);
    s = enter(d, key, &mine);
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
    struct srv_open_data *s;
    struct snn_data *last = NULL;

    if (!data)
        return;
    pthread_mutex_lock(&d->lock);
    for (s = d->open; s && s->data != data;)
        s = s->next;
    if (s && --s->users == 0) {
        last = s->data;
        drop_open(d, s);
    }
    pthread_mutex_unlock(&d->lock);
    snn_data_free(last);
}

void srv_datasets_close_all(struct srv_datasets *d)
{
    while (d->open) {
        struct snn_data *data = d->open->data;

        drop_open(d, d->open);
        snn_data_free(data);
    }
}
