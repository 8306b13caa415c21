/* SPDX-License-Identifier: MIT */
/* Functions of the libraries under their own names: the linker and the loader take the program's.
 * The allocator's go on to the C library by the names it has for that, for dlsym allocates. */
#include "tests/support/calls.h"

#ifdef __has_feature
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#endif

static _Thread_local struct calls calls;

struct calls calls_so_far(void)
{
    return calls;
}

struct calls calls_since(const struct calls *before)
{
    return (struct calls){.allocations = calls.allocations - before->allocations,
                          .locks = calls.locks - before->locks,
                          .statements = calls.statements - before->statements,
                          .lent = calls.lent - before->lent};
}

bool calls_none(const struct calls *c)
{
    return c->allocations == 0 && c->locks == 0 && c->statements == 0;
}

#ifdef SANITIZED

bool calls_are_counted(void)
{
    return false;
}

#else

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool calls_are_counted(void)
{
    return true;
}

/* ------------------------------------------------------------------------------ allocations -- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    calls.allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    calls.allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    calls.allocations++;
    return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    calls.allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    calls.allocations++;
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}

/* ------------------------------------------------------------------------------------ locks -- */

/* The linker's: where the program's own code begins and ends. */
extern const char __executable_start[], etext[];

static void count_lock(const void *from)
{
    const uintptr_t at = (uintptr_t)from;

    if (at >= (uintptr_t)__executable_start && at < (uintptr_t)etext)
        calls.locks++;
    else
        calls.lent++;
}

/* The library's function of that name. A pointer to one is no pointer to data, in C. */
#define REAL(name)                                                                                 \
    static __typeof__(&name) real_##name;                                                          \
    if (!real_##name) {                                                                            \
        void *found = dlsym(RTLD_NEXT, #name);                                                     \
        memcpy(&real_##name, &found, sizeof found);                                                \
    }

#define LOCK(name, lock_type)                                                                      \
    int name(lock_type *lock)                                                                      \
    {                                                                                              \
        REAL(name)                                                                                 \
        count_lock(__builtin_return_address(0));                                                   \
        return real_##name(lock);                                                                  \
    }

LOCK(pthread_mutex_lock, pthread_mutex_t)
LOCK(pthread_mutex_trylock, pthread_mutex_t)
LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)

/* ----------------------------------------------------------------------------------- SQLite -- */

struct sqlite3;
struct sqlite3_stmt;
int sqlite3_step(struct sqlite3_stmt *statement);
int sqlite3_prepare_v2(struct sqlite3 *db, const char *text, int n, struct sqlite3_stmt **out,
                       const char **tail);

int sqlite3_step(struct sqlite3_stmt *statement)
{
    REAL(sqlite3_step)
    calls.statements++;
    return real_sqlite3_step(statement);
}

int sqlite3_prepare_v2(struct sqlite3 *db, const char *text, int n, struct sqlite3_stmt **out,
                       const char **tail)
{
    REAL(sqlite3_prepare_v2)
    calls.statements++;
    return real_sqlite3_prepare_v2(db, text, n, out, tail);
}

#endif
