/* SPDX-License-Identifier: MIT */
#include "server/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int ending[] = {SIGTERM, SIGINT};
#define N_ENDING (sizeof ending / sizeof ending[0])

/* All made once, before the handler is. A signal comes by one of two ways: */
static int pending = -1;          /* it waits, blocked by all threads: a signalfd */
static int passage[2] = {-1, -1}; /* a thread that does not block it ran the handler: a pipe */

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
           sigaction(SIGPIPE, &ignore, NULL) == 0 && sigaction(SIGXFSZ, &ignore, NULL) == 0;
    if (done)
        pending = signalfd(pending, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    done = done && pending >= 0;
    for (size_t i = 0; i < N_ENDING; i++)
        done = done && sigaction(ending[i], &handle, NULL) == 0;
    if (!done)
        return snn_fail(err, SNN_IO, "cannot set up signals: %s", strerror(errno));
    return SNN_OK;
}

int srv_signals_wait(int timeout_ms)
{
    struct pollfd ways[] = {{.fd = pending, .events = POLLIN},
                            {.fd = passage[0], .events = POLLIN}};
    struct signalfd_siginfo info;
    unsigned char byte;

    /* Interrupted (by a debugger), it starts over: the wait may be longer. The same where one of
     * the ways was readable and then was not: a library's thread took the signal that woke us, and
     * its handler is about to pass it on. */
    for (;;) {
        int ready = poll(ways, 2, timeout_ms);

        if (ready == 0 || (ready < 0 && errno != EINTR))
            return 0;
        if (read(pending, &info, sizeof info) == (ssize_t)sizeof info)
            return (int)info.ssi_signo;
        if (read(passage[0], &byte, 1) == 1)
            return byte;
    }
}
