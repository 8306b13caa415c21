/* SPDX-License-Identifier: MIT */
/* Scratch folders for tests, under $TMPDIR or /tmp. */
#ifndef TESTS_SUPPORT_TMPDIR_H
#define TESTS_SUPPORT_TMPDIR_H

#include <stddef.h>

/* Makes a new empty folder. The path is the caller's to free through tmpdir_remove.
 * A failure fails the running test. */
char *tmpdir_create(void);

/* Removes the folder with all in it and frees the path. NULL is allowed. */
void tmpdir_remove(char *path);

/* Writes `size` bytes to the file `name` in `dir` and returns its path, the caller's to free. */
char *tmpdir_write(const char *dir, const char *name, const void *data, size_t size);

#endif
