/* SPDX-License-Identifier: MIT */
#include "tests/support/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

#define SILENCE_MS 60000 /* a program that draws each second has hung */
#define MOST_READS 5000

/* ---------------------------------------------------------------------------------- screen -- */

void pty_row(const struct pty *p, int row, char *out, size_t size, int *width)
{
    size_t used = 0;

    *width = 0;
    for (int i = 0; i < p->columns; i++)
        if (p->cell[row][i][0] && strcmp(p->cell[row][i], " ") != 0)
            *width = i + 1;
    out[0] = '\0';
    for (int i = 0; i < *width && used + 5 < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s",
                                 p->cell[row][i][0] ? p->cell[row][i] : " ");
}

static bool has(const struct pty *p, const char *text)
{
    char row[PTY_COLUMNS * 5];
    int width;

    for (int i = 0; i < p->rows; i++) {
        pty_row(p, i, row, sizeof row, &width);
        if (strstr(row, text))
            return true;
    }
    return false;
}

static void fail_with_screen(const struct pty *p, const char *what, const char *text)
{
    char row[PTY_COLUMNS * 5];
    int width;

    for (int i = 0; i < p->rows; i++) {
        pty_row(p, i, row, sizeof row, &width);
        fprintf(stderr, "|%s\n", row);
    }
    fail_msg("%s: %s", what, text);
}

static void erase(struct pty *p, int row, int from)
{
    memset(p->cell[row][from], 0, sizeof p->cell[0][0] * (size_t)(PTY_COLUMNS - from));
}

/* A private mode that is set or reset. */
static void set_mode(struct pty *p, const char *number, bool on)
{
    if (strcmp(number, "1049") == 0) {
        p->other_screen = on;
        memset(p->cell, 0, sizeof p->cell); /* what was on the first one is not kept here */
        p->row = p->column = 0;
    } else if (strcmp(number, "25") == 0) {
        p->cursor_hidden = !on;
    } else if (strcmp(number, "7") == 0) {
        p->wrap_off = !on;
    } else {
        fail_with_screen(p, "a mode that this terminal does not know", number);
    }
}

/* "\033[...X": what the programs here use of it, and nothing else. */
static void obey(struct pty *p, const char *sequence, int n)
{
    char arguments[32];

    snprintf(arguments, sizeof arguments, "%.*s", n - 3, sequence + 2);
    switch (sequence[n - 1]) {
    case 'H':
        assert_string_equal(arguments, "");
        p->row = p->column = 0;
        break;
    case 'K':
        erase(p, p->row, p->column < PTY_COLUMNS ? p->column : PTY_COLUMNS - 1);
        break;
    case 'J':
        erase(p, p->row, p->column < PTY_COLUMNS ? p->column : PTY_COLUMNS - 1);
        for (int i = p->row + 1; i < PTY_ROWS; i++)
            erase(p, i, 0);
        break;
    case 'm':
        p->colored = p->colored || strcmp(arguments, "0") != 0;
        break;
    case 'h':
    case 'l':
        assert_int_equal(arguments[0], '?');
        set_mode(p, arguments + 1, sequence[n - 1] == 'h');
        break;
    default:
        fail_with_screen(p, "a sequence that this terminal does not know", sequence + 1);
    }
}

static void put(struct pty *p, const char *bytes, int n)
{
    if (bytes[0] == '\r') {
        p->column = 0;
    } else if (bytes[0] == '\n') {
        if (p->row + 1 < p->rows) {
            p->row++;
        } else {
            memmove(p->cell[0], p->cell[1], sizeof p->cell[0] * (PTY_ROWS - 1));
            erase(p, p->rows - 1, 0);
        }
    } else if (p->column < p->columns) { /* lines do not run over */
        snprintf(p->cell[p->row][p->column], 5, "%.*s", n, bytes);
        p->column++;
    }
}

/* How many bytes of `n` are the whole of what they begin; 0 = it is not there yet. */
static int whole(const char *bytes, int n)
{
    unsigned char b = (unsigned char)bytes[0];
    int want = b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;

    if (b != 0x1b)
        return n >= want ? want : 0;
    for (int i = 2; i < n; i++)
        if (bytes[i] >= 0x40 && bytes[i] <= 0x7e)
            return i + 1;
    return 0;
}

