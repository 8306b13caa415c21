/* SPDX-License-Identifier: MIT */
/* Any bytes as a saved run whose magic and digest are right: no mutation would get past them. */
#ifndef TESTS_FUZZ_SAVED_H
#define TESTS_FUZZ_SAVED_H

#include "core/ckpt/format.h"

#define SAVED_PATH (sizeof "/tmp/spiked-fuzz-XXXXXX")

/* A copy with the magic in front and the right digest behind; the caller's to free. */
unsigned char *saved_sign(const uint8_t *bytes, size_t n, size_t *size);
/* As a file of a name of its own; the caller's to unlink. */
void saved_write(char path[SAVED_PATH], const unsigned char *bytes, size_t size);

#endif
