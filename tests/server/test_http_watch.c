/* SPDX-License-Identifier: MIT */
/* Deadlines and places: the watch on pairs of sockets, then behind the real server. */
#include "server/http_watch.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/server/http_support.h"
#include "tests/support/test.h"

#define MANY 40

/* A watch whose deadlines are long but for those a test shortens. */
struct bench {
    struct srv_watch watch;
    struct {
        int mine, its; /* the client's end and the server's */
        struct srv_watched *watched;
    } ends[MANY];
    size_t n;
};

static struct bench *bench_new(const struct srv_watch_options *some)
{
    struct bench *b = calloc(1, sizeof *b);
    struct srv_watch_options o = *some;

    assert_non_null(b);
    o.head_ms = o.head_ms ? o.head_ms : 600000;
    o.idle_ms = o.idle_ms ? o.idle_ms : 600000;
    o.grace_ms = o.grace_ms ? o.grace_ms : 600000;
    o.rate = o.rate ? o.rate : 1024;
    o.connections = o.connections ? o.connections : 1000;
    o.per_address = o.per_address ? o.per_address : 1000;
    assert_int_equal(srv_watch_start(&b->watch, &o, NULL), SNN_OK);
    return b;
}

static size_t bench_add(struct bench *b, const char *from)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct timeval patience = {.tv_sec = 60};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(inet_pton(AF_INET, from, &address.sin_addr), 1);
    b->ends[b->n].mine = pair[0];
    b->ends[b->n].its = pair[1];
    b->ends[b->n].watched = srv_watch_add(&b->watch, pair[1], (struct sockaddr *)&address);
    assert_non_null(b->ends[b->n].watched);
    return b->n++;
}

