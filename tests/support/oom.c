/* SPDX-License-Identifier: MIT */
/* Allocation failures on demand. The __real_ and __wrap_ names are the linker's (--wrap). */
#include "tests/support/oom.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* Atomic because code under test may allocate in several threads at once. */
static atomic_bool armed;
static atomic_bool refused;
static atomic_ulong left;
static atomic_size_t asked;

void oom_fail_at(unsigned long n)
{
    atomic_store(&refused, false);
    atomic_store(&left, n);
    atomic_store(&armed, true);
}

bool oom_off(void)
{
    atomic_store(&armed, false);
    return atomic_load(&refused);
}

size_t oom_asked(void)
{
    return atomic_load(&asked);
}

static bool refuse(size_t bytes)
{
    atomic_fetch_add(&asked, bytes);
    /* Past zero the counter wraps round, too far to come to zero again. */
    if (!atomic_load(&armed) || atomic_fetch_sub(&left, 1) != 0)
        return false;
    atomic_store(&refused, true);
    errno = ENOMEM;
    return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return refuse(size) ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
    return refuse(n * size) ? NULL : __real_calloc(n, size);
}

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size)
{
    return refuse(size) ? NULL : __real_realloc(p, size);
}

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return refuse(size) ? NULL : __real_aligned_alloc(alignment, size);
}

int __real_posix_memalign(void **out, size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
    return refuse(size) ? ENOMEM : __real_posix_memalign(out, alignment, size);
}

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
    return refuse(strlen(s) + 1) ? NULL : __real_strdup(s);
}

char *__real_strndup(const char *s, size_t n);
char *__wrap_strndup(const char *s, size_t n);
char *__wrap_strndup(const char *s, size_t n)
{
    return refuse(strnlen(s, n) + 1) ? NULL : __real_strndup(s, n);
}
