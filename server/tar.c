/* SPDX-License-Identifier: MIT */
#include "server/tar.h"

#include <stdio.h>
#include <string.h>

/* Fields of a header: where, and how many bytes. */
#define NAME 0, 100
#define MODE 100, 8
#define SIZE 124, 12
#define TIME 136, 12
#define SUM 148, 8
#define TYPE 156
#define MAGIC 257
#define PREFIX 345

static const char magic[8] = {'u', 's', 't', 'a', 'r', '\0', '0', '0'};

uint64_t srv_tar_padded(uint64_t size)
{
    return (size + SRV_TAR_BLOCK - 1) / SRV_TAR_BLOCK * SRV_TAR_BLOCK;
}

/* Octal digits and a NUL; what needs more of them in binary, with the first bit set, as GNU does.
 */
static void put(unsigned char *block, size_t at, size_t n, uint64_t value)
{
    if (value >> (3 * (n - 1))) {
        for (size_t i = n; i-- > 0; value >>= 8)
            block[at + i] = (unsigned char)value;
        block[at] |= 0x80;
        return;
    }
    block[at + n - 1] = '\0';
    for (size_t i = n - 1; i-- > 0; value >>= 3)
        block[at + i] = (unsigned char)('0' + (value & 7));
}

static bool get(const unsigned char *block, size_t at, size_t n, uint64_t *value)
{
    size_t i = 0;

    *value = 0;
    if (block[at] & 0x80) {
        for (i = 0; i < n; i++)
            *value = *value << 8 | (i ? block[at + i] : block[at] & 0x7fu);
        return *value <= INT64_MAX;
    }
    for (; i < n && block[at + i] >= '0' && block[at + i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(block[at + i] - '0');
    return i > 0 && (i == n || block[at + i] == '\0' || block[at + i] == ' ');
}

/* Its own field counts as blanks. */
static uint64_t sum_of(const unsigned char block[SRV_TAR_BLOCK])
{
    uint64_t sum = 0;

    for (size_t i = 0; i < SRV_TAR_BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : block[i];
    return sum;
}

enum snn_code srv_tar_write(unsigned char block[SRV_TAR_BLOCK], const char *name, uint64_t size,
                            int64_t modified_at, struct snn_error *err)
{
    size_t n = strlen(name);

    if (n >= SRV_TAR_NAME)
        return snn_fail(err, SNN_LIMIT, "%.120s: %zu bytes are too many for a name in an archive",
                        name, n);
    memset(block, 0, SRV_TAR_BLOCK);
    memcpy(block, name, n);
    put(block, MODE, 0600);
    put(block, SIZE, size);
    put(block, TIME, modified_at > 0 ? (uint64_t)modified_at : 0);
    block[TYPE] = '0';
    memcpy(block + MAGIC, magic, sizeof magic);
    put(block, SUM, sum_of(block));
    return SNN_OK;
}

static bool is_safe(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    for (;;) {
        size_t n = strcspn(name, "/");

        if (n == 0 || name[0] == '.' || strspn(name, letters) < n)
            return false;
        if (!name[n])
            return true;
        name += n + 1;
    }
}

enum snn_code srv_tar_read(const unsigned char block[SRV_TAR_BLOCK], char name[SRV_TAR_NAME],
                           uint64_t *size, bool *end, struct snn_error *err)
{
    static const unsigned char zeroes[SRV_TAR_BLOCK];
    uint64_t sum = 0;

    *end = memcmp(block, zeroes, sizeof zeroes) == 0;
    if (*end)
        return SNN_OK;
    if (!get(block, SUM, &sum) || sum != sum_of(block) || memcmp(block + MAGIC, magic, 5) != 0)
        return snn_fail(err, SNN_FORMAT, "a header is damaged, or the file is no tar archive");
    snprintf(name, SRV_TAR_NAME, "%.100s", (const char *)block);
    if (block[TYPE] != '0' || block[PREFIX] || !is_safe(name))
        return snn_fail(err, SNN_FORMAT,
                        "'%.100s' is of type '%c': want regular files with plain names", name,
                        block[TYPE] > 0x20 && block[TYPE] < 0x7f ? block[TYPE] : '?');
    if (!get(block, SIZE, size))
        return snn_fail(err, SNN_FORMAT, "%s: its size is no number", name);
    return SNN_OK;
}