/* Waits for the server's end to be cut; what it had said is in `text`. */
static void bench_await(struct bench *b, size_t i, char text[1024])
{
    size_t used = 0;
    ssize_t n;

    while ((n = recv(b->ends[i].mine, text + used, 1023 - used, 0)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    if (n < 0)
        fail_msg("connection %zu was not cut", i);
}

static bool bench_open(struct bench *b, size_t i)
{
    char byte;

    return recv(b->ends[i].mine, &byte, 1, MSG_DONTWAIT) < 0;
}

static void bench_free(struct bench *b)
{
    for (size_t i = 0; i < b->n; i++) {
        srv_watch_remove(&b->watch, b->ends[i].watched);
        close(b->ends[i].its);
        close(b->ends[i].mine);
    }
    assert_int_equal(srv_watch_count(&b->watch), 0);
    srv_watch_stop(&b->watch);
    free(b);
}

static void head__late__is_told_408_and_cut(void **state)
{
    struct bench *b = bench_new(&(struct srv_watch_options){.head_ms = 1, .plain = true});
    size_t i = bench_add(b, "127.0.0.1");
    char text[1024];

    (void)state;
    bench_await(b, i, text);
    assert_contains(text, "HTTP/1.1 408 Request Timeout\r\n");
    assert_contains(text, "Content-Type: application/problem+json\r\n");
    assert_int_equal(strtoul(strstr(text, "Length: ") + strlen("Length: "), NULL, 10),
                     strlen(strstr(text, "\r\n\r\n") + 4));
    /* It is too late for its request now. */
    assert_false(srv_watch_phase(&b->watch, b->ends[i].watched, SRV_PHASE_BUSY, 0));
    bench_free(b);
}

static void head__late_under_tls__is_cut_without_a_word(void **state)
{
    struct bench *b = bench_new(&(struct srv_watch_options){.head_ms = 1});
    char text[1024];

    (void)state;
    bench_await(b, bench_add(b, "127.0.0.1"), text);
    assert_string_equal(text, "");
    bench_free(b);
}

static void phases__each_late__are_cut_but_never_while_it_is_ours(void **state)
{
    static const struct {
        enum srv_phase phase;
        const char *says;
    } rows[] = {
        {SRV_PHASE_BODY, "HTTP/1.1 408 "},
        {SRV_PHASE_REPLY, ""},
        {SRV_PHASE_IDLE, ""},
    };
    const struct srv_watch_options quick = {
        .head_ms = 1, .idle_ms = 1, .grace_ms = 1, .rate = UINT32_MAX, .plain = true};
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench *b = bench_new(&quick);
        size_t busy, late;

        b->watch.options.head_ms = 600000;
        busy = bench_add(b, "127.0.0.1");
        assert_true(srv_watch_phase(&b->watch, b->ends[busy].watched, SRV_PHASE_BUSY, 0));
        late = bench_add(b, "127.0.0.1");
        b->watch.options.head_ms = 1;
        assert_true(srv_watch_phase(&b->watch, b->ends[late].watched, rows[i].phase, 100));
        bench_await(b, late, text);
        assert_int_equal(strncmp(text, rows[i].says, strlen(rows[i].says)), 0);
        assert_int_equal(text[0] == '\0', rows[i].says[0] == '\0');
        assert_true(bench_open(b, busy));
        bench_free(b);
    }
}

static void received__enough_bytes__move_the_deadline(void **state)
{
    struct bench *b = bench_new(&(struct srv_watch_options){.grace_ms = 50000, .rate = 1000});
    struct srv_watched *c = b->ends[bench_add(b, "127.0.0.1")].watched;
    int64_t start;

    (void)state;
    assert_true(srv_watch_phase(&b->watch, c, SRV_PHASE_BODY, 0));
    start = c->since_ms;
    assert_int_equal(c->deadline_ms - start, 50000);
    srv_watch_received(&b->watch, c, 3000);
    assert_int_equal(c->deadline_ms - start, 53000);
    srv_watch_received(&b->watch, c, UINT64_MAX); /* no overflow */
    assert_true(c->deadline_ms > start);
    assert_true(srv_watch_phase(&b->watch, c, SRV_PHASE_REPLY, 10000));
    assert_int_equal(c->deadline_ms - c->since_ms, 60000);
    bench_free(b);
}

static void places__get_few__who_asks_nothing_makes_room(void **state)
{
    struct bench *b = bench_new(&(struct srv_watch_options){.connections = 8});
    char text[1024];

    (void)state;
    for (int i = 0; i < 7; i++)
        bench_add(b, "127.0.0.1");
    assert_true(srv_watch_phase(&b->watch, b->ends[0].watched, SRV_PHASE_BUSY, 0));
    for (size_t i = 0; i < 7; i++)
        assert_true(bench_open(b, i));
    b->watch.options.head_ms = 500000; /* so that number 2 is due first */
    assert_true(srv_watch_phase(&b->watch, b->ends[2].watched, SRV_PHASE_HEAD, 0));
    bench_add(b, "127.0.0.1");
    bench_await(b, 2, text);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(bench_open(b, i), i != 2);
    bench_free(b);
}

static void admits__address_with_its_share__no_more_but_this_machines_own(void **state)
{
    struct bench *b = bench_new(&(struct srv_watch_options){.per_address = 2});
    struct sockaddr_in from = {.sin_family = AF_INET};

    (void)state;
    for (int i = 0; i < 2; i++) {
        bench_add(b, "192.0.2.1");
        bench_add(b, "127.0.0.1");
    }
    inet_pton(AF_INET, "192.0.2.1", &from.sin_addr);
    assert_false(srv_watch_admits(&b->watch, (struct sockaddr *)&from));
    inet_pton(AF_INET, "192.0.2.2", &from.sin_addr);
    assert_true(srv_watch_admits(&b->watch, (struct sockaddr *)&from));
    inet_pton(AF_INET, "127.0.0.1", &from.sin_addr);
    assert_true(srv_watch_admits(&b->watch, (struct sockaddr *)&from));
    bench_free(b);
}

/* ---- behind the real server ---------------------------------------------------------------- */

static void server__header_that_never_ends__is_cut_however_it_drips(void **state)
{
    struct tiny t;
    struct reply r;
    int silent, dripping, good;

    (void)state;
    tiny_start_with(&t, &(struct srv_http_options){.head_ms = 300});
    silent = client_dial(t.address);
    dripping = client_dial(t.address);
    client_say(silent, "GET /x HTTP/1.1\r\nHost: 127");
    client_say(dripping, "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    /* A byte now and then, which libmicrohttpd's own timeout would let pass for ever. */
    for (int i = 0; i < 20000 && recv(dripping, &(char){0}, 1, MSG_DONTWAIT | MSG_PEEK) < 0; i++) {
        if (i % 20 == 0)
            client_say(dripping, "X");
        usleep(1000);
    }
    r = client_read(dripping, false);
    assert_int_equal(r.status, 408);
    assert_contains(r.body, "\"code\":\"too_slow\"");
    reply_free(&r);
    r = client_read(silent, false);
    assert_int_equal(r.status, 408);
    reply_free(&r);
    good = client_dial(t.address);
    client_say(good, "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    r = client_read(good, false);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    close(silent);
    close(dripping);
    close(good);
    tiny_stop(&t);
}

static void server__body_that_never_ends__is_cut(void **state)
{
    struct tiny t;
    struct reply r;
    int fd;

    (void)state;
    tiny_start_with(&t, &(struct srv_http_options){.grace_ms = 200});
    fd = client_dial(t.address);
    client_say(fd, "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc");
    r = client_read(fd, false);
    assert_int_equal(r.status, 408);
    reply_free(&r);
    assert_true(client_ends(fd));
    close(fd);
    eventually(&t.released, 1);
    tiny_stop(&t);
}

static void server__more_slow_clients_than_places__others_are_served(void **state)
{
    enum { SLOW = 200 };
    struct tiny t;
    int slow[SLOW];

    (void)state;
    tiny_start_with(&t, &(struct srv_http_options){.connections = 64});
    for (int i = 0; i < SLOW; i++) {
        slow[i] = client_dial(t.address);
        assert_true(slow[i] >= 0);
        client_say(slow[i], "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ");
    }
    for (int i = 0; i < 20; i++) {
        struct reply r = ask(&t, "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

        assert_int_equal(r.status, 200);
        reply_free(&r);
    }
    for (int i = 0; i < SLOW; i++)
        close(slow[i]);
    tiny_stop(&t);
}

/* Nobody can be cut to make room here: the kernel keeps who comes until a place is free. */
static void server__no_place__who_comes_waits_for_one(void **state)
{
    enum { PLACES = 4 };
    struct tiny t;
    struct reply r;
    int held[PLACES], next;

    (void)state;
    tiny_start_with(&t, &(struct srv_http_options){.connections = PLACES});
    for (int i = 0; i < PLACES; i++) {
        held[i] = client_dial(t.address);
        client_say(held[i],
                   "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nab");
    }
    eventually(&t.begun, PLACES);
    next = client_dial(t.address);
    client_say(next, "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    usleep(20000);
    assert_int_equal(srv_http_connections(t.http), PLACES);
    assert_int_equal(atomic_load(&t.begun), PLACES);
    close(held[0]);
    r = client_read(next, false);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    for (int i = 1; i < PLACES; i++) {
        client_say(held[i], "cde");
        r = client_read(held[i], false);
        assert_string_equal(r.body, "abcde");
        reply_free(&r);
        close(held[i]);
    }
    close(next);
    tiny_stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head__late__is_told_408_and_cut),
        cmocka_unit_test(head__late_under_tls__is_cut_without_a_word),
        cmocka_unit_test(phases__each_late__are_cut_but_never_while_it_is_ours),
        cmocka_unit_test(received__enough_bytes__move_the_deadline),
        cmocka_unit_test(places__get_few__who_asks_nothing_makes_room),
        cmocka_unit_test(admits__address_with_its_share__no_more_but_this_machines_own),
        cmocka_unit_test(server__header_that_never_ends__is_cut_however_it_drips),
        cmocka_unit_test(server__body_that_never_ends__is_cut),
        cmocka_unit_test(server__more_slow_clients_than_places__others_are_served),
        cmocka_unit_test(server__no_place__who_comes_waits_for_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
