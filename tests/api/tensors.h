/* SPDX-License-Identifier: MIT */
/* A reader of safetensors, from its definition. A failure fails the running test. */
#ifndef TESTS_API_TENSORS_H
#define TESTS_API_TENSORS_H

#include <jansson.h>
#include <stddef.h>

struct tensors {
    json_t *header;
    unsigned char *bytes; /* a copy: the world's text is gone after the next call */
    size_t size;          /* of the tensors' bytes */
};

void tensors_read(struct tensors *out, const char *file, size_t size);
void tensors_free(struct tensors *t);
/* The i-th float of a tensor, byte by byte. */
float tensors_at(const struct tensors *t, const char *name, size_t i);

#endif
