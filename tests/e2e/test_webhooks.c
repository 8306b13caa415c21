/* SPDX-License-Identifier: MIT */
/* A job's end, told to a receiver that fails first and a daemon that dies in between: at least
 * once, signed, under one id. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/webhook.h"
#include "tests/server/ctl/throwaway.h"
#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define JOB                                                                                        \
    "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}],"           \
    "\"training\":{\"epochs\":1},\"webhook\":{\"url\":\"%s/hook\",\"events\":[\"succeeded\"]}}"

static void start(struct daemon *d, bool local)
{
    if (d->pid)
        assert_int_equal(daemon_stop(d, SIGTERM), 0);
    daemon_start(d, (const char *const[]){"--webhooks", "127.0.0.1",
                                          local ? "--webhooks-local" : NULL, NULL});
}

/* Waits until the newest one has been tried so often; the answer is the list. */
static void wait_for(struct daemon *d, struct answer *a, const char *job, const char *state,
                     int64_t attempts)
{
    static const struct timespec pause = {.tv_nsec = 100000000};
    const json_t *hook;

    for (int turn = 0;; turn++) {
        daemon_get(d, a, "/v1/webhooks", 200);
        hook = json_array_get(answer_at(a, "data"), 0);
        if (hook && strcmp(json_string_value(json_object_get(hook, "job")), job) == 0 &&
            json_integer_value(json_object_get(hook, "attempts")) >= attempts &&
            strcmp(json_string_value(json_object_get(hook, "state")), state) == 0)
            return;
        if (turn > 600)
            fail_msg("%s", a->text);
        nanosleep(&pause, NULL);
    }
}

/* The header's value, up to the line's end. */
static void header(const char *request, const char *name, char *out, size_t size)
{
    const char *at = strcasestr(request, name);

    assert_non_null(at);
    at += strlen(name) + 2;
    snprintf(out, size, "%.*s", (int)strcspn(at, "\r\n"), at);
}

static void check_signature(struct daemon *d, const char *request)
{
    char id[64], timestamp[32], signature[80], want[64], path[300], key[65];
    const char *body = strstr(request, "\r\n\r\n");
    FILE *file;

    assert_non_null(body);
    header(request, "\nwebhook-id", id, sizeof id);
    header(request, "\nwebhook-timestamp", timestamp, sizeof timestamp);
    header(request, "\nwebhook-signature", signature, sizeof signature);
    snprintf(path, sizeof path, "%s/data/webhook-key", d->dir);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(key, sizeof key, file));
    fclose(file);
    srv_webhook_signature(want, (const unsigned char *)key, 64, id, strtoll(timestamp, NULL, 10),
                          body + 4);
    assert_string_equal(signature, want);
}

static void webhook__receiver_fails_and_daemon_dies__is_told_again_under_the_same_id(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    struct throwaway receiver;
    char job[600], id[32], first[64], second[64];

    throwaway_start(&receiver,
                    WORDS("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 X\r\n\r\n"));
    start(d, true);
    snprintf(job, sizeof job, JOB, receiver.url);
    daemon_submit(d, job, id);
    wait_for(d, &a, id, "pending", 1);
    assert_contains(a.text, "\"status\":500");
    assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
    start(d, true);
    wait_for(d, &a, id, "delivered", 2);
    throwaway_stop(&receiver);
    assert_memory_equal(receiver.request[1], "POST /hook HTTP/1.1\r\n", 21);
    header(receiver.request[0], "\nwebhook-id", first, sizeof first);
    header(receiver.request[1], "\nwebhook-id", second, sizeof second);
    assert_string_equal(second, first);
    assert_contains(receiver.request[1], "{\"type\":\"training.job.succeeded\",");
    assert_contains(receiver.request[1], id);
    check_signature(d, receiver.request[0]);
    check_signature(d, receiver.request[1]);
    answer_clear(&a);
}

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void webhook__of_a_traced_request__carries_the_trace(void **state)
{
    static char reply[65536];
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    struct throwaway receiver;
    char job[600], request[1200], id[32], told[80];
    const char *at;

    throwaway_start(&receiver, WORDS("HTTP/1.1 204 X\r\n\r\n"));
    start(d, true);
    snprintf(job, sizeof job, JOB, receiver.url);
    snprintf(request, sizeof request,
             "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             "traceparent: " TRACE "\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(job), job);
    daemon_raw(d, request, reply, sizeof reply);
    at = strstr(reply, "\"id\":\"job_");
    assert_non_null(at);
    snprintf(id, sizeof id, "%.30s", at + 6);
    wait_for(d, &a, id, "delivered", 1);
    throwaway_stop(&receiver);
    header(receiver.request[0], "\ntraceparent", told, sizeof told);
    assert_string_equal(told, TRACE);
    answer_clear(&a);
}

