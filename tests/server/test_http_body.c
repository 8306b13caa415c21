/* SPDX-License-Identifier: MIT */
/* Bodies: kept, streamed, too large, in chunks, broken off. */
#include "server/http.h"

#include "tests/server/http_support.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: 127.0.0.1\r\n"
#define CHUNKED "HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static int setup(void **state)
{
    struct tiny *t = malloc(sizeof *t);

    assert_non_null(t);
    tiny_start(t);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    tiny_stop(*state);
    free(*state);
    return 0;
}

static void say_length(int fd, const char *path, unsigned long long length)
{
    char head[256];

    snprintf(head, sizeof head, "POST %s HTTP/1.1\r\n" HOST "Content-Length: %llu\r\n\r\n", path,
             length);
    client_say(fd, head);
}

/* `size` bytes as one chunk; none is the last. */
static void say_chunk(int fd, const char *bytes, size_t size)
{
    char line[32];

    snprintf(line, sizeof line, "%zx\r\n", size);
    client_say(fd, line);
    client_send(fd, bytes, size);
    client_say(fd, "\r\n");
}

static char *filled(size_t size, char with)
{
    char *bytes = malloc(size + 1);

    assert_non_null(bytes);
    memset(bytes, with, size);
    bytes[size] = '\0';
    return bytes;
}

static void post__body_of_the_limit__is_kept_whole(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    char *body = filled(TINY_LIMIT, 'a');
    struct reply r;

    body[0] = '\0'; /* a body is bytes, not a string */
    say_length(fd, "/echo", TINY_LIMIT);
    client_send(fd, body, TINY_LIMIT);
    r = client_read(fd, false);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.size, TINY_LIMIT);
    assert_memory_equal(r.body, body, TINY_LIMIT);
    reply_free(&r);
    free(body);
    close(fd);
}

static void post__empty_body__is_empty(void **state)
{
    struct reply r = ask(*state, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");

    assert_int_equal(r.status, 200);
    assert_int_equal(r.size, 0);
    reply_free(&r);
}

static void post__body_in_pieces__is_put_together(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    struct reply r;

    say_length(fd, "/echo", 6);
    for (int i = 0; i < 6; i++)
        client_send(fd, &"abcdef"[i], 1);
    r = client_read(fd, false);
    assert_string_equal(r.body, "abcdef");
    reply_free(&r);
    close(fd);
}

static void post__huge_length__is_refused_before_the_body(void **state)
{
    static const unsigned long long lengths[] = {(16u << 20) + 1, 1ULL << 30, 999999999999999999};
    struct tiny *t = *state;

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int fd = client_dial(t->address);
        struct reply r;

        say_length(fd, "/echo", lengths[i]); /* and not a byte of the body */
        r = client_read(fd, false);
        assert_int_equal(r.status, 413);
        assert_contains(r.body, "code=body_too_large");
        assert_contains(r.body, "1000 bytes");
        assert_true(client_closed(fd));
        reply_free(&r);
        close(fd);
    }
    eventually(&t->released, 3);
    assert_int_equal(atomic_load(&t->finished), 0);
}

/* Closed on what it has not read, a connection is reset, and what was answered may be lost. */
static void post__length_over_the_limit__is_answered_behind_the_body(void **state)
{
    static const size_t lengths[] = {TINY_LIMIT + 1, 4u << 20, 16u << 20};
    struct tiny *t = *state;

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int fd = client_dial(t->address);
        char *body = filled(lengths[i], 'c');
        struct reply r;

        say_length(fd, "/echo", lengths[i]);
        client_send(fd, body, lengths[i]);
        r = client_read(fd, false);
        assert_int_equal(r.status, 413);
        assert_contains(r.body, "1000 bytes");
        assert_true(client_closed(fd));
        reply_free(&r);
        free(body);
        close(fd);
    }
    eventually(&t->released, 3);
    assert_int_equal(atomic_load(&t->finished), 0);
}

