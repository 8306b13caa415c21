/* SPDX-License-Identifier: MIT */
#include "tests/reference/json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct ref_block {
    struct ref_block *before;
    _Alignas(max_align_t) unsigned char bytes[];
};

void *ref_take(struct ref_pool *pool, size_t n, size_t size)
{
    struct ref_block *block = NULL;

    if (n <= (SIZE_MAX - sizeof *block) / size)
        block = calloc(1, sizeof *block + n * size);
    if (!block) {
        fprintf(stderr, "no memory for %zu items of %zu bytes\n", n, size);
        exit(2);
    }
    block->before = pool->last;
    pool->last = block;
    return block->bytes;
}

void ref_pool_free(struct ref_pool *pool)
{
    while (pool->last) {
        struct ref_block *before = pool->last->before;

        free(pool->last);
        pool->last = before;
    }
}

static const char *read_shape(struct ref_array *a, const json_t *shape)
{
    a->count = 1;
    a->rank = json_array_size(shape);
    if (a->rank > REF_MAX_RANK)
        return "has too many dimensions";
    for (size_t i = 0; i < a->rank; i++) {
        double d = json_number_value(json_array_get(shape, i));

        if (!(d >= 0 && d <= 1e9) || d != (double)(size_t)d)
            return "has a shape that is not whole numbers";
        a->shape[i] = (size_t)d;
        a->count *= a->shape[i];
        if (a->count > 1000000000)
            return "is too large";
    }
    return NULL;
}

static const char *read_list(struct ref_array *a, const json_t *list, struct ref_pool *pool)
{
    if (json_array_size(list) != a->count)
        return "has a shape that does not fit its data";
    a->data = ref_take(pool, a->count, sizeof *a->data);
    for (size_t i = 0; i < a->count; i++) {
        const json_t *item = json_array_get(list, i);

        if (!json_is_number(item))
            return "holds something that is not a number";
        a->data[i] = json_number_value(item);
    }
    return NULL;
}

const char *ref_read_array(struct ref_array *out, const json_t *value, struct ref_pool *pool)
{
    *out = (struct ref_array){0};
    if (json_is_number(value)) {
        out->count = 1;
        out->data = ref_take(pool, 1, sizeof *out->data);
        out->data[0] = json_number_value(value);
        return NULL;
    }
    if (json_is_array(value)) {
        out->rank = 1;
        out->count = out->shape[0] = json_array_size(value);
        return read_list(out, value, pool);
    }
    const json_t *shape = json_object_get(value, "shape"), *data = json_object_get(value, "data");
    if (!json_is_array(shape) || !json_is_array(data))
        return "is neither a number nor a list nor {shape, data}";
    const char *wrong = read_shape(out, shape);
    return wrong ? wrong : read_list(out, data, pool);
}

json_t *ref_read_file(const char *path)
{
    json_error_t error;
    /* Integers as doubles: else the sign of -0 would be lost. */
    json_t *root = json_load_file(path, JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, &error);

    if (!root)
        printf("%s: line %d: %s\n", path, error.line, error.text);
    return root;
}
