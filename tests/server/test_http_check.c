/* SPDX-License-Identifier: MIT */
#include "server/http_check.h"

#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void check_host__name__must_be_an_address_or_ours(void **state)
{
    static const struct {
        const char *host;
        bool fit;
    } rows[] = {
        {"127.0.0.1", true},
        {"127.0.0.1:8080", true},
        {"192.168.1.7:80", true},
        {"localhost", true},
        {"LocalHost:8080", true},
        {"[::1]", true},
        {"[::1]:8080", true},
        {"[2001:db8::7]:80", true},
        {"spiked.internal", true}, /* the host listened on */
        {"SPIKED.internal:8080", true},
        {"127.0.0.1:", true}, /* RFC 3986: a port may be empty */
        {"evil.example", false},
        {"evil.example:8080", false},
        {"localhost.evil.example", false},
        {"127.0.0.1.evil.example", false},
        {"evil.localhost", false},
        {"localhost.", false},
        {"127.1", false},
        {"0x7f000001", false},
        {"2130706433", false},
        {"127.0.0.1:80@evil.example", false},
        {"127.0.0.1:x", false},
        {"127.0.0.1:80:80", false},
        {"::1", false}, /* wants brackets */
        {"[::1", false},
        {"[::1]x", false},
        {"[127.0.0.1]", false},
        {"[localhost]", false},
        {"[]", false},
        {"", false},
        {":80", false},
        {"localhost ", false},
    };
    char huge[4096];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (srv_check_host(rows[i].host, "spiked.internal") != rows[i].fit)
            print_error("Host '%s'\n", rows[i].host);
        assert_int_equal(srv_check_host(rows[i].host, "spiked.internal"), rows[i].fit);
    }
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_false(srv_check_host(huge, "spiked.internal"));
}

static void check_id__text__is_of_the_allowed_form(void **state)
{
    static const struct {
        const char *id;
        bool fit;
    } rows[] = {
        {"a", true},    {"A-z_0.9", true}, {"", false},         {"a b", false},
        {"a/b", false}, {"a\n", false},    {"\xc3\xa9", false},
    };
    char id[65];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(srv_check_id(rows[i].id), rows[i].fit);
    memset(id, 'x', sizeof id);
    id[63] = '\0';
    assert_true(srv_check_id(id));
    id[63] = 'x';
    id[64] = '\0';
    assert_false(srv_check_id(id));
}

