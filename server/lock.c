/* SPDX-License-Identifier: MIT */
#include "server/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "server/files.h"

static enum snn_code tell_holder(int fd, const char *dir, struct snn_error *err)
{
    char pid[24] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    return snn_fail(
        err, SNN_IO,
        "%s: the data directory is in use by process %s: stop it, or use another directory", dir,
        *pid ? pid : "(unknown)");
}

enum snn_code srv_lock_take(int *fd, const char *dir, struct snn_error *err)
{
    char path[SRV_PATH_SIZE], pid[24];
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    enum snn_code rc = srv_path(path, err, "%s/lock", dir);

    *fd = -1;
    if (rc != SNN_OK)
        return rc;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return snn_fail(err, SNN_IO, "%s: cannot open: %s", path, strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? tell_holder(*fd, dir, err)
                   : snn_fail(err, SNN_IO, "%s: cannot lock: %s", path, strerror(errno));
    if (ftruncate(*fd, 0) != 0 || pwrite(*fd, pid, (size_t)n, 0) != n)
        return snn_fail(err, SNN_IO, "%s: cannot write: %s", path, strerror(errno));
    return SNN_OK;
}
