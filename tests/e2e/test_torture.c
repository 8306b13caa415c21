/* SPDX-License-Identifier: MIT */
/* Bytes that no client should send, on raw sockets: each is refused, nothing behind it is taken for
 * a second request, and the daemon goes on. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/contract.h"
#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define HOST "Host: 127.0.0.1\r\n"
#define END "Connection: close\r\n\r\n"
#define POST "POST /v1/jobs/validate HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
#define GET "GET /livez HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
/* What a smuggler hides: its answer would be a second one. */
#define HIDDEN "GET /v1/catalog HTTP/1.1\r\n" HOST END

/* status 0: closed without a word, which is libmicrohttpd's own way with what is no HTTP. `ours`:
 * the answer is application/problem+json; the others are libmicrohttpd's, before it asks us. */
static const struct {
    const char *name, *request;
    long status;
    bool ours;
} bad[] = {
    /* clang-format off */
    {"both lengths", POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN, 400, true},
    {"chunks and a length", POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" HIDDEN, 400, true},
    {"two lengths", POST "Content-Length: 0\r\nContent-Length: 90\r\n\r\n" HIDDEN, 400, true},
    {"the same length twice", POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" HIDDEN, 400, true},
    {"a list of lengths", POST "Content-Length: 2, 2\r\n\r\n{}" HIDDEN, 400, false},
    {"a length with a sign", POST "Content-Length: +2\r\n\r\n{}" HIDDEN, 400, false},
    {"a negative length", POST "Content-Length: -2\r\n\r\n{}" HIDDEN, 400, false},
    {"a hexadecimal length", POST "Content-Length: 0x2\r\n\r\n{}" HIDDEN, 400, false},
    {"an empty length", POST "Content-Length: \r\n\r\n{}" HIDDEN, 400, false},
    {"a length beyond 64 bits", POST "Content-Length: 99999999999999999999999\r\n\r\n{}" HIDDEN, 413, false},
    {"a length of 19 digits", POST "Content-Length: 1000000000000000000\r\n\r\n{}" HIDDEN, 400, true},
    {"a space before the colon", POST "Content-Length : 2\r\n\r\n{}" HIDDEN, 400, true},
    {"gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" HIDDEN, 400, true},
    {"xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HIDDEN, 400, true},
    {"two encodings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" HIDDEN, 400, true},
    {"CHUNKED", POST "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n" HIDDEN, 400, true},
    {"chunks in HTTP/1.0", "POST /v1/jobs/validate HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN, 400, true},
    {"two hosts", GET HOST "\r\n" HIDDEN, 400, true},
    {"no host", "GET /livez HTTP/1.1\r\n\r\n" HIDDEN, 400, true},
    {"another's host", "GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n" HIDDEN, 421, true},
    {"a lone carriage return", GET "X: a\rY: b\r\n\r\n" HIDDEN, 400, true},
    {"no colon", GET "Xab\r\n\r\n" HIDDEN, 400, false},
    {"a chunk that is no number", CHUNKED "zz\r\nabc\r\n0\r\n\r\n" HIDDEN, 400, false},
    {"a chunk below nothing", CHUNKED "-1\r\nabc\r\n0\r\n\r\n" HIDDEN, 400, false},
    {"a chunk beyond 64 bits", CHUNKED "fffffffffffffffff\r\nabc\r\n0\r\n\r\n" HIDDEN, 413, false},
    {"a chunk longer than it says", CHUNKED "2\r\n{}X\r\n0\r\n\r\n" HIDDEN, 400, false},
    {"%00", "GET /v1/jobs%00 HTTP/1.1\r\n" HOST "\r\n" HIDDEN, 400, true},
    {"%00 in the query", "GET /v1/jobs?limit=1%00 HTTP/1.1\r\n" HOST "\r\n" HIDDEN, 400, true},
    {"half an escape", "GET /v1/jobs%2 HTTP/1.1\r\n" HOST "\r\n" HIDDEN, 400, true},
    {"..%2f", "GET /v1/datasets/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" HOST END, 404, true},
    {"%2e%2e", "GET /v1/datasets/%2e%2e HTTP/1.1\r\n" HOST END, 404, true},
    {"../", "GET /v1/../../../etc/passwd HTTP/1.1\r\n" HOST END, 404, true},
    {"..\\", "GET /v1/datasets/..%5c..%5cetc HTTP/1.1\r\n" HOST END, 404, true},
    {"upload to ..", "PUT /v1/datasets/x/files/..%2f..%2fspiked.db HTTP/1.1\r\n" HOST "Content-Length: 1\r\n" END "x", 404, true},
    {"another's address", "GET http://evil.example/livez HTTP/1.1\r\n" HOST "\r\n" HIDDEN, 400, true},
    {"a space in the path", "GET /v1/ jobs HTTP/1.1\r\n" HOST "\r\n" HIDDEN, 400, true},
    {"a method with a control character", "G\x01T /livez HTTP/1.1\r\n" HOST "\r\n" HIDDEN, 400, true},
    {"an unknown method", "BREW /v1/jobs HTTP/1.1\r\n" HOST END, 405, true},
    {"CONNECT", "CONNECT 127.0.0.1:22 HTTP/1.1\r\n" HOST "\r\n" HIDDEN, 400, true},
    {"TRACE", "TRACE /v1/jobs HTTP/1.1\r\n" HOST END, 405, true},
    {"HTTP/2", "GET /livez HTTP/2.0\r\n" HOST "\r\n", 505, false},
    {"HTTP/2 by its preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, false},
    {"HTTP/0.9", "GET /livez\r\n\r\n", 400, false},
    {"no HTTP", "GARBAGE\r\n\r\n", 0, false},
    {"TLS", "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03\r\n\r\n", 0, false},
    {"a body where none belongs", GET "Content-Length: 2\r\n\r\n{}" HIDDEN, 413, true},
    {"a body too long by its own word", POST "Content-Length: 1073741824\r\n\r\n" HIDDEN, 413, true},
    {"no content type", "POST /v1/jobs/validate HTTP/1.1\r\n" HOST "Content-Length: 2\r\n" END "{}", 415, true},
    {"a form's content type", "POST /v1/jobs/validate HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 2\r\n" END "{}", 415, true},
    {"another's origin", POST "Origin: http://evil.example\r\nContent-Length: 2\r\n" END "{}", 403, true},
    /* clang-format on */
};

/* {"400": true}: the statuses that came. */
static json_t *came;

static void check_alive(struct daemon *d)
{
    struct answer a = {.status = 0};

    daemon_get(d, &a, "/livez", 200);
    answer_clear(&a);
}

/* One answer of that status, and nothing that would be the hidden request's. */
static void check_refused(struct daemon *d, const char *name, const char *request, long status,
                          bool ours)
{
    static char reply[1u << 16];
    char key[8];
    long got;

    daemon_raw(d, request, reply, sizeof reply);
    got = strncmp(reply, "HTTP/1.1 ", 9) == 0 ? strtol(reply + 9, NULL, 10) : 0;
    if (got != status)
        fail_msg("%s: status %ld, want %ld: %s", name, got, status, reply);
    snprintf(key, sizeof key, "%ld", got);
    json_object_set_new(came, key, json_true());
    if (ours && !strstr(reply, "\r\nContent-Type: application/problem+json\r\n"))
        fail_msg("%s: no problem: %s", name, reply);
    if (strstr(reply, "\"surrogates\""))
        fail_msg("%s: the hidden request was answered: %s", name, reply);
    check_alive(d);
}

static void requests__malformed__are_refused_one_by_one(void **state)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(*state, bad[i].name, bad[i].request, bad[i].status, bad[i].ours);
}

static void requests__too_large__are_refused(void **state)
{
    enum { SIZE = 4u << 20 };
    static const struct {
        const char *name, *start, *piece, *end;
        size_t times;
        long status;
        bool ours;
    } rows[] = {
        {"a path of 9000 bytes", "GET /", "a", " HTTP/1.1\r\n" HOST "\r\n" HIDDEN, 9000, 414, true},
        {"a path of 200 KB", "GET /", "a", " HTTP/1.1\r\n" HOST "\r\n" HIDDEN, 200000, 414, false},
        {"a field of 20 KB", GET "X: ", "a", "\r\n\r\n" HIDDEN, 20000, 431, true},
        {"a field of 200 KB", GET "X: ", "a", "\r\n\r\n" HIDDEN, 200000, 431, false},
        {"200 fields", GET, "X: a\r\n", "\r\n" HIDDEN, 200, 431, true},
        {"20000 fields", GET, "X: a\r\n", "\r\n" HIDDEN, 20000, 431, false},
        {"a body of 3 MB in chunks", POST "Transfer-Encoding: chunked\r\n" END,
         "20\r\n0123456789abcdef0123456789abcdef\r\n", "0\r\n\r\n", 90000, 413, true},
    };
    char *request = malloc(SIZE);

    assert_non_null(request);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = (size_t)snprintf(request, SIZE, "%s", rows[i].start);
        size_t piece = strlen(rows[i].piece);

        for (size_t k = 0; k < rows[i].times && n + piece < SIZE / 8 * 7; k++, n += piece)
            memcpy(request + n, rows[i].piece, piece);
        snprintf(request + n, SIZE - n, "%s", rows[i].end);
        check_refused(*state, rows[i].name, request, rows[i].status, rows[i].ours);
    }
    free(request);
}

/* What the document says that any operation may answer, it does; but for what takes long
 * (tests/server/test_http_watch.c) and what is no fault of the bytes (tests/api/test_statuses.c).
 */
static void statuses__of_any_operation__have_all_come(void **state)
{
    static const char *const elsewhere[] = {"408", "429", "500", "503", "507"};
    const char *key;
    json_t *why;

    (void)state;
    json_object_foreach(json_object_get(contract_document(), "x-any-operation"), key, why)
    {
        bool known = json_object_get(came, key) != NULL;

        for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
            known = known || strcmp(key, elsewhere[i]) == 0;
        if (!known)
            fail_msg("no request was answered %s: %s", key, json_string_value(why));
    }
}

/* Random bytes, with what HTTP is made of among them. */
static void requests__of_random_bytes__leave_it_alive(void **state)
{
    static const char *const pieces[] = {"GET ",
                                         "POST ",
                                         "/v1/jobs",
                                         "%2e",
                                         "%00",
                                         " HTTP/1.1",
                                         "\r\n",
                                         "\r\n\r\n",
                                         ": ",
                                         "Host",
                                         "127.0.0.1",
                                         "Content-Length",
                                         "Transfer-Encoding",
                                         "chunked",
                                         "0\r\n\r\n",
                                         "ffff\r\n",
                                         "Range",
                                         "bytes=0-",
                                         "\t",
                                         "\x7f",
                                         "\xff\xfe",
                                         "{}",
                                         "9999999999",
                                         "Expect",
                                         "100-continue",
                                         "Upgrade",
                                         "h2c",
                                         "Connection",
                                         "close"};
    uint64_t random = 42;
    char request[2048];

    for (int i = 0; i < 300; i++) {
        size_t n = i % 2 ? (size_t)snprintf(request, sizeof request, "%s", GET) : 0;

        for (int k = 0; k < 24; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            n += (size_t)snprintf(request + n, sizeof request - n, "%s",
                                  pieces[(random >> 33) % (sizeof pieces / sizeof *pieces)]);
        }
        daemon_raw_leave(*state, request);
        if (i % 30 == 0)
            check_alive(*state);
    }
    check_alive(*state);
}

static void clients__five_hundred_slow_ones__do_not_stop_livez(void **state)
{
    static const char *const starts[] = {"", "G", GET "X: ", POST "Content-Length: 9\r\n\r\n{"};
    enum { SLOW = 500 };
    struct daemon *d = *state;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)d->port)};
    int fd[SLOW];

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < SLOW; i++) {
        const char *text = starts[i % 4];

        fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd[i] >= 0);
        assert_int_equal(connect(fd[i], (struct sockaddr *)&to, sizeof to), 0);
        assert_int_equal(send(fd[i], text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
        if (i % 50 == 0)
            check_alive(d);
    }
    for (int i = 0; i < 50; i++)
        check_alive(d);
    for (int i = 0; i < SLOW; i++) {
        send(fd[i], "x", 1, MSG_NOSIGNAL);
        close(fd[i]);
    }
    check_alive(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests__malformed__are_refused_one_by_one),
        cmocka_unit_test(requests__too_large__are_refused),
        cmocka_unit_test(statuses__of_any_operation__have_all_come),
        cmocka_unit_test(requests__of_random_bytes__leave_it_alive),
        cmocka_unit_test(clients__five_hundred_slow_ones__do_not_stop_livez),
    };

    int failed;

    came = json_object();
    failed = cmocka_run_group_tests(tests, daemon_setup, daemon_teardown);
    json_decref(came);
    return failed;
}
