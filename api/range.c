/* SPDX-License-Identifier: MIT */
#include "api/range.h"

#include <stdlib.h>
#include <string.h>

bool api_range_read(const char *text, uint64_t size, uint64_t *from, uint64_t *n)
{
    char *end = NULL;
    uint64_t a, b = UINT64_MAX;

    if (strncmp(text, "bytes=", 6) != 0 || strlen(text) > 6 + 18 + 1 + 18)
        return false;
    text += 6;
    if (text[0] == '-' && text[1] >= '0' && text[1] <= '9') {
        b = strtoull(text + 1, &end, 10);
        *n = b < size ? b : size;
        *from = b ? size - *n : size;
        return *end == '\0';
    }
    if (text[0] < '0' || text[0] > '9')
        return false;
    a = strtoull(text, &end, 10);
    if (*end++ != '-')
        return false;
    if (*end >= '0' && *end <= '9')
        b = strtoull(end, &end, 10);
    if (*end || b < a)
        return false;
    *from = a;
    *n = a < size ? (b < size ? b : size - 1) - a + 1 : 0;
    return true;
}
