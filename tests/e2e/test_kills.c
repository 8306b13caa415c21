/* SPDX-License-Identifier: MIT */
/*
 * Jobs are submitted, cancelled, paused and resumed while the daemon is killed at random moments.
 * Whatever was answered with 201 is there afterwards, nothing was made twice, and every job comes
 * to an end. TORTURE_KILLS says how often (16; `make torture`: 1000).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define JOB                                                                                        \
    "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":16},"            \
    "{\"kind\":\"dense\",\"units\":10}],\"training\":{\"epochs\":20}}"
#define MAX_KEPT 20000

struct torture {
    struct daemon *daemon;
    atomic_bool stopping;
    uint64_t random; /* of the client alone, as what follows */
    unsigned key;    /* of the request that may have been answered or not */
    size_t n;        /* acknowledged */
    char ids[MAX_KEPT][31];
};

static uint64_t draw(uint64_t *random, uint64_t below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (*random >> 33) % below;
}

/* What came back, "" where the daemon died before or under it. */
static void send_to(int port, const char *request, char *reply, size_t size)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t n = strlen(request), got = 0;
    ssize_t part = 0;

    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
        send(fd, request, n, MSG_NOSIGNAL) == (ssize_t)n)
        while (got + 1 < size && (part = read(fd, reply + got, size - 1 - got)) > 0)
            got += (size_t)part;
    reply[got] = '\0';
    close(fd);
}

static int post(struct torture *t, const char *path, const char *key, const char *body, char id[31])
{
    char request[1024], reply[16384];
    const char *at;

    snprintf(request, sizeof request,
             "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%s%s%s"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             path, t->daemon->port, key[0] ? "Idempotency-Key: " : "", key, key[0] ? "\r\n" : "",
             strlen(body), body);
    send_to(t->daemon->port, request, reply, sizeof reply);
    at = strstr(reply, "\"id\":\"");
    snprintf(id, 31, "%.30s", at ? at + 6 : "");
    return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (int)strtol(reply + 9, NULL, 10) : 0;
}

/* A job under a key of its own, asked for again until there is an answer: then it is there once. */
static void submit(struct torture *t)
{
    char key[32], id[31];
    int status;

    snprintf(key, sizeof key, "key-%u", t->key);
    status = post(t, "/v1/jobs", key, JOB, id);
    if (status != 201 && status != 200)
        return; /* unknown: the same key again, perhaps to the next daemon */
    assert_true(t->n < MAX_KEPT && strlen(id) == 30);
    memcpy(t->ids[t->n++], id, sizeof id);
    t->key++;
}

static void *client(void *user)
{
    static const char *const actions[] = {"cancel", "pause", "resume", "resume"};
    struct torture *t = user;

    while (!atomic_load(&t->stopping)) {
        char path[80], id[31];

        if (t->n == 0 || draw(&t->random, 3) == 0) {
            submit(t);
            continue;
        }
        snprintf(path, sizeof path, "/v1/jobs/%s/%s", t->ids[draw(&t->random, t->n)],
                 actions[draw(&t->random, 4)]);
        post(t, path, "", "{}", id);
    }
    return NULL;
}

/* Everything acknowledged is there. */
static void check_all(struct torture *t, size_t from)
{
    struct answer a = {.status = 0};

    for (size_t i = from; i < t->n; i++) {
        char path[64];

        snprintf(path, sizeof path, "/v1/jobs/%s", t->ids[i]);
        daemon_get(t->daemon, &a, path, 200);
    }
    answer_clear(&a);
}

static void round_of(struct torture *t, uint64_t *random)
{
    struct timespec pause = {.tv_nsec = (long)draw(random, 200) * 1000000};
    size_t before = t->n;
    pthread_t thread;

    atomic_store(&t->stopping, false);
    assert_int_equal(pthread_create(&thread, NULL, client, t), 0);
    nanosleep(&pause, NULL);
    assert_int_equal(daemon_stop(t->daemon, SIGKILL), 128 + SIGKILL);
    atomic_store(&t->stopping, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    daemon_start(t->daemon, (const char *const[]){"--workers", "2", NULL});
    check_all(t, before);
}

/* Those that were paused are let go; then all must end by themselves. */
static void check_none_is_stuck(struct torture *t)
{
    struct answer a = {.status = 0};
    size_t crashed = 0;
    char id[31];

    for (size_t i = 0; i < t->n; i++) {
        char path[64];

        snprintf(path, sizeof path, "/v1/jobs/%s/resume", t->ids[i]);
        post(t, path, "", "{}", id);
        daemon_wait(t->daemon, &a, t->ids[i], NULL);
        crashed += strcmp(answer_text(&a, "error.code"), "crash_loop") == 0;
        if (!answer_text(&a, "status")[0])
            fail_msg("%s", a.text);
    }
    assert_true(crashed < t->n);
    answer_clear(&a);
}

/* As many jobs as were acknowledged, and perhaps the one that is not known. */
static void check_none_twice(struct torture *t)
{
    struct answer a = {.status = 0};
    char path[100] = "/v1/jobs?limit=100&order=asc";
    size_t n = 0;

    for (bool more = true; more;) {
        daemon_get(t->daemon, &a, path, 200);
        n += json_array_size(answer_at(&a, "data"));
        more = json_is_true(answer_at(&a, "has_more"));
        snprintf(path, sizeof path, "/v1/jobs?limit=100&order=asc&after=%s",
                 answer_text(&a, "last_id"));
    }
    answer_clear(&a);
    assert_true(n == t->n || n == t->n + 1);
}

static void kill__at_random_moments__loses_doubles_and_sticks_nothing(void **state)
{
    static struct torture t = {.random = 20260101};
    const char *wanted = getenv("TORTURE_KILLS");
    unsigned long kills = wanted ? strtoul(wanted, NULL, 10) : 16;
    uint64_t random = 7;

    t.daemon = *state;
    for (unsigned long i = 0; i < kills; i++)
        round_of(&t, &random);
    check_all(&t, 0);
    check_none_is_stuck(&t);
    check_none_twice(&t);
    assert_true(t.n > 0);
    print_message("%lu kills, %zu jobs acknowledged\n", kills, t.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kill__at_random_moments__loses_doubles_and_sticks_nothing),
    };
    return cmocka_run_group_tests(tests, daemon_setup, daemon_teardown);
}
