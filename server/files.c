/* SPDX-License-Identifier: MIT */
/* Files that must be there after a power failure, and folders to keep them in. */
#include "server/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum snn_code srv_fail_io(struct snn_error *err, const char *what, const char *path)
{
    const char *slash = strrchr(path, '/');
    bool full = errno == ENOSPC || errno == EDQUOT;

    return snn_fail(err, full ? SNN_FULL : SNN_IO, "cannot %s %.100s: %s", what,
                    slash ? slash + 1 : path, strerror(errno));
}

enum snn_code srv_path(char path[SRV_PATH_SIZE], struct snn_error *err, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(path, SRV_PATH_SIZE, format, args);
    va_end(args);
    if (n < 0 || n >= SRV_PATH_SIZE)
        return snn_fail(err, SNN_LIMIT, "a path has %d bytes, want fewer than %d", n,
                        SRV_PATH_SIZE);
    return SNN_OK;
}

enum snn_code srv_dir_sync(const char *path, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return srv_fail_io(err, "open the folder", path);
    /* EINVAL: a file system that has nothing to synchronise here. */
    if (fsync(fd) != 0 && errno != EINVAL)
        rc = srv_fail_io(err, "write the folder", path);
    close(fd);
    return rc;
}

enum snn_code srv_dir_make(const char *path, struct snn_error *err)
{
    char parent[SRV_PATH_SIZE];
    enum snn_code rc;

    if (mkdir(path, 0700) == 0) {
        rc = srv_path(parent, err, "%s", path);
        return rc == SNN_OK ? srv_dir_sync(dirname(parent), err) : rc;
    }
    if (errno != EEXIST)
        return srv_fail_io(err, "make the folder", path);
    return SNN_OK;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    remove(path);
    return 0;
}

void srv_dir_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Room for one more of n: the array doubles. */
static char **grow(char **names, size_t n)
{
    if (n & (n - 1))
        return names;
    return realloc(names, (n ? 2 * n : 1) * sizeof *names);
}

static enum snn_code read_names(DIR *dir, char ***names, size_t *n)
{
    struct dirent *entry;

    while ((entry = readdir(dir))) {
        char **more;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        more = grow(*names, *n);
        if (!more)
            return SNN_NOMEM;
        *names = more;
        more[*n] = strdup(entry->d_name);
        if (!more[*n])
            return SNN_NOMEM;
        ++*n;
    }
    return SNN_OK;
}

enum snn_code srv_dir_list(const char *path, char ***names, size_t *n, struct snn_error *err)
{
    DIR *dir = opendir(path);
    char **found = NULL;
    size_t count = 0;

    if (!dir && errno != ENOENT)
        return srv_fail_io(err, "read the folder", path);
    if (dir) {
        enum snn_code rc = read_names(dir, &found, &count);

        closedir(dir);
        if (rc != SNN_OK) {
            srv_names_free(found, count);
            return snn_fail(err, rc, "no memory for the names in %.100s", path);
        }
    }
    if (count)
        qsort(found, count, sizeof *found, by_name);
    *names = found;
    *n = count;
    return SNN_OK;
}

void srv_names_free(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}
