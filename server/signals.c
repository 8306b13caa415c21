/* SPDX-License-Identifier: MIT */
#include "server/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static void ending_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

enum snn_code srv_signals_start(struct snn_error *err)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;
    int failure;

    ending_signals(&set);
    failure = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (!failure && sigaction(SIGPIPE, &ignore, NULL) != 0)
        failure = errno;
    if (failure)
        return snn_fail(err, SNN_IO, "cannot set up signals: %s", strerror(failure));
    return SNN_OK;
}

int srv_signals_wait(int timeout_ms)
{
    struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                               .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    sigset_t set;
    int got;

    ending_signals(&set);
    do {
        /* Interrupted (a debugger, a stop and continue), it starts over: the wait may be longer. */
        got = timeout_ms < 0 ? sigwaitinfo(&set, NULL) : sigtimedwait(&set, NULL, &timeout);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? got : 0;
}
