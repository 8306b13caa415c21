/* SPDX-License-Identifier: MIT */
/* A rule is a row: what it refuses, and how it says so. */
#include "server/http_check.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* Beyond 18 digits a length may not fit its 64 bits. */
#define MAX_LENGTH_DIGITS 18
#define MAX_TARGET_BYTES 8192
#define MAX_HEADERS 100
#define MAX_HEADER_BYTES 16384

struct head {
    const struct srv_request *req;
    const char *version, *hosts;
};

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool made_of(const char *text, const char *characters)
{
    return text[0] && text[strspn(text, characters)] == '\0';
}

/* RFC 9110, 5.6.2 */
static bool is_token(const char *text)
{
    return made_of(text, LETTERS_AND_DIGITS "!#$%&'*+-.^_`|~");
}

static bool has_control(const char *text, const char *allowed)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 || *text == 0x7f) && !strchr(allowed, *text))
            return true;
    return false;
}

static size_t count(const struct srv_request *req, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < req->n_headers; i++)
        n += strcasecmp(req->headers[i].name, name) == 0;
    return n;
}

static bool bad_version(const struct head *h)
{
    return strcmp(h->version, "HTTP/1.1") != 0 && strcmp(h->version, "HTTP/1.0") != 0;
}

static bool bad_method(const struct head *h)
{
    return !is_token(h->req->method);
}

static bool many_headers(const struct head *h)
{
    return h->req->n_headers > MAX_HEADERS;
}

static bool long_header(const struct head *h)
{
    size_t n = 0;

    for (size_t i = 0; i < h->req->n_headers; i++)
        n += strlen(h->req->headers[i].name) + strlen(h->req->headers[i].value);
    return n > MAX_HEADER_BYTES;
}

static bool bad_path(const struct head *h)
{
    return h->req->path[0] != '/' || has_control(h->req->path, "");
}

static bool bad_header_name(const struct head *h)
{
    for (size_t i = 0; i < h->req->n_headers; i++)
        if (!is_token(h->req->headers[i].name))
            return true;
    return false;
}

static bool bad_header_value(const struct head *h)
{
    for (size_t i = 0; i < h->req->n_headers; i++)
        if (has_control(h->req->headers[i].value, "\t"))
            return true;
    return false;
}

static bool both_lengths(const struct head *h)
{
    return count(h->req, "Content-Length") && count(h->req, "Transfer-Encoding");
}

static bool many_lengths(const struct head *h)
{
    return count(h->req, "Content-Length") > 1;
}

static bool bad_length(const struct head *h)
{
    const char *length = srv_request_header(h->req, "Content-Length");

    return length && (!made_of(length, "0123456789") || strlen(length) > MAX_LENGTH_DIGITS);
}

static bool bad_encoding(const struct head *h)
{
    const char *encoding = srv_request_header(h->req, "Transfer-Encoding");

    return encoding && (count(h->req, "Transfer-Encoding") > 1 ||
                        strcmp(encoding, "chunked") != 0 || strcmp(h->version, "HTTP/1.1") != 0);
}

static bool many_hosts(const struct head *h)
{
    return count(h->req, "Host") > 1;
}

static bool no_host(const struct head *h)
{
    return count(h->req, "Host") == 0 && strcmp(h->version, "HTTP/1.1") == 0;
}

static bool foreign_host(const struct head *h)
{
    const char *host = srv_request_header(h->req, "Host");

    return host && !srv_check_host(host, h->hosts);
}

