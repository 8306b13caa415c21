/* SPDX-License-Identifier: MIT */
/*
 * A file or a block of memory as a bounded stream of bytes. What begins with gzip's magic is
 * inflated on the way; every check of gzip (lengths, checksums, nothing after the end) has passed
 * once a read has returned fewer bytes than it was asked for.
 */
#ifndef SPIKED_CORE_DATA_SOURCE_H
#define SPIKED_CORE_DATA_SOURCE_H

#include "core/snn.h"

#define ZLIB_CONST
#include <zlib.h>

struct snn_source {
    char name[64];  /* the base name, for messages: printable ASCII */
    size_t limit;   /* decoded bytes allowed */
    size_t decoded; /* decoded bytes so far */

    size_t size;               /* of the file or the memory, not decoded */
    int fd;                    /* -1 for memory */
    unsigned char *buffer;     /* the file's bytes; NULL for memory */
    const unsigned char *next; /* bytes not yet decoded */
    size_t left;
    bool gzip, between; /* between: a gzip member has ended, and no other begun */
    z_stream z;
};

/* Opens a regular file. SNN_NOT_FOUND, SNN_IO, SNN_INVALID (no regular file), SNN_NOMEM. Close it
 * only after SNN_OK. */
enum snn_code snn_source_open(struct snn_source *s, const char *path, size_t limit,
                              struct snn_error *err);
/* The same over n bytes that outlive the source. */
enum snn_code snn_source_memory(struct snn_source *s, const char *name, const void *bytes, size_t n,
                                size_t limit, struct snn_error *err);
/* Reads `want` bytes, fewer only at the end. SNN_IO, SNN_FORMAT (truncated or corrupt gzip),
 * SNN_LIMIT, SNN_NOMEM. */
enum snn_code snn_source_read(struct snn_source *s, void *to, size_t want, size_t *got,
                              struct snn_error *err);
/* No more than so many bytes can still come: what a file claims to hold is held against it before
 * memory is taken for it. */
size_t snn_source_at_most(const struct snn_source *s);
void snn_source_close(struct snn_source *s);

/* Copies n bytes of a file into out[size] as text fit for a message: printable ASCII, other bytes
 * as
 * '?', cut with "..." where they are too many. */
void snn_printable(char *out, size_t size, const void *bytes, size_t n);

#endif
