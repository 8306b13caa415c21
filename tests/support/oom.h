/* SPDX-License-Identifier: MIT */
/* Refuses one allocation of the project's own code, so that every failure path can be walked:
 *
 *     for (unsigned long n = 0;; n++) {
 *         oom_fail_at(n);
 *         rc = thing_new(&thing, &err);
 *         if (!oom_off())
 *             break;               // n was past the last allocation: the call went through
 *         assert_int_equal(rc, SNN_NOMEM);
 *     }
 *
 * The linker sends malloc, calloc, realloc, aligned_alloc, posix_memalign, strdup and strndup
 * here (see WRAPPED in the Makefile). What shared libraries allocate for themselves is not seen. */
#ifndef TESTS_SUPPORT_OOM_H
#define TESTS_SUPPORT_OOM_H

#include <stdbool.h>
#include <stddef.h>

/* The n-th allocation from now (0 is the next), by whichever thread, fails; the others do not. */
void oom_fail_at(unsigned long n);

/* No allocation fails any more. True if one was refused since oom_fail_at. */
bool oom_off(void);

/* Bytes asked for since the program began, whatever was given back. */
size_t oom_asked(void);

#endif
