/* SPDX-License-Identifier: MIT */
/* One block per training run. Lay the run out once with no block to learn its size, then again with
 * a block of that size: the same code does both, so the two cannot disagree. */
#ifndef SPIKED_CORE_BASE_ARENA_H
#define SPIKED_CORE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct snn_arena {
    unsigned char *base; /* NULL while measuring; 64-byte aligned */
    size_t capacity, used;
    bool failed; /* a size overflowed, or the block is full */
};

/* Zeroed room for n items of `size` bytes, aligned to 64. Lives until the block is freed. NULL
 * while measuring, and NULL with `failed` set on overflow or when the block is full. */
void *snn_arena_take(struct snn_arena *a, size_t n, size_t size);

/* Gives a measured arena its block (a->used bytes, zeroed) and rewinds it. False when there is no
 * memory. */
bool snn_arena_build(struct snn_arena *a);
void snn_arena_free(struct snn_arena *a);

#endif
