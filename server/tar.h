/* SPDX-License-Identifier: MIT */
/* Headers of tar archives (POSIX ustar), of regular files alone. @thread any */
#ifndef SPIKED_SERVER_TAR_H
#define SPIKED_SERVER_TAR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/snn.h"

#define SRV_TAR_BLOCK 512 /* everything begins at a multiple */
#define SRV_TAR_NAME 101

/* How many bytes `size` of content take. */
uint64_t srv_tar_padded(uint64_t size);

/* SNN_LIMIT for a name of more than 100 bytes. */
enum snn_code srv_tar_write(unsigned char block[SRV_TAR_BLOCK], const char *name, uint64_t size,
                            int64_t modified_at, struct snn_error *err);
/* *end: the block is all zeroes, which is where an archive ends. SNN_FORMAT for what is no header
 * of a regular file with a safe name: relative, of letters, digits, . _ and -, with no part that is
 * empty or begins with a dot. */
enum snn_code srv_tar_read(const unsigned char block[SRV_TAR_BLOCK], char name[SRV_TAR_NAME],
                           uint64_t *size, bool *end, struct snn_error *err);

#endif
