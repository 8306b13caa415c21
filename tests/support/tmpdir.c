/* SPDX-License-Identifier: MIT */
/* Scratch folders for tests. */
#include "tests/support/tmpdir.h"

#include "tests/support/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char *join(const char *dir, const char *name)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        fail_msg("%s/%s: no memory for the path", dir, name);
    return path;
}

char *tmpdir_create(void)
{
    const char *base = getenv("TMPDIR");
    char *path = join(base && *base ? base : "/tmp", "spiked-test-XXXXXX");

    if (!mkdtemp(path))
        fail_msg("%s: cannot create a folder", path);
    return path;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

void tmpdir_remove(char *path)
{
    if (path)
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

char *tmpdir_write(const char *dir, const char *name, const void *data, size_t size)
{
    char *path = join(dir, name);
    FILE *f = fopen(path, "wb");

    if (!f || (size && fwrite(data, 1, size, f) != size))
        fail_msg("%s: cannot write %zu bytes", path, size);
    if (fclose(f))
        fail_msg("%s: cannot close", path);
    return path;
}
