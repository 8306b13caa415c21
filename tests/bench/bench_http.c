/* SPDX-License-Identifier: MIT */
/*
 * Asks a daemon for one path at a steady rate, and tells how long the answers took:
 *
 *     bench_http PORT PATH RATE SECONDS CONNECTIONS
 *
 * The time of an answer runs from when it was to be asked for, not from when a connection was free
 * to do so: a daemon that stands still for a second has a thousand late answers, not sixteen.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROOM 65536
#define MAX_CONNECTIONS 1024

struct connection {
    int fd;
    bool busy;
    double due, sent; /* when what it waits for was to be asked for, and was */
    size_t n;
    char answer[ROOM];
};

struct bench {
    struct connection *at;
    struct pollfd *polled;
    size_t n_connections, total, next, asked, answered, bad;
    double *took, *waited; /* from when it was to be asked for, and from when it was */
    char request[600];
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int join(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        return fd;
    }
    return -1;
}

/* Whether the answer is whole. */
static bool is_whole(const char *answer, size_t n)
{
    const char *end = strstr(answer, "\r\n\r\n"),
               *length = strcasestr(answer, "\r\ncontent-length:");

    return end && length && length < end &&
           n >= (size_t)(end - answer) + 4 + strtoul(length + 17, NULL, 10);
}

/* False when the connection has ended. */
static bool hear(struct bench *b, struct connection *c)
{
    ssize_t got = recv(c->fd, c->answer + c->n, ROOM - 1 - c->n, MSG_DONTWAIT);

    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    c->n += (size_t)got;
    c->answer[c->n] = '\0';
    if (!is_whole(c->answer, c->n))
        return c->n < ROOM - 1;
    b->bad += strncmp(c->answer, "HTTP/1.1 200", 12) != 0;
    b->waited[b->answered] = now() - c->sent;
    b->took[b->answered++] = now() - c->due;
    c->busy = false;
    c->n = 0;
    return true;
}

/* Asks for all that is due, on connections that are free. False when one has ended. */
static bool ask(struct bench *b, double start, double rate)
{
    size_t n = strlen(b->request);
    double t = now();

    for (size_t i = 0; i < b->n_connections && b->asked < b->total; i++) {
        double due = start + (double)b->asked / rate;
        /* Each in its turn: one on which nothing comes is closed by the daemon. */
        struct connection *c = &b->at[b->next++ % b->n_connections];

        if (due > t)
            break;
        if (c->busy)
            continue;
        c->busy = true;
        c->due = due;
        c->sent = now();
        b->asked++;
        if (send(c->fd, b->request, n, MSG_NOSIGNAL) != (ssize_t)n)
            return false;
    }
    return true;
}

static bool run(struct bench *b, double rate)
{
    double start = now() + 0.1;

    while (b->answered < b->total) {
        double next = start + (double)b->asked / rate - now();
        struct timespec wait = {.tv_nsec = next > 1e-3 ? 1000000
                                           : next > 0  ? (long)(next * 1e9)
                                                       : 0};

        if (b->asked == b->total || next <= 0)
            wait.tv_nsec = 1000000; /* for an answer, or a free connection */
        for (size_t i = 0; i < b->n_connections; i++)
            b->polled[i] = (struct pollfd){.fd = b->at[i].fd, .events = POLLIN};
        ppoll(b->polled, b->n_connections, &wait, NULL);
        for (size_t i = 0; i < b->n_connections; i++)
            if (b->polled[i].revents && !hear(b, &b->at[i]))
                return false;
        if (!ask(b, start, rate))
            return false;
    }
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile_ms(const struct bench *b, const double *times, double q)
{
    return 1e3 * times[(size_t)(q * (double)(b->answered - 1))];
}

static void tell(const struct bench *b, const char *path, double rate)
{
    static const struct {
        const char *name;
        double q;
    } told[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};

    qsort(b->took, b->answered, sizeof *b->took, ascending);
    qsort(b->waited, b->answered, sizeof *b->waited, ascending);
    printf("{\"path\": \"%s\", \"rate\": %.0f, \"answers\": %zu, \"not_200\": %zu", path, rate,
           b->answered, b->bad);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        printf(", \"%s_ms\": %.3f", told[i].name, quantile_ms(b, b->took, told[i].q));
    /* The rest is the client's own being late, which a busy machine is to blame for. */
    printf(", \"from_sending_p99_ms\": %.3f}\n", quantile_ms(b, b->waited, 0.99));
}

int main(int argc, char **argv)
{
    struct bench b = {.bad = 0};
    double rate, seconds;

    if (argc != 6) {
        fprintf(stderr, "bench_http PORT PATH RATE SECONDS CONNECTIONS\n");
        return 2;
    }
    rate = strtod(argv[3], NULL);
    seconds = strtod(argv[4], NULL);
    b.n_connections = strtoul(argv[5], NULL, 10);
    b.total = (size_t)(rate * seconds);
    if (b.total == 0 || b.n_connections == 0 || b.n_connections > MAX_CONNECTIONS) {
        fprintf(stderr, "want a rate, seconds, and 1 to %d connections\n", MAX_CONNECTIONS);
        return 2;
    }
    b.at = calloc(b.n_connections, sizeof *b.at);
    b.polled = calloc(b.n_connections, sizeof *b.polled);
    b.took = calloc(b.total, sizeof *b.took);
    b.waited = calloc(b.total, sizeof *b.waited);
    snprintf(b.request, sizeof b.request, "GET %.500s HTTP/1.1\r\nHost: localhost\r\n\r\n",
             argv[2]);
    for (size_t i = 0; b.at && i < b.n_connections; i++)
        if ((b.at[i].fd = join((int)strtol(argv[1], NULL, 10))) < 0)
            return perror("connect"), 1;
    if (!b.at || !b.polled || !b.took || !b.waited || !run(&b, rate)) {
        fprintf(stderr, "the daemon closed a connection after %zu answers\n", b.answered);
        return 1;
    }
    tell(&b, argv[2], rate);
    return b.bad != 0;
}
