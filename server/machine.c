/* SPDX-License-Identifier: MIT */
#include "server/machine.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATH_SIZE 4096

/* The number in <root>/sys/fs/cgroup<group>/memory.max; SIZE_MAX for "max" and for a file that is
 * not there (the root group has none). */
static size_t group_limit(const char *root, const char *group)
{
    char path[PATH_SIZE], text[32] = "";
    unsigned long long limit;
    char *end = NULL;
    FILE *f;

    if ((size_t)snprintf(path, sizeof path, "%s/sys/fs/cgroup%s/memory.max", root, group) >=
        sizeof path)
        return SIZE_MAX;
    f = fopen(path, "re");
    if (!f)
        return SIZE_MAX;
    if (!fgets(text, sizeof text, f))
        text[0] = '\0';
    fclose(f);
    limit = strtoull(text, &end, 10);
    return end == text || limit > SIZE_MAX ? SIZE_MAX : (size_t)limit;
}

/* The process's group of control groups v2: the line "0::/path". "" where there is none. */
static void own_group(char out[PATH_SIZE], const char *root)
{
    char path[PATH_SIZE], line[PATH_SIZE];
    FILE *f;

    out[0] = '\0';
    if ((size_t)snprintf(path, sizeof path, "%s/proc/self/cgroup", root) >= sizeof path)
        return;
    f = fopen(path, "re");
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::/", 4) == 0)
            memcpy(out, line + 3, strlen(line + 3) + 1);
    }
    fclose(f);
}

size_t srv_machine_memory(const char *root)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
    size_t least = SIZE_MAX;
    char group[PATH_SIZE];
    char *slash;

    if (pages > 0 && page_size > 0 && (size_t)pages <= SIZE_MAX / (size_t)page_size)
        least = (size_t)pages * (size_t)page_size;
    /* A group is held to the limits of all those above it too. */
    own_group(group, root);
    for (;;) {
        size_t limit = group_limit(root, group);

        least = limit < least ? limit : least;
        slash = strrchr(group, '/');
        if (!slash)
            return least < SIZE_MAX ? least : 0;
        *slash = '\0';
    }
}

size_t srv_machine_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return _POSIX_OPEN_MAX;
    if (limit.rlim_cur < limit.rlim_max) {
        const struct rlimit most = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};

        if (setrlimit(RLIMIT_NOFILE, &most) == 0)
            limit = most;
    }
    return limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}
