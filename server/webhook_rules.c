/* SPDX-License-Identifier: MIT */
/* Where webhooks may go, and when they go again. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "server/webhook.h"

/* 5 s, 15 s, 45 s ... at most an hour apart; the last after about five hours. */
#define FIRST_SECONDS 5
#define GROWTH 3
#define LONGEST_SECONDS 3600
#define MAX_ATTEMPTS 12

/* -------------------------------------------------------------------------------------- URL -- */

/* The host of a URL, without port and brackets. False where it is none that can be sent to. */
static bool host_of(const char *url, char host[256])
{
    const char *at = strncasecmp(url, "https://", 8) == 0  ? url + 8
                     : strncasecmp(url, "http://", 7) == 0 ? url + 7
                                                           : NULL;
    size_t n = at ? strcspn(at, "/?#") : 0, size;

    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || *p == '\\')
            return false;
    if (n == 0 || memchr(at, '@', n)) /* a name and password would be stored and logged */
        return false;
    size = *at == '[' ? strcspn(++at, "]") : strcspn(at, ":/?#");
    if (size == 0 || size >= 256)
        return false;
    memcpy(host, at, size);
    host[size] = '\0';
    return true;
}

enum snn_code srv_webhook_url_check(const char *url, const char *hosts, struct snn_error *err)
{
    char host[256];

    if (!hosts[0])
        return snn_fail(err, SNN_INVALID, "this server sends no webhooks (webhooks)");
    if (!host_of(url, host))
        return snn_fail(err, SNN_INVALID,
                        "\"%.100s\" is no URL that can be sent to, want http://HOST/... or "
                        "https://HOST/... without a user",
                        url);
    for (const char *name = hosts; *name; name += strspn(name, ", ")) {
        size_t n = strcspn(name, ", ");

        if ((n == 1 && *name == '*') || (n == strlen(host) && strncasecmp(name, host, n) == 0))
            return SNN_OK;
        name += n;
    }
    return snn_fail(err, SNN_INVALID, "this server sends nothing to %.100s, only to: %.200s", host,
                    hosts);
}

/* ---------------------------------------------------------------------------------- address -- */

/* Networks that are not the Internet at large, in the first bits of an address. */
static const struct {
    unsigned char prefix[4];
    int bits;
} ipv4_closed[] = {
    {{0}, 8},         {{10}, 8},       {{100, 64}, 10},      {{127}, 8},
    {{169, 254}, 16}, {{172, 16}, 12}, {{192}, 24},          {{192, 0, 2}, 24},
    {{192, 168}, 16}, {{198, 18}, 15}, {{198, 51, 100}, 24}, {{203, 0, 113}, 24},
    {{224}, 4},       {{240}, 4},
};
static const struct {
    unsigned char prefix[16];
    int bits;
} ipv6_closed[] = {
    {{0}, 96},                      /* unspecified, loopback, IPv4-compatible */
    {{0xfc}, 7},                    /* of one site */
    {{0xfe, 0x80}, 10},             /* of one link */
    {{0xfe, 0xc0}, 10},             /* of one site, as it was */
    {{0xff}, 8},                    /* groups */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x01, 0x00}, 64},             /* discarded */
};

static bool begins(const unsigned char *address, const unsigned char *prefix, int bits)
{
    int whole = bits / 8, rest = bits % 8;

    return memcmp(address, prefix, (size_t)whole) == 0 &&
           (rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0);
}

static bool ipv4_is_public(const unsigned char *address)
{
    for (size_t i = 0; i < sizeof ipv4_closed / sizeof *ipv4_closed; i++)
        if (begins(address, ipv4_closed[i].prefix, ipv4_closed[i].bits))
            return false;
    return true;
}

static bool ipv6_is_public(const unsigned char *address)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b}, tunnel[2] = {0x20, 0x02};

    if (begins(address, mapped, 96) || begins(address, nat64, 96))
        return ipv4_is_public(address + 12);
    if (begins(address, tunnel, 16))
        return ipv4_is_public(address + 2);
    for (size_t i = 0; i < sizeof ipv6_closed / sizeof *ipv6_closed; i++)
        if (begins(address, ipv6_closed[i].prefix, ipv6_closed[i].bits))
            return false;
    return true;
}

bool srv_address_is_public(const struct sockaddr *address)
{
    unsigned char bytes[16];

    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, address, sizeof in);
        memcpy(bytes, &in.sin_addr, 4);
        return ipv4_is_public(bytes);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;

        memcpy(&in, address, sizeof in);
        memcpy(bytes, &in.sin6_addr, 16);
        return ipv6_is_public(bytes);
    }
    return false;
}

/* ------------------------------------------------------------------------------------ again -- */

int64_t srv_webhook_backoff(int64_t attempts, const char *id)
{
    int64_t seconds = FIRST_SECONDS;
    unsigned spread = 0;

    if (attempts >= MAX_ATTEMPTS)
        return -1;
    for (int64_t i = 1; i < attempts && seconds < LONGEST_SECONDS; i++)
        seconds *= GROWTH;
    seconds = seconds < LONGEST_SECONDS ? seconds : LONGEST_SECONDS;
    for (; *id; id++)
        spread = spread * 31 + (unsigned char)*id;
    return seconds + seconds * (int64_t)(spread % 21) / 100;
}
