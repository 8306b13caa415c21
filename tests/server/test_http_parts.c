/* SPDX-License-Identifier: MIT */
/* The parts of the HTTP server that need no connection: addresses, bodies, replies. */
#include "server/http.h"

#include "server/http_listen.h"
#include "server/http_request.h"
#include "server/http_response.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void listen__address__is_parsed_and_opened(void **state)
{
    static const struct {
        const char *text, *host, *name; /* name: what the open socket is called, before the port */
        bool loopback;
    } rows[] = {
        {"127.0.0.1:0", "127.0.0.1", "127.0.0.1:", true},
        {"127.0.0.2:0", "127.0.0.2", "127.0.0.2:", true},
        {"localhost:0", "localhost", "127.0.0.1:", true},
        {"0.0.0.0:0", "0.0.0.0", "0.0.0.0:", false},
        {"[::1]:0", "::1", "[::1]:", true},
        {"[::]:0", "::", "[::]:", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct srv_listen at = {0};
        struct snn_error err = {0};
        char name[SRV_ADDRESS_SIZE];
        int fd = -1;

        assert_int_equal(srv_listen_parse(&at, rows[i].text, &err), SNN_OK);
        assert_string_equal(at.host, rows[i].host);
        assert_int_equal(srv_listen_is_loopback(rows[i].text), rows[i].loopback);
        if (srv_listen_open(&fd, &at, &err) != SNN_OK && rows[i].text[0] == '[')
            continue; /* a machine without IPv6 */
        assert_string_equal(err.message, "");
        srv_listen_name(name, fd);
        assert_memory_equal(name, rows[i].name, strlen(rows[i].name));
        assert_in_range(strtoul(name + strlen(rows[i].name), NULL, 10), 1, 65535);
        close(fd);
    }
    assert_true(srv_listen_is_loopback("127.255.0.1:8080"));
    assert_false(srv_listen_is_loopback("128.0.0.1:8080"));
    assert_false(srv_listen_is_loopback("[::ffff:127.0.0.1]:80"));
    assert_false(srv_listen_is_loopback("nonsense"));
}

static void listen__not_an_address__is_named(void **state)
{
    static const char *const rows[] = {"",
                                       "8080",
                                       ":8080",
                                       "127.0.0.1",
                                       "127.0.0.1:",
                                       "127.0.0.1:x",
                                       "127.0.0.1:65536",
                                       "127.0.0.1:-1",
                                       "127.0.0.1: 1",
                                       "127.0.0.1:1 ",
                                       "::1:8080",
                                       "[::1]",
                                       "[::1:8080",
                                       "[]:1",
                                       "[127.0.0.1]:1",
                                       "example.org:80",
                                       "127.1:80",
                                       "*:80"};
    char huge[1000];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct srv_listen at = {0};
        struct snn_error err = {0};

        assert_int_equal(srv_listen_parse(&at, rows[i], &err), SNN_INVALID);
        assert_contains(err.message, rows[i]);
        assert_contains(err.message, "127.0.0.1:8080");
    }
    memset(huge, '1', sizeof huge);
    memcpy(huge + sizeof huge - 3, ":1", 3);
    assert_int_equal(srv_listen_parse(&(struct srv_listen){0}, huge, NULL), SNN_INVALID);
}

static void listen__address_of_another_machine__says_why(void **state)
{
    struct srv_listen at = {0};
    struct snn_error err = {0};
    int fd = -1;

    (void)state;
    assert_int_equal(srv_listen_parse(&at, "192.0.2.1:8080", &err), SNN_OK); /* RFC 5737 */
    assert_int_equal(srv_listen_open(&fd, &at, &err), SNN_IO);
    assert_int_equal(fd, -1);
    assert_contains(err.message, "192.0.2.1:8080");
}

static bool fail_after_ten(void *user, const void *bytes, size_t n)
{
    size_t *seen = user;

    (void)bytes;
    *seen += n;
    return *seen <= 10;
}

static void body__grows__no_further_than_the_limit(void **state)
{
    struct srv_request req = {.body_limit = 10000, .body = ""};
    struct srv_body body = {0};
    char piece[100];

    (void)state;
    for (int i = 0; i < 100; i++) {
        memset(piece, 'a' + i % 26, sizeof piece);
        srv_body_take(&body, &req, piece, sizeof piece);
    }
    assert_false(body.over);
    assert_int_equal(req.body_size, 10000);
    assert_int_equal(body.capacity, 10001);
    for (int i = 0; i < 100; i++)
        assert_int_equal(((const char *)req.body)[i * 100 + 99], 'a' + i % 26);
    assert_int_equal(strlen(req.body), 10000);
    srv_body_take(&body, &req, "x", 1);
    assert_true(body.over);
    assert_null(body.bytes);
    assert_string_equal(req.body, "");
    srv_body_take(&body, &req, "x", 1);
    assert_null(body.bytes);

    req = (struct srv_request){.body_limit = 100, .body = ""};
    body = (struct srv_body){0};
    srv_body_take(&body, &req, "x", 1);
    assert_int_equal(body.capacity, 101);
    srv_body_free(&body);
}

