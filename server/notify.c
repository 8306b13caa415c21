/* SPDX-License-Identifier: MIT */
#include "server/notify.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool srv_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0, size = strlen(state);
    bool sent;
    int fd;

    if (n < 2 || n >= sizeof to.sun_path || !strchr("/@", path[0]))
        return false;
    memcpy(to.sun_path, path, n);
    if (path[0] == '@') /* a name of no file */
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    sent = sendto(fd, state, size, MSG_NOSIGNAL, (struct sockaddr *)&to,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == (ssize_t)size;
    close(fd);
    return sent;
}

int srv_notify_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    long long n = usec ? strtoll(usec, NULL, 10) : 0;

    if (pid && strtoll(pid, NULL, 10) != (long long)getpid())
        return -1; /* another process's */
    n /= 2000;
    return n > 0 && n <= INT_MAX ? (int)n : -1;
}
