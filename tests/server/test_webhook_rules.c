/* SPDX-License-Identifier: MIT */
/* Where webhooks may go: URLs, addresses, and when they go again. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "server/webhook.h"
#include "tests/support/test.h"

static void url__rows__are_allowed_or_not(void **state)
{
    static const struct {
        const char *url, *hosts, *wrong; /* NULL = allowed */
    } rows[] = {
        {"https://example.org/hook?x=1", "example.org", NULL},
        {"HTTP://Example.ORG:8443/", "other,example.org", NULL},
        {"https://example.org", "*", NULL},
        {"http://[2001:db8::1]:80/x", "2001:db8::1", NULL},
        {"https://example.org/", "", "sends no webhooks"},
        {"https://example.org/", "ample.org", "sends nothing to example.org"},
        {"https://example.org.evil.net/", "example.org", "sends nothing to"},
        {"https://example.org@evil.net/", "*", "without a user"},
        {"https://evil.net#@example.org/", "example.org", "sends nothing to evil.net"},
        {"https://evil.net\\@example.org/", "*", "no URL"},
        {"ftp://example.org/", "*", "no URL"},
        {"file:///etc/passwd", "*", "no URL"},
        {"https:///x", "*", "no URL"},
        {"https://example.org/ x", "*", "no URL"},
        {"https://example.org/\r\nX: y", "*", "no URL"},
        {"gopher://example.org/", "*", "no URL"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct snn_error err = {0};
        enum snn_code rc = srv_webhook_url_check(rows[i].url, rows[i].hosts, &err);

        assert_int_equal(rc, rows[i].wrong ? SNN_INVALID : SNN_OK);
        if (rows[i].wrong)
            assert_contains(err.message, rows[i].wrong);
    }
}

static bool is_public(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_storage any = {0};

    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        memcpy(&any, &in, sizeof in);
    else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
        memcpy(&any, &in6, sizeof in6);
    else
        fail_msg("%s is no address", text);
    return srv_address_is_public((const struct sockaddr *)&any);
}

static void address__closed_networks__are_not_public(void **state)
{
    static const char *const closed[] = {
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::1",
        "2001:db8::1",
        "203.0.113.9",
    };
    static const char *const open[] = {"1.1.1.1",        "9.255.255.255",    "11.0.0.1",
                                       "100.63.0.1",     "100.128.0.1",      "172.15.0.1",
                                       "172.32.0.1",     "192.167.0.1",      "169.253.0.1",
                                       "198.17.0.1",     "223.255.255.255",  "2606:4700::1111",
                                       "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1"};
    struct sockaddr other = {.sa_family = AF_UNIX};

    (void)state;
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (is_public(closed[i]))
            fail_msg("%s is taken for public", closed[i]);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (!is_public(open[i]))
            fail_msg("%s is not taken for public", open[i]);
    assert_false(srv_address_is_public(&other));
}

static void backoff__attempts__grow_to_an_hour_and_end(void **state)
{
    int64_t before = 0, total = 0, attempts = 1;

    (void)state;
    for (; srv_webhook_backoff(attempts, "evt_a") >= 0; attempts++) {
        int64_t pause = srv_webhook_backoff(attempts, "evt_a");

        assert_true(pause >= before && pause <= 3600 + 720);
        before = pause;
        total += pause;
    }
    assert_int_equal(attempts, 12);
    assert_true(total > 4 * 3600 && total < 10 * 3600);
    assert_true(srv_webhook_backoff(8, "evt_a") != srv_webhook_backoff(8, "evt_b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url__rows__are_allowed_or_not),
        cmocka_unit_test(address__closed_networks__are_not_public),
        cmocka_unit_test(backoff__attempts__grow_to_an_hour_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
