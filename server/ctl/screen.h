/* SPDX-License-Identifier: MIT */
/* The whole terminal: keys as they are pressed, and pictures drawn over one another. However the
 * program ends, short of SIGKILL, the terminal is given back as it was. One at a time. */
#ifndef SPIKED_CTL_SCREEN_H
#define SPIKED_CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "server/ctl/text.h"

/* Of standard input and output. False where these are no terminal that can be asked. */
bool ctl_screen_open(void);
void ctl_screen_close(void);

/* Columns and rows, as they are now; left alone where nobody knows. */
void ctl_screen_size(size_t *width, size_t *height);

/* Draws lines over what is there, as many as there are rows; the text has no line break at its
 * end. False where the terminal is gone. */
bool ctl_screen_draw(const struct ctl_text *lines);

/* What was pressed, beside characters as they are (a byte of UTF-8 at a time). */
enum ctl_key {
    CTL_KEY_NONE = -1,    /* nothing until the time was over */
    CTL_KEY_RESIZED = -2, /* draw anew: another size, or back from having been stopped */
    CTL_KEY_GONE = -3,    /* nobody will ever press one */
    CTL_KEY_UP = 0x100,
    CTL_KEY_DOWN,
    CTL_KEY_HOME,
    CTL_KEY_END,
    CTL_KEY_PAGE_UP,
    CTL_KEY_PAGE_DOWN,
    CTL_KEY_OTHER /* a sequence that means nothing here */
};
#define CTL_KEY_ESCAPE 0x1b
#define CTL_KEY_ENTER '\r'
#define CTL_KEY_ERASE 0x7f

/* The next key, waited for at most so many seconds. */
int ctl_screen_key(double seconds);

/* The key that `n` >= 1 bytes begin with; *used says how many of them it is. */
int ctl_key_read(const char *bytes, size_t n, size_t *used);

#endif
