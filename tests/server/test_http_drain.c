/* SPDX-License-Identifier: MIT */
/* The server's own beginning and end. */
#include "server/http.h"

#include "tests/server/http_support.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

static void drain__new_connection__is_refused(void **state)
{
    struct tiny t;

    (void)state;
    tiny_start(&t);
    srv_http_drain(t.http);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(client_dial(t.address), -1);
        assert_int_equal(errno, ECONNREFUSED);
    }
    srv_http_drain(t.http); /* again does nothing */
    tiny_stop(&t);
}

static void drain__open_connection__is_answered_and_closed(void **state)
{
    struct tiny t;
    struct reply r;
    int fd;

    (void)state;
    tiny_start(&t);
    fd = client_dial(t.address);
    client_say(fd, GET("/before"));
    r = client_read(fd, false);
    assert_null(strstr(r.head, "Connection: close"));
    reply_free(&r);
    srv_http_drain(t.http);
    client_say(fd, GET("/after"));
    r = client_read(fd, false);
    assert_int_equal(r.status, 200);
    assert_contains(r.head, "\r\nConnection: close\r\n");
    assert_true(client_closed(fd));
    reply_free(&r);
    close(fd);
    tiny_stop(&t);
}

static void drain__request_under_way__gets_its_answer(void **state)
{
    struct tiny t;
    struct reply r;
    int fd;

    (void)state;
    tiny_start(&t);
    fd = client_dial(t.address);
    client_say(fd, GET("/wait"));
    eventually(&t.waiting, 1);
    srv_http_drain(t.http);
    atomic_store(&t.go, true);
    r = client_read(fd, false);
    assert_string_equal(r.body, "waited");
    assert_contains(r.head, "\r\nConnection: close\r\n");
    reply_free(&r);
    close(fd);
    tiny_stop(&t);
}

/* libmicrohttpd's own way to close the door ended the process where a thread of its woke just then.
 */
static void drain__while_connections_come_and_go__ends_in_order(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct tiny t;
        int fds[8];

        tiny_start_with(&t, &(struct srv_http_options){.threads = 4});
        for (size_t i = 0; i < 8; i++) {
            fds[i] = client_dial(t.address);
            client_say(fds[i], GET("/x"));
        }
        for (size_t i = 0; i < 8; i++) {
            close(fds[i]);
            if (i == (size_t)round % 8)
                srv_http_drain(t.http);
        }
        tiny_stop(&t);
    }
}

static void stop__idle_and_half_sent_connections__are_ended(void **state)
{
    struct tiny t;
    int idle, half;

    (void)state;
    tiny_start(&t);
    idle = client_dial(t.address);
    half = client_dial(t.address);
    client_say(half, "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nab");
    eventually(&t.begun, 1);
    tiny_stop(&t);
    assert_int_equal(atomic_load(&t.released), 1);
    assert_true(client_ends(idle));
    assert_true(client_ends(half));
    close(idle);
    close(half);
}

static void stop__address__can_be_used_again_at_once(void **state)
{
    struct srv_http_options options = {0};
    struct srv_app app = {0};
    struct srv_http *http = NULL;
    struct snn_error err = {0};
    char address[64];
    struct tiny t;
    struct reply r;
    int fd;

    (void)state;
    tiny_start(&t);
    /* The side that closes first is the one that waits for late packets: let it be the server's. */
    fd = client_dial(t.address);
    client_say(fd, "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    r = client_read(fd, false);
    assert_int_equal(r.status, 200);
    assert_true(client_closed(fd));
    close(fd);
    reply_free(&r);
    snprintf(address, sizeof address, "%s", t.address);
    options.listen = address;
    /* While it is in use, the error names it. */
    assert_int_equal(srv_http_start(&http, &options, &app, &err), SNN_IO);
    assert_null(http);
    assert_contains(err.message, address);
    assert_contains(err.message, "in use");
    tiny_stop(&t);
    err = (struct snn_error){0};
    if (srv_http_start(&http, &options, &app, &err) != SNN_OK)
        fail_msg("%s", err.message);
    assert_string_equal(srv_http_address(http), address);
    srv_http_stop(http);
}

static void start__no_address__fails_and_leaves_out_alone(void **state)
{
    const struct srv_http_options options = {.listen = "nowhere"};
    const struct srv_app app = {0};
    struct srv_http *http = NULL;
    struct snn_error err = {0};

    (void)state;
    assert_int_equal(srv_http_start(&http, &options, &app, &err), SNN_INVALID);
    assert_null(http);
    assert_contains(err.message, "'nowhere'");
    srv_http_stop(NULL);
}

static void start__no_memory__fails(void **state)
{
    const struct srv_http_options options = {.listen = "127.0.0.1:0"};
    const struct srv_app app = {0};

    (void)state;
    for (unsigned long n = 0;; n++) {
        struct srv_http *http = NULL;
        struct snn_error err = {0};
        enum snn_code rc;

        oom_fail_at(n);
        rc = srv_http_start(&http, &options, &app, &err);
        if (!oom_off()) {
            assert_int_equal(rc, SNN_OK);
            srv_http_stop(http);
            break;
        }
        assert_int_equal(rc, SNN_NOMEM);
        assert_null(http);
    }
}

#define CLIENTS 4
#define TURNS 50

struct client {
    const struct tiny *tiny;
    size_t answered;
};

static void *ask_many(void *arg)
{
    struct client *c = arg;

    for (int i = 0; i < TURNS; i++) {
        struct reply r = ask(c->tiny, GET("/file"));

        c->answered += r.status == 200 && strcmp(r.body, "0123456789") == 0;
        reply_free(&r);
    }
    return NULL;
}

static void get__many_clients__all_are_answered(void **state)
{
    struct client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    struct tiny t;

    (void)state;
    tiny_start(&t);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){&t, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many, &clients[i]), 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].answered, TURNS);
    }
    tiny_stop(&t);
    assert_int_equal(atomic_load(&t.finished), CLIENTS * TURNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drain__new_connection__is_refused),
        cmocka_unit_test(drain__open_connection__is_answered_and_closed),
        cmocka_unit_test(drain__request_under_way__gets_its_answer),
        cmocka_unit_test(drain__while_connections_come_and_go__ends_in_order),
        cmocka_unit_test(stop__idle_and_half_sent_connections__are_ended),
        cmocka_unit_test(stop__address__can_be_used_again_at_once),
        cmocka_unit_test(start__no_address__fails_and_leaves_out_alone),
        cmocka_unit_test(start__no_memory__fails),
        cmocka_unit_test(get__many_clients__all_are_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
