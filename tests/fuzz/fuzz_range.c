/* SPDX-License-Identifier: MIT */
/* Any text as the Range of a file of any size: what is read lies within the file, is what the text
 * says, and written out it is read the same. */
#include "api/range.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Digits alone, up to 18 of them at each side of one dash: what may be a range at all. */
static bool looks_right(const char *text)
{
    static const char start[] = "bytes=", digits[] = "0123456789";
    size_t left, right;

    if (strncmp(text, start, strlen(start)) != 0)
        return false;
    text += strlen(start);
    left = strspn(text, digits);
    if (text[left] != '-')
        return false;
    right = strspn(text + left + 1, digits);
    return text[left + 1 + right] == '\0' && left + right > 0;
}

static void check_again(uint64_t size, uint64_t from, uint64_t n)
{
    uint64_t same = 0, count = 0;
    char text[64];

    snprintf(text, sizeof text, "bytes=%" PRIu64 "-%" PRIu64, from, from + n - 1);
    if (!api_range_read(text, size, &same, &count) || same != from || count != n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint64_t size = 0, from = 0, count = 0;
    char *text;

    if (n < sizeof size)
        return 0;
    memcpy(&size, bytes, sizeof size);
    size = size % ((uint64_t)1 << 59) + 1; /* of a byte at least; a number has 18 digits */
    n -= sizeof size;
    text = calloc(1, n + 1);
    if (!text)
        return 0;
    memcpy(text, bytes + sizeof size, n);
    if (api_range_read(text, size, &from, &count)) {
        if (!looks_right(text) || (from < size && (count == 0 || count > size - from)))
            abort();
        if (from < size)
            check_again(size, from, count);
    }
    free(text);
    return 0;
}
