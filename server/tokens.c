/* SPDX-License-Identifier: MIT */
#include "server/tokens.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/log.h"

/* A token that is added or removed holds, or not, after so long. */
#define LOOK_MS 500

/* What tells one state of a file from another; zero where there is none. */
struct state {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct srv_tokens {
    struct srv_clock clock;
    char *path;
    pthread_mutex_t lock; /* guards all below */
    struct srv_token *list;
    size_t n;
    bool required;
    struct state state;
    int64_t look_ms; /* when to look at the file again */
};

static struct state look(const char *path)
{
    struct state s = {0};
    struct stat st;

    if (stat(path, &st) == 0)
        s = (struct state){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
    return s;
}

static bool same(const struct state *a, const struct state *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* With the lock held, or before anybody else has t. */
static enum snn_code load(struct srv_tokens *t, struct snn_error *err)
{
    struct state state = look(t->path); /* before it is read: a later change is seen later */
    struct srv_token *list = NULL;
    size_t n = 0;
    enum snn_code rc = srv_token_read(&list, &n, t->path, err);

    free(t->list);
    t->list = list;
    t->n = n;
    t->state = state;
    t->required = t->required || n > 0;
    t->look_ms = t->clock.monotonic_ms() + LOOK_MS;
    return rc;
}

/* With the lock held. */
static void refresh(struct srv_tokens *t)
{
    struct snn_error err = {0};
    struct state now;
    char text[512];

    if (t->clock.monotonic_ms() < t->look_ms)
        return;
    t->look_ms = t->clock.monotonic_ms() + LOOK_MS;
    now = look(t->path);
    if (same(&now, &t->state))
        return;
    if (load(t, &err) == SNN_OK)
        srv_log(SRV_LOG_info, "tokens_read", "count=%zu", t->n);
    else
        srv_log(SRV_LOG_error, "tokens_not_read", "reason=%s",
                srv_log_quote(text, sizeof text, err.message));
}

enum snn_code srv_tokens_open(struct srv_tokens **out, const char *path,
                              const struct srv_clock *clock, struct snn_error *err)
{
    struct srv_tokens *t = calloc(1, sizeof *t);
    enum snn_code rc = SNN_OK;

    if (!t)
        return snn_fail(err, SNN_NOMEM, "no memory for the tokens");
    pthread_mutex_init(&t->lock, NULL);
    t->clock = *clock;
    t->path = strdup(path);
    if (t->path)
        rc = load(t, err);
    else
        rc = snn_fail(err, SNN_NOMEM, "no memory for the tokens");
    if (rc == SNN_OK)
        *out = t;
    else
        srv_tokens_free(t);
    return rc;
}

void srv_tokens_free(struct srv_tokens *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t->list);
    free(t->path);
    free(t);
}

bool srv_tokens_required(struct srv_tokens *t)
{
    bool required;

    pthread_mutex_lock(&t->lock);
    refresh(t);
    required = t->required;
    pthread_mutex_unlock(&t->lock);
    return required;
}

/* 1 where the digests are the same, in a time that does not depend on where they differ. */
static size_t equal(const char *a, const char *b)
{
    unsigned char different = 0;

    for (size_t i = 0; i < SNN_SHA256_HEX - 1; i++)
        different |= (unsigned char)(a[i] ^ b[i]);
    return different == 0;
}

bool srv_tokens_find(struct srv_tokens *t, const char *secret, char name[SRV_TOKEN_NAME],
                     enum srv_scope *scope)
{
    char sha256[SNN_SHA256_HEX];
    struct snn_digest d;
    size_t at = 0; /* the token's place, from 1 */

    snn_digest_init(&d);
    snn_digest_add(&d, secret, strlen(secret));
    snn_digest_hex(&d, sha256);
    pthread_mutex_lock(&t->lock);
    refresh(t);
    for (size_t i = 0; i < t->n; i++)
        at += (i + 1) * equal(sha256, t->list[i].sha256);
    if (at > 0 && at <= t->n) {
        memcpy(name, t->list[at - 1].name, SRV_TOKEN_NAME);
        *scope = t->list[at - 1].scope;
    }
    pthread_mutex_unlock(&t->lock);
    return at > 0;
}
