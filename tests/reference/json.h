/* SPDX-License-Identifier: MIT */
/* Reading reference files: arrays as {"shape": [...], "data": [...]}, bare numbers and bare lists.
 */
#ifndef TESTS_REFERENCE_JSON_H
#define TESTS_REFERENCE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Memory that lives as long as a case. A test program: without memory it ends. */
struct ref_pool {
    struct ref_block *last;
};
void *ref_take(struct ref_pool *pool, size_t n, size_t size); /* zeroed */
void ref_pool_free(struct ref_pool *pool);

#define REF_MAX_RANK 4

struct ref_array {
    double *data; /* row-major */
    size_t shape[REF_MAX_RANK], rank, count;
};

/* A number is an array of rank 0, a list one of rank 1. Returns NULL, or what is wrong. */
const char *ref_read_array(struct ref_array *out, const json_t *value, struct ref_pool *pool);

/* The whole file. NULL with a message printed where it cannot be read. */
json_t *ref_read_file(const char *path);

#endif
