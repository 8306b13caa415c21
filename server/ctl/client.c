/* SPDX-License-Identifier: MIT */
#include "server/ctl/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_SECONDS 10L
#define SILENT_SECONDS 60L /* a transfer in which nothing moves for so long is given up */

struct ctl_client {
    CURL *curl;
    char *base; /* the URL without a slash at its end */
    char shown[256];
    char *authorization, *cacert; /* the header; the file. NULL = none */
    bool local;                   /* this host: no proxy is asked */
};

/* A request under way. */
struct transfer {
    CURL *curl;
    const struct ctl_request *request;
    struct ctl_reply *reply;
    bool too_long;
};

/* ----------------------------------------------------------------------------------- server -- */

static bool is_local(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0;
}

/* What the URL is made of; false with the reason. */
static bool read_url(struct ctl_client *c, CURLU *url, char why[CTL_WHY])
{
    char *host = NULL, *port = NULL, *scheme = NULL, *query = NULL, *fragment = NULL;
    CURLUcode rc = curl_url_set(url, CURLUPART_URL, c->base, CURLU_NON_SUPPORT_SCHEME);
    bool ok = false;

    if (rc == CURLUE_OK)
        rc = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    if (rc == CURLUE_OK)
        rc = curl_url_get(url, CURLUPART_HOST, &host, 0);
    if (rc == CURLUE_OK)
        rc = curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    curl_url_get(url, CURLUPART_QUERY, &query, 0);
    curl_url_get(url, CURLUPART_FRAGMENT, &fragment, 0);
    if (scheme && strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        snprintf(why, CTL_WHY, "the scheme is %.40s, want http or https", scheme);
    else if (rc != CURLUE_OK)
        snprintf(why, CTL_WHY, "it is no URL (%s), want http://HOST:PORT", curl_url_strerror(rc));
    else if (query || fragment)
        snprintf(why, CTL_WHY, "it has a query or a fragment, want http://HOST:PORT");
    else
        ok = true;
    if (ok) {
        snprintf(c->shown, sizeof c->shown, "%s://%.200s:%s", scheme, host, port);
        c->local = is_local(host);
    }
    curl_free(host);
    curl_free(port);
    curl_free(scheme);
    curl_free(query);
    curl_free(fragment);
    return ok;
}

/* The URL as it will be put before a path. NULL: no memory. */
static char *base_of(const char *server)
{
    const char *scheme = strstr(server, "://") ? "" : "http://";
    size_t n = strlen(scheme) + strlen(server);
    char *base = malloc(n + 1);

    if (!base)
        return NULL;
    snprintf(base, n + 1, "%s%s", scheme, server);
    while (n && base[n - 1] == '/')
        base[--n] = '\0';
    return base;
}

bool ctl_client_new(struct ctl_client **out, const char *server, char why[CTL_WHY])
{
    struct ctl_client *c = calloc(1, sizeof *c);
    CURLU *url = NULL;
    bool ok = false;

    snprintf(why, CTL_WHY, "no memory for a client");
    if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        goto out;
    c->base = base_of(server);
    c->curl = curl_easy_init();
    url = curl_url();
    ok = c->base && c->curl && url && read_url(c, url, why);
out:
    curl_url_cleanup(url);
    if (ok)
        *out = c;
    else
        ctl_client_free(c);
    return ok;
}

void ctl_client_free(struct ctl_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client->base);
    free(client->authorization);
    free(client->cacert);
    free(client);
}

bool ctl_client_trust(struct ctl_client *client, const char *token, const char *cacert,
                      char why[CTL_WHY])
{
    static const char field[] = "Authorization: Bearer ";
    size_t n = token ? strlen(token) : 0;

    for (size_t i = 0; i < n; i++)
        if (token[i] <= 0x20 || token[i] >= 0x7f) {
            snprintf(why, CTL_WHY, "it has a blank, a line break or worse; want spk_...");
            return false;
        }
    if (n) {
        client->authorization = malloc(sizeof field + n);
        if (client->authorization)
            snprintf(client->authorization, sizeof field + n, "%s%s", field, token);
    }
    if (cacert)
        client->cacert = strdup(cacert);
    snprintf(why, CTL_WHY, "no memory for it");
    return (!n || client->authorization) && (!cacert || client->cacert);
}

const char *ctl_client_server(const struct ctl_client *client)
{
    return client->shown;
}

/* -------------------------------------------------------------------------------- callbacks -- */

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    size_t n = size * count;
    long status = 0;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->request->sink && status / 100 == 2) {
        t->reply->sink_failed = !t->request->sink(t->request->user, bytes, n);
        return t->reply->sink_failed ? 0 : n;
    }
    t->too_long = n > CTL_MAX_REPLY - t->reply->body.n;
    if (t->too_long)
        return 0;
    ctl_text_bytes(&t->reply->body, bytes, n);
    return t->reply->body.failed ? 0 : n;
}

static size_t on_upload(char *bytes, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    size_t n = fread(bytes, 1, size * count, t->request->upload);

    return n == 0 && ferror(t->request->upload) ? CURL_READFUNC_ABORT : n;
}

