/* SPDX-License-Identifier: MIT */
#include "server/http_accept.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/log.h"

/* How long to leave the door shut where descriptors or memory have run out. */
#define SHORTAGE_MS 100

static void drain_wakes(int fd)
{
    uint64_t n;

    (void)!read(fd, &n, sizeof n);
}

/* One connection, if there is one. False where the next is better awaited. */
static bool accept_one(struct srv_accept *a)
{
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    int fd = accept4(a->listen_fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        a->take(a->user, fd, (struct sockaddr *)&from, size);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        srv_log(SRV_LOG_warning, "cannot_accept", "error=%s",
                errno == EMFILE || errno == ENFILE ? "no_descriptors" : "no_memory");
        poll(&(struct pollfd){.fd = a->wake_fd, .events = POLLIN}, 1, SHORTAGE_MS);
        return false;
    }
    /* Else there is none, or one has gone already (accept(2) reports its end). */
    return errno == EINTR || errno == ECONNABORTED;
}

/* Announces the wait before looking, so that a place which becomes free meanwhile is not missed. */
static bool has_room(struct srv_accept *a)
{
    if (a->room(a->user))
        return true;
    atomic_store(&a->full, true);
    return a->room(a->user);
}

static void *run(void *user)
{
    struct srv_accept *a = user;

    while (!atomic_load(&a->stopping)) {
        struct pollfd both[] = {{.fd = a->wake_fd, .events = POLLIN},
                                {.fd = a->listen_fd, .events = POLLIN}};
        bool room = has_room(a);

        if (poll(both, room ? 2 : 1, -1) > 0 && both[0].revents)
            drain_wakes(a->wake_fd);
        atomic_store(&a->full, false);
        while (!atomic_load(&a->stopping) && a->room(a->user) && accept_one(a))
            ;
    }
    return NULL;
}

static void wake(const struct srv_accept *a)
{
    (void)!write(a->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
}

enum snn_code srv_accept_start(struct srv_accept *a, struct snn_error *err)
{
    int failure;

    a->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    failure = a->wake_fd < 0 ? errno : pthread_create(&a->thread, NULL, run, a);
    if (failure == 0) {
        a->started = a->open = true;
        return SNN_OK;
    }
    if (a->wake_fd >= 0)
        close(a->wake_fd);
    close(a->listen_fd);
    return snn_fail(err, SNN_NOMEM, "cannot start the thread that accepts connections: %s",
                    strerror(failure));
}

void srv_accept_left(struct srv_accept *a)
{
    if (atomic_load(&a->full))
        wake(a);
}

void srv_accept_close(struct srv_accept *a)
{
    if (!a->open)
        return;
    atomic_store(&a->stopping, true);
    wake(a);
    pthread_join(a->thread, NULL);
    close(a->listen_fd);
    a->open = false;
}

void srv_accept_end(struct srv_accept *a)
{
    srv_accept_close(a);
    if (a->started)
        close(a->wake_fd);
    a->started = false;
}
