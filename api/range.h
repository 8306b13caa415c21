/* SPDX-License-Identifier: MIT */
/* Parts of a file, as Range names them (RFC 9110, 14.1.2). */
#ifndef SPIKED_API_RANGE_H
#define SPIKED_API_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* The bytes of a Range of one piece, "bytes=a-b", "bytes=a-" or "bytes=-n", of a file of `size`
 * bytes: n of them from *from on. False where it is none (then all is sent); *from is `size` or
 * more where it names nothing of the file. */
bool api_range_read(const char *text, uint64_t size, uint64_t *from, uint64_t *n);

#endif
