/* SPDX-License-Identifier: MIT */
/* The system's clocks, and ids that sort by when they were made. */
#include "server/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define ID_BYTES 16
#define TIME_BYTES 6
#define ID_DIGITS 26

static int64_t read_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall_seconds(void)
{
    return read_ms(CLOCK_REALTIME) / 1000;
}

static int64_t monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

const struct srv_clock srv_system_clock = {wall_seconds, monotonic_ms};

static void random_bytes(unsigned char *to, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(to, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return; /* a kernel without it: the process's ids still ascend, so they still differ */
        to += got;
        n -= (size_t)got;
    }
}

/* Big-endian, with the carry running on into the time. */
static void add_one(unsigned char id[ID_BYTES])
{
    for (size_t i = ID_BYTES; i-- > 0 && ++id[i] == 0;)
        ;
}

static void next_id(unsigned char out[ID_BYTES])
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static unsigned char last[ID_BYTES];
    unsigned char id[ID_BYTES] = {0};
    uint64_t ms = (uint64_t)read_ms(CLOCK_REALTIME);

    for (size_t i = 0; i < TIME_BYTES; i++)
        id[i] = (unsigned char)(ms >> (8 * (TIME_BYTES - 1 - i)));
    random_bytes(id + TIME_BYTES, ID_BYTES - TIME_BYTES);

    pthread_mutex_lock(&lock);
    if (memcmp(id, last, ID_BYTES) <= 0) { /* within one millisecond, or the clock was set back */
        memcpy(id, last, ID_BYTES);
        add_one(id);
    }
    memcpy(last, id, ID_BYTES);
    pthread_mutex_unlock(&lock);
    memcpy(out, id, ID_BYTES);
}

void srv_id_make(char id[SRV_ID_SIZE], const char *prefix)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned char bytes[ID_BYTES];
    char text[ID_DIGITS + 1] = "";
    unsigned value = 0, bits = 2; /* 130 bits in 26 digits: two zeros stand before the 128 */
    size_t at = 0;

    next_id(bytes);
    for (size_t i = 0; i < ID_BYTES; i++) {
        value = (value << 8 | bytes[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            text[at++] = digits[value >> (bits - 5) & 31];
    }
    snprintf(id, SRV_ID_SIZE, "%.5s%s", prefix, text);
}
