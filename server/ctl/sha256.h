/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), to check what was downloaded. */
#ifndef SPIKED_CTL_SHA256_H
#define SPIKED_CTL_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct ctl_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64];
};

void ctl_sha256_init(struct ctl_sha256 *d);
void ctl_sha256_add(struct ctl_sha256 *d, const void *bytes, size_t n);
/* Ends the digest: nothing can be added any more. */
void ctl_sha256_hex(struct ctl_sha256 *d, char hex[65]);

#endif