/* A receiver that takes what it is sent and says nothing: it listens, and nobody accepts. */
static int deaf_start(char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, 64, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

/* Four to a receiver that does not answer, of which some are under way when the fifth comes. */
static void webhook__other_receiver_is_slow__is_delivered_meanwhile(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    struct throwaway receiver;
    char job[600], id[32], url[64];
    int deaf = deaf_start(url), under_way;

    throwaway_start(&receiver, WORDS("HTTP/1.1 204 X\r\n\r\n"));
    start(d, true);
    snprintf(job, sizeof job, JOB, url);
    for (int i = 0; i < 4; i++)
        daemon_submit(d, job, id);
    daemon_get(d, &a, "/v1/jobs", 200);
    under_way = accept(deaf, NULL, NULL); /* it is being waited for */
    assert_true(under_way >= 0);
    snprintf(job, sizeof job, JOB, receiver.url);
    daemon_submit(d, job, id);
    wait_for(d, &a, id, "delivered", 1);
    daemon_get(d, &a, "/v1/webhooks?state=dead", 200);
    assert_int_equal(json_array_size(answer_at(&a, "data")), 0);
    throwaway_stop(&receiver);
    close(under_way);
    close(deaf);
    answer_clear(&a);
}

/* The receiver must not be able to send the daemon elsewhere. */
static void webhook__redirected__is_not_followed(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    struct throwaway receiver;
    char job[600], id[32];

    throwaway_start(&receiver, WORDS("HTTP/1.1 302 X\r\nLocation: /elsewhere\r\n"
                                     "Content-Length: 0\r\n\r\n"));
    start(d, true);
    snprintf(job, sizeof job, JOB, receiver.url);
    daemon_submit(d, job, id);
    wait_for(d, &a, id, "pending", 1);
    assert_contains(a.text, "answered 302, want 2xx");
    throwaway_stop(&receiver);
    answer_clear(&a);
}

static void webhook__address_of_this_machine__is_refused_unless_allowed(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    struct throwaway receiver;
    char job[600], id[32];

    throwaway_start(&receiver, WORDS("HTTP/1.1 204 X\r\n\r\n"));
    start(d, false);
    snprintf(job, sizeof job, JOB, receiver.url);
    daemon_submit(d, job, id);
    wait_for(d, &a, id, "pending", 1);
    assert_contains(a.text, "address of this machine or a private network");
    throwaway_stop(&receiver);
    assert_string_equal(receiver.request[0], "");
    answer_clear(&a);
}

static void webhook__host_that_is_not_allowed__is_refused_with_the_job(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char job[600];

    start(d, true);
    snprintf(job, sizeof job, JOB, "https://example.org");
    daemon_post(d, &a, "/v1/jobs", job, 422);
    assert_contains(a.text, "sends nothing to example.org, only to: 127.0.0.1");
    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    daemon_start(d, NULL);
    daemon_post(d, &a, "/v1/jobs", job, 422);
    assert_contains(a.text, "\"pointer\":\"/webhook/url\"");
    assert_contains(a.text, "sends no webhooks");
    answer_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(webhook__receiver_fails_and_daemon_dies__is_told_again_under_the_same_id),
        cmocka_unit_test(webhook__of_a_traced_request__carries_the_trace),
        cmocka_unit_test(webhook__other_receiver_is_slow__is_delivered_meanwhile),
        cmocka_unit_test(webhook__redirected__is_not_followed),
        cmocka_unit_test(webhook__address_of_this_machine__is_refused_unless_allowed),
        cmocka_unit_test(webhook__host_that_is_not_allowed__is_refused_with_the_job),
    };
    return cmocka_run_group_tests(tests, daemon_setup, daemon_teardown);
}
