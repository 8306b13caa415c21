/* SPDX-License-Identifier: MIT */
/* The built daemon as a child process. Its client is daemon_client.c. */
#include "tests/support/daemon.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define START_TIMEOUT_MS 120000 /* a sanitizer's build on a busy machine */
#define MAX_ARGUMENTS 32

int daemon_setup(void **state)
{
    struct daemon *d = calloc(1, sizeof *d);

    assert_non_null(d);
    *state = d;
    d->dir = tmpdir_create();
    d->curl = curl_easy_init();
    assert_non_null(d->curl);
    daemon_start(d, NULL);
    return 0;
}

int daemon_teardown(void **state)
{
    struct daemon *d = *state;

    if (d->pid) {
        kill(d->pid, SIGKILL);
        waitpid(d->pid, NULL, 0);
    }
    curl_easy_cleanup(d->curl);
    tmpdir_remove(d->dir);
    free(d);
    return 0;
}

/* In the child: does not return. */
static void run(const struct daemon *d, const char *program, const char *const extra[], int out,
                pid_t parent)
{
    char data[600], log[600];
    char *arguments[MAX_ARGUMENTS] = {(char *)(uintptr_t)program, (char *)(uintptr_t) "--listen",
                                      (char *)(uintptr_t) "127.0.0.1:0",
                                      (char *)(uintptr_t) "--data-dir", data};
    size_t n = 5;

    snprintf(data, sizeof data, "%s/data", d->dir);
    snprintf(log, sizeof log, "%s/log", d->dir);
    for (; extra && *extra && n < MAX_ARGUMENTS - 1; extra++)
        arguments[n++] = (char *)(uintptr_t)*extra;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    int err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (dup2(out, STDOUT_FILENO) >= 0 && err >= 0 && dup2(err, STDERR_FILENO) >= 0)
        execv(program, arguments);
    _exit(127);
}

static void show_log(const struct daemon *d)
{
    char path[600], line[2048];

    snprintf(path, sizeof path, "%s/log", d->dir);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        fprintf(stderr, "  log: %s", line);
    if (f)
        fclose(f);
}

/* The line that names the address, or what there was until the end. */
static void read_line(int in, char *line, size_t size)
{
    struct pollfd p = {.fd = in, .events = POLLIN};
    size_t used = 0;

    while (used < size - 1 && poll(&p, 1, START_TIMEOUT_MS) > 0) {
        ssize_t n = read(in, line + used, 1);
        if (n <= 0 || line[used] == '\n')
            break;
        used++;
    }
    line[used] = '\0';
}

void daemon_start(struct daemon *d, const char *const extra[])
{
    const char *program = getenv("SPIKED_BIN"), *address;
    pid_t parent = getpid();
    char line[256];
    int out[2];

    if (!program)
        fail_msg("SPIKED_BIN is not set: want the path of the daemon");
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    d->pid = fork();
    assert_true(d->pid >= 0);
    if (d->pid == 0)
        run(d, program, extra, out[1], parent);
    close(out[1]);
    read_line(out[0], line, sizeof line);
    close(out[0]);
    address = strstr(line, "http://127.0.0.1:");
    if (!address || sscanf(address, "http://127.0.0.1:%d", &d->port) != 1) {
        show_log(d);
        fail_msg("%s: no address on its first line: '%s'", program, line);
    }
    snprintf(d->url, sizeof d->url, "http://127.0.0.1:%d", d->port);
}

int daemon_stop(struct daemon *d, int signal)
{
    int status = 0;

    assert_true(d->pid > 0);
    assert_int_equal(kill(d->pid, signal), 0);
    while (waitpid(d->pid, &status, 0) < 0 && errno == EINTR)
        ;
    d->pid = 0;
    curl_easy_cleanup(d->curl); /* its connection is dead */
    d->curl = curl_easy_init();
    assert_non_null(d->curl);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
