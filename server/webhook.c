/* SPDX-License-Identifier: MIT */
/* The thread that sends webhooks: the one part of the server that talks to others of itself. It has
 * several under way at a time, few of them to the same receiver, so that a slow one holds up itself
 * alone. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "server/log.h"
#include "server/meter.h"
#include "server/webhook_internal.h"

#define TURN_MS 1000
#define SLOTS 16
#define SLOTS_OF_ONE 2 /* of the same receiver */
#define FORGET_SECONDS (7 * 24 * 3600)
#define FORGET_EVERY_MS (3600 * 1000)

struct srv_webhooks {
    struct srv_webhook_options options;
    unsigned char key[SRV_WEBHOOK_KEY];
    pthread_t thread;
    atomic_bool stopping; /* set by main's thread, read by ours */
    CURLM *multi;
    /* Of the thread alone: */
    struct srv_sending slot[SLOTS];
    struct srv_webhook due[SLOTS];
    size_t n_due; /* of due: taken in this turn */
    int64_t forgot_ms;
};

/* ---------------------------------------------------------------------------------- an end -- */

static void log_failure(const char *event, const struct srv_webhook *hook, const char *why)
{
    char quoted[512];

    srv_log(SRV_LOG_warning, event, "id=%s job=%s attempts=%lld reason=%s", hook->id, hook->job,
            (long long)hook->attempts, srv_log_quote(quoted, sizeof quoted, why));
}

/* Writes down how an attempt went. Where the store fails it is tried again, later. */
static void settle(struct srv_webhooks *w, struct srv_webhook *hook, bool sent)
{
    struct snn_error err = {0};
    int64_t pause;

    hook->attempts++;
    pause = sent ? 0 : srv_webhook_backoff(hook->attempts, hook->id);
    hook->at = w->options.clock->wall_seconds() + (pause > 0 ? pause : 0);
    hook->state = sent ? SRV_WEBHOOK_delivered : pause < 0 ? SRV_WEBHOOK_dead : SRV_WEBHOOK_pending;
    srv_count(sent        ? SRV_COUNTER_webhooks_delivered
              : pause < 0 ? SRV_COUNTER_webhooks_dead
                          : SRV_COUNTER_webhooks_failed,
              1);
    if (!sent)
        log_failure(pause < 0 ? "webhook_dead" : "webhook_failed", hook, hook->error);
    if (srv_store_webhook_tried(w->options.store, hook, &err) != SNN_OK)
        log_failure("webhook_not_noted", hook, err.message);
}

/* Whether any has ended: then there is room for others at once. */
static bool settle_all(struct srv_webhooks *w)
{
    struct CURLMsg *m;
    bool any = false;
    int left;

    while ((m = curl_multi_info_read(w->multi, &left))) {
        struct srv_sending *s = NULL;
        char *private = NULL;
        bool sent;

        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
        s = (struct srv_sending *)(void *)private;
        sent = srv_sending_judge(s, m->data.result);
        srv_sending_end(s, w->multi); /* the message is gone with it */
        settle(w, &s->hook, sent);
        any = true;
    }
    return any;
}

/* -------------------------------------------------------------------------------- a beginning --
 */

/* "https://host:port" of a URL. */
static size_t receiver(const char *url)
{
    const char *host = strstr(url, "://");

    return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : strlen(url);
}

static bool same_receiver(const struct srv_webhook *a, const struct srv_webhook *b)
{
    size_t n = receiver(a->url);

    return n == receiver(b->url) && strncmp(a->url, b->url, n) == 0;
}

/* Whether there is room for another one of its receiver; false for one that is under way. */
static bool takes(void *user, const struct srv_webhook *hook)
{
    struct srv_webhooks *w = user;
    size_t n = 0;

    for (size_t i = 0; i < SLOTS; i++) {
        if (!w->slot[i].curl)
            continue;
        if (w->slot[i].hook.seq == hook->seq)
            return false;
        n += same_receiver(&w->slot[i].hook, hook);
    }
    for (size_t i = 0; i < w->n_due; i++)
        n += same_receiver(&w->due[i], hook);
    if (n >= SLOTS_OF_ONE)
        return false;
    w->n_due++; /* it stands at due[n_due], where the store put it */
    return true;
}

