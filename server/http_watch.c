/* SPDX-License-Identifier: MIT */
#include "server/http_watch.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/clock.h"
#include "server/log.h"
#include "server/meter.h"

/* How late a deadline may be noticed. */
#define LOOK_MS 200

static const char late_reply[] =
    "HTTP/1.1 408 Request Timeout\r\n"
    "Content-Type: application/problem+json\r\n"
    "Content-Length: 157\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Cache-Control: no-store\r\n"
    "Connection: close\r\n\r\n"
    "{\"type\":\"about:blank\",\"title\":\"Request Timeout\",\"status\":408,"
    "\"detail\":\"the request did not come in time\",\"instance\":null,"
    "\"code\":\"too_slow\",\"request_id\":null}";

/* ----------------------------------------------------------------------------------- cutting -- */

/* With the lock held. Never twice, and never while a reply is on its way out but for its own
 * slowness: whoever changes the phase first has it. */
static void cut(struct srv_watch *w, struct srv_watched *c, int phase, bool room)
{
    if (!atomic_compare_exchange_strong(&c->phase, &phase, SRV_PHASE_CUT))
        return;
    atomic_store(&c->deadline_ms, INT64_MAX);
    if (w->options.plain && (phase == SRV_PHASE_HEAD || phase == SRV_PHASE_BODY))
        (void)!send(c->fd, late_reply, sizeof late_reply - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    /* libmicrohttpd closes the descriptor when it notices; it is open while it is in the list. */
    shutdown(c->fd, SHUT_RDWR);
    srv_count(room ? SRV_COUNTER_rejected_place : SRV_COUNTER_rejected_slow, 1);
    srv_log(SRV_LOG_debug, "connection_cut", "reason=%s", room ? "makes_room" : "too_slow");
}

static void cut_late(struct srv_watch *w, int64_t now)
{
    for (struct srv_watched *c = w->first; c; c = c->next)
        if (atomic_load(&c->deadline_ms) <= now)
            cut(w, c, atomic_load(&c->phase), false);
}

/* With the lock held. The newest is first, and is not looked at. */
static void make_room(struct srv_watch *w)
{
    struct srv_watched *victim = NULL;

    for (struct srv_watched *c = w->first ? w->first->next : NULL; c; c = c->next) {
        int phase = atomic_load(&c->phase);

        if ((phase == SRV_PHASE_HEAD || phase == SRV_PHASE_IDLE) &&
            (!victim || atomic_load(&c->deadline_ms) < atomic_load(&victim->deadline_ms)))
            victim = c;
    }
    if (victim)
        cut(w, victim, atomic_load(&victim->phase), true);
}

static void *watch(void *user)
{
    struct srv_watch *w = user;

    pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        if (!w->first) {
            pthread_cond_wait(&w->changed, &w->lock);
        } else {
            int64_t at = srv_system_clock.monotonic_ms() + LOOK_MS;
            struct timespec t = {(time_t)(at / 1000), (long)(at % 1000) * 1000000};

            pthread_cond_timedwait(&w->changed, &w->lock, &t);
        }
        cut_late(w, srv_system_clock.monotonic_ms());
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ----------------------------------------------------------------------------- start, finish -- */

enum snn_code srv_watch_start(struct srv_watch *w, const struct srv_watch_options *options,
                              struct snn_error *err)
{
    pthread_condattr_t monotonic;

    w->options = *options;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&w->thread, NULL, watch, w) != 0) {
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->lock);
        return snn_fail(err, SNN_NOMEM, "cannot start the thread that watches connections");
    }
    w->started = true;
    return SNN_OK;
}

void srv_watch_stop(struct srv_watch *w)
{
    if (!w->started)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    while (w->first)
        srv_watch_remove(w, w->first);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    w->started = false;
}

/* ------------------------------------------------------------------------------- connections -- */

static void take_address(unsigned char out[16], const struct sockaddr *from)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;

    memset(out, 0, 16);
    if (from && from->sa_family == AF_INET6) {
        memcpy(&v6, from, sizeof v6);
        memcpy(out, &v6.sin6_addr, 16);
    } else if (from && from->sa_family == AF_INET) {
        memcpy(&v4, from, sizeof v4);
        memcpy(out, mapped, sizeof mapped);
        memcpy(out + sizeof mapped, &v4.sin_addr, 4);
    }
}

