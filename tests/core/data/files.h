/* SPDX-License-Identifier: MIT */
/* Files for the tests of the data readers. */
#ifndef TESTS_CORE_DATA_FILES_H
#define TESTS_CORE_DATA_FILES_H

#include "core/snn.h"

/* A string literal with its size: it may hold zeros. */
#define BYTES(literal) (literal), sizeof(literal) - 1

/* The gzip form of n bytes, into to[size]; returns its length. */
size_t files_gzip(unsigned char *to, size_t size, const void *from, size_t n);

/* Opens a data set of a format from files in `dir`, in the order of the parts. */
enum snn_code files_open(struct snn_data **out, const char *format, const char *dir,
                         const char *const *names, struct snn_error *err);

/* Opens a data set again and again with one allocation refused, until none is: each must fail with
 * SNN_NOMEM and leave *out alone. Returns the number of allocations. */
size_t files_refuse_allocations(const struct snn_data_source *source);

#endif
