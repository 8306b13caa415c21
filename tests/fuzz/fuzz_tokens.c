/* SPDX-License-Identifier: MIT */
/* Any bytes as a file of tokens: read or refused with a message, and what was read can be asked for
 * by name. */
#include "server/token_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    int fd = memfd_create("tokens", MFD_CLOEXEC);
    struct srv_token *list = NULL;
    struct snn_error err = {0};
    char path[64];
    size_t count = 0;

    if (fd < 0 || fchmod(fd, 0600) != 0 || write(fd, bytes, n) != (ssize_t)n)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (srv_token_read(&list, &count, path, &err) == SNN_OK) {
        for (size_t i = 0; i < count; i++)
            if (!list[i].name[0] || strlen(list[i].sha256) != SNN_SHA256_HEX - 1 ||
                list[i].scope >= SRV_SCOPE_COUNT)
                abort();
    } else if (!err.message[0]) {
        abort();
    }
    free(list);
    close(fd);
    return 0;
}
