/* SPDX-License-Identifier: MIT */
/* Requests and replies, over real sockets. Bodies: test_http_body.c; the end: test_http_drain.c. */
#include "server/http.h"

#include "tests/server/http_support.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST "Host: 127.0.0.1\r\n"

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

static void get__every_reply__has_the_headers_of_safety(void **state)
{
    struct reply r = ask(*state, "GET /x HTTP/1.1\r\n" HOST "\r\n");

    assert_int_equal(r.status, 200);
    assert_contains(r.head, "\r\nServer: tiny/1.0\r\n");
    assert_contains(r.head, "\r\nX-Content-Type-Options: nosniff\r\n");
    assert_contains(r.head, "\r\nX-Frame-Options: DENY\r\n");
    assert_contains(r.head, "\r\nReferrer-Policy: no-referrer\r\n");
    assert_contains(r.head, "\r\nCross-Origin-Resource-Policy: same-origin\r\n");
    assert_contains(r.head, "\r\nCache-Control: no-store\r\n");
    assert_contains(r.head,
                    "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n");
    assert_contains(r.head, "\r\nContent-Type: text/plain\r\n");
    assert_null(strstr(r.head, "Connection: close"));
    assert_contains(r.body, "GET /x peer=127.0.0.1 id=req_");
    reply_free(&r);
}

static void get__two_on_one_connection__are_both_answered(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);

    for (int i = 0; i < 3; i++) {
        char request[128];
        struct reply r;

        snprintf(request, sizeof request, "GET /turn%d HTTP/1.1\r\n" HOST "\r\n", i);
        client_say(fd, request);
        r = client_read(fd, false);
        assert_int_equal(r.status, 200);
        snprintf(request, sizeof request, "GET /turn%d peer", i);
        assert_contains(r.body, request);
        reply_free(&r);
    }
    eventually(&t->released, 3);
    close(fd);
}

static void get__pipelined__are_answered_in_order(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    struct reply r;

    client_say(fd, "POST /echo HTTP/1.1\r\n" HOST
                   "Content-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n" HOST "\r\n");
    r = client_read(fd, false);
    assert_string_equal(r.body, "abc");
    reply_free(&r);
    r = client_read(fd, false);
    assert_contains(r.body, "GET /b ");
    reply_free(&r);
    close(fd);
}

static void head__known_length__has_no_body(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    struct reply r;

    client_say(fd, "HEAD /file HTTP/1.1\r\n" HOST "\r\n");
    r = client_read(fd, true);
    assert_int_equal(r.status, 200);
    assert_contains(r.head, "\r\nContent-Length: 10\r\n");
    reply_free(&r);
    /* The next reply starts where the last one's head ended. */
    client_say(fd, "HEAD /x HTTP/1.1\r\n" HOST "\r\nGET /file HTTP/1.1\r\n" HOST "\r\n");
    r = client_read(fd, true);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    r = client_read(fd, false);
    assert_string_equal(r.body, "0123456789");
    reply_free(&r);
    close(fd);
}

static void get__file__is_sent_and_keeps_the_apps_header(void **state)
{
    struct reply r = ask(*state, "GET /file HTTP/1.1\r\n" HOST "\r\n");

    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "0123456789");
    assert_contains(r.head, "\r\nCache-Control: max-age=60\r\n");
    assert_null(strstr(r.head, "no-store"));
    reply_free(&r);
}

static void get__refused_by_begin__closes_with_its_reply(void **state)
{
    struct tiny *t = *state;
    int fd = client_dial(t->address);
    struct reply r;

    client_say(fd, "GET /refused HTTP/1.1\r\n" HOST "\r\n");
    r = client_read(fd, false);
    assert_int_equal(r.status, 403);
    assert_string_equal(r.body, "refused");
    assert_true(client_closed(fd));
    assert_int_equal(atomic_load(&t->finished), 0);
    eventually(&t->released, 1);
    reply_free(&r);
    close(fd);
}

static void get__query__is_decoded_in_order(void **state)
{
    struct reply r =
        ask(*state, "GET /a%20b%2fc?x=1%262&y&metadata[k]=%c3%a9+z&x=3 HTTP/1.1\r\n" HOST "\r\n");

    assert_int_equal(r.status, 200);
    assert_contains(r.body, "GET /a b/c peer=");
    assert_contains(r.body, " query[x]=1&2 query[y]= query[metadata[k]]=\xc3\xa9 z query[x]=3 ");
    reply_free(&r);
}

