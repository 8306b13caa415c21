/* SPDX-License-Identifier: MIT */
/* The thread that sends webhooks: the one file of the server that talks to others of itself. */
#include "server/webhook.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "server/files.h"
#include "server/log.h"

#define TURN_SECONDS 1
#define CONNECT_MS 5000L
#define WHOLE_MS 15000L
#define ANSWER_BYTES (64 * 1024) /* read and thrown away; who says more is not listened to */
#define FORGET_SECONDS (7 * 24 * 3600)
#define KEY_BYTES 32

struct srv_webhooks {
    struct srv_webhook_options options;
    unsigned char key[2 * KEY_BYTES]; /* as hexadecimal digits, which is what the file has */
    pthread_t thread;
    pthread_mutex_t lock; /* guards stopping */
    pthread_cond_t stop;
    bool stopping;
    int64_t forgot_ms; /* of the thread alone */
};

/* -------------------------------------------------------------------------------- one attempt --
 */

struct attempt {
    bool local; /* addresses that are not public may be sent to */
    bool refused;
    size_t bytes;
};

/* Asked with the address that the name was found to have, just before it is connected to: a name
 * that changes its mind does not get by. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct attempt *a = user;

    (void)purpose;
    if (!a->local && !srv_address_is_public(&address->addr)) {
        a->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t throw_away(char *bytes, size_t size, size_t n, void *user)
{
    struct attempt *a = user;

    (void)bytes;
    a->bytes += size * n;
    return a->bytes <= ANSWER_BYTES ? size * n : 0;
}

/* Any of the transfer's turns: false where the daemon is to end. */
static int is_over(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct srv_webhooks *w = user;
    bool stopping;

    (void)a, (void)b, (void)c, (void)d;
    pthread_mutex_lock(&w->lock);
    stopping = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return stopping;
}

/* Appends a header; false where memory fails. */
static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[300];
    struct curl_slist *grown;

    snprintf(line, sizeof line, "%s: %s", name, value);
    grown = curl_slist_append(*list, line);
    *list = grown ? grown : *list;
    return grown != NULL;
}

static struct curl_slist *headers_of(const struct srv_webhooks *w, const struct srv_webhook *hook)
{
    int64_t now = w->options.clock->wall_seconds();
    char signature[64], timestamp[24];
    struct curl_slist *list = NULL;

    srv_webhook_signature(signature, w->key, sizeof w->key, hook->id, now, hook->body);
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)now);
    if (add_header(&list, "Content-Type", "application/json") &&
        add_header(&list, "webhook-id", hook->id) &&
        add_header(&list, "webhook-timestamp", timestamp) &&
        add_header(&list, "webhook-signature", signature) && add_header(&list, "Expect", ""))
        return list;
    curl_slist_free_all(list);
    return NULL;
}

static void set_options(CURL *curl, struct srv_webhooks *w, const struct srv_webhook *hook,
                        struct attempt *a, struct curl_slist *headers)
{
    curl_easy_setopt(curl, CURLOPT_URL, hook->url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, hook->body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "spiked");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, WHOLE_MS);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, a);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_over);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, w);
}

