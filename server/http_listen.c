/* SPDX-License-Identifier: MIT */
#include "server/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "server/http.h"

#define BACKLOG 1024
#define WANTED "want an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080"

/* Splits "host:port" and "[host]:port" at the last colon. */
static bool split(const char *text, char host[SRV_ADDRESS_SIZE], bool *v6, in_port_t *port)
{
    const char *colon = strrchr(text, ':');
    const char *from = text, *to = colon;
    char *end = NULL;
    unsigned long n;

    if (!colon || colon[1] < '0' || colon[1] > '9')
        return false;
    n = strtoul(colon + 1, &end, 10);
    if (*end || n > 65535)
        return false;
    *v6 = text[0] == '[';
    if (*v6) {
        from++;
        to--;
        if (to <= from || *to != ']')
            return false;
    }
    if (to <= from || (size_t)(to - from) >= SRV_ADDRESS_SIZE)
        return false;
    memcpy(host, from, (size_t)(to - from));
    host[to - from] = '\0';
    *port = htons((in_port_t)n);
    return true;
}

enum snn_code srv_listen_parse(struct srv_listen *out, const char *text, struct snn_error *err)
{
    struct srv_listen at = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    in_port_t port = 0;
    bool bracketed = false, understood;

    if (!split(text, at.host, &bracketed, &port))
        return snn_fail(err, SNN_INVALID, "'%.128s' is no address; " WANTED, text);
    if (bracketed)
        understood = inet_pton(AF_INET6, at.host, &v6.sin6_addr) == 1;
    else
        understood = inet_pton(AF_INET, strcasecmp(at.host, "localhost") ? at.host : "127.0.0.1",
                               &v4.sin_addr) == 1;
    if (!understood)
        return snn_fail(err, SNN_INVALID, "'%.128s': '%s' is no IP address; " WANTED, text,
                        at.host);
    v4.sin_port = v6.sin6_port = port;
    at.size = bracketed ? sizeof v6 : sizeof v4;
    memcpy(&at.address, bracketed ? (const void *)&v6 : (const void *)&v4, at.size);
    *out = at;
    return SNN_OK;
}

/* Takes an address apart; the port is 0 and the host "" for what is no internet address. */
static unsigned host_and_port(char host[INET6_ADDRSTRLEN], const struct sockaddr *address)
{
    struct sockaddr_in6 v6 = {0};
    struct sockaddr_in v4 = {0};

    host[0] = '\0';
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, host, INET6_ADDRSTRLEN);
        return ntohs(v6.sin6_port);
    }
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, host, INET6_ADDRSTRLEN);
        return ntohs(v4.sin_port);
    }
    return 0;
}

void srv_listen_peer(char out[INET6_ADDRSTRLEN], const struct sockaddr *address)
{
    host_and_port(out, address);
}

/* As it is written in a URL. */
static void format_address(char out[SRV_ADDRESS_SIZE], const struct sockaddr_storage *address)
{
    char host[INET6_ADDRSTRLEN];
    unsigned port = host_and_port(host, (const struct sockaddr *)address);

    snprintf(out, SRV_ADDRESS_SIZE, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

enum snn_code srv_listen_open(int *out, const struct srv_listen *at, struct snn_error *err)
{
    int fd = socket(at->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_storage address = at->address;
    char name[SRV_ADDRESS_SIZE];
    int failure;

    format_address(name, &at->address);
    /* Reuse: a restart must not wait for the connections of the last run to be forgotten. */
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0 &&
        bind(fd, (struct sockaddr *)&address, at->size) == 0 && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return SNN_OK;
    }
    failure = errno;
    if (fd >= 0)
        close(fd);
    if (failure == EADDRINUSE)
        return snn_fail(err, SNN_IO, "%s is in use by another program; choose another port", name);
    return snn_fail(err, SNN_IO, "cannot listen on %s: %s", name, strerror(failure));
}

void srv_listen_name(char out[SRV_ADDRESS_SIZE], int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;

    out[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        format_address(out, &address);
}

bool srv_listen_is_loopback(const char *listen)
{
    struct srv_listen at = {0};
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;

    if (srv_listen_parse(&at, listen, NULL) != SNN_OK)
        return false;
    if (at.address.ss_family == AF_INET6) {
        memcpy(&v6, &at.address, sizeof v6);
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
    memcpy(&v4, &at.address, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
}