static void get__request_id__is_echoed_where_it_is_fit(void **state)
{
    static const struct {
        const char *given;
        bool echoed;
    } rows[] = {
        {"trace-1.a_B", true},
        {"0123456789012345678901234567890123456789012345678901234567890ab", true},
        {"0123456789012345678901234567890123456789012345678901234567890abc", false},
        {"two words", false},
        {"a\"b", false},
        {"", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char request[256], line[128];
        struct reply r;

        snprintf(request, sizeof request, "GET /x HTTP/1.1\r\n" HOST "X-Request-Id: %s\r\n\r\n",
                 rows[i].given);
        snprintf(line, sizeof line, "\r\nX-Request-Id: %s\r\n",
                 rows[i].echoed ? rows[i].given : "req_");
        if (!rows[i].echoed)
            line[strlen(line) - 2] = '\0';
        r = ask(*state, request);
        assert_int_equal(r.status, 200);
        assert_contains(r.head, line);
        reply_free(&r);
    }
}

static void get__host__must_be_an_address_or_localhost(void **state)
{
    struct reply r = ask(*state, "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n");

    assert_int_equal(r.status, 200);
    reply_free(&r);
    r = ask(*state, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_int_equal(r.status, 421);
    assert_contains(r.body, "code=misdirected_request");
    assert_contains(r.head, "\r\nX-Request-Id: req_");
    reply_free(&r);
    r = ask(*state, "GET / HTTP/1.0\r\n\r\n");
    assert_int_equal(r.status, 200);
    reply_free(&r);
}

/* What could be read as two different requests is refused, and nothing after it is looked at. */
static void request__smuggling__is_refused_and_closed(void **state)
{
    static const struct {
        const char *head, *detail;
    } rows[] = {
        {HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "both"},
        {HOST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", "both"},
        {HOST "Content-Length: 4\r\nContent-Length: 0\r\n\r\n", "more than once"},
        {HOST "Content-Length: 0\r\nContent-Length: 4\r\n\r\n", "more than once"},
        {HOST "Content-Length: 0\r\ncontent-length: 0\r\n\r\n", "more than once"},
        {HOST "Content-Length : 4\r\n\r\nabcd", "name"},
        {HOST "Content-Length\t: 4\r\n\r\nabcd", "name"},
        {HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "name"},
        {HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "Transfer-Encoding"},
        {HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding"},
        {HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding"},
        {HOST "Transfer-Encoding: identity\r\n\r\n", "Transfer-Encoding"},
        {HOST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding"},
        {HOST HOST "\r\n", "Host"},
        {HOST "host: localhost\r\n\r\n", "Host"},
    };
    struct tiny *t = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = client_dial(t->address);
        struct reply r;

        client_say(fd, "POST /echo HTTP/1.1\r\n");
        client_say(fd, rows[i].head);
        client_say(fd, "GET /smuggled HTTP/1.1\r\n" HOST "\r\n");
        r = client_read(fd, false);
        if (r.status != 400)
            print_error("after:\n%s", rows[i].head);
        assert_int_equal(r.status, 400);
        assert_contains(r.body, rows[i].detail);
        assert_contains(r.head, "\r\nConnection: close\r\n");
        assert_true(client_closed(fd));
        reply_free(&r);
        close(fd);
    }
    assert_int_equal(atomic_load(&t->begun), 0);
}

/* Refused by us or by libmicrohttpd itself, with a page or without: never handed to the app. */
static void request__malformed__never_reaches_the_app(void **state)
{
    static const char *const rows[] = {
        "GET /a%00b HTTP/1.1\r\n" HOST "\r\n",
        "GET /a?b=%00 HTTP/1.1\r\n" HOST "\r\n",
        "GET /a%0ab HTTP/1.1\r\n" HOST "\r\n",
        "GET /a%7f HTTP/1.1\r\n" HOST "\r\n",
        "GET /a%zz HTTP/1.1\r\n" HOST "\r\n",
        "GET /a% HTTP/1.1\r\n" HOST "\r\n",
        "GET /a\x01 HTTP/1.1\r\n" HOST "\r\n",
        "GET http://127.0.0.1/ HTTP/1.1\r\n" HOST "\r\n",
        "GET /a b HTTP/1.1\r\n" HOST "\r\n",
        "GET / \r\n\r\n",
        "GET * HTTP/1.1\r\n" HOST "\r\n",
        "G(T / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/2.0\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\n"
        ": empty\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\na",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\na",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\na",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\na",
        "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };
    struct tiny *t = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = client_dial(t->address);
        struct reply r;

        client_say(fd, rows[i]);
        r = client_read(fd, false);
        if (r.status && (r.status < 400 || r.status >= 600))
            print_error("after:\n%s", rows[i]);
        assert_true(r.status == 0 || (r.status >= 400 && r.status < 600));
        assert_true(client_ends(fd));
        reply_free(&r);
        close(fd);
    }
    assert_int_equal(atomic_load(&t->begun), 0);
}

static void get__app_fails_without_a_body__is_still_a_reply(void **state)
{
    struct reply r = ask(*state, "GET /fail HTTP/1.1\r\n" HOST "\r\n");

    assert_int_equal(r.status, 500);
    assert_int_equal(r.size, 0);
    reply_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(get__every_reply__has_the_headers_of_safety),
        TEST(get__two_on_one_connection__are_both_answered),
        TEST(get__pipelined__are_answered_in_order),
        TEST(head__known_length__has_no_body),
        TEST(get__file__is_sent_and_keeps_the_apps_header),
        TEST(get__refused_by_begin__closes_with_its_reply),
        TEST(get__query__is_decoded_in_order),
        TEST(get__request_id__is_echoed_where_it_is_fit),
        TEST(get__host__must_be_an_address_or_localhost),
        TEST(request__smuggling__is_refused_and_closed),
        TEST(request__malformed__never_reaches_the_app),
        TEST(get__app_fails_without_a_body__is_still_a_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