static const struct {
    bool (*broken)(const struct head *h);
    struct srv_fault fault;
} rules[] = {
    /* clang-format off */
    {bad_version, {505, "version_not_supported", "want HTTP/1.1 or HTTP/1.0"}},
    {bad_method, {400, "bad_request", "the method is no token"}},
    {many_headers, {431, "header_too_large", "the header has more than 100 fields"}},
    {long_header, {431, "header_too_large", "the header has more than 16384 bytes"}},
    {bad_path, {400, "bad_request", "the path has a control character or does not start with /"}},
    {bad_header_name, {400, "bad_request", "a header's name is empty or has a character it may not have"}},
    {bad_header_value, {400, "bad_request", "a header's value has a control character"}},
    {both_lengths, {400, "bad_request", "both Content-Length and Transfer-Encoding are given"}},
    {many_lengths, {400, "bad_request", "Content-Length is given more than once"}},
    {bad_length, {400, "bad_request", "Content-Length is no number of bytes"}},
    {bad_encoding, {400, "bad_request", "want no Transfer-Encoding but one `chunked`, and that in HTTP/1.1"}},
    {many_hosts, {400, "bad_request", "Host is given more than once"}},
    {no_host, {400, "bad_request", "Host is missing"}},
    {foreign_host, {421, "misdirected_request", "Host names neither an IP address, nor localhost, nor this server (--allow-host)"}},
    /* clang-format on */
};

static bool is_hex(char c)
{
    return c && strchr("0123456789abcdefABCDEF", c);
}

const struct srv_fault *srv_check_target(const char *target)
{
    static const struct srv_fault
        too_long = {414, "uri_too_long", "the request target has more than 8192 bytes"},
        not_a_path = {400, "bad_request",
                      "the request target is no path: want it to start "
                      "with /"},
        control = {400, "bad_request", "the request target has a space or a control character"},
        escape = {400, "bad_request",
                  "the request target has a % without two hexadecimal "
                  "digits"};

    if (strlen(target) > MAX_TARGET_BYTES)
        return &too_long;
    if (target[0] != '/')
        return &not_a_path;
    if (has_control(target, "") || strchr(target, ' '))
        return &control;
    for (const char *c = target; (c = strchr(c, '%')); c++) {
        if (!is_hex(c[1]) || !is_hex(c[2]))
            return &escape;
        /* Decoded it would end the string, and what is behind it would go unseen. */
        if (c[1] == '0' && c[2] == '0')
            return &control;
    }
    return NULL;
}

const struct srv_fault *srv_check_request(const struct srv_request *req, const char *version,
                                          const char *hosts)
{
    const struct head h = {req, version, hosts};

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].broken(&h))
            return &rules[i].fault;
    return NULL;
}

static bool is_listed(const char *name, const char *names)
{
    size_t size = strlen(name);

    while (*names) {
        size_t n = strcspn(names, ",");

        if (n == size && n > 0 && strncasecmp(names, name, n) == 0)
            return true;
        names += n + (names[n] == ',');
    }
    return false;
}

bool srv_check_host(const char *host, const char *hosts)
{
    const char *name = host[0] == '[' ? host + 1 : host;
    size_t size = strcspn(name, host[0] == '[' ? "]" : ":");
    const char *rest = name + size;
    unsigned char address[sizeof(struct in6_addr)];
    char text[256];

    if (host[0] == '[' && *rest++ != ']')
        return false;
    if (*rest == ':')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (*rest || size >= sizeof text)
        return false;
    memcpy(text, name, size);
    text[size] = '\0';
    if (host[0] == '[')
        return inet_pton(AF_INET6, text, address) == 1;
    return inet_pton(AF_INET, text, address) == 1 || strcasecmp(text, "localhost") == 0 ||
           is_listed(text, hosts);
}

bool srv_check_id(const char *id)
{
    return strlen(id) < sizeof((struct srv_request *)0)->id &&
           made_of(id, LETTERS_AND_DIGITS "._-");
}

/* n hexadecimal digits, not all of them `but`. */
static bool are_hex(const char *at, size_t n, char but)
{
    size_t same = 0;

    for (size_t i = 0; i < n; i++) {
        if (!at[i] || !strchr("0123456789abcdef", at[i]))
            return false;
        same += at[i] == but;
    }
    return same < n;
}

bool srv_check_trace(const char *value)
{
    return strlen(value) == SRV_TRACE_SIZE - 1 && are_hex(value, 2, 'f') && value[2] == '-' &&
           are_hex(value + 3, 32, '0') && value[35] == '-' && are_hex(value + 36, 16, '0') &&
           value[52] == '-' && are_hex(value + 53, 2, '\0');
}