/* Fills status and error; true where the receiver has it. */
static bool send_one(struct srv_webhooks *w, struct srv_webhook *hook)
{
    struct attempt a = {.local = w->options.config->webhooks_local};
    struct curl_slist *headers = headers_of(w, hook);
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    long status = 0;

    if (curl && headers) {
        set_options(curl, w, hook, &a, headers);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    hook->status = status;
    hook->error[0] = '\0';
    if (a.refused)
        snprintf(hook->error, sizeof hook->error,
                 "its host has an address of this machine or a private network (webhooks-local)");
    else if (code != CURLE_OK)
        snprintf(hook->error, sizeof hook->error, "%s", curl_easy_strerror(code));
    else if (status / 100 != 2)
        snprintf(hook->error, sizeof hook->error, "answered %ld, want 2xx", status);
    return hook->error[0] == '\0';
}

/* ----------------------------------------------------------------------------------- a turn -- */

static void log_failure(const char *event, const struct srv_webhook *hook, const char *why)
{
    char quoted[512];

    srv_log(SRV_LOG_warning, event, "id=%s job=%s attempts=%lld reason=%s", hook->id, hook->job,
            (long long)hook->attempts, srv_log_quote(quoted, sizeof quoted, why));
}

/* False where the store failed: then it is tried again, later. */
static bool deliver(struct srv_webhooks *w, struct srv_webhook *hook)
{
    int64_t now, pause;
    struct snn_error err = {0}, why = {0};
    bool sent = false;

    /* The operator may have changed his mind since the job was taken. */
    if (srv_webhook_url_check(hook->url, w->options.config->webhooks, &why) == SNN_OK)
        sent = send_one(w, hook);
    else
        snprintf(hook->error, sizeof hook->error, "%.250s", why.message);
    if (!sent && is_over(w, 0, 0, 0, 0))
        return false; /* broken off: no attempt of the receiver's */
    now = w->options.clock->wall_seconds();
    hook->attempts++;
    pause = sent ? 0 : srv_webhook_backoff(hook->attempts, hook->id);
    hook->at = now + (pause > 0 ? pause : 0);
    hook->state = sent ? SRV_WEBHOOK_delivered : pause < 0 ? SRV_WEBHOOK_dead : SRV_WEBHOOK_pending;
    if (!sent)
        log_failure(pause < 0 ? "webhook_dead" : "webhook_failed", hook, hook->error);
    if (srv_store_webhook_tried(w->options.store, hook, &err) == SNN_OK)
        return true;
    log_failure("webhook_not_noted", hook, err.message);
    return false;
}

static void turn(struct srv_webhooks *w)
{
    int64_t now = w->options.clock->monotonic_ms();
    struct srv_webhook hook;
    bool found = true, going = true;

    while (going && found && !is_over(w, 0, 0, 0, 0)) {
        if (srv_store_webhook_due(w->options.store, &hook, &found, NULL) != SNN_OK)
            return;
        going = found && deliver(w, &hook);
    }
    if (!w->forgot_ms || now - w->forgot_ms > 3600 * 1000)
        (void)srv_store_webhook_forget(w->options.store, FORGET_SECONDS, NULL);
    w->forgot_ms = w->forgot_ms && now - w->forgot_ms <= 3600 * 1000 ? w->forgot_ms : now;
}

static void *send_all(void *user)
{
    struct srv_webhooks *w = user;
    bool going = true;

    while (going) {
        struct timespec until;

        turn(w);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += TURN_SECONDS;
        pthread_mutex_lock(&w->lock);
        while (!w->stopping && pthread_cond_timedwait(&w->stop, &w->lock, &until) == 0)
            ;
        going = !w->stopping;
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------ the key --
 */

/* Random digits into a file that only its user can read. */
static enum snn_code make_key(const char *path, struct snn_error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[KEY_BYTES];
    char text[2 * KEY_BYTES + 1];
    int fd;
    bool whole;

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return srv_fail_io(err, "draw", path);
    for (size_t i = 0; i < KEY_BYTES; i++) {
        text[2 * i] = digits[random[i] >> 4];
        text[2 * i + 1] = digits[random[i] & 15];
    }
    text[2 * KEY_BYTES] = '\n';
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return srv_fail_io(err, "make", path);
    whole = write(fd, text, sizeof text) == (ssize_t)sizeof text && fsync(fd) == 0;
    whole = close(fd) == 0 && whole;
    if (whole)
        return SNN_OK;
    unlink(path);
    return srv_fail_io(err, "write", path);
}

static enum snn_code read_key(struct srv_webhooks *w, struct snn_error *err)
{
    char path[SRV_PATH_SIZE];
    ssize_t got = -1;
    int fd;
    enum snn_code rc = srv_path(path, err, "%s/webhook-key", w->options.config->data_dir);

    if (rc == SNN_OK && access(path, F_OK) != 0)
        rc = make_key(path, err);
    if (rc != SNN_OK)
        return rc;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        got = read(fd, w->key, sizeof w->key);
        close(fd);
    }
    if (got == (ssize_t)sizeof w->key)
        return SNN_OK;
    return snn_fail(err, SNN_FORMAT, "%s has %zd bytes, want %zu digits", path, got, sizeof w->key);
}

/* ------------------------------------------------------------------------------ start, stop -- */

enum snn_code srv_webhooks_start(struct srv_webhooks **out, const struct srv_webhook_options *o,
                                 struct snn_error *err)
{
    struct srv_webhooks *w = calloc(1, sizeof *w);
    pthread_condattr_t monotonic;
    enum snn_code rc;

    if (!w)
        return snn_fail(err, SNN_NOMEM, "no memory for webhooks");
    w->options = *o;
    rc = read_key(w, err);
    if (rc == SNN_OK && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        rc = snn_fail(err, SNN_NOMEM, "libcurl cannot be started");
    if (rc != SNN_OK) {
        free(w);
        return rc;
    }
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->stop, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&w->thread, NULL, send_all, w) == 0) {
        *out = w;
        return SNN_OK;
    }
    pthread_cond_destroy(&w->stop);
    pthread_mutex_destroy(&w->lock);
    curl_global_cleanup();
    free(w);
    return snn_fail(err, SNN_IO, "cannot start the thread of webhooks");
}

void srv_webhooks_stop(struct srv_webhooks *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->stop);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->stop);
    pthread_mutex_destroy(&w->lock);
    curl_global_cleanup();
    free(w);
}
