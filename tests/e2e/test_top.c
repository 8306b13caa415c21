/* SPDX-License-Identifier: MIT */
/* spikectl top in a terminal, as somebody uses it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/support/daemon.h"
#include "tests/support/pty.h"
#include "tests/support/test.h"

#define JOB(name, epochs)                                                                          \
    "{\"name\":\"" name "\",\"metadata\":{\"paper\":\"" name "-fig\"},\"dataset\":{\"name\":"      \
    "\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":16},{\"kind\":\"dense\",\"units\":10}]" \
    ",\"training\":{\"epochs\":" epochs "}}"

#define CTRL_C "\003"
#define CTRL_Z "\032"
#define KEY_ARROW_DOWN "\033[B"

static void start(struct pty *p, struct daemon *d, const char *env, int columns, int rows)
{
    const char *argv[] = {getenv("SPIKECTL_BIN"), "--server", d->url, "top", NULL};

    assert_non_null(argv[0]);
    pty_start(p, argv, env, columns, rows);
}

static void quit(struct pty *p)
{
    pty_type(p, "q");
    assert_int_equal(pty_end(p), 0);
    pty_check_given_back(p);
    pty_close(p);
}

/* A job that runs until it is stopped, and one that is over. */
static void submit_two(struct daemon *d)
{
    struct answer a = {.status = 0};
    char id[32];

    daemon_submit(d, JOB("short", "3"), id);
    daemon_wait(d, &a, id, "succeeded");
    daemon_submit(d, JOB("endless", "100000"), id);
    daemon_wait_epoch(d, id, 1);
    answer_clear(&a);
}

static void top__keys__pause_resume_and_cancel(void **state)
{
    struct daemon *d = *state;
    struct pty p;

    submit_two(d);
    start(&p, d, NULL, 110, 20);
    pty_see(&p, "> endless");
    pty_see(&p, "running ");
    pty_see(&p, "\u2588"); /* of the curve */
    pty_see(&p, "1 running, 1 succeeded");
    assert_true(p.other_screen && p.cursor_hidden);
    pty_type(&p, "p");
    pty_see(&p, "endless is paus");
    pty_see(&p, "1 paused");
    pty_type(&p, "r");
    pty_see(&p, "1 running");
    pty_type(&p, "c");
    pty_see(&p, "cancel endless? y/n");
    pty_type(&p, "n");
    pty_miss(&p, "y/n");
    pty_see(&p, "1 running");
    pty_type(&p, "cy");
    pty_see(&p, "endless is cancel");
    pty_see(&p, "1 cancelled");
    pty_type(&p, KEY_ARROW_DOWN);
    pty_see(&p, "> short");
    pty_type(&p, "p"); /* what cannot be done is said */
    pty_see(&p, "409: ");
    quit(&p);
}

static void top__sort_filter_and_search__ask_the_daemon(void **state)
{
    struct daemon *d = *state;
    struct pty p;

    submit_two(d);
    start(&p, d, NULL, 100, 12);
    pty_see(&p, "short");
    pty_type(&p, "f");
    pty_see(&p, "only running");
    pty_miss(&p, "short");
    pty_type(&p, "fffff");
    pty_see(&p, "only cancelled");
    pty_see(&p, "no job fits");
    pty_type(&p, "f/paper=shorx\177t\r"); /* one letter is taken back */
    pty_see(&p, "with \"paper=short\"");
    pty_miss(&p, "endless");
    pty_type(&p, "/");
    pty_see(&p, "search: paper=short_");
    pty_type(&p, "\033");
    pty_miss(&p, "search: ");
    pty_see(&p, "with \"paper=short\"");
    pty_type(&p, "/\177\177\177\177\177\177\177\177\177\177\177\r");
    pty_see(&p, "endless");
    pty_type(&p, "sssss");
    pty_see(&p, "by name");
    pty_see(&p, "> endless");
    pty_type(&p, "o");
    pty_see(&p, "by name, turned");
    pty_see(&p, "> short");
    quit(&p);
}

static void top__resized__fits(void **state)
{
    struct daemon *d = *state;
    char row[PTY_COLUMNS * 5];
    struct pty p;
    int width;

    submit_two(d);
    start(&p, d, NULL, 180, 12);
    pty_see(&p, "job_");
    pty_see(&p, "CURVE");
    pty_resize(&p, 40, 8);
    pty_see(&p, "endless");
    pty_miss(&p, "CURVE");
    for (int i = 0; i < 8; i++) {
        pty_row(&p, i, row, sizeof row, &width);
        assert_true(width < 40);
    }
    pty_resize(&p, 20, 3);
    pty_see(&p, "> endles");
    pty_resize(&p, 90, 24);
    pty_see(&p, "CURVE");
    pty_see(&p, "quit");
    quit(&p);
}

