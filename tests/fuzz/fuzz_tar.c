/* SPDX-License-Identifier: MIT */
/* Any block as the header of an archive: refused, or a name that stays below its folder and a size,
 * of which the header written anew is read the same. */
#include "server/tar.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The checksum is the fuzzer's to find only where it is asked to. */
static void mend(unsigned char block[SRV_TAR_BLOCK])
{
    unsigned sum = 8 * ' ';

    for (size_t i = 0; i < SRV_TAR_BLOCK; i++)
        sum += i >= 148 && i < 156 ? 0 : block[i];
    for (size_t i = 0; i < 7; i++)
        block[148 + i] = (unsigned char)('0' + ((sum >> (3 * (6 - i))) & 7));
    block[155] = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    unsigned char block[SRV_TAR_BLOCK] = {0}, again[SRV_TAR_BLOCK];
    char name[SRV_TAR_NAME] = "", same[SRV_TAR_NAME] = "";
    uint64_t size = 0, equal = 0;
    bool end = false;

    if (n > 0)
        memcpy(block, bytes + 1, n - 1 < sizeof block ? n - 1 : sizeof block);
    if (n > 0 && bytes[0] & 1)
        mend(block);
    if (srv_tar_read(block, name, &size, &end, NULL) != SNN_OK || end)
        return 0;
    if (name[0] == '/' || name[0] == '\0' || strstr(name, "..") == name || strstr(name, "/.") ||
        strchr(name, '\\') || size > INT64_MAX)
        abort();
    if (srv_tar_write(again, name, size, 0, NULL) != SNN_OK ||
        srv_tar_read(again, same, &equal, &end, NULL) != SNN_OK || strcmp(name, same) != 0 ||
        size != equal)
        abort();
    return 0;
}