/* curl goes back when a connection that it took again proves dead. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
    struct transfer *t = user;

    return fseeko(t->request->upload, (off_t)offset, origin) == 0 ? CURL_SEEKFUNC_OK
                                                                  : CURL_SEEKFUNC_FAIL;
}

static int on_progress(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct ctl_request *r = ((struct transfer *)user)->request;

    if (r->upload)
        r->progress(r->user, up, up_total);
    else
        r->progress(r->user, down, down_total);
    return 0;
}

/* ------------------------------------------------------------------------------------- send -- */

/* Nothing more once an option was not taken. */
#define SET(option, value) (rc = rc == CURLE_OK ? curl_easy_setopt(c->curl, (option), (value)) : rc)

/* What every request is like. */
static CURLcode set_common(const struct ctl_client *c, struct transfer *t, const char *url,
                           char error[CURL_ERROR_SIZE])
{
    const struct ctl_request *r = t->request;
    CURLcode rc = curl_easy_setopt(c->curl, CURLOPT_URL, url);

    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    /* Who waits longer for it expects it to be silent so long. */
    SET(CURLOPT_LOW_SPEED_TIME, r->seconds > SILENT_SECONDS ? (long)r->seconds : SILENT_SECONDS);
    SET(CURLOPT_TIMEOUT_MS, r->seconds > 0 ? (long)(1000 * r->seconds + 1) : 0L);
    SET(CURLOPT_USERAGENT, "spikectl/" SPIKED_VERSION);
    SET(CURLOPT_ERRORBUFFER, error);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    if (c->local)
        SET(CURLOPT_PROXY, "");
    if (c->cacert)
        SET(CURLOPT_CAINFO, c->cacert);
    if (r->progress) {
        SET(CURLOPT_NOPROGRESS, 0L);
        SET(CURLOPT_XFERINFOFUNCTION, on_progress);
        SET(CURLOPT_XFERINFODATA, t);
    }
    return rc;
}

/* Adds to the list or, without memory, leaves it and says so. */
static bool add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer)
        *list = longer;
    return longer != NULL;
}

static CURLcode set_body(const struct ctl_client *c, struct transfer *t,
                         struct curl_slist **headers)
{
    const struct ctl_request *r = t->request;
    const char *method = r->method ? r->method : "GET";
    CURLcode rc = CURLE_OK;
    char type[128];

    /* An empty type takes away the one that curl would put there. */
    snprintf(type, sizeof type, "Content-Type:%s%s", r->upload || r->type ? " " : "",
             r->upload ? "application/octet-stream" : (r->type ? r->type : ""));
    if (!add_header(headers, type) || !add_header(headers, "Accept: application/json, */*;q=0.5"))
        return CURLE_OUT_OF_MEMORY;
    if (c->authorization && !add_header(headers, c->authorization))
        return CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_HTTPHEADER, *headers);
    if (r->upload) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_READFUNCTION, on_upload);
        SET(CURLOPT_READDATA, t);
        SET(CURLOPT_SEEKFUNCTION, on_seek);
        SET(CURLOPT_SEEKDATA, t);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->upload_size);
    } else if (r->body || strcmp(method, "POST") == 0) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->size);
        SET(CURLOPT_POSTFIELDS, r->body ? r->body : "");
    }
    SET(CURLOPT_CUSTOMREQUEST, method);
    return rc;
}
#undef SET

/* The tag without W/ and quotes. */
static void read_etag(CURL *curl, char *out, size_t size)
{
    struct curl_header *h;
    const char *tag;

    if (curl_easy_header(curl, "ETag", 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
        return;
    tag = strchr(h->value, '"');
    tag = tag ? tag + 1 : h->value;
    snprintf(out, size, "%.*s", (int)strcspn(tag, "\""), tag);
}

static void explain(const struct transfer *t, CURLcode rc, const char *error)
{
    char *why = t->reply->why;

    if (t->reply->sink_failed)
        snprintf(why, CTL_WHY, "what came could not be written");
    else if (t->too_long)
        snprintf(why, CTL_WHY, "the answer is longer than %u bytes", CTL_MAX_REPLY);
    else
        snprintf(why, CTL_WHY, "%s", error[0] ? error : curl_easy_strerror(rc));
}

bool ctl_client_send(struct ctl_client *client, const struct ctl_request *request,
                     struct ctl_reply *reply)
{
    struct transfer t = {.curl = client->curl, .request = request, .reply = reply};
    char error[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    struct ctl_text url = {0};
    CURLcode rc = CURLE_OUT_OF_MEMORY;
    long status = 0;

    *reply = (struct ctl_reply){0};
    curl_easy_reset(client->curl);
    ctl_text_add(&url, "%s%s", client->base, request->path);
    if (!url.failed)
        rc = set_common(client, &t, ctl_text_of(&url), error);
    if (rc == CURLE_OK)
        rc = set_body(client, &t, &headers);
    if (rc == CURLE_OK)
        rc = curl_easy_perform(client->curl);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    read_etag(client->curl, reply->etag, sizeof reply->etag);
    if (rc != CURLE_OK)
        explain(&t, rc, error);
    /* A refusal may come, and the connection end, before all of an upload is sent. */
    if (rc == CURLE_OK || (status >= 400 && !t.too_long))
        reply->status = status;
    curl_slist_free_all(headers);
    ctl_text_free(&url);
    return reply->status != 0;
}

void ctl_reply_clear(struct ctl_reply *reply)
{
    ctl_text_free(&reply->body);
}
