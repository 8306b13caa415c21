/* SPDX-License-Identifier: MIT */
/* Replies that go through a file: written as they are made, sent by the kernel, never whole in
 * memory. */
#ifndef SPIKED_API_FILE_H
#define SPIKED_API_FILE_H

#include <stdio.h>

#include "api/call.h"

/* A new nameless file in the data directory; -1 with errno. */
int api_file_temporary(const struct api_call *c);
/* The same, the caller's to hand to api_file_reply (or fclose). NULL with the reply made. */
FILE *api_file_open(struct api_call *c);

struct api_file_form {
    const char *content_type;
    const char *name; /* of the download; NULL = none is suggested */
    bool etag;        /* the SHA-256 of the bytes; If-None-Match is then answered with 304 */
};

/* 200 with the file's bytes, or 500/507 where any write to it failed. Closes `f`. */
void api_file_reply(struct api_call *c, FILE *f, const struct api_file_form *form);

#endif