static void body__small__costs_little_whatever_the_limit(void **state)
{
    struct srv_request req = {.body_limit = UINT64_MAX, .body = ""};
    struct srv_body body = {0};

    (void)state;
    srv_body_take(&body, &req, "abc", 3);
    assert_string_equal(req.body, "abc");
    assert_in_range(body.capacity, 4, 8192);
    srv_body_free(&body);
}

static void body__limit_zero__takes_nothing(void **state)
{
    struct srv_request req = {.body = ""};
    struct srv_body body = {0};

    (void)state;
    srv_body_take(&body, &req, "", 0);
    assert_false(body.over);
    srv_body_take(&body, &req, "a", 1);
    assert_true(body.over);
    srv_body_free(&body);
}

static void body__no_memory__is_noted_and_the_rest_dropped(void **state)
{
    struct srv_request req = {.body_limit = 100, .body = ""};
    struct srv_body body = {0};

    (void)state;
    oom_fail_at(0);
    srv_body_take(&body, &req, "abc", 3);
    assert_true(oom_off());
    assert_true(body.no_memory);
    srv_body_take(&body, &req, "abc", 3);
    assert_null(body.bytes);
    assert_string_equal(req.body, "");
    srv_body_free(&body);
}

static void body__sink_fails__is_asked_no_more(void **state)
{
    size_t seen = 0;
    struct srv_request req = {.body_limit = 100, .body = "", .sink = {&seen, fail_after_ten}};
    struct srv_body body = {0};

    (void)state;
    for (int i = 0; i < 5; i++)
        srv_body_take(&body, &req, "123456", 6);
    assert_int_equal(seen, 12);
    assert_int_equal(req.body_size, 30);
    assert_null(body.bytes);
}

static void response_header__set_again__replaces(void **state)
{
    struct srv_response res = {0};

    (void)state;
    srv_response_header(&res, "ETag", "\"%d\"", 1);
    srv_response_header(&res, "etag", "\"%d\"", 2);
    assert_int_equal(res.n_headers, 1);
    assert_string_equal(res.headers[0].name, "ETag");
    assert_string_equal(res.headers[0].value, "\"2\"");
}

static void response_header__line_breaks__cannot_get_in(void **state)
{
    struct srv_response res = {0};
    char text[400];

    (void)state;
    srv_response_header(&res, "Location", "/a%s", "\r\nSet-Cookie: x\t\x7f");
    assert_string_equal(res.headers[0].value, "/a  Set-Cookie: x  ");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    srv_response_header(&res, "X", "%s", text);
    assert_int_equal(strlen(res.headers[1].value), 215);
    for (int i = 0; i < 100; i++) {
        char name[16];

        snprintf(name, sizeof name, "X-%d", i);
        srv_response_header(&res, name, "v");
    }
    assert_int_equal(res.n_headers, SRV_MAX_HEADERS);
}

static void response_pairs__defaults__give_way_to_the_apps(void **state)
{
    struct srv_pair pairs[SRV_RESPONSE_PAIRS];
    struct srv_response res = {0};
    size_t n, found = 0;

    (void)state;
    srv_response_header(&res, "cache-control", "no-cache");
    n = srv_response_pairs(pairs, &res, "s/1", "req_1", true);
    assert_int_equal(n, SRV_RESPONSE_DEFAULTS);
    for (size_t i = 0; i < n; i++) {
        assert_string_not_equal(pairs[i].value, "no-store");
        found += strcmp(pairs[i].name, "Connection") == 0 && strcmp(pairs[i].value, "close") == 0;
        found += strcmp(pairs[i].name, "X-Request-Id") == 0;
    }
    assert_int_equal(found, 2);
    /* What is not known is not sent. */
    assert_int_equal(srv_response_pairs(pairs, &res, "", "", false), SRV_RESPONSE_DEFAULTS - 3);
}

static void response_clear__body_and_file__are_given_back(void **state)
{
    struct srv_response res = {0};
    int fd = memfd_create("test", MFD_CLOEXEC);

    (void)state;
    srv_response_body(&res, 200, "text/plain", strdup("first"), 5);
    srv_response_body(&res, 201, "application/json", strdup("{}"), 2);
    assert_int_equal(res.status, 201);
    assert_string_equal(res.headers[0].value, "application/json");
    res.fd = fd;
    srv_response_clear(&res);
    assert_null(res.body);
    assert_int_equal(res.n_headers, 0);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listen__address__is_parsed_and_opened),
        cmocka_unit_test(listen__not_an_address__is_named),
        cmocka_unit_test(listen__address_of_another_machine__says_why),
        cmocka_unit_test(body__grows__no_further_than_the_limit),
        cmocka_unit_test(body__small__costs_little_whatever_the_limit),
        cmocka_unit_test(body__limit_zero__takes_nothing),
        cmocka_unit_test(body__no_memory__is_noted_and_the_rest_dropped),
        cmocka_unit_test(body__sink_fails__is_asked_no_more),
        cmocka_unit_test(response_header__set_again__replaces),
        cmocka_unit_test(response_header__line_breaks__cannot_get_in),
        cmocka_unit_test(response_pairs__defaults__give_way_to_the_apps),
        cmocka_unit_test(response_clear__body_and_file__are_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
