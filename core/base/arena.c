/* SPDX-License-Identifier: MIT */
/* One block, handed out from front to back. */
#include "core/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64 /* a cache line, and the widest vector register */

void *snn_arena_take(struct snn_arena *a, size_t n, size_t size)
{
    size_t limit = a->base ? a->capacity : SIZE_MAX;
    bool overflow = size != 0 && n > (SIZE_MAX - ALIGNMENT + 1) / size;
    size_t bytes = overflow ? 0 : (n * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    unsigned char *place = NULL;

    if (overflow || bytes > limit - a->used)
        a->failed = true;
    if (a->failed)
        return NULL; /* for good: a later, smaller request must not hide the failure */
    if (a->base)
        place = a->base + a->used;
    a->used += bytes;
    return place;
}

bool snn_arena_build(struct snn_arena *a)
{
    size_t bytes = a->used ? a->used : ALIGNMENT;

    if (a->failed || a->base)
        return false;
    a->base = aligned_alloc(ALIGNMENT, bytes);
    if (!a->base)
        return false;
    memset(a->base, 0, bytes);
    a->capacity = bytes;
    a->used = 0;
    return true;
}

void snn_arena_free(struct snn_arena *a)
{
    free(a->base);
    *a = (struct snn_arena){0};
}
