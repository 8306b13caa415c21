/* SPDX-License-Identifier: MIT */
/* Answers that go on, and answers that are put off. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/server/http_support.h"
#include "tests/support/test.h"

/* /ticks sends a line for each tick there was; /later answers once there is a tick. */
struct app {
    struct srv_http *http;
    const char *address;
    atomic_int ticks, open, asked;
};

struct ticks {
    struct app *app;
    int sent;
};

static size_t read_ticks(void *user, char *to, size_t room, bool late, bool *end)
{
    struct ticks *t = user;
    int now = atomic_load(&t->app->ticks);

    assert_true(room > 32);
    *end = t->sent == 3;
    if (t->sent < now && t->sent < 3)
        return (size_t)snprintf(to, room, "tick %d\n", ++t->sent);
    return late ? (size_t)snprintf(to, room, "late\n") : 0;
}

static void free_ticks(void *user)
{
    struct ticks *t = user;

    atomic_fetch_sub(&t->app->open, 1);
    free(t);
}

static bool begin(void *user, struct srv_request *req, struct srv_response *res)
{
    (void)user;
    (void)res;
    req->body_limit = 100;
    return true;
}

static void finish(void *user, struct srv_request *req, struct srv_response *res)
{
    struct app *a = user;
    struct ticks *t;

    atomic_fetch_add(&a->asked, 1);
    if (strcmp(req->path, "/later") == 0) {
        if (!atomic_load(&a->ticks) && req->may_wait)
            res->wait_ms = strcmp(req->method, "POST") == 0 ? 100 : 600000;
        else
            srv_response_body(res, 200, "text/plain", strdup(req->may_wait ? "tick" : "none"), 4);
        return;
    }
    t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->app = a;
    atomic_fetch_add(&a->open, 1);
    res->status = 200;
    res->stream = (struct srv_stream){t, read_ticks, free_ticks};
}

static void release(void *user, struct srv_request *req)
{
    (void)user;
    (void)req;
}

static void reject(void *user, int status, const char *code, const char *detail,
                   const struct srv_request *req, struct srv_response *res)
{
    (void)user;
    (void)code;
    (void)detail;
    (void)req;
    res->status = status;
}

static void begin_app(struct app *a, unsigned late_ms)
{
    const struct srv_http_options options = {.listen = "127.0.0.1:0", .late_ms = late_ms};
    const struct srv_app app = {a, begin, finish, release, reject};
    struct snn_error err = {0};

    memset(a, 0, sizeof *a);
    if (srv_http_start(&a->http, &options, &app, &err) != SNN_OK)
        fail_msg("%s", err.message);
    a->address = srv_http_address(a->http);
}

static int get(struct app *a, const char *path)
{
    char request[128];
    int fd = client_dial(a->address);

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    client_say(fd, request);
    return fd;
}

/* Reads until the text has come. */
static void read_until(int fd, const char *text)
{
    char got[8192] = "";
    size_t n = 0;

    while (!strstr(got, text)) {
        ssize_t more = read(fd, got + n, sizeof got - 1 - n);

        if (more <= 0)
            fail_msg("the connection ended without '%s': %s", text, got);
        n += (size_t)more;
        got[n] = '\0';
    }
}

static void tick(struct app *a)
{
    atomic_fetch_add(&a->ticks, 1);
    srv_http_news(a->http);
}

static void stream__news__are_sent_as_they_come_until_the_end(void **state)
{
    struct app a;
    int fd;

    (void)state;
    begin_app(&a, 0);
    fd = get(&a, "/ticks");
    for (int i = 1; i < 3; i++) {
        char want[32];

        tick(&a);
        snprintf(want, sizeof want, "tick %d", i);
        read_until(fd, want);
    }
    tick(&a);
    read_until(fd, "tick 3\n\r\n0\r\n\r\n"); /* the last chunk; the connection can be used again */
    client_say(fd, "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    read_until(fd, "\r\n\r\ntick");
    close(fd);
    eventually(&a.open, 0);
    srv_http_stop(a.http);
}

static void stream__nothing_for_long__is_told_so(void **state)
{
    struct app a;
    int fd;

    (void)state;
    begin_app(&a, 20);
    fd = get(&a, "/ticks");
    read_until(fd, "late\n\r\n5\r\nlate");
    close(fd);
    eventually(&a.open, 0); /* that is how a client that went away is found out */
    srv_http_stop(a.http);
}

/* libmicrohttpd ends the process where it is stopped with a connection suspended. */
static void stop__streams_waiting__ends_them(void **state)
{
    enum { MANY = 30 };
    struct app a;
    int fd[MANY];

    (void)state;
    begin_app(&a, 0);
    atomic_store(&a.ticks, 1);
    for (int i = 0; i < MANY; i++) {
        fd[i] = get(&a, "/ticks");
        read_until(fd[i], "tick 1");
    }
    assert_int_equal(atomic_load(&a.open), MANY);
    srv_http_stop(a.http);
    assert_int_equal(atomic_load(&a.open), 0);
    for (int i = 0; i < MANY; i++) {
        read_until(fd[i], "0\r\n\r\n");
        assert_true(client_ends(fd[i]));
        close(fd[i]);
    }
}

static void later__news__answers(void **state)
{
    struct app a;
    int fd;

    (void)state;
    begin_app(&a, 0);
    fd = get(&a, "/later");
    eventually(&a.asked, 1);
    srv_http_news(a.http); /* of something else */
    eventually(&a.asked, 2);
    tick(&a);
    read_until(fd, "\r\n\r\ntick");
    close(fd);
    srv_http_stop(a.http);
}

static void later__no_news__answers_when_the_time_is_over(void **state)
{
    struct app a;
    int fd;

    (void)state;
    begin_app(&a, 0);
    fd = client_dial(a.address);
    client_say(fd, "POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
    read_until(fd, "\r\n\r\nnone");
    close(fd);
    srv_http_stop(a.http);
}

static void later__drained__answers_at_once(void **state)
{
    struct app a;
    int fd;

    (void)state;
    begin_app(&a, 0);
    fd = get(&a, "/later");
    eventually(&a.asked, 1);
    srv_http_drain(a.http);
    read_until(fd, "\r\n\r\nnone");
    close(fd);
    srv_http_stop(a.http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream__news__are_sent_as_they_come_until_the_end),
        cmocka_unit_test(stream__nothing_for_long__is_told_so),
        cmocka_unit_test(stop__streams_waiting__ends_them),
        cmocka_unit_test(later__news__answers),
        cmocka_unit_test(later__no_news__answers_when_the_time_is_over),
        cmocka_unit_test(later__drained__answers_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
