/* SPDX-License-Identifier: MIT */
#include "server/signals.h"

#include "tests/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait__nothing_came__is_zero(void **state)
{
    (void)state;
    assert_int_equal(srv_signals_wait(0), 0);
    assert_int_equal(srv_signals_wait(5), 0);
}

static void wait__signal_to_the_process__is_its_number(void **state)
{
    (void)state;
    kill(getpid(), SIGTERM);
    assert_int_equal(srv_signals_wait(-1), SIGTERM);
    kill(getpid(), SIGINT);
    assert_int_equal(srv_signals_wait(60000), SIGINT);
    assert_int_equal(srv_signals_wait(0), 0);
}

static void *send_term(void *arg)
{
    (void)arg;
    kill(getpid(), SIGTERM);
    return NULL;
}

static void wait__other_thread_sends__is_its_number(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, send_term, NULL), 0);
    assert_int_equal(srv_signals_wait(60000), SIGTERM);
    pthread_join(thread, NULL);
}

/* From outside, so that the thread that waits and the library's wake up for it at the same time. */
static void wait__many_signals_while_waiting__each_is_returned(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        pid_t child = fork();

        if (child == 0) {
            kill(getppid(), SIGTERM);
            _exit(0);
        }
        assert_int_equal(srv_signals_wait(-1), SIGTERM);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    assert_int_equal(srv_signals_wait(0), 0);
}

static void pipe__reader_left__is_an_error_not_the_end(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    close(ends[1]);
}

static void wait__signals_came_before__are_not_lost(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        kill(getpid(), i % 2 ? SIGINT : SIGTERM);
        assert_int_equal(srv_signals_wait(60000), i % 2 ? SIGINT : SIGTERM);
    }
}

/* A thread of a library: started before main could block anything, and able to take the signal. It
 * waits in sem_wait because ThreadSanitizer holds signals back that come during a read. */
struct library {
    pthread_t thread;
    sem_t end;
};

static void *library_thread(void *arg)
{
    struct library *library = arg;

    while (sem_wait(&library->end) != 0)
        ;
    return NULL;
}

static int setup(void **state)
{
    static struct library library;

    *state = &library;
    if (sem_init(&library.end, 0, 0) != 0 ||
        pthread_create(&library.thread, NULL, library_thread, &library) != 0)
        return -1;
    return srv_signals_start(NULL) == SNN_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct library *library = *state;

    sem_post(&library->end);
    pthread_join(library->thread, NULL);
    sem_destroy(&library->end);
    return 0;
}

static void wait__thread_of_a_library_gets_it__is_its_number(void **state)
{
    struct library *library = *state;

    assert_int_equal(pthread_kill(library->thread, SIGTERM), 0);
    assert_int_equal(srv_signals_wait(60000), SIGTERM);
}

static void wait__main_gets_it_before_it_waits__is_its_number(void **state)
{
    (void)state;
    assert_int_equal(pthread_kill(pthread_self(), SIGINT), 0);
    assert_int_equal(srv_signals_wait(0), SIGINT);
}

static void file__larger_than_allowed__is_an_error_not_the_end(void **state)
{
    struct rlimit before, limit;
    FILE *f = tmpfile();

    (void)state;
    assert_non_null(f);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(write(fileno(f), "x", 1), -1);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait__signals_came_before__are_not_lost),
        cmocka_unit_test(wait__nothing_came__is_zero),
        cmocka_unit_test(wait__signal_to_the_process__is_its_number),
        cmocka_unit_test(wait__other_thread_sends__is_its_number),
        cmocka_unit_test(wait__many_signals_while_waiting__each_is_returned),
        cmocka_unit_test(wait__thread_of_a_library_gets_it__is_its_number),
        cmocka_unit_test(wait__main_gets_it_before_it_waits__is_its_number),
        cmocka_unit_test(pipe__reader_left__is_an_error_not_the_end),
        cmocka_unit_test(file__larger_than_allowed__is_an_error_not_the_end),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
