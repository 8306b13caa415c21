/* SPDX-License-Identifier: MIT */
/* One attempt at one webhook. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/webhook_internal.h"

#define CONNECT_MS 5000L
#define WHOLE_MS 15000L
#define ANSWER_BYTES (64 * 1024) /* read and thrown away; who says more is not listened to */

/* Asked with the address that the name was found to have, just before it is connected to: a name
 * that changes its mind does not get by. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct srv_sending *s = user;

    (void)purpose;
    if (!s->local && !srv_address_is_public(&address->addr)) {
        s->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t throw_away(char *bytes, size_t size, size_t n, void *user)
{
    struct srv_sending *s = user;

    (void)bytes;
    s->bytes += size * n;
    return s->bytes <= ANSWER_BYTES ? size * n : 0;
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

static struct curl_slist *headers_of(const struct srv_webhook *hook, const unsigned char *key,
                                     int64_t now)
{
    char signature[64], timestamp[24];
    struct curl_slist *list = NULL;

    srv_webhook_signature(signature, key, SRV_WEBHOOK_KEY, hook->id, now, hook->body);
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)now);
    if (add_header(&list, "Content-Type", "application/json") &&
        add_header(&list, "webhook-id", hook->id) &&
        add_header(&list, "webhook-timestamp", timestamp) &&
        add_header(&list, "webhook-signature", signature) &&
        (!hook->trace[0] || add_header(&list, "traceparent", hook->trace)) &&
        add_header(&list, "Expect", ""))
        return list;
    curl_slist_free_all(list);
    return NULL;
}

static void set_options(CURL *curl, struct srv_sending *s)
{
    curl_easy_setopt(curl, CURLOPT_PRIVATE, s);
    curl_easy_setopt(curl, CURLOPT_URL, s->hook.url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, s->hook.body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "spiked");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    /* Each opens its own connection, by the rules above. */
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, WHOLE_MS);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, s);
}

bool srv_sending_begin(struct srv_sending *s, CURLM *multi, const unsigned char *key, int64_t now)
{
    s->refused = false;
    s->bytes = 0;
    s->headers = headers_of(&s->hook, key, now);
    s->curl = curl_easy_init();
    if (s->headers && s->curl) {
        set_options(s->curl, s);
        if (curl_multi_add_handle(multi, s->curl) == CURLM_OK)
            return true;
    }
    curl_easy_cleanup(s->curl);
    s->curl = NULL;
    curl_slist_free_all(s->headers);
    return false;
}

bool srv_sending_judge(struct srv_sending *s, CURLcode code)
{
    struct srv_webhook *hook = &s->hook;
    long status = 0;

    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    hook->status = status;
    hook->error[0] = '\0';
    if (s->refused)
        snprintf(hook->error, sizeof hook->error,
                 "its host has an address of this machine or a private network (webhooks-local)");
    else if (code != CURLE_OK)
        snprintf(hook->error, sizeof hook->error, "%s", curl_easy_strerror(code));
    else if (status / 100 != 2)
        snprintf(hook->error, sizeof hook->error, "answered %ld, want 2xx", status);
    return hook->error[0] == '\0';
}

void srv_sending_end(struct srv_sending *s, CURLM *multi)
{
    curl_multi_remove_handle(multi, s->curl);
    curl_easy_cleanup(s->curl);
    curl_slist_free_all(s->headers);
    s->curl = NULL;
}