static bool is_own(const unsigned char address[16])
{
    struct in6_addr v6;

    memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && address[12] == 127);
}

bool srv_watch_admits(struct srv_watch *w, const struct sockaddr *from)
{
    unsigned char address[16];
    unsigned n = 0;

    take_address(address, from);
    if (is_own(address))
        return true;
    pthread_mutex_lock(&w->lock);
    for (const struct srv_watched *c = w->first; c; c = c->next)
        n += memcmp(c->address, address, sizeof address) == 0;
    pthread_mutex_unlock(&w->lock);
    if (n >= w->options.per_address)
        srv_count(SRV_COUNTER_rejected_place, 1);
    return n < w->options.per_address;
}

struct srv_watched *srv_watch_add(struct srv_watch *w, int fd, const struct sockaddr *from)
{
    struct srv_watched *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->fd = fd;
    take_address(c->address, from);
    srv_watch_phase(w, c, SRV_PHASE_HEAD, 0);
    pthread_mutex_lock(&w->lock);
    c->next = w->first;
    if (w->first)
        w->first->before = c;
    else
        pthread_cond_signal(&w->changed);
    w->first = c;
    srv_count(SRV_COUNTER_connections_opened, 1);
    if (++w->n > w->options.connections - w->options.connections / 8)
        make_room(w);
    pthread_mutex_unlock(&w->lock);
    return c;
}

struct srv_watched *srv_watch_find(struct srv_watch *w, int fd)
{
    struct srv_watched *c;

    pthread_mutex_lock(&w->lock);
    for (c = w->first; c && c->fd != fd; c = c->next)
        ;
    pthread_mutex_unlock(&w->lock);
    return c;
}

void srv_watch_remove(struct srv_watch *w, struct srv_watched *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&w->lock);
    if (c->before)
        c->before->next = c->next;
    else
        w->first = c->next;
    if (c->next)
        c->next->before = c->before;
    w->n--;
    srv_count(SRV_COUNTER_connections_closed, 1);
    pthread_mutex_unlock(&w->lock);
    free(c);
}

size_t srv_watch_count(struct srv_watch *w)
{
    size_t n;

    pthread_mutex_lock(&w->lock);
    n = w->n;
    pthread_mutex_unlock(&w->lock);
    return n;
}

/* ------------------------------------------------------------------------------------ phases -- */

/* How long a phase may be, with what has come or is to go. */
static int64_t allowed_ms(const struct srv_watch_options *o, enum srv_phase phase, uint64_t bytes)
{
    const uint64_t most = (uint64_t)INT64_MAX / 4000;

    if (phase == SRV_PHASE_HEAD)
        return o->head_ms;
    if (phase == SRV_PHASE_IDLE)
        return (int64_t)o->idle_ms + o->head_ms;
    return o->grace_ms + (int64_t)((bytes < most ? bytes : most) * 1000 / o->rate);
}

bool srv_watch_phase(const struct srv_watch *w, struct srv_watched *c, enum srv_phase phase,
                     uint64_t size)
{
    int before = c ? atomic_load(&c->phase) : SRV_PHASE_BUSY;
    bool timed = phase != SRV_PHASE_BUSY;

    if (!c)
        return true;
    c->since_ms = srv_system_clock.monotonic_ms();
    atomic_store(&c->deadline_ms, INT64_MAX);
    do {
        if (before == SRV_PHASE_CUT)
            return false;
    } while (!atomic_compare_exchange_weak(&c->phase, &before, phase));
    if (timed)
        atomic_store(&c->deadline_ms, c->since_ms + allowed_ms(&w->options, phase, size));
    return true;
}

void srv_watch_received(const struct srv_watch *w, struct srv_watched *c, uint64_t bytes)
{
    if (c && atomic_load(&c->phase) == SRV_PHASE_BODY)
        atomic_store(&c->deadline_ms, c->since_ms + allowed_ms(&w->options, SRV_PHASE_BODY, bytes));
}