static void begin(struct srv_webhooks *w, struct srv_sending *s, const struct srv_webhook *hook)
{
    struct snn_error why = {0};

    s->hook = *hook;
    s->local = w->options.config->webhooks_local;
    /* The operator may have changed his mind since the job was taken. */
    if (srv_webhook_url_check(hook->url, w->options.config->webhooks, &why) != SNN_OK) {
        snprintf(s->hook.error, sizeof s->hook.error, "%.250s", why.message);
        settle(w, &s->hook, false);
    } else if (!srv_sending_begin(s, w->multi, w->key, w->options.clock->wall_seconds())) {
        log_failure("webhook_not_begun", hook, "no memory");
    }
}

static void fill(struct srv_webhooks *w)
{
    size_t room = 0, n = 0;

    for (size_t i = 0; i < SLOTS; i++)
        room += !w->slot[i].curl;
    w->n_due = 0;
    if (room == 0 ||
        srv_store_webhook_due(w->options.store, takes, w, w->due, room, &n, NULL) != SNN_OK)
        return;
    for (size_t i = 0, k = 0; i < n; i++) {
        while (w->slot[k].curl)
            k++;
        begin(w, &w->slot[k], &w->due[i]);
    }
}

static void forget(struct srv_webhooks *w)
{
    int64_t now = w->options.clock->monotonic_ms();

    if (w->forgot_ms && now - w->forgot_ms <= FORGET_EVERY_MS)
        return;
    (void)srv_store_webhook_forget(w->options.store, FORGET_SECONDS, NULL);
    w->forgot_ms = now;
}

static void *send_all(void *user)
{
    struct srv_webhooks *w = user;
    bool room;
    int running;

    while (!atomic_load(&w->stopping)) {
        fill(w);
        curl_multi_perform(w->multi, &running);
        room = settle_all(w);
        forget(w);
        if (!room && !atomic_load(&w->stopping))
            curl_multi_poll(w->multi, NULL, 0, TURN_MS, NULL);
    }
    /* What is broken off was no attempt of the receiver's. */
    for (size_t i = 0; i < SLOTS; i++)
        if (w->slot[i].curl)
            srv_sending_end(&w->slot[i], w->multi);
    return NULL;
}

/* ------------------------------------------------------------------------------ start, stop -- */

static void let_go(struct srv_webhooks *w)
{
    curl_multi_cleanup(w->multi);
    curl_global_cleanup();
    free(w);
}

enum snn_code srv_webhooks_start(struct srv_webhooks **out, const struct srv_webhook_options *o,
                                 struct snn_error *err)
{
    struct srv_webhooks *w = calloc(1, sizeof *w);
    enum snn_code rc;

    if (!w)
        return snn_fail(err, SNN_NOMEM, "no memory for webhooks");
    w->options = *o;
    rc = srv_webhook_key(w->key, o->config->data_dir, err);
    if (rc == SNN_OK && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        rc = snn_fail(err, SNN_NOMEM, "libcurl cannot be started");
    if (rc != SNN_OK) {
        free(w);
        return rc;
    }
    w->multi = curl_multi_init();
    if (w->multi && pthread_create(&w->thread, NULL, send_all, w) == 0) {
        *out = w;
        return SNN_OK;
    }
    let_go(w);
    return snn_fail(err, SNN_IO, "cannot start the thread of webhooks");
}

void srv_webhooks_stop(struct srv_webhooks *w)
{
    if (!w)
        return;
    atomic_store(&w->stopping, true);
    curl_multi_wakeup(w->multi);
    pthread_join(w->thread, NULL);
    let_go(w);
}
