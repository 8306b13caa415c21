/* SPDX-License-Identifier: MIT */
/* The same request from many clients at once, and again after the daemon's death, makes one job. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define CLIENTS 64
#define JOB                                                                                        \
    "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}],"           \
    "\"training\":{\"epochs\":1}}"
#define SWEEP "{\"base\":" JOB ",\"seeds\":[1,2,3]}"

struct client {
    struct daemon *daemon;
    const char *request;
    pthread_barrier_t *together;
    int status;
    bool replayed;
    char id[32];
    pthread_t thread;
};

static void *ask_once(void *user)
{
    struct client *c = user;
    char reply[16384];
    const char *at;

    pthread_barrier_wait(c->together);
    daemon_raw(c->daemon, c->request, reply, sizeof reply);
    c->status = strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (int)strtol(reply + 9, NULL, 10) : 0;
    c->replayed = strcasestr(reply, "\r\nIdempotency-Replayed: true\r\n") != NULL;
    at = strstr(reply, "\"id\":\"");
    if (at)
        snprintf(c->id, sizeof c->id, "%.30s", at + 6);
    return NULL;
}

/* Sends the request from all clients in the same moment. */
static void ask_all(struct daemon *d, const char *path, const char *key, const char *body,
                    struct client clients[CLIENTS])
{
    pthread_barrier_t together;
    char request[1024];

    snprintf(request, sizeof request,
             "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\nContent-Type: "
             "application/json\r\nIdempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n%s",
             path, d->port, key, strlen(body), body);
    assert_int_equal(pthread_barrier_init(&together, NULL, CLIENTS), 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.daemon = d, .request = request, .together = &together};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, ask_once, &clients[i]), 0);
    }
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
    pthread_barrier_destroy(&together);
}

static size_t count(struct daemon *d, const char *path)
{
    struct answer a = {.status = 0};
    size_t n;

    daemon_get(d, &a, path, 200);
    n = json_array_size(answer_at(&a, "data"));
    answer_clear(&a);
    return n;
}

/* One made it, the others got the same. */
static void check_one(const struct client clients[CLIENTS], int made)
{
    int first = 0;

    for (size_t i = 0; i < CLIENTS; i++) {
        first += clients[i].status == 201;
        if (clients[i].status != 201 && clients[i].status != 200)
            fail_msg("client %zu: status %d", i, clients[i].status);
        assert_int_equal(clients[i].replayed, clients[i].status == 200);
        assert_string_equal(clients[i].id, clients[0].id);
    }
    assert_int_equal(first, made);
}

static void post__same_key_from_64_at_once__makes_one_job(void **state)
{
    static struct client clients[CLIENTS];
    struct daemon *d = *state;
    char id[32];

    ask_all(d, "/v1/jobs", "one", JOB, clients);
    check_one(clients, 1);
    assert_int_equal(count(d, "/v1/jobs?limit=100"), 1);
    memcpy(id, clients[0].id, sizeof id);
    /* The promise outlives the daemon. */
    assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
    daemon_start(d, NULL);
    ask_all(d, "/v1/jobs", "one", JOB, clients);
    check_one(clients, 0);
    assert_string_equal(clients[0].id, id);
    assert_int_equal(count(d, "/v1/jobs?limit=100"), 1);
}

static void post__same_key_with_another_body__is_refused_to_all(void **state)
{
    static struct client clients[CLIENTS];
    struct daemon *d = *state;

    ask_all(d, "/v1/jobs", "one",
            "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":"
            "\"dense\",\"units\":10}]}",
            clients);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(clients[i].status, 422);
    assert_int_equal(count(d, "/v1/jobs?limit=100"), 1);
}

static void post__same_sweep_from_64_at_once__makes_one_sweep(void **state)
{
    static struct client clients[CLIENTS];
    struct daemon *d = *state;

    ask_all(d, "/v1/sweeps", "one", SWEEP, clients);
    check_one(clients, 1);
    assert_int_equal(count(d, "/v1/sweeps?limit=100"), 1);
    assert_int_equal(count(d, "/v1/jobs?limit=100"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(post__same_key_from_64_at_once__makes_one_job),
        cmocka_unit_test(post__same_key_with_another_body__is_refused_to_all),
        cmocka_unit_test(post__same_sweep_from_64_at_once__makes_one_sweep),
    };
    return cmocka_run_group_tests(tests, daemon_setup, daemon_teardown);
}
