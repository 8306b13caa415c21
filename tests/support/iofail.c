/* SPDX-License-Identifier: MIT */
#include "tests/support/iofail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_bool armed, refused, skipping;
static atomic_ulong left;
static atomic_int reason;
static _Atomic(const char *) name;

void io_fail_at(unsigned long n, int error)
{
    atomic_store(&refused, false);
    atomic_store(&reason, error);
    atomic_store(&left, n);
    atomic_store(&armed, true);
}

bool io_off(void)
{
    atomic_store(&armed, false);
    return atomic_load(&refused);
}

void io_skip_sync(void)
{
    atomic_store(&skipping, true);
}

const char *io_refused(void)
{
    return atomic_load(&name);
}

static bool refuse(const char *call)
{
    /* Past zero the counter wraps round, too far to come to zero again. */
    if (!atomic_load(&armed) || atomic_fetch_sub(&left, 1) != 0)
        return false;
    atomic_store(&refused, true);
    atomic_store(&name, call);
    errno = atomic_load(&reason);
    return true;
}

/* One call: its type, name, parameters, what it gives when refused, and its arguments. */
#define WRAP(type, call, parameters, bad, arguments)                                               \
    type __real_##call parameters;                                                                 \
    type __wrap_##call parameters;                                                                 \
    type __wrap_##call parameters                                                                  \
    {                                                                                              \
        return refuse(#call) ? (bad) : __real_##call arguments;                                    \
    }

WRAP(FILE *, fopen, (const char *path, const char *mode), NULL, (path, mode))
WRAP(FILE *, fdopen, (int fd, const char *mode), NULL, (fd, mode))
WRAP(ssize_t, read, (int fd, void *to, size_t n), -1, (fd, to, n))
WRAP(ssize_t, __read_chk, (int fd, void *to, size_t n, size_t room), -1, (fd, to, n, room))
WRAP(ssize_t, write, (int fd, const void *from, size_t n), -1, (fd, from, n))
WRAP(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), -1, (fd, from, n, at))
WRAP(size_t, fread, (void *to, size_t size, size_t n, FILE *f), 0, (to, size, n, f))
WRAP(size_t, __fread_chk, (void *to, size_t room, size_t size, size_t n, FILE *f), 0,
     (to, room, size, n, f))
WRAP(int, fflush, (FILE * f), EOF, (f))
WRAP(int, ftruncate, (int fd, off_t size), -1, (fd, size))
WRAP(int, rename, (const char *from, const char *to), -1, (from, to))
WRAP(int, mkdir, (const char *path, mode_t mode), -1, (path, mode))
WRAP(int, link, (const char *from, const char *to), -1, (from, to))

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    mode_t mode = 0;

    if (refuse("open"))
        return -1;
    if (flags & O_CREAT) {
        va_list more;

        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    return __real_open(path, flags, mode);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (refuse("fsync"))
        return -1;
    return atomic_load(&skipping) ? 0 : __real_fsync(fd);
}

int __real_fclose(FILE *f);
int __wrap_fclose(FILE *f);
int __wrap_fclose(FILE *f)
{
    bool bad = refuse("fclose");
    int error = errno, done = __real_fclose(f);

    if (bad)
        errno = error;
    return bad ? EOF : done;
}

/* Nothing is never refused: there would be nothing to tell it by. */
size_t __real_fwrite(const void *from, size_t size, size_t n, FILE *f);
size_t __wrap_fwrite(const void *from, size_t size, size_t n, FILE *f);
size_t __wrap_fwrite(const void *from, size_t size, size_t n, FILE *f)
{
    return size && n && refuse("fwrite") ? 0 : __real_fwrite(from, size, n, f);
}
