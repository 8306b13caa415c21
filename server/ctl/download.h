/* SPDX-License-Identifier: MIT */
/* Answers that go to a file, which is there whole or not at all. */
#ifndef SPIKED_CTL_DOWNLOAD_H
#define SPIKED_CTL_DOWNLOAD_H

#include "server/ctl/ctl.h"
#include "server/ctl/sha256.h"

/* What came, beside the file. */
struct ctl_download {
    int64_t bytes;
    char sha256[65]; /* of the file */
    /* Where the file is safetensors, of its data section, which is what the server calls the
     * model's digest; "" for other files. */
    char tensors[65];
};

/* The data section of a safetensors file, whose bytes come in any pieces. */
struct ctl_tensors {
    uint64_t at, header; /* bytes so far; of the header, as far as its length was read */
    struct ctl_sha256 digest;
};
void ctl_tensors_init(struct ctl_tensors *t);
void ctl_tensors_add(struct ctl_tensors *t, const unsigned char *bytes, size_t n);

/* GETs `path` into the file ("-": the standard output). What the answer's ETag says of the digest
 * is checked. Nothing is printed but what went wrong. */
enum ctl_exit ctl_download(struct ctl *c, const char *path, const char *file, bool safetensors,
                           struct ctl_download *out);

/* The same for a table, which may be longer than memory has room for: as it comes, to the standard
 * output where the file is NULL, "" or "-"; else its size is told. Frees the path. */
enum ctl_exit ctl_save(struct ctl *c, struct ctl_text *path, const char *file);

#endif
