/* SPDX-License-Identifier: MIT */
#include "tests/server/ctl/throwaway.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/test.h"

static size_t body_wanted(const char *head)
{
    const char *at = strcasestr(head, "\r\nContent-Length:");

    return at ? strtoul(at + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

static void take_request(int fd, char *out)
{
    size_t n = 0;
    ssize_t got;
    const char *end;

    do {
        got = read(fd, out + n, THROWAWAY_BYTES - 1 - n);
        n += got > 0 ? (size_t)got : 0;
        out[n] = '\0';
        end = strstr(out, "\r\n\r\n");
    } while (got > 0 && (!end || n < (size_t)(end + 4 - out) + body_wanted(out)));
}

static void *serve(void *user)
{
    struct throwaway *s = user;

    for (size_t i = 0; i < s->n; i++) {
        const char *answer = s->answers[i];
        int fd = accept(s->listener, NULL, NULL);
        ssize_t sent = 0;

        if (fd < 0)
            break;
        take_request(fd, s->request[i]);
        for (size_t at = 0; sent >= 0 && at < strlen(answer); at += (size_t)sent)
            sent = send(fd, answer + at, strlen(answer) - at, MSG_NOSIGNAL);
        close(fd);
    }
    return NULL;
}

void throwaway_start(struct throwaway *s, const char *const *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    memset(s, 0, sizeof *s);
    for (; answers[s->n]; s->n++)
        s->answers[s->n] = answers[s->n];
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s->listener >= 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(s->listener, 4), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

void throwaway_stop(struct throwaway *s)
{
    assert_int_equal(shutdown(s->listener, SHUT_RDWR), 0); /* wakes one that still waits */
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    close(s->listener);
}

int throwaway_setup(void **state)
{
    *state = malloc(sizeof(struct throwaway));
    return *state ? 0 : -1;
}

int throwaway_teardown(void **state)
{
    free(*state);
    return 0;
}
