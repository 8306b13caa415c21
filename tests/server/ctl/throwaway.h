/* SPDX-License-Identifier: MIT */
/* A server of a few lines in this process: it takes one connection after the other, keeps the
 * request and sends the bytes it was given. */
#ifndef TESTS_SERVER_CTL_THROWAWAY_H
#define TESTS_SERVER_CTL_THROWAWAY_H

#include <pthread.h>
#include <stddef.h>

#define THROWAWAY_REQUESTS 4
#define THROWAWAY_BYTES 65536

struct throwaway {
    int listener;
    char url[64];
    const char
        *answers[THROWAWAY_REQUESTS]; /* of connection 0, 1, ...; "" ends it without a word */
    size_t n;
    char request[THROWAWAY_REQUESTS][THROWAWAY_BYTES];
    pthread_t thread;
};

/* Texts, up to NULL. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

void throwaway_start(struct throwaway *s, const char *const *answers);
void throwaway_stop(struct throwaway *s);

/* For cmocka's group: the state is a struct throwaway. */
int throwaway_setup(void **state);
int throwaway_teardown(void **state);

#endif
