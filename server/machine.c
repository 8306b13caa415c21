/* SPDX-License-Identifier: MIT */
#include "server/machine.h"

#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATH_SIZE 4096
/* Bytes from which a block is a mapping of its own. */
#define LARGE_BLOCK (512 * 1024)
/* Heaps for the small ones: threads that answer, write and train seldom ask at the same time. */
#define HEAPS 4

/* The first line of a file; false where there is none. */
static bool first_line(char line[64], const char *path)
{
    FILE *f = fopen(path, "re");
    bool found = f && fgets(line, 64, f);

    if (f)
        fclose(f);
    return found;
}

/* What a line of memory.max allows: a number, or "max". */
static size_t bytes_of(const char *line)
{
    char *end = NULL;
    unsigned long long limit = strtoull(line, &end, 10);

    return end == line || limit > SIZE_MAX ? SIZE_MAX : (size_t)limit;
}

/* What a line of cpu.max allows: so many microseconds in a period of so many, or "max" of them. */
static size_t processors_of(const char *line)
{
    unsigned long long quota, period;

    if (sscanf(line, "%llu %llu", &quota, &period) != 2 || period == 0)
        return SIZE_MAX;
    return (size_t)(quota / period + (quota % period != 0));
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

/* The least of `least` and what the file <root>/sys/fs/cgroup<group>/<file> allows in the process's
 * group and those above it, whose limits it is held to as well. A file that is not there (the root
 * group has none) allows all. */
static size_t least_of_groups(const char *root, const char *file, size_t (*allows)(const char *),
                              size_t least)
{
    char group[PATH_SIZE], path[PATH_SIZE], line[64];
    char *slash;

    own_group(group, root);
    for (;;) {
        size_t limit = SIZE_MAX;

        if ((size_t)snprintf(path, sizeof path, "%s/sys/fs/cgroup%s/%s", root, group, file) <
                sizeof path &&
            first_line(line, path))
            limit = allows(line);
        least = limit < least ? limit : least;
        slash = strrchr(group, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

size_t srv_machine_memory(const char *root)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
    size_t least = SIZE_MAX;

    if (pages > 0 && page_size > 0 && (size_t)pages <= SIZE_MAX / (size_t)page_size)
        least = (size_t)pages * (size_t)page_size;
    least = least_of_groups(root, "memory.max", bytes_of, least);
    return least < SIZE_MAX ? least : 0;
}

size_t srv_machine_processors(const char *root)
{
    cpu_set_t mine;
    size_t n = 1;

    if (sched_getaffinity(0, sizeof mine, &mine) == 0)
        n = (size_t)CPU_COUNT(&mine);
    n = least_of_groups(root, "cpu.max", processors_of, n);
    return n ? n : 1;
}

size_t srv_machine_resident(const char *root)
{
    long page_size = sysconf(_SC_PAGESIZE);
    char path[PATH_SIZE], line[64];
    unsigned long long all, resident;

    if ((size_t)snprintf(path, sizeof path, "%s/proc/self/statm", root) >= sizeof path ||
        !first_line(line, path) || sscanf(line, "%llu %llu", &all, &resident) != 2)
        return 0;
    return (size_t)resident * (size_t)page_size;
}

size_t srv_machine_open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    if (!dir)
        return 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n > 3 ? n - 3 : 0; /* ".", ".." and the folder itself */
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

void srv_machine_large_blocks(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_BLOCK);
    (void)mallopt(M_ARENA_MAX, HEAPS);
}
