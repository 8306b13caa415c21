/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/saved.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRAILER (SNN_SHA256_HEX - 1)

unsigned char *saved_sign(const uint8_t *bytes, size_t n, size_t *size)
{
    const size_t magic = sizeof SNN_CKPT_MAGIC - 1;
    unsigned char *copy = malloc(magic + n + TRAILER);
    struct snn_digest d;
    char hex[SNN_SHA256_HEX];

    if (!copy)
        abort();
    memcpy(copy, SNN_CKPT_MAGIC, magic);
    if (n)
        memcpy(copy + magic, bytes, n);
    snn_digest_init(&d);
    snn_digest_add(&d, copy, magic + n);
    snn_digest_hex(&d, hex);
    memcpy(copy + magic + n, hex, TRAILER);
    *size = magic + n + TRAILER;
    return copy;
}

void saved_write(char path[SAVED_PATH], const unsigned char *bytes, size_t size)
{
    int fd;

    memcpy(path, "/tmp/spiked-fuzz-XXXXXX", SAVED_PATH);
    fd = mkstemp(path);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    close(fd);
}
