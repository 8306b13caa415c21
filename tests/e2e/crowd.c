/* SPDX-License-Identifier: MIT */
#include "tests/e2e/crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/test.h"

#define ROOM 32768
#define TICK_MS 10
/* A stream that ended is opened again, at the earliest after so long. */
#define AGAIN_SECONDS 0.1

struct client {
    int fd; /* -1 = none */
    bool listens, busy, known;
    double next; /* when it does something again */
    size_t n;    /* bytes of the answer so far */
    char answer[ROOM];
};

struct crowd {
    struct crowd_options options;
    pthread_t thread;
    atomic_bool stopping;
    struct client *clients; /* of the thread alone, as what it polls */
    struct pollfd *polled;
    pthread_mutex_t lock; /* guards what follows */
    char asked[40], stays[40];
    struct crowd_counts counts;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define COUNT(crowd, what, n)                                                                      \
    do {                                                                                           \
        pthread_mutex_lock(&(crowd)->lock);                                                        \
        (crowd)->counts.what += (uint64_t)(n);                                                     \
        pthread_mutex_unlock(&(crowd)->lock);                                                      \
    } while (0)

static void leave(struct crowd *c, struct client *k, bool broken)
{
    if (k->fd >= 0)
        close(k->fd);
    if (broken)
        COUNT(c, broken, 1);
    if (k->listens && k->known)
        COUNT(c, open, -1);
    k->fd = -1;
    k->busy = k->known = false;
    k->next = now() + AGAIN_SECONDS;
}

static bool join(struct crowd *c, struct client *k)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)c->options.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    if (k->fd >= 0)
        return true;
    k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (k->fd < 0 || connect(k->fd, (struct sockaddr *)&to, sizeof to) != 0) {
        leave(c, k, true);
        return false;
    }
    return true;
}

static void ask(struct crowd *c, struct client *k, size_t index)
{
    char request[300], id[40];
    int n;

    pthread_mutex_lock(&c->lock);
    snprintf(id, sizeof id, "%s", k->listens && index % 2 ? c->stays : c->asked);
    if (k->listens && !id[0])
        snprintf(id, sizeof id, "%s", c->stays);
    pthread_mutex_unlock(&c->lock);
    k->next = now() + c->options.seconds;
    if (!id[0] || !join(c, k))
        return;
    n = snprintf(request, sizeof request, "GET /v1/jobs/%s%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                 id, k->listens ? "/events" : "",
                 k->listens ? "Accept: text/event-stream\r\nConnection: close\r\n" : "");
    k->n = 0;
    k->busy = true;
    if (send(k->fd, request, (size_t)n, MSG_NOSIGNAL) != n)
        leave(c, k, true);
}

static bool succeeded(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 2", 10) == 0;
}

/* Bytes of the whole answer, 0 where that is not known yet. */
static size_t size_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n"),
               *length = strcasestr(answer, "\r\ncontent-length:");

    if (!end || !length || length > end)
        return 0;
    return (size_t)(end - answer) + 4 + strtoul(length + 17, NULL, 10);
}

static void hear_stream(struct crowd *c, struct client *k, size_t got)
{
    COUNT(c, bytes, got);
    if (!k->known && strstr(k->answer, "\r\n\r\n")) {
        k->known = true;
        COUNT(c, open, 1);
        if (succeeded(k->answer))
            COUNT(c, streams, 1);
        else
            COUNT(c, refused, 1);
    }
    if (k->known)
        k->n = 0;
}

static void hear(struct crowd *c, struct client *k)
{
    ssize_t got = recv(k->fd, k->answer + k->n, ROOM - 1 - k->n, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        leave(c, k, k->busy && !k->known);
        return;
    }
    k->n += (size_t)got;
    k->answer[k->n] = '\0';
    if (k->listens) {
        hear_stream(c, k, (size_t)got);
        return;
    }
    size_t whole = size_of(k->answer);
    if (whole > ROOM - 1) {
        leave(c, k, true);
    } else if (whole && k->n >= whole) {
        k->busy = false;
        if (succeeded(k->answer))
            COUNT(c, answers, 1);
        else
            COUNT(c, refused, 1);
    }
}

static void *live(void *user)
{
    struct crowd *c = user;
    size_t n = c->options.listeners + c->options.pollers;

    while (!atomic_load(&c->stopping)) {
        double t = now();

        for (size_t i = 0; i < n; i++) {
            if (!c->clients[i].busy && t >= c->clients[i].next)
                ask(c, &c->clients[i], i);
            c->polled[i] = (struct pollfd){.fd = c->clients[i].fd, .events = POLLIN};
        }
        if (poll(c->polled, n, TICK_MS) <= 0)
            continue;
        for (size_t i = 0; i < n; i++)
            if (c->clients[i].fd >= 0 && c->polled[i].revents)
                hear(c, &c->clients[i]);
    }
    for (size_t i = 0; i < n; i++)
        leave(c, &c->clients[i], false);
    return NULL;
}

struct crowd *crowd_start(const struct crowd_options *o)
{
    struct crowd *c = calloc(1, sizeof *c);
    size_t n = o->listeners + o->pollers;

    assert_non_null(c);
    c->options = *o;
    c->clients = calloc(n, sizeof *c->clients);
    c->polled = calloc(n, sizeof *c->polled);
    assert_true(c->clients && c->polled);
    pthread_mutex_init(&c->lock, NULL);
    for (size_t i = 0; i < n; i++) {
        c->clients[i].fd = -1;
        c->clients[i].listens = i < o->listeners;
        c->clients[i].next = now() + o->seconds * (double)i / (double)n; /* not all at once */
    }
    assert_int_equal(pthread_create(&c->thread, NULL, live, c), 0);
    return c;
}

void crowd_stop(struct crowd *c)
{
    atomic_store(&c->stopping, true);
    pthread_join(c->thread, NULL);
    pthread_mutex_destroy(&c->lock);
    free(c->clients);
    free(c->polled);
    free(c);
}

void crowd_watch(struct crowd *c, const char *asked, const char *stays)
{
    pthread_mutex_lock(&c->lock);
    snprintf(c->asked, sizeof c->asked, "%s", asked ? asked : "");
    snprintf(c->stays, sizeof c->stays, "%s", stays);
    pthread_mutex_unlock(&c->lock);
}

struct crowd_counts crowd_counts(struct crowd *c)
{
    struct crowd_counts counts;

    pthread_mutex_lock(&c->lock);
    counts = c->counts;
    pthread_mutex_unlock(&c->lock);
    return counts;
}
