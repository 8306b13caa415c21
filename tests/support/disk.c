/* SPDX-License-Identifier: MIT */
/* The VFS: every call goes on to the system's, after the record heard of it or instead of failing.
 */
#include "tests/support/disk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/disk_internal.h"
#include "tests/support/test.h"

struct file {
    sqlite3_file base;
    const char *path; /* the library's, as long as the file is open; NULL = of no name */
    sqlite3_file real[];
};

static sqlite3_vfs *beneath, shim;

/* --------------------------------------------------------------------------------- failures -- */

static struct {
    pthread_mutex_t lock;
    bool armed, for_good, failed, held;
    enum disk_fault fault;
    unsigned long left;
} failing = {.lock = PTHREAD_MUTEX_INITIALIZER};

const char *disk_fault_name(enum disk_fault fault)
{
#define NAME(name) #name,
    static const char *const names[] = {DISK_FAULTS(NAME)};
#undef NAME
    return names[fault];
}

void disk_fail_at(enum disk_fault fault, unsigned long n, bool for_good)
{
    pthread_mutex_lock(&failing.lock);
    failing.armed = true;
    failing.for_good = for_good;
    failing.failed = failing.held = false;
    failing.fault = fault;
    failing.left = n;
    pthread_mutex_unlock(&failing.lock);
}

unsigned long disk_fail_left(void)
{
    unsigned long left;

    pthread_mutex_lock(&failing.lock);
    left = failing.failed ? 0 : failing.left + 1;
    pthread_mutex_unlock(&failing.lock);
    return left;
}

void disk_fail_hold(bool on)
{
    pthread_mutex_lock(&failing.lock);
    failing.held = on;
    pthread_mutex_unlock(&failing.lock);
}

bool disk_fail_off(void)
{
    bool failed;

    pthread_mutex_lock(&failing.lock);
    failed = failing.failed;
    failing.armed = false;
    pthread_mutex_unlock(&failing.lock);
    return failed;
}

static bool fails(enum disk_fault fault)
{
    bool now = false;

    pthread_mutex_lock(&failing.lock);
    if (failing.armed && !failing.held && failing.fault == fault) {
        now = failing.left == 0;
        if (!now)
            failing.left--;
        else
            failing.failed = true;
        if (now && !failing.for_good)
            failing.armed = false;
    }
    pthread_mutex_unlock(&failing.lock);
    return now;
}

/* ----------------------------------------------------------------------------------- memory -- */

static sqlite3_mem_methods memory_beneath;

static void *memory_take(int n)
{
    return fails(DISK_memory) ? NULL : memory_beneath.xMalloc(n);
}

static void *memory_more(void *old, int n)
{
    return fails(DISK_memory) ? NULL : memory_beneath.xRealloc(old, n);
}

/* Before the library is used at all: it takes no other memory later. */
static void install_memory(void)
{
    sqlite3_mem_methods mine;

    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory_beneath), SQLITE_OK);
    mine = memory_beneath;
    mine.xMalloc = memory_take;
    mine.xRealloc = memory_more;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine), SQLITE_OK);
}

/* ------------------------------------------------------------------------------------ files -- */

#define REAL struct file *f = (struct file *)file

static int file_close(sqlite3_file *file)
{
    REAL;
    return f->real->pMethods->xClose(f->real);
}

static int file_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
    REAL;
    if (fails(DISK_read))
        return SQLITE_IOERR_READ;
    if (fails(DISK_read_short)) {
        memset(to, 0, (size_t)n);
        return SQLITE_IOERR_SHORT_READ;
    }
    return f->real->pMethods->xRead(f->real, to, n, at);
}

static int file_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
    bool full = fails(DISK_full), broken = !full && fails(DISK_write);
    REAL;

    if (full || broken)
        n /= 2;
    disk_note(DISK_OP_write, f->path, at, from, (size_t)n);
    int code = f->real->pMethods->xWrite(f->real, from, n, at);
    return full ? SQLITE_FULL : broken ? SQLITE_IOERR_WRITE : code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    REAL;
    if (fails(DISK_truncate))
        return SQLITE_IOERR_TRUNCATE;
    disk_note(DISK_OP_truncate, f->path, size, NULL, 0);
    return f->real->pMethods->xTruncate(f->real, size);
}

/* The system's own would take most of the time of a test that syncs a thousand times. */
static int file_sync(sqlite3_file *file, int flags)
{
    REAL;
    (void)flags;
    if (fails(DISK_sync))
        return SQLITE_IOERR_FSYNC;
    disk_note(DISK_OP_sync, f->path, 0, NULL, 0);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    REAL;
    return fails(DISK_size) ? SQLITE_IOERR_FSTAT : f->real->pMethods->xFileSize(f->real, size);
}

static int file_lock(sqlite3_file *file, int level)
{
    REAL;
    return f->real->pMethods->xLock(f->real, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    REAL;
    return f->real->pMethods->xUnlock(f->real, level);
}

static int file_reserved(sqlite3_file *file, int *out)
{
    REAL;
    return f->real->pMethods->xCheckReservedLock(f->real, out);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    REAL;
    return f->real->pMethods->xFileControl(f->real, op, arg);
}

static int file_sector(sqlite3_file *file)
{
    REAL;
    return f->real->pMethods->xSectorSize(f->real);
}

static int file_device(sqlite3_file *file)
{
    REAL;
    return f->real->pMethods->xDeviceCharacteristics(f->real);
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    REAL;
    if (fails(DISK_map)) {
        *out = NULL;
        return SQLITE_IOERR_SHMMAP;
    }
    return f->real->pMethods->xShmMap(f->real, page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    REAL;
    return f->real->pMethods->xShmLock(f->real, offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    REAL;
    f->real->pMethods->xShmBarrier(f->real);
}

static int file_shm_unmap(sqlite3_file *file, int delete)
{
    REAL;
    return f->real->pMethods->xShmUnmap(f->real, delete);
}

/* Version 2: with shared memory, without mapped pages, which would pass the record by. */
static const sqlite3_io_methods methods = {
    2,           file_close,   file_read,     file_write,       file_truncate,  file_sync,
    file_size,   file_lock,    file_unlock,   file_reserved,    file_control,   file_sector,
    file_device, file_shm_map, file_shm_lock, file_shm_barrier, file_shm_unmap, NULL,
    NULL};

/* -------------------------------------------------------------------------------------- VFS -- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    bool made = name && (flags & SQLITE_OPEN_CREATE) && access(name, F_OK) != 0;
    int code;
    REAL;

    (void)vfs;
    f->base.pMethods = NULL;
    f->path = name;
    if (fails(DISK_open))
        return SQLITE_CANTOPEN;
    if (made)
        disk_note(DISK_OP_create, name, 0, NULL, 0);
    code = beneath->xOpen(beneath, name, f->real, flags, out);
    if (code == SQLITE_OK)
        f->base.pMethods = &methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    if (fails(DISK_remove))
        return SQLITE_IOERR_DELETE;
    if (access(name, F_OK) == 0)
        disk_note(DISK_OP_delete, name, sync, NULL, 0);
    return beneath->xDelete(beneath, name, 0);
}

void disk_install(void)
{
    if (beneath)
        return;
    install_memory();
    beneath = sqlite3_vfs_find(NULL);
    assert_non_null(beneath);
    shim = *beneath; /* what does not touch a file is the system's own */
    shim.zName = "disk";
    shim.pNext = NULL;
    shim.szOsFile = (int)sizeof(struct file) + beneath->szOsFile;
    shim.xOpen = vfs_open;
    shim.xDelete = vfs_delete;
    assert_int_equal(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
}