static void check_trace__text__is_what_w3c_says(void **state)
{
    static const struct {
        const char *value;
        bool fit;
    } rows[] = {
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true},
        {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", true},
        {"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
        {"00-00000000000000000000000000000000-b7ad6b7169203331-01", false},
        {"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false},
        {"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-", false},
        {"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\n-01", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (srv_check_trace(rows[i].value) != rows[i].fit)
            fail_msg("%s", rows[i].value);
}

static void check_target__text__is_a_path_without_tricks(void **state)
{
    static const struct {
        const char *target;
        bool fit;
    } rows[] = {
        {"/", true},
        {"/v1/jobs?limit=2&metadata[k]=v", true},
        {"/a%20b%2f..%2F", true},
        {"/%c3%a9", true},
        {"/\xc3\xa9", true},
        {"/a%00", false},
        {"/a?b=%00c", false},
        {"/a%", false},
        {"/a%2", false},
        {"/a%2g", false},
        {"/a%g2", false},
        {"/a b", false},
        {"/a\tb", false},
        {"/a\x7f", false},
        {"", false},
        {"*", false},
        {"v1/jobs", false},
        {"http://127.0.0.1/v1/jobs", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct srv_fault *fault = srv_check_target(rows[i].target);

        if (!fault != rows[i].fit)
            print_error("target '%s'\n", rows[i].target);
        assert_int_equal(fault == NULL, rows[i].fit);
        if (fault)
            assert_int_equal(fault->status, 400);
    }
}

#define HOST                                                                                       \
    {                                                                                              \
        "Host", "127.0.0.1"                                                                        \
    }
#define MAX_PAIRS 4

static void check_request__header__is_unambiguous(void **state)
{
    static const struct {
        struct srv_pair headers[MAX_PAIRS];
        int status; /* 0: fit */
        const char *says;
    } rows[] = {
        {{HOST}, 0, ""},
        {{HOST, {"Content-Length", "5"}}, 0, ""},
        {{HOST, {"transfer-encoding", "chunked"}}, 0, ""},
        {{HOST, {"X!#$%&'*+-.^_`|~9", "\xc3\xa9\t "}}, 0, ""},
        {{HOST, {"X", "1"}, {"X", "2"}}, 0, ""},
        {{{"X", "1"}}, 400, "Host is missing"},
        {{HOST, {"host", "127.0.0.1"}}, 400, "Host is given more than once"},
        {{{"Host", ""}}, 421, "Host names"},
        {{{"Host", "evil.example"}}, 421, "Host names"},
        {{HOST, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, 400, "both"},
        {{HOST, {"Content-Length", "5"}, {"CONTENT-LENGTH", "5"}}, 400, "more than once"},
        {{HOST, {"Content-Length", ""}}, 400, "no number"},
        {{HOST, {"Content-Length", "-5"}}, 400, "no number"},
        {{HOST, {"Content-Length", "+5"}}, 400, "no number"},
        {{HOST, {"Content-Length", "5 "}}, 400, "no number"},
        {{HOST, {"Content-Length", "0x5"}}, 400, "no number"},
        {{HOST, {"Content-Length", "5, 5"}}, 400, "no number"},
        {{HOST, {"Content-Length", "999999999999999999"}}, 0, ""},
        {{HOST, {"Content-Length", "1000000000000000000"}}, 400, "no number"},
        {{HOST, {"Transfer-Encoding", "Chunked"}}, 400, "Transfer-Encoding"},
        {{HOST, {"Transfer-Encoding", "gzip, chunked"}}, 400, "Transfer-Encoding"},
        {{HOST, {"Transfer-Encoding", ""}}, 400, "Transfer-Encoding"},
        {{HOST, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
         400,
         "Transfer-Encoding"},
        {{HOST, {"", "x"}}, 400, "name"},
        {{HOST, {"Content-Length ", "5"}}, 400, "name"},
        {{HOST, {"Content-Length\t", "5"}}, 400, "name"},
        {{HOST, {" Content-Length", "5"}}, 400, "name"},
        {{HOST, {"A(B)", "5"}}, 400, "name"},
        {{HOST, {"X", "a\rContent-Length: 5"}}, 400, "control"},
        {{HOST, {"X", "a\x7f"}}, 400, "control"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct srv_request req = {.method = "POST", .path = "/", .headers = rows[i].headers};
        const struct srv_fault *fault;

        while (req.n_headers < MAX_PAIRS && rows[i].headers[req.n_headers].name)
            req.n_headers++;
        fault = srv_check_request(&req, "HTTP/1.1", "127.0.0.1");
        if ((fault ? fault->status : 0) != rows[i].status)
            print_error("row %zu: %s\n", i, fault ? fault->detail : "fit");
        assert_int_equal(fault ? fault->status : 0, rows[i].status);
        assert_contains(fault ? fault->detail : "", rows[i].says);
    }
}

static void check_request__line__is_of_http_1(void **state)
{
    static const struct srv_pair host[] = {HOST}, chunked[] = {{"Transfer-Encoding", "chunked"}};
    static const struct {
        const char *method, *path, *version;
        const struct srv_pair *headers;
        int status;
    } rows[] = {
        {"GET", "/", "HTTP/1.1", host, 0},       {"GET", "/", "HTTP/1.0", host, 0},
        {"GET", "/", "HTTP/1.0", NULL, 0}, /* 1.0 knows no Host */
        {"POST", "/", "HTTP/1.0", chunked, 400}, {"GET", "/", "HTTP/2.0", host, 505},
        {"GET", "/", "HTTP/1.2", host, 505},     {"GET", "/", "", host, 505},
        {"GET", "/", "HTTP/1.1 ", host, 505},    {"", "/", "HTTP/1.1", host, 400},
        {"G(T", "/", "HTTP/1.1", host, 400},     {"GET", "", "HTTP/1.1", host, 400},
        {"GET", "/a\nb", "HTTP/1.1", host, 400}, {"GET", "/a b", "HTTP/1.1", host, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct srv_request req = {.method = rows[i].method,
                                  .path = rows[i].path,
                                  .headers = rows[i].headers,
                                  .n_headers = rows[i].headers != NULL};
        const struct srv_fault *fault = srv_check_request(&req, rows[i].version, "127.0.0.1");

        if ((fault ? fault->status : 0) != rows[i].status)
            print_error("row %zu: %s\n", i, fault ? fault->detail : "fit");
        assert_int_equal(fault ? fault->status : 0, rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_host__name__must_be_an_address_or_ours),
        cmocka_unit_test(check_id__text__is_of_the_allowed_form),
        cmocka_unit_test(check_trace__text__is_what_w3c_says),
        cmocka_unit_test(check_target__text__is_a_path_without_tricks),
        cmocka_unit_test(check_request__header__is_unambiguous),
        cmocka_unit_test(check_request__line__is_of_http_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