static void post__expects_continue__is_told_before_it_sends(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    struct reply r;

    client_say(fd, "POST /echo HTTP/1.1\r\n" HOST
                   "Content-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
    r = client_read(fd, false);
    assert_int_equal(r.status, 413);
    reply_free(&r);
    close(fd);
    fd = client_dial(t->address);
    client_say(fd,
               "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    r = client_read(fd, false);
    assert_int_equal(r.status, 100);
    reply_free(&r);
    client_say(fd, "ok");
    r = client_read(fd, false);
    assert_string_equal(r.body, "ok");
    reply_free(&r);
    close(fd);
}

static void post__chunks_of_the_limit__are_kept_whole(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    char *body = filled(TINY_LIMIT, 'c');
    struct reply r;

    client_say(fd, "POST /echo " CHUNKED);
    for (size_t i = 0; i < TINY_LIMIT; i += 100)
        say_chunk(fd, body + i, 100);
    say_chunk(fd, "", 0);
    r = client_read(fd, false);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.size, TINY_LIMIT);
    assert_string_equal(r.body, body);
    reply_free(&r);
    free(body);
    close(fd);
}

static void post__chunks_over_the_limit__are_read_and_refused(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    char *body = filled(100000, 'c');
    struct reply r;

    client_say(fd, "POST /echo " CHUNKED);
    for (int i = 0; i < 20; i++)
        say_chunk(fd, body, 100000);
    say_chunk(fd, "", 0);
    r = client_read(fd, false);
    assert_int_equal(r.status, 413);
    assert_contains(r.body, "code=body_too_large");
    assert_int_equal(atomic_load(&t->finished), 0);
    reply_free(&r);
    /* The body's end is known, so the connection may go on. */
    client_say(fd, "GET /next HTTP/1.1\r\n" HOST "\r\n");
    r = client_read(fd, false);
    assert_contains(r.body, "GET /next ");
    reply_free(&r);
    free(body);
    close(fd);
}

static void put__streamed__reaches_the_sink_and_is_not_kept(void **state)
{
    static const char *const heads[] = {
        "PUT /stream HTTP/1.1\r\n" HOST "Content-Length: 3000000\r\n\r\n", "PUT /stream " CHUNKED};
    struct tiny *t = *state;
    char *body = filled(TINY_STREAM_LIMIT, 2);

    for (size_t i = 0; i < 2; i++) {
        int fd = client_dial(t->address);
        struct reply r;

        client_say(fd, heads[i]);
        if (i == 0)
            client_send(fd, body, TINY_STREAM_LIMIT);
        for (size_t at = 0; i == 1 && at < TINY_STREAM_LIMIT; at += 50000)
            say_chunk(fd, body + at, 50000);
        if (i == 1)
            say_chunk(fd, "", 0);
        r = client_read(fd, false);
        assert_int_equal(r.status, 200);
        assert_string_equal(r.body, "bytes=3000000 sum=6000000 received=3000000 failed=0");
        reply_free(&r);
        close(fd);
    }
    free(body);
}

static void put__sink_fails__rest_is_read_and_finish_says_so(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    char *body = filled(200000, (char)0xff);
    struct reply r;

    say_length(fd, "/stream", 400000);
    client_send(fd, body, 200000);
    client_send(fd, body, 200000);
    r = client_read(fd, false);
    assert_int_equal(r.status, 200);
    assert_contains(r.body, "received=400000 failed=1");
    assert_null(strstr(r.body, "bytes=400000"));
    reply_free(&r);
    free(body);
    close(fd);
}

static void post__client_leaves_half_way__is_released_once(void **state)
{
    static const char *const rows[] = {
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc",
        "PUT /stream HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc",
        "POST /echo " CHUNKED "5\r\nab",
        "POST /echo " CHUNKED "zz\r\n",
    };
    struct tiny *t = *state;
    int want = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = client_dial(t->address);

        client_say(fd, rows[i]);
        eventually(&t->begun, ++want);
        close(fd);
        eventually(&t->released, want);
    }
    assert_int_equal(atomic_load(&t->finished), 0);
}

static void post__no_memory_for_the_body__is_a_503(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    struct reply r;

    say_length(fd, "/echo", 3);
    eventually(&t->begun, 1);
    oom_fail_at(0);
    client_say(fd, "abc");
    eventually(&t->rejected, 1);
    assert_true(oom_off());
    r = client_read(fd, false);
    assert_int_equal(r.status, 503);
    assert_contains(r.body, "code=out_of_memory");
    reply_free(&r);
    close(fd);
}

/* Whichever allocation fails, the client gets a proper reply or none, and the server lives. */
static void post__any_allocation_fails__server_goes_on(void **state)
{
    static const char request[] = "POST /echo?a=1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
                                  "Connection: close\r\n\r\nabc";
    struct tiny *t = *state;
    bool refused = true;

    for (unsigned long n = 0; refused; n++) {
        char bytes[1024] = "";
        int fd = client_dial(t->address);
        size_t have = 0;
        ssize_t got;

        oom_fail_at(n);
        client_say(fd, request);
        while (have < sizeof bytes - 1 &&
               (got = recv(fd, bytes + have, sizeof bytes - 1 - have, 0)) > 0)
            have += (size_t)got;
        refused = oom_off();
        assert_true(refused || strstr(bytes, "\r\n\r\nabc"));
        assert_true(!have || strncmp(bytes, "HTTP/1.1 ", 9) == 0);
        close(fd);
    }
}

static void get__client_leaves_in_the_header__begins_nothing(void **state)
{
    static const char *const rows[] = {"", "GE", "GET / HTTP/1.1\r\n", ("GET / HTTP/1.1\r\n" HOST)};
    struct tiny *t = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = client_dial(t->address);

        client_say(fd, rows[i]);
        close(fd);
    }
    tiny_stop(t);
    assert_int_equal(atomic_load(&t->begun), 0);
    tiny_start(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(post__body_of_the_limit__is_kept_whole),
        TEST(post__empty_body__is_empty),
        TEST(post__body_in_pieces__is_put_together),
        TEST(post__huge_length__is_refused_before_the_body),
        TEST(post__length_over_the_limit__is_answered_behind_the_body),
        TEST(post__expects_continue__is_told_before_it_sends),
        TEST(post__chunks_of_the_limit__are_kept_whole),
        TEST(post__chunks_over_the_limit__are_read_and_refused),
        TEST(put__streamed__reaches_the_sink_and_is_not_kept),
        TEST(put__sink_fails__rest_is_read_and_finish_says_so),
        TEST(post__client_leaves_half_way__is_released_once),
        TEST(post__no_memory_for_the_body__is_a_503),
        TEST(post__any_allocation_fails__server_goes_on),
        TEST(get__client_leaves_in_the_header__begins_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
