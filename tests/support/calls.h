/* SPDX-License-Identifier: MIT */
/* Counts what takes time that nobody planned: allocations, locks, SQLite. A program that asks for
 * the counts has these functions in place of the libraries', for itself and for the libraries that
 * it uses. Not under sanitizers, which have functions of their own there. */
#ifndef TESTS_SUPPORT_CALLS_H
#define TESTS_SUPPORT_CALLS_H

#include <stdbool.h>

struct calls {
    unsigned long allocations; /* malloc, calloc, realloc, aligned_alloc, posix_memalign */
    unsigned long locks;       /* of mutexes and read-write locks, by the project's own code */
    unsigned long statements;  /* of SQLite: prepared or stepped */
    unsigned long lent;        /* locks that libraries took */
};

/* False where nothing is counted. */
bool calls_are_counted(void);
/* Of the calling thread since it began. */
struct calls calls_so_far(void);
/* What came since then. */
struct calls calls_since(const struct calls *before);
/* No allocation, own lock or statement. */
bool calls_none(const struct calls *c);

#endif