/* Whatever ends it: the status is that of the signal, and the terminal as before. */
static void top__signals__give_the_terminal_back(void **state)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV};
    struct daemon *d = *state;
    struct pty p;
    int status;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        start(&p, d, NULL, 80, 12);
        pty_see(&p, "no job fits");
        assert_int_equal(kill(p.pid, signals[i]), 0);
        status = pty_end(&p);
        if (signals[i] != SIGSEGV) { /* which a sanitizer makes an exit of its own of */
            assert_true(WIFSIGNALED(status));
            assert_int_equal(WTERMSIG(status), signals[i]);
        }
        pty_check_given_back(&p);
        pty_close(&p);
    }
    start(&p, d, NULL, 80, 12);
    pty_see(&p, "no job fits");
    pty_type(&p, CTRL_C);
    status = pty_end(&p);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    pty_check_given_back(&p);
    pty_close(&p);
}

/* Under a shell with job control: the shell has its terminal while it is stopped, and it goes on.
 */
static void top__stopped__lends_the_terminal_and_comes_back(void **state)
{
    struct daemon *d = *state;
    char script[600];
    const char *argv[] = {"/bin/bash", "-mc", script, NULL};
    struct pty p;

    snprintf(script, sizeof script,
             "%s --server %s top; echo stopped with $?; read -r line; fg; "
             "echo over with $?",
             getenv("SPIKECTL_BIN"), d->url);
    pty_start(&p, argv, NULL, 80, 12);
    pty_see(&p, "no job fits");
    pty_type(&p, CTRL_Z);
    pty_see(&p, "stopped with 1"); /* 128 + SIGTSTP */
    pty_check_given_back(&p);
    pty_type(&p, "\r");
    pty_see(&p, "q quit");
    assert_true(p.other_screen && p.cursor_hidden);
    pty_type(&p, "q");
    pty_see(&p, "over with 0");
    assert_int_equal(pty_end(&p), 0);
    pty_check_given_back(&p);
    pty_close(&p);
}

static void top__no_colour_wanted__has_none(void **state)
{
    struct daemon *d = *state;
    struct pty p;

    submit_two(d);
    start(&p, d, NULL, 80, 12);
    pty_see(&p, "> endless");
    assert_true(p.colored);
    quit(&p);
    start(&p, d, "NO_COLOR=1", 80, 12);
    pty_see(&p, "> endless");
    quit(&p);
    assert_false(p.colored);
}

static void top__dumb_terminal__is_one_plain_table(void **state)
{
    struct daemon *d = *state;
    struct pty p;

    submit_two(d);
    start(&p, d, "TERM=dumb", 80, 12);
    assert_int_equal(pty_end(&p), 0);
    assert_false(p.escaped);
    pty_see(&p, "NAME");
    pty_see(&p, "  endless");
    pty_see(&p, "succeeded");
    pty_close(&p);
}

static void top__daemon_that_goes_away__is_waited_for(void **state)
{
    struct daemon *d = *state;
    struct pty p;

    submit_two(d);
    start(&p, d, NULL, 80, 12);
    pty_see(&p, "> endless");
    daemon_stop(d, SIGTERM);
    pty_see(&p, "no answer, trying again");
    pty_see(&p, "> endless"); /* what is known stays */
    quit(&p);
    start(&p, d, NULL, 80, 12);
    assert_int_equal(WEXITSTATUS(pty_end(&p)), 4);
    assert_false(p.escaped && p.other_screen);
    pty_close(&p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, daemon_setup, daemon_teardown)
    const struct CMUnitTest tests[] = {
        TEST(top__keys__pause_resume_and_cancel),
        TEST(top__sort_filter_and_search__ask_the_daemon),
        TEST(top__resized__fits),
        TEST(top__signals__give_the_terminal_back),
        TEST(top__stopped__lends_the_terminal_and_comes_back),
        TEST(top__no_colour_wanted__has_none),
        TEST(top__dumb_terminal__is_one_plain_table),
        TEST(top__daemon_that_goes_away__is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
