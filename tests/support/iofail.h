/* SPDX-License-Identifier: MIT */
/* Refuses one of the calls by which the project's own code works on files, as oom.h does for
 * memory:
 *
 *     for (unsigned long n = 0;; n++) {
 *         io_fail_at(n, EIO);
 *         rc = thing_save(thing, &err);
 *         if (!io_off())
 *             break;               // n was past the last call: it went through
 *         assert_int_equal(rc, SNN_IO);
 *     }
 *
 * The linker sends them here (WRAPPED_FILES in the Makefile). What shared libraries do for
 * themselves is not seen; the database's files are tests/support/disk.h's. */
#ifndef TESTS_SUPPORT_IOFAIL_H
#define TESTS_SUPPORT_IOFAIL_H

#include <stdbool.h>

/* The n-th call from now (0 is the next), by whichever thread, fails with that errno; the others do
 * not. A file that is closed is closed all the same. */
void io_fail_at(unsigned long n, int error);

/* No call fails any more. True if one did since io_fail_at. */
bool io_off(void);

/* The name of the call that did. */
const char *io_refused(void);

/* From now on fsync does nothing, and well: for tests that lose what was not synced themselves. */
void io_skip_sync(void);

#endif