static void take(struct pty *p, const char *bytes, ssize_t n)
{
    for (ssize_t i = 0; i < n; i++) {
        int done;

        assert_true(p->n_pending < (int)sizeof p->pending - 1);
        p->pending[p->n_pending++] = bytes[i];
        p->pending[p->n_pending] = '\0';
        done = whole(p->pending, p->n_pending);
        if (!done)
            continue;
        p->n_pending = 0;
        p->escaped = p->escaped || p->pending[0] == 0x1b;
        if (p->pending[0] == 0x1b)
            obey(p, p->pending, done);
        else
            put(p, p->pending, done);
    }
}

/* False where nobody has the terminal open any more but this test, or nothing more is to come. */
static bool read_some(struct pty *p, int wait_ms)
{
    struct pollfd in = {.fd = p->master, .events = POLLIN};
    char bytes[4096];
    ssize_t n;

    if (poll(&in, 1, wait_ms) <= 0)
        return false;
    n = read(p->master, bytes, sizeof bytes);
    if (n > 0)
        take(p, bytes, n);
    return n > 0;
}

static void wait_for(struct pty *p, const char *text, bool there)
{
    for (int i = 0; i < MOST_READS; i++) {
        /* All that has come is looked at as one: half a picture has what the next half wipes. */
        while (read_some(p, 0))
            ;
        if (has(p, text) == there)
            return;
        if (!read_some(p, SILENCE_MS))
            break;
    }
    fail_with_screen(p, there ? "the screen never had" : "the screen always had", text);
}

void pty_see(struct pty *p, const char *text)
{
    wait_for(p, text, true);
}

void pty_miss(struct pty *p, const char *text)
{
    wait_for(p, text, false);
}

/* --------------------------------------------------------------------------------- program -- */

static void become(struct pty *p, const char *const argv[], const char *env)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    if (ioctl(p->slave, TIOCSCTTY, 0) != 0)
        _exit(126);
    for (int i = 0; i < 3; i++)
        dup2(p->slave, i);
    close(p->slave);
    close(p->master);
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    if (env)
        putenv(strdup(env));
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

void pty_start(struct pty *p, const char *const argv[], const char *env, int columns, int rows)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};

    *p = (struct pty){.columns = columns, .rows = rows};
    assert_true(columns <= PTY_COLUMNS && rows < PTY_ROWS);
    assert_int_equal(openpty(&p->master, &p->slave, NULL, NULL, &size), 0);
    assert_int_equal(fcntl(p->master, F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(tcgetattr(p->slave, &p->before), 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0)
        become(p, argv, env);
}

void pty_type(struct pty *p, const char *keys)
{
    assert_int_equal(write(p->master, keys, strlen(keys)), strlen(keys));
}

void pty_resize(struct pty *p, int columns, int rows)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};

    memset(p->cell, 0, sizeof p->cell); /* as some terminals do */
    p->columns = columns;
    p->rows = rows;
    assert_int_equal(ioctl(p->master, TIOCSWINSZ, &size), 0);
}

int pty_end(struct pty *p)
{
    int status = 0;

    /* Its end is not seen on the terminal, which this test holds open too; but a program that draws
     * has to be read from to come to its end. */
    for (int i = 0; i < MOST_READS; i++) {
        pid_t ended = waitpid(p->pid, &status, WNOHANG);

        if (ended == p->pid)
            break;
        assert_int_equal(ended, 0);
        read_some(p, 20);
        if (i + 1 == MOST_READS)
            fail_with_screen(p, "the program", "did not end");
    }
    p->pid = 0;
    while (read_some(p, 0))
        ;
    return status;
}

void pty_check_given_back(struct pty *p)
{
    struct termios now;

    assert_false(p->other_screen);
    assert_false(p->cursor_hidden);
    assert_false(p->wrap_off);
    assert_int_equal(tcgetattr(p->slave, &now), 0);
    assert_int_equal(now.c_lflag, p->before.c_lflag);
    assert_int_equal(now.c_iflag, p->before.c_iflag);
    assert_int_equal(now.c_oflag, p->before.c_oflag);
    assert_memory_equal(now.c_cc, p->before.c_cc, sizeof now.c_cc);
}

void pty_close(struct pty *p)
{
    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
    }
    close(p->master);
    close(p->slave);
}
