/* SPDX-License-Identifier: MIT */
/* A program in a terminal of its own, whose screen is kept as somebody would see it. Whatever
 * cannot be done fails the running test and shows the screen. */
#ifndef TESTS_SUPPORT_PTY_H
#define TESTS_SUPPORT_PTY_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#define PTY_ROWS 60
#define PTY_COLUMNS 200

struct pty {
    int master, slave; /* the slave stays open here, so that its settings can be asked for after */
    pid_t pid;
    struct termios before;
    char cell[PTY_ROWS][PTY_COLUMNS][5]; /* a character of UTF-8 each; "" = blank */
    int row, column, rows, columns;
    char pending[64]; /* the beginning of a sequence or character */
    int n_pending;
    bool other_screen, cursor_hidden, wrap_off; /* what is to be given back */
    bool colored;                               /* some text had a colour or a weight */
    bool escaped;                               /* there was any escape sequence */
};

/* Starts argv (NULL-terminated) in a terminal of that size; `env`, "NAME=VALUE" or NULL, is added
 * to the environment, in which TERM is "xterm". */
void pty_start(struct pty *p, const char *const argv[], const char *env, int columns, int rows);
void pty_type(struct pty *p, const char *keys);
void pty_resize(struct pty *p, int columns, int rows);

/* Waits until some row of the screen has the text, or none has. */
void pty_see(struct pty *p, const char *text);
void pty_miss(struct pty *p, const char *text);

/* Waits for its end; the status of wait(). */
int pty_end(struct pty *p);
/* Fails unless screen, cursor, wrap and the terminal's settings are as they were before. */
void pty_check_given_back(struct pty *p);
void pty_close(struct pty *p);

/* The row as text, of the screen as it is; the columns up to the last that is not blank. */
void pty_row(const struct pty *p, int row, char *out, size_t size, int *width);

#endif
