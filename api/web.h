/* SPDX-License-Identifier: MIT */
/* The dashboard's files, which are a part of the program: api/embed.sh makes the table at build. */
#ifndef SPIKED_API_WEB_H
#define SPIKED_API_WEB_H

#include <stddef.h>

struct api_web_bytes {
    const char *from, *end;
};

struct api_web_file {
    const char *path;           /* of the URL: "/web/js/app.js" */
    const char *sha;            /* the beginning of the SHA-256 of `plain`, in hex */
    struct api_web_bytes plain; /* as it is in the tree */
    struct api_web_bytes gzip;
};

extern const struct api_web_file api_web_files[];
extern const size_t api_web_file_count;

#endif
