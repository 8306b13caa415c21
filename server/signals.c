/* SPDX-License-Identifier: MIT */
#include "server/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const int ending[] = {SIGTERM, SIGINT};
#define N_ENDING (sizeof ending / sizeof ending[0])

/* From the handler, on whichever thread it runs, to srv_signals_wait. Made once, before the handler
 * is. */
static int passage[2] = {-1, -1};

static void pass_on(int signal_number)
{
    int before = errno;
    unsigned char byte = (unsigned char)signal_number;

    /* When it is full nobody has looked for thousands of signals; one more says nothing new. */
    (void)!write(passage[1], &byte, 1);
    errno = before;
}

enum snn_code srv_signals_start(struct snn_error *err)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction handle = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    bool done = passage[0] >= 0 || pipe2(passage, O_CLOEXEC | O_NONBLOCK) == 0;
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < N_ENDING; i++)
        sigaddset(&set, ending[i]);
    done = done && pthread_sigmask(SIG_BLOCK, &set, NULL) == 0 &&
           sigaction(SIGPIPE, &ignore, NULL) == 0;
    for (size_t i = 0; i < N_ENDING; i++)
        done = done && sigaction(ending[i], &handle, NULL) == 0;
    if (!done)
        return snn_fail(err, SNN_IO, "cannot set up signals: %s", strerror(errno));
    return SNN_OK;
}

int srv_signals_wait(int timeout_ms)
{
    struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                               .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    struct pollfd readable = {.fd = passage[0], .events = POLLIN};
    unsigned char byte = 0;
    sigset_t during;
    int n;

    pthread_sigmask(SIG_BLOCK, NULL, &during);
    for (size_t i = 0; i < N_ENDING; i++)
        sigdelset(&during, ending[i]);
    do {
        /* Interrupted, it starts over: by then the handler has made the passage readable. */
        n = ppoll(&readable, 1, timeout_ms < 0 ? NULL : &timeout, &during);
    } while (n < 0 && errno == EINTR);
    return n > 0 && read(passage[0], &byte, 1) == 1 ? byte : 0;
}
