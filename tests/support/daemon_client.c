/* SPDX-License-Identifier: MIT */
/* Requests to the daemon under test, and what they mean. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/contract.h"
#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define POLL_MS 10
#define WAIT_SECONDS 240 /* generous: only a job that hangs reaches it */

void answer_clear(struct answer *a)
{
    json_decref(a->json);
    free(a->text);
    memset(a, 0, sizeof *a);
}

static size_t take_body(char *bytes, size_t size, size_t n, void *user)
{
    struct answer *a = user;
    char *grown = realloc(a->text, a->size + size * n + 1);

    if (!grown)
        return 0;
    memcpy(grown + a->size, bytes, size * n);
    a->text = grown;
    a->size += size * n;
    a->text[a->size] = '\0';
    return size * n;
}

static size_t take_header(char *line, size_t size, size_t n, void *user)
{
    struct answer *a = user;
    const struct {
        const char *name;
        char *to;
        size_t size;
    } wanted[] = {
        {"content-type: ", a->type, sizeof a->type},
        {"location: ", a->location, sizeof a->location},
        {"etag: ", a->etag, sizeof a->etag},
        {"allow: ", a->allow, sizeof a->allow},
    };

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        size_t start = strlen(wanted[i].name);
        if (size * n < start || strncasecmp(line, wanted[i].name, start) != 0)
            continue;
        snprintf(wanted[i].to, wanted[i].size, "%.*s", (int)(size * n - start), line + start);
        wanted[i].to[strcspn(wanted[i].to, "\r\n")] = '\0';
    }
    return size * n;
}

void daemon_send(struct daemon *d, struct answer *a, const char *method, const char *path,
                 const char *type, const void *body, size_t size)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    char url[512], line[100];
    CURL *curl = d->curl;

    answer_clear(a);
    snprintf(url, sizeof url, "%s%s", d->url, path);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
    if (body) {
        snprintf(line, sizeof line, "Content-Type: %s", type ? type : "application/octet-stream");
        headers = curl_slist_append(headers, line);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        fail_msg("%s %s: %s", method, path, curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
    if (!a->text)
        a->text = calloc(1, 1);
    assert_non_null(a->text);
    a->json = json_loadb(a->text, a->size, JSON_REJECT_DUPLICATES, NULL);
    contract_check(
        method, path,
        &(struct contract_answer){.status = a->status, .type = a->type, .json = a->json});
}

static void expect(const struct answer *a, const char *method, const char *path, long status)
{
    if (a->status != status)
        fail_msg("%s %s: status %ld, want %ld: %.600s", method, path, a->status, status, a->text);
}

void daemon_get(struct daemon *d, struct answer *a, const char *path, long status)
{
    daemon_send(d, a, "GET", path, NULL, NULL, 0);
    expect(a, "GET", path, status);
}

void daemon_post(struct daemon *d, struct answer *a, const char *path, const char *json,
                 long status)
{
    daemon_send(d, a, "POST", path, "application/json", json, strlen(json));
    expect(a, "POST", path, status);
}

void daemon_put(struct daemon *d, struct answer *a, const char *path, const void *bytes,
                size_t size, long status)
{
    daemon_send(d, a, "PUT", path, NULL, bytes, size);
    expect(a, "PUT", path, status);
}

void daemon_delete(struct daemon *d, struct answer *a, const char *path, long status)
{
    daemon_send(d, a, "DELETE", path, NULL, NULL, 0);
    expect(a, "DELETE", path, status);
}

static void raw(struct daemon *d, const char *request, char *reply, size_t size)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)d->port)};
    struct timeval patience = {.tv_sec = 60};
    size_t n = strlen(request), sent = 0, used = 0;
    ssize_t one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    /* A refusal may come, and the connection end, before all is sent. */
    for (; sent < n && one > 0; sent += one > 0 ? (size_t)one : 0)
        one = send(fd, request + sent, n - sent, MSG_NOSIGNAL);
    while (used + 1 < size) {
        ssize_t got = recv(fd, reply + used, size - 1 - used, 0);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    if (size)
        reply[used] = '\0';
    close(fd);
}

void daemon_raw(struct daemon *d, const char *request, char *reply, size_t size)
{
    raw(d, request, reply, size);
}

void daemon_raw_leave(struct daemon *d, const char *request)
{
    raw(d, request, NULL, 0);
}

/* ------------------------------------------------------------------------------------- jobs -- */

json_t *answer_at(const struct answer *a, const char *path)
{
    json_t *at = a->json;

    while (at && *path) {
        size_t n = strcspn(path, ".");
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        at = json_object_get(at, key);
        path += n + (path[n] == '.');
    }
    return at;
}

const char *answer_text(const struct answer *a, const char *path)
{
    const char *text = json_string_value(answer_at(a, path));

    return text ? text : "";
}

double answer_number(const struct answer *a, const char *path)
{
    json_t *number = answer_at(a, path);

    return json_is_number(number) ? json_number_value(number) : (double)NAN;
}

void daemon_submit(struct daemon *d, const char *job, char id[32])
{
    struct answer a = {.status = 0};
    char location[64];

    daemon_post(d, &a, "/v1/jobs", job, 201);
    snprintf(id, 32, "%s", answer_text(&a, "id"));
    snprintf(location, sizeof location, "/v1/jobs/%s", id);
    assert_string_equal(a.location, location);
    assert_string_equal(answer_text(&a, "status"), "queued");
    answer_clear(&a);
}

static bool is_over(const char *status)
{
    return strcmp(status, "succeeded") == 0 || strcmp(status, "failed") == 0 ||
           strcmp(status, "cancelled") == 0;
}

/* Asks for the job until `enough` says so. */
static void poll_job(struct daemon *d, struct answer *a, const char *id,
                     bool (*enough)(struct daemon *d, const struct answer *a, const void *user),
                     const void *user)
{
    struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
    time_t end = time(NULL) + WAIT_SECONDS;
    char path[64];

    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    for (daemon_get(d, a, path, 200); !enough(d, a, user); daemon_get(d, a, path, 200)) {
        if (is_over(answer_text(a, "status")) || time(NULL) > end)
            fail_msg("the job did not come that far: %s", a->text);
        nanosleep(&pause, NULL);
    }
}

static bool has_status(struct daemon *d, const struct answer *a, const void *user)
{
    const char *status = answer_text(a, "status");

    (void)d;
    return user ? strcmp(status, user) == 0 : is_over(status);
}

void daemon_wait(struct daemon *d, struct answer *a, const char *id, const char *status)
{
    poll_job(d, a, id, has_status, status);
}

static bool has_epoch(struct daemon *d, const struct answer *job, const void *user)
{
    struct answer a = {.status = 0};
    char path[80];

    if (is_over(answer_text(job, "status")) ||
        !(answer_number(job, "progress.epoch") >= (double)*(const json_int_t *)user))
        return false;
    snprintf(path, sizeof path, "/v1/jobs/%s/checkpoints", answer_text(job, "id"));
    daemon_get(d, &a, path, 200);
    bool saved = json_array_size(answer_at(&a, "data")) > 0;
    answer_clear(&a);
    return saved;
}

void daemon_wait_epoch(struct daemon *d, const char *id, json_int_t epoch)
{
    struct answer a = {.status = 0};

    poll_job(d, &a, id, has_epoch, &epoch);
    answer_clear(&a);
}
