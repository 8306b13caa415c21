/* SPDX-License-Identifier: MIT */
#include "server/throttle.h"

#include <arpa/inet.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETS 1024
#define WAYS 4
#define KEY_BYTES 8

struct bucket {
    unsigned char key[KEY_BYTES];
    int64_t at_ms; /* when `left` was so; 0 = nobody's */
    double left;
};

struct srv_throttle {
    struct srv_clock clock;
    double per_second, burst;
    pthread_mutex_t lock; /* guards the buckets */
    struct bucket buckets[SETS][WAYS];
};

enum snn_code srv_throttle_new(struct srv_throttle **out, double per_second, double burst,
                               const struct srv_clock *clock, struct snn_error *err)
{
    struct srv_throttle *t = calloc(1, sizeof *t);

    if (!t)
        return snn_fail(err, SNN_NOMEM, "no memory to count requests");
    t->clock = *clock;
    t->per_second = per_second;
    t->burst = burst;
    pthread_mutex_init(&t->lock, NULL);
    *out = t;
    return SNN_OK;
}

void srv_throttle_free(struct srv_throttle *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* What of the address tells clients apart; what is no address is a client of its own. */
static void make_key(unsigned char key[KEY_BYTES], const char *peer)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    unsigned char v6[16] = {0};

    memset(key, 0, KEY_BYTES);
    if (inet_pton(AF_INET, peer, key + 4) == 1 || inet_pton(AF_INET6, peer, v6) != 1)
        return;
    if (memcmp(v6, mapped, sizeof mapped) == 0)
        memcpy(key + 4, v6 + 12, 4);
    else
        memcpy(key, v6, KEY_BYTES);
}

static size_t set_of(const unsigned char key[KEY_BYTES])
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < KEY_BYTES; i++)
        h = (h ^ key[i]) * 1099511628211u;
    return (size_t)((h ^ (h >> 32)) % SETS);
}

/* The client's bucket, or the one of its set that was touched longest ago, full. */
static struct bucket *find(struct srv_throttle *t, const unsigned char key[KEY_BYTES], int64_t now)
{
    struct bucket *set = t->buckets[set_of(key)], *oldest = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].at_ms && memcmp(set[i].key, key, KEY_BYTES) == 0)
            return &set[i];
        if (set[i].at_ms < oldest->at_ms)
            oldest = &set[i];
    }
    *oldest = (struct bucket){.at_ms = now, .left = t->burst};
    memcpy(oldest->key, key, KEY_BYTES);
    return oldest;
}

bool srv_throttle_take(struct srv_throttle *t, const char *peer, unsigned *wait)
{
    int64_t now = t->clock.monotonic_ms() + 1; /* never 0 */
    unsigned char key[KEY_BYTES];
    struct bucket *b;
    bool taken;

    make_key(key, peer);
    pthread_mutex_lock(&t->lock);
    b = find(t, key, now);
    b->left = fmin(t->burst, b->left + (double)(now - b->at_ms) / 1000 * t->per_second);
    b->at_ms = now;
    taken = b->left >= 1;
    *wait = taken ? 0 : (unsigned)fmax(1, fmin(3600, ceil((1 - b->left) / t->per_second)));
    b->left -= taken;
    pthread_mutex_unlock(&t->lock);
    return taken;
}
