/* SPDX-License-Identifier: MIT */
/* What a service manager hears of the daemon's life. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/notify.h"
#include "tests/support/daemon.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

struct manager {
    char *dir;
    int fd;
};

static int setup(void **state)
{
    struct manager *m = calloc(1, sizeof *m);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 120};

    assert_non_null(m);
    m->dir = tmpdir_create();
    snprintf(at.sun_path, sizeof at.sun_path, "%.90s/notify", m->dir);
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(m->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(setsockopt(m->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", at.sun_path, 1), 0);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct manager *m = *state;

    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(m->fd);
    tmpdir_remove(m->dir);
    free(m);
    return 0;
}

static void hear(const struct manager *m, char text[256])
{
    ssize_t n = recv(m->fd, text, 255, 0);

    assert_true(n > 0);
    text[n] = '\0';
}

static void daemon__started_and_stopped__says_so(void **state)
{
    struct manager *m = *state;
    struct daemon *d = NULL;
    char text[256];

    assert_int_equal(setenv("WATCHDOG_USEC", "100000", 1), 0);
    daemon_setup((void **)&d);
    hear(m, text);
    assert_string_equal(text, "READY=1");
    for (int i = 0; i < 3; i++) {
        hear(m, text);
        assert_string_equal(text, "WATCHDOG=1");
    }
    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    do
        hear(m, text);
    while (strcmp(text, "WATCHDOG=1") == 0);
    assert_string_equal(text, "STOPPING=1");
    daemon_teardown((void **)&d);
}

static void watchdog__variables__say_how_often(void **state)
{
    static const struct {
        const char *usec, *pid;
        int ms;
    } rows[] = {{NULL, NULL, -1},          {"", NULL, -1},
                {"x", NULL, -1},           {"1000", NULL, -1},
                {"30000000", NULL, 15000}, {"-5", NULL, -1},
                {"30000000", "1", -1},     {"99999999999999999", NULL, -1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        if (rows[i].usec)
            setenv("WATCHDOG_USEC", rows[i].usec, 1);
        if (rows[i].pid)
            setenv("WATCHDOG_PID", rows[i].pid, 1);
        assert_int_equal(srv_notify_watchdog_ms(), rows[i].ms);
    }
}

static void notify__nobody_listens__is_no_failure(void **state)
{
    static const char *const sockets[] = {"", "x", "relative", "/nonexistent/notify",
                                          "@spiked-test-nobody"};

    (void)state;
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) {
        setenv("NOTIFY_SOCKET", sockets[i], 1);
        assert_false(srv_notify("READY=1"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(daemon__started_and_stopped__says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(watchdog__variables__say_how_often, setup, teardown),
        cmocka_unit_test_setup_teardown(notify__nobody_listens__is_no_failure, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
