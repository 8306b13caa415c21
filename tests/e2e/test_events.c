/* SPDX-License-Identifier: MIT */
/* Event streams of the real daemon: each event once and in order, whatever is broken off. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define LAYERS "\"layers\":[{\"kind\":\"dense\",\"units\":64},{\"kind\":\"dense\",\"units\":10}]"
#define JOB "{\"dataset\":{\"name\":\"digits\"}," LAYERS ",\"training\":{\"epochs\":40}}"
#define MIDDLING "{\"dataset\":{\"name\":\"digits\"}," LAYERS ",\"training\":{\"epochs\":600}}"
#define LONG "{\"dataset\":{\"name\":\"digits\"}," LAYERS ",\"training\":{\"epochs\":100000}}"
#define ROOM ((size_t)4 << 20)

struct listening {
    int fd;
    size_t n;
    char *text; /* what came so far */
};

static void start_raw(struct listening *l, struct daemon *d, const char *request)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)d->port)};
    size_t n = strlen(request);

    *l = (struct listening){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    l->text = calloc(1, ROOM);
    assert_non_null(l->text);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(l->fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(l->fd, request, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void start(struct listening *l, struct daemon *d, const char *target, long last)
{
    char request[400];

    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
             "Last-Event-ID: %ld\r\nConnection: close\r\n\r\n",
             target, last);
    start_raw(l, d, request);
}

/* False when there is no more. */
static bool read_more(struct listening *l)
{
    ssize_t got = recv(l->fd, l->text + l->n, ROOM - 1 - l->n, 0);

    l->n += got > 0 ? (size_t)got : 0;
    return got > 0;
}

static void read_until(struct listening *l, const char *text)
{
    while (!strstr(l->text, text))
        if (!read_more(l))
            fail_msg("the stream ended without '%s': %.2000s", text, l->text);
}

static void read_all(struct listening *l)
{
    while (read_more(l))
        ;
    close(l->fd);
}

/* Checks that the ids go on from `last` without gap or repetition; the last of them. */
static long check_ids(const char *text, long last, bool gapless)
{
    for (const char *at = text; (at = strstr(at, "\nid: ")); at++) {
        long id = strtol(at + 5, NULL, 10);

        if (gapless)
            assert_int_equal(id, last + 1);
        assert_true(id > last);
        last = id;
    }
    return last;
}

/* Whole events only: an id whose data was cut off has not been received. */
static void cut(char *text)
{
    char *end = NULL;

    for (char *at = text; (at = strstr(at, "\n\n")); at++)
        end = at + 2;
    if (end)
        *end = '\0';
}

static void stream__of_a_job__has_every_event_and_ends(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    struct listening l;
    char id[32], path[96];
    long last;

    daemon_submit(d, JOB, id);
    snprintf(path, sizeof path, "/v1/jobs/%s/events", id);
    start(&l, d, path, 0);
    read_all(&l);
    last = check_ids(l.text, 0, true);
    assert_contains(l.text, "event: succeeded\n");
    assert_contains(l.text, "event: done\n");
    assert_contains(l.text, "event: progress\n");
    free(l.text);
    snprintf(path, sizeof path, "/v1/jobs/%s/events?limit=1000", id);
    daemon_get(d, &a, path, 200);
    assert_int_equal(answer_number(&a, "last_id"), last);
    answer_clear(&a);
    path[strcspn(path, "?")] = '\0';
    start(&l, d, path, last); /* as a browser does that takes the end for a failure */
    read_all(&l);
    assert_contains(l.text, "HTTP/1.1 204");
    free(l.text);
}

/* Kills the daemon under the stream again and again; the pieces together are the whole. */
static void stream__daemon_killed__goes_on_after_the_last_event(void **state)
{
    struct daemon *d = *state;
    struct listening l;
    char id[32], path[96];
    long last = 0;
    bool done = false;

    daemon_submit(d, MIDDLING, id);
    snprintf(path, sizeof path, "/v1/jobs/%s/events", id);
    for (int i = 0; !done; i++) {
        start(&l, d, path, last);
        if (i < 5) {
            read_until(&l, "event: epoch\n");
            assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
        }
        read_all(&l);
        cut(l.text);
        last = check_ids(l.text, last, true);
        done = strstr(l.text, "event: done") != NULL;
        free(l.text);
        if (i < 5)
            daemon_start(d, NULL);
    }
    assert_true(last > 10);
}

static void stream__of_many_jobs__has_the_events_of_all(void **state)
{
    static const char *const types[] = {"created", "started", "succeeded"};
    struct daemon *d = *state;
    struct listening l;
    char a[32], b[32], other[32], path[128], want[128];

    daemon_submit(d, JOB, a);
    daemon_submit(d, JOB, other);
    daemon_submit(d, JOB, b);
    snprintf(path, sizeof path, "/v1/events?jobs=%s,%s", a, b);
    start(&l, d, path, 0);
    read_all(&l);
    check_ids(l.text, 0, false);
    assert_contains(l.text, a);
    assert_contains(l.text, b);
    assert_null(strstr(l.text, other));
    for (size_t i = 0; i < 3; i++) {
        const char *first;

        snprintf(want, sizeof want, "event: %s\n", types[i]);
        first = strstr(l.text, want);
        assert_non_null(first);
        assert_non_null(strstr(first + 1, want)); /* of both */
    }
    free(l.text);
}

/* SIGTERM ends streams that wait for a job which has nothing to say, and the daemon with them. */
static void stream__daemon_stopped__ends_cleanly(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    struct listening l[8];
    char id[32], path[96];

    daemon_submit(d, LONG, id);
    snprintf(path, sizeof path, "/v1/jobs/%s/pause", id);
    daemon_post(d, &a, path, "{}", 202);
    daemon_wait(d, &a, id, "paused");
    snprintf(path, sizeof path, "/v1/jobs/%s/events", id);
    for (size_t i = 0; i < 8; i++)
        start(&l[i], d, path, 0);
    for (size_t i = 0; i < 8; i++)
        read_until(&l[i], "event: paused\n");
    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    for (size_t i = 0; i < 8; i++) {
        read_all(&l[i]);
        assert_contains(l[i].text, "\r\n0\r\n\r\n");
        free(l[i].text);
    }
    daemon_start(d, NULL);
    answer_clear(&a);
}

/* Many at once with one key, as clients do that lose patience: one job. */
static void create__one_key_from_many__makes_one_job(void **state)
{
    enum { MANY = 64 };
    static const char head[] = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                               "Content-Type: application/json\r\nIdempotency-Key: one\r\n"
                               "Content-Length: ";
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    struct listening l[MANY];
    char request[1000];

    snprintf(request, sizeof request, "%s%zu\r\n\r\n%s", head, strlen(LONG), LONG);
    for (size_t i = 0; i < MANY; i++)
        start_raw(&l[i], d, request);
    for (size_t i = 0; i < MANY; i++) {
        read_all(&l[i]);
        assert_true(strstr(l[i].text, "HTTP/1.1 201") || strstr(l[i].text, "HTTP/1.1 200"));
        free(l[i].text);
    }
    daemon_get(d, &a, "/v1/jobs", 200);
    assert_int_equal(json_array_size(answer_at(&a, "data")), 1);
    /* also after a kill: the key is stored with its job */
    assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
    daemon_start(d, NULL);
    start_raw(&l[0], d, request);
    read_all(&l[0]);
    assert_contains(l[0].text, "HTTP/1.1 200");
    assert_contains(l[0].text, "Idempotency-Replayed: true");
    free(l[0].text);
    daemon_get(d, &a, "/v1/jobs", 200);
    assert_int_equal(json_array_size(answer_at(&a, "data")), 1);
    answer_clear(&a);
}

/* One request, and the answer is the job's end. */
static void create__preferring_to_wait__answers_at_the_end(void **state)
{
    struct daemon *d = *state;
    struct listening l;
    char request[1000];

    snprintf(request, sizeof request,
             "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nPrefer: wait=60\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(JOB), JOB);
    start_raw(&l, d, request);
    read_all(&l);
    assert_contains(l.text, "HTTP/1.1 201");
    assert_contains(l.text, "\"status\":\"succeeded\"");
    free(l.text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(stream__of_a_job__has_every_event_and_ends),
        TEST(stream__daemon_killed__goes_on_after_the_last_event),
        TEST(stream__of_many_jobs__has_the_events_of_all),
        TEST(stream__daemon_stopped__ends_cleanly),
        TEST(create__one_key_from_many__makes_one_job),
        TEST(create__preferring_to_wait__answers_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
